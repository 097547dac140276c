"""A timeline of one run: who sends what when, who receives it, and who waits."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Patch

from simcomm.engines.explain import critical_path, rank_times
from simcomm.engines.timeline import Timeline
from simcomm.errors import InputError
from simcomm.operation import in_words
from simcomm.plots.bars import CHARACTER_IN, Box, draw_bar, lanes, step_colours
from simcomm.plots.frame import finish, new_figure
from simcomm.plots.series import constants, series_label
from simcomm.plots.style import drawing, time_unit
from simcomm.results import Result
from simcomm.schedule import COMPUTE
from simcomm.topology.routes import Link
from simcomm.units import format_time

MOST_RANKS = 64
MOST_BARS = 4000
WIDTH_IN = 12.0
_MOST_STEPS_NAMED = 8
_MOST_RANKS_WITH_LANES = 16
#: Bottom and height of each lane within the unit of its rank, without and with a lane for its own computing.
_TWO_LANES = {"send": (0.02, 0.4), "receive": (-0.42, 0.4)}
_THREE_LANES = {"compute": (0.2, 0.22), "send": (-0.11, 0.29), "receive": (-0.42, 0.29)}
_COMPUTING: dict[str, Any] = {"facecolor": "0.85", "edgecolor": "0.3", "hatch": "////"}
_LATE: dict[str, Any] = {"facecolor": "white", "edgecolor": "0.3", "hatch": "...."}
_ADDING = "xxxx"


#: When something begins and ends, in seconds.
Span = tuple[float, float]


class Bar(NamedTuple):
    """One bar: its rank and lane, when it begins, how long it is, how it looks, and the message it stands for or −1.

    It is part number ``part``, from above, ``of`` so many of its lane, where messages come or go at the same time.
    """

    rank: int
    lane: str
    begin_s: float
    seconds: float
    look: dict[str, Any]
    message: int = -1
    part: int = 0
    of: int = 1


class Drawing(NamedTuple):
    """What is drawn of a run: the bars by time, the ranks in their order, and whether bars were cut off."""

    run: Timeline
    workers: int
    bars: list[Bar]
    ranks: list[int]
    is_cut: bool

    @property
    def lanes(self) -> dict[str, tuple[float, float]]:
        """The lanes of a rank; one for computing only if somebody computes."""
        return _THREE_LANES if any(bar.lane == "compute" for bar in self.bars) else _TWO_LANES

    def name(self, rank: int) -> str:
        """What a rank is called on the axis."""
        return f"worker {rank}" if rank < self.workers else f"server {rank - self.workers}"

    @property
    def end_s(self) -> float:
        """The end of the time axis."""
        return float(self.run.makespan_s)


def gantt(result: Result) -> Figure:
    """The timeline of one run: a lane pair for each rank, sending above and receiving below; gaps are waiting.

    A message leaves in [start, start + serialisation] and arrives in [end − serialisation − reduction, end]; under a
    model that sees links, while the first and while the last link of its route carry it, and those that come or go at
    the same time lie above each other. Its bars have the colour of its step, and a thick frame on the critical path.

    Above 64 ranks or 4,000 bars only the busiest ranks are drawn, and the title says so. Raises InputError for a result
    without a timeline.
    """
    if not isinstance(result.timeline, Timeline):
        raise InputError("the result has no timeline to draw; expected one of a run that keeps it (timeline=True)")
    what = _chosen(result)
    with drawing():
        figure = new_figure(WIDTH_IN, _height_in(len(what.ranks)))
        axes = figure.subplots()
        _draw(axes, what)
        _name_lanes(axes, what)
        scale, unit = time_unit(what.end_s)
        axes.set_xlim(0, what.end_s * scale * 1.005 or 1.0)
        axes.set_xlabel(f"time ({unit})")
        if not what.bars:
            axes.text(0.5, 0.5, "nothing is sent or computed", ha="center", va="center", transform=axes.transAxes)
        title = f"Timeline: {series_label([result])}, n = {result.workers}"
        words = [
            "In a bar: its chunk (if there are several), to or from whom. Gap: waiting. Thick frame: critical path."
        ]
        return finish(figure, title, _about(what, result), _legend(what), words)


def _rank_in(ranks: int) -> float:
    return 0.62 if ranks <= _MOST_RANKS_WITH_LANES else 0.36


def _height_in(ranks: int) -> float:
    return 0.7 + _rank_in(ranks) * max(2, ranks)


def _about(what: Drawing, result: Result) -> str:
    words = [f"makespan {format_time(result.time_s)}", constants([result], "workers")]
    ranks = what.run.schedule.ranks
    if what.is_cut:
        words.insert(0, f"only the first {MOST_BARS} bars")
    if len(what.ranks) < ranks:
        words.insert(0, f"only the busiest {len(what.ranks)} of {ranks} ranks")
    return " · ".join(words)


def _chosen(result: Result) -> Drawing:
    """All bars of as many of the busiest ranks as may be drawn; of at least one rank, if need be its first bars."""
    run: Timeline = result.timeline
    busiest = sorted(enumerate(rank_times(run)), key=lambda item: (-float(f"{item[1].busy_s:.9g}"), item[0]))
    src, dst, size = run.schedule.src, run.schedule.dst, run.schedule.ranks
    most = np.bincount(src, minlength=size) + 2 * np.bincount(dst, minlength=size) + 2
    ranks: list[int] = []
    for rank, _ in busiest[:MOST_RANKS]:
        if ranks and most[[*ranks, rank]].sum() > MOST_BARS:
            break
        ranks.append(rank)
    bars = sorted(_bars(result, set(ranks)), key=lambda bar: (bar.begin_s, bar.rank))
    shown = _stacked(bars[:MOST_BARS], 1e-9 * float(run.makespan_s))
    return Drawing(run, result.workers, shown, sorted(ranks), len(bars) > MOST_BARS)


def _bars(result: Result, ranks: set[int]) -> Iterator[Bar]:
    """The bars of these ranks, without those of no length."""
    run: Timeline = result.timeline
    for rank in sorted(ranks):
        late_s, compute_s = float(run.workers.start_s[rank]), float(run.workers.compute_s[rank])
        yield from _bar(rank, "compute", 0.0, late_s, _LATE)
        yield from _bar(rank, "compute", late_s, compute_s, _COMPUTING)
    columns = (run.start_s, run.end_s, run.serialisation_s, run.reduction_s, run.compute_s)
    start, end, leaving, adding, computing = (np.asarray(column, dtype=np.float64) for column in columns)
    colours = step_colours(run.schedule.steps)
    wanted = np.isin(run.schedule.src, list(ranks)) | np.isin(run.schedule.dst, list(ranks))
    on_links = _on_links(result, wanted)
    for index in np.flatnonzero(wanted).tolist():
        src, dst = int(run.schedule.src[index]), int(run.schedule.dst[index])
        if run.schedule.kind[index] == COMPUTE:
            yield from _bar(src, "compute", start[index], computing[index], _COMPUTING)
        elif leaving[index] > 0:
            look = {"facecolor": colours[run.schedule.step[index]], "edgecolor": "black"}
            received = end[index] - adding[index]
            own = (start[index], start[index] + leaving[index]), (received - leaving[index], received)
            (leaves, left), (comes, came) = on_links.get(index, own)
            if src in ranks:
                yield from _bar(src, "send", leaves, left - leaves, look, index)
            if dst in ranks:
                yield from _bar(dst, "receive", comes, came - comes, look, index)
                yield from _bar(dst, "receive", received, adding[index], look | {"hatch": _ADDING}, index)


def _on_links(result: Result, wanted: npt.NDArray[np.bool_]) -> dict[int, tuple[Span, Span]]:
    """When the first and the last link of its route carry each message; of a model that sees links."""
    found: dict[int, list[Span]] = {}
    schedule = result.timeline.schedule
    for place, operation, _, start_s, end_s in result.timeline.log.crossings:
        if isinstance(place, Link) and wanted[operation]:
            links = result.cluster.routes[int(schedule.src[operation]), int(schedule.dst[operation])].links
            spans = found.setdefault(operation, [(math.inf, 0.0), (math.inf, 0.0)])
            for which in (0, -1):
                if place == links[which]:
                    begin, end = spans[which]
                    spans[which] = min(begin, float(start_s)), max(end, float(end_s))
    return {operation: (first, last) for operation, (first, last) in found.items()}


def _stacked(bars: list[Bar], least_s: float) -> list[Bar]:
    """Those of a lane that overlap lie above each other in it."""
    rows: dict[tuple[int, str], list[int]] = {}
    for index, bar in enumerate(bars):
        rows.setdefault((bar.rank, bar.lane), []).append(index)
    found = list(bars)
    for indices in rows.values():
        parts = lanes([(bars[i].begin_s, bars[i].begin_s + bars[i].seconds) for i in indices], least_s)
        for index, part in zip(indices, parts, strict=True):
            found[index] = bars[index]._replace(part=part, of=max(parts) + 1)
    return found


def _bar(
    rank: int, lane: str, begin_s: float, seconds: float, look: dict[str, Any], message: int = -1
) -> Iterator[Bar]:
    if seconds > 0:
        yield Bar(rank, lane, float(begin_s), float(seconds), look, message)


def _draw(axes: Axes, what: Drawing) -> None:
    critical = set(critical_path(what.run).operations)
    scale, _ = time_unit(what.end_s)
    # If the longest number does not fit, the shorter ones would look like all that there are.
    least = len(str(what.run.schedule.chunks - 1))
    for bar in what.bars:
        bottom, whole = what.lanes[bar.lane]
        height = whole / bar.of
        bottom += (bar.of - 1 - bar.part) * height - what.ranks.index(bar.rank)
        height_pt = height * _rank_in(len(what.ranks)) * 72
        room = bar.seconds / what.end_s * (WIDTH_IN - 1.5) / CHARACTER_IN
        name = next((name for name in _names(what, bar) if max(len(name), least) < room), "")
        box = Box(bar.begin_s * scale, bottom, bar.seconds * scale, height, height_pt)
        draw_bar(axes, box, bar.look, bar.message in critical, name)


def _names(what: Drawing, bar: Bar) -> list[str]:
    """What may stand in a bar, the longest first; nothing on what is no message, or only the adding of one."""
    if bar.message < 0 or "hatch" in bar.look:
        return []
    message = what.run.schedule[bar.message]
    whom = f"to {what.name(message.dst)}" if bar.lane == "send" else f"from {what.name(message.src)}"
    short = whom.replace("worker ", "")
    if what.run.schedule.chunks == 1:
        return [whom, short]
    chunks = in_words(message.chunks, to="–")
    return [f"chunk{'s' * (message.count > 1)} {chunks} {short}", f"{chunks} {short}", chunks]


def _name_lanes(axes: Axes, what: Drawing) -> None:
    count = len(what.ranks)
    axes.set_yticks([-place for place in range(count)], [what.name(rank) for rank in what.ranks])
    if count <= _MOST_RANKS_WITH_LANES:
        lanes = [(bottom + height / 2, name) for name, (bottom, height) in what.lanes.items()]
        at = [middle - place for place in range(count) for middle, _ in lanes]
        axes.set_yticks(at, [name for _ in range(count) for _, name in lanes], minor=True, size=6.5)
        axes.tick_params(axis="y", which="major", pad=42, length=0)
    axes.set_ylim(0.5 - count, 0.5)
    for place in range(count - 1):
        axes.axhline(-place - 0.5, color="0.8", linewidth=0.8, zorder=1)
    axes.grid(axis="x", color="0.92", zorder=0)
    axes.set_axisbelow(True)


def _legend(what: Drawing) -> list[Patch]:
    """The steps (some of many), and the hatches that occur."""
    schedule = what.run.schedule
    steps = sorted({int(schedule.step[bar.message]) for bar in what.bars if bar.message >= 0})
    if len(steps) > _MOST_STEPS_NAMED:
        steps = [steps[round(i * (len(steps) - 1) / (_MOST_STEPS_NAMED - 1))] for i in range(_MOST_STEPS_NAMED)]
    colours = step_colours(schedule.steps)
    found = [Patch(facecolor=colours[step], edgecolor="black", linewidth=0.5, label=f"step {step}") for step in steps]
    looks = [bar.look for bar in what.bars]
    if any(look.get("hatch") == _ADDING for look in looks):
        found.append(Patch(facecolor="white", edgecolor="black", hatch=_ADDING, linewidth=0.5, label="reduction"))
    for look, name in ((_COMPUTING, "computing"), (_LATE, "not started yet")):
        if look in looks:
            found.append(Patch(**look, linewidth=0.5, label=name))
    return found
