"""A film as a GIF: ranks in a circle, each with its chunks, and the messages between them."""

from __future__ import annotations

import io
import math
from collections.abc import Iterator
from typing import Any

from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.collections import PolyCollection
from matplotlib.figure import Figure
from matplotlib.patches import FancyArrowPatch
from PIL import Image

from simcomm.plots.film import Film, Held, Move
from simcomm.plots.style import COLOURS, drawing
from simcomm.units import format_time

#: Frames at most, how long one is shown, how many more show the end, and colours of the palette.
MOST_FRAMES, FRAME_MS, LAST_FRAMES, PALETTE = 150, 80, 18, 64
DOTS_PER_INCH = 80

_ADDS, _STORES, _PART = COLOURS[0], COLOURS[4], COLOURS[5]
_MOST_COLUMNS = 8


def gif(film: Film, seconds_per_frame: float | None = None) -> bytes:
    """The film as the bytes of a GIF that begins again at its end.

    ``seconds_per_frame`` of simulated time; by default a fourth of the shortest message, or what 150 frames allow.
    """
    frames = [_image(frame) for frame in figures(film, seconds_per_frame)]
    palette = frames[len(frames) // 2].quantize(colors=PALETTE)
    small = [frame.quantize(palette=palette, dither=Image.Dither.NONE) for frame in frames]
    data = io.BytesIO()
    durations = [FRAME_MS] * (len(small) - 1) + [FRAME_MS * LAST_FRAMES]
    small[0].save(data, format="GIF", save_all=True, append_images=small[1:], duration=durations, loop=0)
    return data.getvalue()


def moments(film: Film, seconds_per_frame: float | None = None) -> list[float]:
    """When the frames are: from the start to the end, evenly."""
    shortest = min((move.end_s - move.start_s for move in film.moves if move.end_s > move.start_s), default=1.0)
    wanted = seconds_per_frame or max(shortest / 4, film.makespan_s / MOST_FRAMES)
    steps = max(1, math.ceil(film.makespan_s / wanted - 1e-9))
    return [film.makespan_s * step / steps for step in range(steps + 1)]


def figures(film: Film, seconds_per_frame: float | None = None) -> Iterator[Figure]:
    """One figure after the other."""
    for time_s in moments(film, seconds_per_frame):
        with drawing():
            yield _figure(film, time_s)


def _image(figure: Figure) -> Image.Image:
    canvas: Any = FigureCanvasAgg(figure)
    with drawing():
        canvas.draw()
    return Image.frombuffer("RGBA", canvas.get_width_height(), canvas.buffer_rgba()).convert("RGB")


def _figure(film: Film, time_s: float) -> Figure:
    figure = Figure(figsize=(7.2, 7.6), dpi=DOTS_PER_INCH)
    axes = figure.add_axes((0.01, 0.075, 0.98, 0.855))
    axes.set(xlim=(-1.42, 1.42), ylim=(-1.34, 1.4), aspect="equal")
    axes.axis("off")
    figure.text(0.5, 0.967, film.title, ha="center", va="center", fontsize=13)
    at_end = time_s >= film.makespan_s
    moment = f"t = {format_time(time_s)}, {film.arrived(time_s)} of {len(film.moves)} messages have arrived"
    figure.text(0.5, 0.938, moment + (" (end)" if at_end else ""), ha="center", va="center", fontsize=10)
    size = _box(film)
    for move, _ in film.under_way(time_s):
        _draw_move(axes, film, move)
    held = film.holdings(time_s)
    for rank in range(film.ranks):
        _draw_rank(axes, film, rank, size, [held[rank, chunk] for chunk in range(film.chunks)])
    for move, part in film.under_way(time_s):
        _draw_token(axes, film, move, part)
    _legend(figure)
    return figure


def place(film: Film, rank: int) -> tuple[float, float]:
    """Where a rank is: on a circle, clockwise from the top."""
    angle = 2 * math.pi * rank / film.ranks
    return math.sin(angle), math.cos(angle)


def grid(film: Film) -> tuple[int, int]:
    """Columns and rows of a rank's cells: a row for every vector, or rows of eight."""
    if film.vectors > 1:
        return film.chunks // film.vectors, film.vectors
    columns = min(film.chunks, _MOST_COLUMNS)
    return columns, math.ceil(film.chunks / columns)


def _box(film: Film) -> tuple[float, float]:
    columns, rows = grid(film)
    room = 2 * math.sin(math.pi / max(film.ranks, 4)) * 0.8
    width = min(room, 0.62)
    height = min(0.55, 0.55 * room, rows * max(0.15, min(width / columns, 0.17)))
    return min(width, 0.17 * columns), height


def ways(film: Film, move: Move) -> tuple[tuple[float, float], tuple[float, float]]:
    """From where to where a message is drawn: between the edges of the boxes, a little off."""
    a, b = place(film, move.src), place(film, move.dst)
    dx, dy = b[0] - a[0], b[1] - a[1]
    width, height = _box(film)
    off = min((width / 2 + 0.05) / max(abs(dx), 1e-9), (height / 2 + 0.05) / max(abs(dy), 1e-9), 0.45)
    return (a[0] + off * dx, a[1] + off * dy), (b[0] - off * dx, b[1] - off * dy)


def _draw_rank(axes: Axes, film: Film, rank: int, size: tuple[float, float], cells: list[Held]) -> None:
    (x, y), (width, height) = place(film, rank), size
    columns, rows = grid(film)
    cell, tall = width / columns, height / rows
    left, top = x - width / 2, y + height / 2
    name = f"rank {rank}" if rank < film.workers else f"server {rank}"
    edge, align = (top + 0.02, "bottom") if y > -0.2 else (top - height - 0.02, "top")
    axes.text(x, edge, name, ha="center", va=align, fontsize=9 if film.ranks <= 12 else 7, zorder=6)
    corners = [(left + chunk % columns * cell, top - (chunk // columns + 1) * tall) for chunk in range(len(cells))]
    frames = [_rectangle(corner, cell, tall) for corner in corners]
    filled = [_rectangle(corner, cell, tall * held.share) for corner, held in zip(corners, cells, strict=True)]
    colours = [_ADDS if held.share >= 1 else _PART for held in cells]
    axes.add_collection(PolyCollection(frames, facecolors="white", edgecolors="none", zorder=3))
    axes.add_collection(PolyCollection(filled, facecolors=colours, edgecolors="none", zorder=4))
    axes.add_collection(PolyCollection(frames, facecolors="none", edgecolors="black", linewidths=0.8, zorder=5))
    if cell > 0.06 and tall > 0.06:
        for chunk, (corner, held) in enumerate(zip(corners, cells, strict=True)):
            middle = corner[0] + cell / 2, corner[1] + tall / 2
            colour = "white" if held.share >= 1 else "black"
            axes.text(*middle, str(chunk), ha="center", va="center", fontsize=8, color=colour, zorder=6)


def _rectangle(corner: tuple[float, float], width: float, height: float) -> list[tuple[float, float]]:
    x, y = corner
    return [(x, y), (x + width, y), (x + width, y + height), (x, y + height)]


def _draw_move(axes: Axes, film: Film, move: Move) -> None:
    arrow = FancyArrowPatch(
        *ways(film, move),
        arrowstyle="-|>",
        shrinkA=0,
        shrinkB=0,
        mutation_scale=11,
        linewidth=1.0,
        linestyle="-" if move.adds else "--",
        color="0.6",
        zorder=1,
    )
    axes.add_patch(arrow)


def _draw_token(axes: Axes, film: Film, move: Move, part: float) -> None:
    (ax, ay), (bx, by) = ways(film, move)
    long = math.hypot(bx - ax, by - ay) or 1.0
    aside = 0.035 / long  # what goes the other way at the same time is on the other side
    x, y = ax + (bx - ax) * part + (by - ay) * aside, ay + (by - ay) * part - (bx - ax) * aside
    box = {
        "boxstyle": "square,pad=0.25" if move.adds else "round,pad=0.3",
        "facecolor": "white" if move.adds else _STORES,
        "edgecolor": _ADDS if move.adds else "black",
        "linewidth": 1.4,
    }
    axes.text(x, y, move.sign, ha="center", va="center", fontsize=8, bbox=box, zorder=8)


def _legend(figure: Figure) -> None:
    words = "+3: chunk 3, to be added     =3: chunk 3, to be stored     a cell fills with the gradients that are in it"
    figure.text(0.5, 0.045, words, ha="center", va="center", fontsize=9)
    figure.text(0.5, 0.018, "dark: all gradients are in it", ha="center", va="center", fontsize=9)
