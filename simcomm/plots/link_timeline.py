"""A timeline of one run with a row for every link: which message crosses it when."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Patch

from simcomm.engines.explain import critical_path
from simcomm.engines.meters import Crossing
from simcomm.plots.bars import CHARACTER_IN, Box, draw_bar, lanes, step_colours
from simcomm.plots.frame import finish, new_figure
from simcomm.plots.link_rows import WIDTH_IN, Row, Rows, name_rows, rows_of, time_axis
from simcomm.plots.style import drawing
from simcomm.results import Result

MOST_BARS = 4000
_MOST_NAMED = 16
_HATCHES = ("", "////", "....", "\\\\\\\\", "xxxx", "----", "oo", "++++")
_ROW_IN = 0.5


class Bar(NamedTuple):
    """One message at one link: its row, when it began and ended, and which of how many lanes of the row it is in."""

    row: int
    crossing: Crossing
    lane: int
    lanes: int


def link_gantt(result: Result) -> Figure:
    """Which message crosses each link when: a row for each of at most 16 links, the busiest first.

    A bar is a message (or packet) that is served, with the colour of its source and a thick frame on the critical
    path; messages that share a link (fair_share) lie above each other in its row. Of loggp, which sees no links, ports
    are drawn. Above 4,000 bars only the first ones are, and the title says so. Raises InputError for a result whose
    timeline has no crossings.
    """
    rows = rows_of(result)
    every = sorted(
        (bar for place, row in enumerate(rows.chosen) for bar in _bars(place, row, 1e-9 * rows.end_s)),
        key=lambda bar: (bar.crossing.start_s, bar.row, bar.lane),
    )
    bars = every[:MOST_BARS]
    with drawing():
        figure = new_figure(WIDTH_IN, 0.8 + _ROW_IN * max(2, len(rows.chosen)))
        axes = figure.subplots()
        looks = _looks(rows, bars)
        _draw(axes, rows, bars, looks, time_axis(axes, rows))
        if rows.chosen:
            name_rows(axes, (row.name for row in rows.chosen))
        cut = f"only the first {MOST_BARS} of {len(every)} bars" if len(every) > len(bars) else ""
        words = "In a bar: from which rank to which. Gap: nothing is sent. Thick frame: critical path."
        title = f"Timeline of {rows.what}: {rows.title}"
        return finish(figure, title, rows.about(cut), _legend(looks), [words])


def _bars(place: int, row: Row, least_s: float) -> Iterator[Bar]:
    """The crossings of a row that take time, each in the first lane that is free."""
    found = sorted(row.crossings, key=lambda c: (c.start_s, c.operation, c.end_s))
    found = [crossing for crossing in found if crossing.end_s > crossing.start_s]
    chosen = lanes(((crossing.start_s, crossing.end_s) for crossing in found), least_s)
    return (Bar(place, c, lane, max(chosen) + 1) for c, lane in zip(found, chosen, strict=True))


def _looks(rows: Rows, bars: list[Bar]) -> dict[int, dict[str, Any]]:
    """A shade for every source, from dark to light; hatches too, where these are few."""
    sources = sorted({int(rows.run.schedule.src[bar.crossing.operation]) for bar in bars})
    hatches = _HATCHES if len(sources) <= len(_HATCHES) else ("",)
    return {
        source: {"facecolor": colour, "hatch": hatches[index % len(hatches)], "edgecolor": "black"}
        for index, (source, colour) in enumerate(zip(sources, step_colours(len(sources)), strict=False))
    }


def _draw(axes: Axes, rows: Rows, bars: list[Bar], looks: dict[int, dict[str, Any]], scale: float) -> None:
    critical = set(critical_path(rows.run).operations)
    schedule = rows.run.schedule
    for row, (_, operation, _, start_s, end_s), lane, of in bars:
        src, dst = int(schedule.src[operation]), int(schedule.dst[operation])
        begin_s, seconds, height = float(start_s), float(end_s - start_s), 0.84 / of
        box = Box(begin_s * scale, row - 0.42 + lane * height, seconds * scale, height, height * _ROW_IN * 72)
        name = f"{src}→{dst}"
        fits = len(name) * CHARACTER_IN < seconds / rows.end_s * (WIDTH_IN - 2)
        draw_bar(axes, box, looks[src], operation in critical, name if fits else "")
    axes.grid(axis="x", color="0.92", zorder=0)
    axes.set_axisbelow(True)


def _legend(looks: dict[int, dict[str, Any]]) -> list[Patch]:
    """The sources, some of many."""
    sources = list(looks)
    if len(sources) > _MOST_NAMED:
        sources = [sources[round(i * (len(sources) - 1) / (_MOST_NAMED - 1))] for i in range(_MOST_NAMED)]
    return [Patch(**looks[source], linewidth=0.5, label=f"from rank {source}") for source in sources]
