"""A timeline of one run: who sends what when, who receives it, and who waits."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Patch
from matplotlib.ticker import NullLocator

from simcomm.engines.explain import critical_path, rank_times
from simcomm.engines.timeline import Timeline
from simcomm.errors import InputError
from simcomm.plots.frame import finish, new_figure
from simcomm.plots.series import constants, series_label
from simcomm.plots.style import MAP, drawing, time_unit
from simcomm.results import Result
from simcomm.schedule import COMPUTE
from simcomm.units import format_time

MOST_RANKS = 64
MOST_BARS = 4000
WIDTH_IN = 12.0
_STEPS_IN_LEGEND = 8
#: (bottom, height) within the unit of a rank: a message leaves above and arrives below; computing is on top.
_SEND, _RECEIVE, _OWN = (0.0, 0.36), (-0.4, 0.36), (0.38, 0.1)
_COMPUTING = {"facecolor": "0.8", "edgecolor": "0.3", "hatch": "////"}
_LATE = {"facecolor": "white", "edgecolor": "0.3", "hatch": "...."}
_ADDING = {"facecolor": "none", "edgecolor": "black", "hatch": "xxxx", "linewidth": 0.0}
_CRITICAL_PT = 1.8

Floats = npt.NDArray[np.float64]


class Bar(NamedTuple):
    """One bar: its rank and lane, when it begins, how long it is, and the operation it stands for (or −1)."""

    rank: int
    lane: tuple[float, float]
    begin_s: float
    seconds: float
    operation: int
    look: dict[str, Any]


def gantt(result: Result) -> Figure:
    """The timeline of one run: a lane pair for each rank, sending above and receiving below; gaps are waiting.

    A message leaves in [start, start + serialisation] and arrives in [end − serialisation − reduction, end]; its bars
    have the colour of its step, and are framed on the critical path. Above 64 ranks or 4,000 bars only the busiest
    ranks are drawn, and the title says so. Raises InputError for a result without a timeline.
    """
    if not isinstance(result.timeline, Timeline):
        raise InputError("the result has no timeline to draw; expected one of simulate(..., timeline=True)")
    run = result.timeline
    bars, ranks = _chosen(run)
    with drawing():
        figure = new_figure(WIDTH_IN, min(22.0, max(2.4, 0.7 + 0.62 * len(ranks))))
        axes = figure.subplots()
        critical = set(critical_path(run).operations)
        scale, unit = time_unit(float(run.makespan_s))
        for bar in bars:
            _draw(axes, bar, ranks.index(bar.rank), scale, bar.operation in critical)
        _name_chunks(axes, bars, run, ranks, float(run.makespan_s))
        _lanes(axes, ranks, result.workers)
        axes.set_xlim(0, float(run.makespan_s) * scale or 1.0)
        axes.set_xlabel(f"time ({unit})")
        if not bars:
            axes.text(0.5, 0.5, "nothing is sent or computed", ha="center", va="center", transform=axes.transAxes)
        title = f"Timeline: {series_label([result])}, n = {result.workers}"
        drawn = "" if len(ranks) == run.schedule.ranks else f"the {len(ranks)} busiest of {run.schedule.ranks} ranks · "
        cut = f"the first {MOST_BARS} bars · " if len(bars) == MOST_BARS else ""
        about = f"{drawn}{cut}makespan {format_time(result.time_s)} · {constants([result], 'workers')}"
        words = ["Above: sending. Below: receiving. Gaps: waiting. Thick frame: critical path. Numbers: chunks."]
        return finish(figure, title, about, _legend(run, bars), words)


def _chosen(run: Timeline) -> tuple[list[Bar], list[int]]:
    """All bars of as many of the busiest ranks as may be drawn (at least one of them), and these ranks in order."""
    busiest = sorted(enumerate(rank_times(run)), key=lambda item: (-item[1].busy_s, item[0]))
    schedule = run.schedule
    every = np.bincount(schedule.src, minlength=schedule.ranks) + np.bincount(schedule.dst, minlength=schedule.ranks)
    ranks: list[int] = []
    count = 0
    for rank, _ in busiest[:MOST_RANKS]:
        count += int(every[rank]) + 2
        if ranks and count > MOST_BARS:
            break
        ranks.append(rank)
    bars = sorted(_bars(run, set(ranks)), key=lambda bar: (bar.begin_s, bar.rank))
    return bars[:MOST_BARS], sorted(ranks)


def _bars(run: Timeline, ranks: set[int]) -> Iterator[Bar]:
    """The bars of these ranks that have a length."""
    for rank in sorted(ranks):
        late_s, compute_s = float(run.workers.start_s[rank]), float(run.workers.compute_s[rank])
        yield from [Bar(rank, _OWN, 0.0, late_s, -1, _LATE)] if late_s else []
        yield from [Bar(rank, _OWN, late_s, compute_s, -1, _COMPUTING)] if compute_s else []
    wanted = np.isin(run.schedule.src, list(ranks)) | np.isin(run.schedule.dst, list(ranks))
    columns = (run.start_s, run.end_s, run.serialisation_s, run.reduction_s, run.compute_s)
    start, end, leaving, adding, computing = (np.asarray(column, dtype=np.float64) for column in columns)
    colours = _colours(run)
    for index in np.flatnonzero(wanted).tolist():
        src, dst = int(run.schedule.src[index]), int(run.schedule.dst[index])
        if run.schedule.kind[index] == COMPUTE:
            yield from [Bar(src, _OWN, start[index], computing[index], index, _COMPUTING)] if computing[index] else []
        elif leaving[index] > 0:
            look = {"facecolor": colours[run.schedule.step[index]], "edgecolor": "black"}
            if src in ranks:
                yield Bar(src, _SEND, start[index], leaving[index], index, look)
            if dst in ranks:
                arriving = leaving[index] + adding[index]
                yield Bar(dst, _RECEIVE, end[index] - arriving, arriving, index, look)
                if adding[index] > 0:
                    yield Bar(dst, _RECEIVE, end[index] - adding[index], adding[index], index, _ADDING)
