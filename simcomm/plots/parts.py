"""What the time of each result is made of: one bar per result, cut into the parts of its critical path."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Patch

from simcomm.errors import InputError
from simcomm.plots.frame import finish, new_figure
from simcomm.plots.series import SETTINGS, constants, varies
from simcomm.plots.style import drawing, time_unit
from simcomm.results import PARTS, Result
from simcomm.units import format_time

MOST_BARS = 40

#: Colour and hatch of every part, in the order of PARTS; told apart in grey by both.
LOOKS = (("#F0F0F0", "xx"), ("#56B4E9", "//"), ("#E69F00", ".."), ("#FFFFFF", ""), ("#0072B2", ""), ("#D55E00", "\\\\"))

#: What may tell one bar from another beside what tells series apart.
_MORE = ("network_options", "compute_s", "jitter", "stragglers", "seed")


def time_parts(results: Iterable[Result]) -> Figure:
    """What the time is made of, along the critical path: a bar per result, at most 40.

    Raises InputError for more, for none, and if no result takes any time.

    >>> time_parts([])
    Traceback (most recent call last):
    simcomm.errors.InputError: no results to plot; expected at least one
    """
    rows = list(results)
    if not rows:
        raise InputError("no results to plot; expected at least one")
    if len(rows) > MOST_BARS:
        raise InputError(f"{len(rows)} results are too many bars for one plot; expected at most {MOST_BARS}")
    if not any(row.time_s for row in rows):
        raise InputError("nothing to draw: no result takes any time")
    with drawing():
        figure = new_figure(10, 0.8 + 0.3 * len(rows))
        axes = figure.subplots()
        _draw(axes, rows)
        shown = [part for part in _parts() if any(getattr(row, part[0]) for row in rows)]
        handles = [
            Patch(facecolor=colour, edgecolor="black", hatch=hatch, label=name) for _, name, colour, hatch in shown
        ]
        words = [
            "The critical path of each run, from the last operation back to whom it waited for. "
            "Dotted: lower bound of the communication alone."
        ]
        return finish(figure, "What the time is made of", constants(rows), handles, words)


def _parts() -> list[tuple[str, str, str, str]]:
    """Column, name, colour and hatch of every part."""
    return [(column, name, *look) for (column, name), look in zip(PARTS.items(), LOOKS, strict=True)]


def label(row: Result, differing: Sequence[str]) -> str:
    """What a bar is called: its collective and whatever differs between the bars."""
    words = [f"{row.collective} {row.options}".strip()]
    words += [SETTINGS[name](getattr(row, name)) for name in differing if name in SETTINGS]
    words += [f"{name.removesuffix('_s')} {getattr(row, name)}" for name in differing if name in _MORE]
    return ", ".join(word for word in words if not word.endswith(" "))


def _draw(axes: Axes, rows: Sequence[Result]) -> None:
    scale, unit = time_unit(max(row.time_s for row in rows))
    differing = [name for name in (*SETTINGS, *_MORE) if name != "options" and varies(rows, name)]
    for place, row in enumerate(rows):
        left = 0.0
        for column, _, colour, hatch in _parts():
            width = getattr(row, column) * scale
            if width > 0:
                axes.barh(place, width, 0.72, left, color=colour, hatch=hatch, edgecolor="black", linewidth=0.7)
            left += width
        axes.annotate(f" {format_time(row.time_s)}", (left, place), va="center", size=8)
        bound = row.lower_bound_s * scale
        axes.plot([bound, bound], [place - 0.45, place + 0.45], color="black", linestyle=":", linewidth=1.4)
    axes.set_yticks(range(len(rows)), [label(row, differing) for row in rows], size=8)
    axes.set_ylim(len(rows) - 0.4, -0.6)
    axes.set_xlim(0, 1.1 * scale * max(row.time_s for row in rows))
    axes.set_xlabel(f"time ({unit})")
    axes.grid(axis="x", color="0.9")
    axes.set_axisbelow(True)
