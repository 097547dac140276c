"""Who wins where: a map over workers and sizes, or with one number of workers the times of the best over the size."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import groupby, pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from matplotlib.patches import Patch, Rectangle
from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator

from simcomm.errors import InputError
from simcomm.plots.frame import finish, new_figure
from simcomm.plots.style import COLOURS, GREY, Look, drawing, limits, look, seconds_axis
from simcomm.units import format_binary_size, format_time

if TYPE_CHECKING:
    from simcomm.compare import Comparison
    from simcomm.compare.ranking import Cell, Crossover

#: Algorithms that have a colour, hatch and letter of their own.
MOST_WINNERS = 14
#: Lines beside those of the winners.
MOST_OTHERS = 2
#: Pieces of a line between two sizes: what is straight in the size is bent on a logarithmic axis.
FINENESS = 16
HATCHES = (
    "",
    "////",
    "....",
    "\\\\\\\\",
    "xxxx",
    "||||",
    "oooo",
    "----",
    "++++",
    "**",
    "//..",
    "\\\\..",
    "||..",
    "--..",
)
_TIE = "//"
_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"


def who_wins(found: Comparison) -> Figure:
    """Who wins where and by how much: colour, hatch and letter per algorithm, in each cell the lead over the second.

    Cells where the model cannot tell the best from others are white, hatched in grey, with the letters of those. With
    one number of workers the times of the algorithms that win somewhere, and of the next best, with crossovers marked.
    Raises InputError if nothing takes any time, or for more than 14 winners.
    """
    cells = [cell for cell in found.cells if cell.best.time_s > 0 and cell.size_bytes > 0]
    if not cells:
        raise InputError("nothing to draw: no algorithm takes any time")
    winners = list(dict.fromkeys(name for cell in cells for name in cell.names[:1]))
    winners += [name for name in _tied(cells) if name not in winners]
    if len(winners) > MOST_WINNERS:
        raise InputError(f"{len(winners)} algorithms are best somewhere; expected at most {MOST_WINNERS} for one map")
    with drawing():
        if len({cell.workers for cell in cells}) == 1:
            return _times(found, cells, winners)
        return _map(found, cells, winners)


def _tied(cells: Sequence[Cell]) -> list[str]:
    """Those that are no worse than the best somewhere, by how often."""
    count: dict[str, int] = {}
    for cell in cells:
        for name in cell.names:
            count[name] = count.get(name, 0) + 1
    return sorted(count, key=lambda name: (-count[name], name))


def _map(found: Comparison, cells: Sequence[Cell], winners: Sequence[str]) -> Figure:
    rows = [list(group) for _, group in groupby(cells, key=lambda cell: cell.workers)]
    sizes = _grid_sizes(cells)
    figure = new_figure(min(16.0, max(8.0, 2.2 + 0.58 * len(sizes))), max(2.2, 0.9 + 0.5 * len(rows)))
    axes = figure.subplots()
    for place, row in enumerate(rows):
        for cell, (low, high) in zip(row, _extents(row, found.crossovers), strict=True):
            _draw_cell(axes, cell, place, low, high, winners)
    axes.set(xscale="log", xlim=(sizes[0] / _step(sizes), sizes[-1] * _step(sizes)), ylim=(-0.5, len(rows) - 0.5))
    _size_axis(axes, sizes)
    axes.set_yticks(range(len(rows)), [str(row[0].workers) for row in rows])
    axes.set_ylabel("number of workers n")
    axes.tick_params(axis="y", length=0)
    notes = [
        "Number in a cell: by how much the second is slower than the best. White: no difference that the model can "
        f"tell (up to {100 * found.effort.model_error:.3g} %), with the letters of those that are as good. "
        "Borders are at the crossovers that were found, else between two simulated sizes."
    ]
    handles = [_patch(name, winners) for name in winners]
    handles.append(Patch(facecolor="white", hatch=_TIE, edgecolor="0.75", linewidth=0, label="no difference"))
    return finish(figure, _title(found), _about(found), handles, notes)


def _draw_cell(axes: Axes, cell: Cell, place: int, low: float, high: float, winners: Sequence[str]) -> None:
    at = winners.index(cell.best.algorithm)
    colour, hatch = _colour(at)
    if not cell.is_clear:
        colour, hatch = (1.0, 1.0, 1.0), _TIE
    edge = _dark(at) if cell.is_clear else "0.75"
    axes.add_patch(
        Rectangle((low, place - 0.5), high - low, 1, facecolor=colour, hatch=hatch, edgecolor=edge, linewidth=0)
    )
    axes.add_patch(Rectangle((low, place - 0.5), high - low, 1, fill=False, edgecolor="white", linewidth=1.5))
    axes.add_patch(Rectangle((low, place - 0.5), high - low, 1, fill=False, edgecolor="0.6", linewidth=0.4))
    letters = sorted(_LETTERS[winners.index(name)] for name in cell.names)
    shown = "=".join(letters[:3]) + (f"\n+{len(letters) - 3}" if letters[3:] else "")
    if cell.is_clear:
        shown += "" if cell.margin is None else f"\n{_lead(cell.margin)}"
    box = {"boxstyle": "square,pad=0.15", "facecolor": "white", "edgecolor": "none", "alpha": 0.9}
    middle = math.sqrt(low * high)
    axes.text(middle, place, shown, ha="center", va="center", size=6.5, linespacing=1.0, bbox=box, zorder=4)


def _lead(margin: float) -> str:
    """A lead in few characters: percent, or times where that is more than ten times."""
    return f"{100 * margin:.0f}%" if margin < 9.995 else f"{margin + 1:.0f}×"


def _extents(row: Sequence[Cell], crossovers: Sequence[Crossover]) -> list[tuple[float, float]]:
    """From where to where each cell of one number of workers goes: to crossovers, else halfway to its neighbours."""
    step = _step(_grid_sizes(row))
    borders = [row[0].size_bytes / step]
    for first, second in pairwise(row):
        inside = [c.size_bytes for c in crossovers if c.workers == first.workers and _between(first, c, second)]
        borders.append(inside[0] if inside else math.sqrt(first.size_bytes * second.size_bytes))
    return list(pairwise([*borders, row[-1].size_bytes * step]))


def _between(first: Cell, cross: Crossover, second: Cell) -> bool:
    return first.size_bytes < cross.size_bytes < second.size_bytes


def _grid_sizes(cells: Sequence[Cell]) -> list[int]:
    """The sizes that were asked for, ascending."""
    return sorted({cell.size_bytes for cell in cells if not cell.is_between})


def _step(sizes: Sequence[int]) -> float:
    """Half a step of the grid, as a factor."""
    return math.sqrt(min((b / a for a, b in pairwise(sizes)), default=2.0))


def _colour(index: int) -> tuple[tuple[float, float, float], str]:
    """A light shade of the colour, so that hatch and letter can be read, and the hatch."""
    red, green, blue = (0.45 + 0.55 * part for part in to_rgb(COLOURS[index % len(COLOURS)]))
    return (red, green, blue), HATCHES[index % len(HATCHES)]


def _dark(index: int) -> tuple[float, float, float]:
    red, green, blue = (0.75 * part for part in to_rgb(COLOURS[index % len(COLOURS)]))
    return red, green, blue


def _patch(name: str, winners: Sequence[str]) -> Patch:
    index = winners.index(name)
    colour, hatch = _colour(index)
    label = f"{_LETTERS[index]}: {name}"
    return Patch(facecolor=colour, hatch=hatch, edgecolor=_dark(index), linewidth=0, label=label)


def _size_axis(axes: Axes, sizes: Sequence[int]) -> None:
    """A tick at every size, with words for as many as have room."""
    every = max(1, math.ceil(len(sizes) / 11))
    axes.xaxis.set_major_locator(FixedLocator([float(size) for size in sizes[::every]]))
    axes.xaxis.set_minor_locator(FixedLocator([float(size) for size in sizes]) if every > 1 else NullLocator())
    axes.xaxis.set_major_formatter(FuncFormatter(lambda size, _: format_binary_size(size)))
    axes.xaxis.set_minor_formatter(FuncFormatter(lambda size, _: ""))
    axes.set_xlabel("size S of the vector of one worker (bytes)")


def _title(found: Comparison) -> str:
    return f"The fastest {found.operation}"


def _about(found: Comparison) -> str:
    base = found.document.points[0]
    topology = base.topology.kind or (base.topology.file.name if base.topology.file else "")
    link = ""
    if base.link is not None and base.topology.kind is not None:
        link = f"links {base.link.bandwidth_Bps * 8 / 1e9:.6g} Gbit/s, {format_time(base.link.latency_s)}"
    words = [topology, link, base.network.model, f"{len(found.results):,} simulations"]
    return " · ".join(filter(None, words))


def _times(found: Comparison, cells: Sequence[Cell], winners: Sequence[str]) -> Figure:
    """Time over the size of those that win somewhere and of the best of the others, at their best options."""
    lines: dict[str, dict[int, float]] = {}
    for cell in cells:
        for entry in cell.entries:
            lines.setdefault(entry.algorithm, {})[cell.size_bytes] = entry.time_s
    others = sorted(set(lines) - set(winners), key=lambda name: (_behind(lines[name], cells), name))
    shown = [*winners, *others[:MOST_OTHERS]]
    figure = new_figure(9, 5)
    axes = figure.subplots()
    looks = {name: look(index) for index, name in enumerate(shown)}
    for name in shown:
        met = {c.size_bytes: c.time_s for c in found.crossovers if name in (c.below, c.above)}
        _line(axes, lines[name], met, looks[name])
    times = [time_s for name in shown for time_s in lines[name].values()]
    sizes = [cell.size_bytes for cell in cells]
    axes.grid(color="0.9", zorder=0)
    axes.set(xscale="log", xlim=limits([float(size) for size in sizes]))
    _size_axis(axes, _grid_sizes(cells))
    seconds_axis(axes, "y", times, "time")
    _shade_ties(axes, cells, found.crossovers)
    notes = [_mark(axes, letter, cross) for letter, cross in zip(_LETTERS, found.crossovers, strict=False)]
    notes.append(
        "Every algorithm with its options tuned. Grey: the best two differ by up to "
        f"{100 * found.effort.model_error:.3g} %: no difference that the model can tell."
    )
    if others[MOST_OTHERS:]:
        notes.append(f"Never the best, and not drawn: {', '.join(sorted(others[MOST_OTHERS:]))}.")
    handles = [looks[name].handle(name) for name in shown]
    return finish(figure, f"{_title(found)} of {cells[0].workers} workers", _about(found), handles, notes)


def _behind(times: dict[int, float], cells: Sequence[Cell]) -> float:
    """How far an algorithm is behind the best where it is closest."""
    return min(times[cell.size_bytes] / cell.best.time_s for cell in cells if cell.size_bytes in times)


def _line(axes: Axes, times: dict[int, float], met: dict[int, float], own: Look) -> None:
    """Markers where it was tuned, and between them and where it meets others a line that is straight in the size."""
    known = times | met
    at = sorted(known)
    between = {low * (high / low) ** (step / FINENESS) for low, high in pairwise(at) for step in range(1, FINENESS)}
    sizes = sorted({*map(float, at), *between})
    values = np.interp(sizes, at, [known[size] for size in at])
    marked = [sizes.index(size) for size in sorted(times)]
    axes.plot(
        sizes, values, linestyle=own.line, linewidth=1.2, color=own.colour, zorder=3, markevery=marked, **own.marks()
    )


def _shade_ties(axes: Axes, cells: Sequence[Cell], crossovers: Sequence[Crossover]) -> None:
    for cell, (low, high) in zip(cells, _extents(cells, crossovers), strict=True):
        if not cell.is_clear:
            axes.axvspan(low, high, color="0.85", alpha=0.6, linewidth=0, zorder=0.5)


def _mark(axes: Axes, letter: str, cross: Crossover) -> str:
    """A letter at a crossover, and what it means."""
    axes.axvline(cross.size_bytes, color=GREY, linewidth=0.8, linestyle=(0, (2, 2)), zorder=2)
    box = {"boxstyle": "circle,pad=0.2", "facecolor": "white", "edgecolor": "black", "linewidth": 0.8}
    place: dict[str, Any] = {
        "xytext": (0, 26),
        "textcoords": "offset points",
        "ha": "center",
        "va": "center",
        "zorder": 5,
    }
    arrow = {"arrowstyle": "-", "linewidth": 0.8}
    axes.annotate(letter, (cross.size_bytes, cross.time_s), size=9, weight="bold", bbox=box, arrowprops=arrow, **place)
    return f"{letter}: at {format_binary_size(cross.size_bytes)} {cross.above} overtakes {cross.below}."
