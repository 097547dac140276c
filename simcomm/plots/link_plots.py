"""Links over time: how much of each is used, and how many messages are at it."""

from __future__ import annotations

import numpy as np
from matplotlib import colormaps
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter

from simcomm.plots.frame import finish, new_figure
from simcomm.plots.link_rows import WIDTH_IN, Floats, Row, Rows, means, name_rows, peaks, rows_of, stairs, time_axis
from simcomm.plots.style import COLOURS, MAP, drawing
from simcomm.results import Result
from simcomm.topology.routes import Link

#: Times at which a row has a value of its own; more could not be seen.
MOST_TIMES = 1000


def link_utilisation(result: Result) -> Figure:
    """The used part of every link's bandwidth over time, white to dark; at most 16 links, the busiest first.

    With fair_share it is the sum of the flows' rates over the bandwidth; with store_and_forward a link is used or not;
    of loggp, which sees no links, ports are drawn. Each of 1,000 times has its mean. Raises InputError for a result
    whose timeline has no crossings.
    """
    rows = rows_of(result)
    edges = np.linspace(0, rows.end_s, MOST_TIMES + 1)
    used = [means(*_used(row), edges) for row in rows.chosen]
    with drawing():
        figure = new_figure(WIDTH_IN, _height_in(rows))
        axes = figure.subplots()
        scale = time_axis(axes, rows)
        if rows.chosen:
            extent = (0.0, rows.end_s * scale, len(used) - 0.5, -0.5)
            image = axes.imshow(np.array(used), utilisation_map(), vmin=0, vmax=1, aspect="auto", extent=extent)
            image.set_interpolation("nearest")
            bar = figure.colorbar(image, ax=axes, fraction=0.05, pad=0.02, format=PercentFormatter(1))
            bar.set_label("utilisation (% of the bandwidth)" if rows.what == "links" else "busy (% of the time)")
            names = zip(rows.chosen, used, strict=True)
            name_rows(axes, (f"{row.name}  {shares.mean():.0%}" for row, shares in names))
        words = [f"White: nothing. The percentage of a row is its mean. A point in time is 1/{MOST_TIMES} of the run."]
        return finish(figure, f"Utilisation over time: {rows.title}", rows.about(), (), words)


def link_queues(result: Result) -> Figure:
    """How many messages (or packets) are at every link over time, those that it serves and those that wait for it.

    At most 16 links, the busiest first; of loggp, which sees no links, ports. Raises InputError for a result whose
    timeline has no crossings.
    """
    rows = rows_of(result)
    edges = np.linspace(0, rows.end_s, MOST_TIMES + 1)
    counts = [peaks(*stairs((c.asked_s, c.end_s) for c in row.crossings), edges) for row in rows.chosen]
    most = int(max((count.max() for count in counts), default=1))
    with drawing():
        figure = new_figure(WIDTH_IN, _height_in(rows))
        axes = figure.subplots()
        scale = time_axis(axes, rows)
        for place, count in enumerate(counts):
            bottom = place + 0.42
            ends = np.concatenate([[0], np.flatnonzero(np.diff(count)) + 1, [len(count)]])
            tops = bottom - 0.84 * count[ends[:-1]] / most
            axes.stairs(tops, edges[ends] * scale, baseline=bottom, fill=True, color=COLOURS[0])
        if counts:
            pairs = zip(rows.chosen, counts, strict=True)
            name_rows(axes, (f"{row.name}  peak {int(count.max())}" for row, count in pairs))
            axes.grid(axis="x", color="0.92")
            axes.set_axisbelow(True)
        flows = all(c.asked_s == c.start_s for row in rows.chosen for c in row.crossings)
        whom = "that share it" if flows and most > 1 else "that it serves or that wait for it"
        words = [f"Messages (or packets) {whom}. The largest height is {most}, in all rows."]
        return finish(figure, f"Messages at each {rows.what[:-1]} over time: {rows.title}", rows.about(), (), words)


def utilisation_map() -> LinearSegmentedColormap:
    """White for nothing, then the darker the more."""
    return LinearSegmentedColormap.from_list("utilisation", ["white", *colormaps[MAP](np.linspace(0.9, 0.0, 255))])


def _used(row: Row) -> tuple[Floats, Floats]:
    """The used part of a link or port, as a step function."""
    if row.rates and isinstance(row.place, Link):
        times = np.array([float(rate.time_s) for rate in row.rates])
        return times, np.array([float(rate.rate_Bps / row.place.bandwidth_Bps) for rate in row.rates])
    return stairs((crossing.start_s, crossing.end_s) for crossing in row.crossings)


def _height_in(rows: Rows) -> float:
    return 0.8 + 0.36 * max(3, len(rows.chosen))
