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
from simcomm.plots.film_layout import EDGE, NAME, cell, grid, numbered, place, way
from simcomm.plots.style import COLOURS, drawing

#: Frames at most, how long one is shown, how many more show the end, and colours of the palette.
MOST_FRAMES, FRAME_MS, LAST_FRAMES, PALETTE = 150, 80, 18, 64
DOTS_PER_INCH = 96

_ADDS, _STORES, _PART = COLOURS[0], COLOURS[4], COLOURS[5]


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
    side = 6.0 if film.ranks <= 8 and film.chunks <= 16 else 8.0
    figure = Figure(figsize=(side, side), dpi=DOTS_PER_INCH)
    axes = figure.add_axes((0, 0, 1, 1))
    axes.set(xlim=(-EDGE, EDGE), ylim=(-EDGE, EDGE))
    axes.axis("off")
    title = film.title, min(11, 660 / len(film.title))
    legend = "+3: chunk 3, to be added    =3: chunk 3, to be stored", 8
    meaning = "a cell fills with the gradients in it; dark: it has all of them", 8
    for y, (text, size) in zip(
        (0.975, 0.94, 0.05, 0.02), (title, (film.words(time_s), 9), legend, meaning), strict=True
    ):
        figure.text(0.5, y, text, ha="center", va="center", fontsize=size)
    under_way = film.under_way(time_s)
    for move, _ in under_way:
        _draw_way(axes, film, move)
    _draw_ranks(axes, film, film.holdings(time_s))
    for move, part in under_way:
        _draw_token(axes, film, move, part)
    return figure


def _draw_ranks(axes: Axes, film: Film, held: dict[tuple[int, int], Held]) -> None:
    """Every rank's name and cells, filled from below."""
    (columns, rows), (width, height) = grid(film), cell(film)
    frames, filled, colours = [], [], []
    for rank in range(film.ranks):
        x, y = place(film, rank)
        left, top = x - columns * width / 2, y + (rows * height - NAME) / 2
        axes.text(x, top + 0.02, film.name(rank), ha="center", va="bottom", fontsize=9, zorder=6)
        for chunk in range(film.chunks):
            corner = left + chunk % columns * width, top - (chunk // columns + 1) * height
            one = held[rank, chunk]
            frames.append(_rectangle(corner, width, height))
            filled.append(_rectangle(corner, width, height * one.share))
            colours.append(_ADDS if one.share >= 1 else _PART)
            if numbered(film):
                middle, colour = (corner[0] + width / 2, corner[1] + height / 2), "white" if one.share >= 1 else "black"
                axes.text(*middle, str(chunk), ha="center", va="center", fontsize=8, color=colour, zorder=6)
    axes.add_collection(PolyCollection(frames, facecolors="white", edgecolors="none", zorder=3))
    axes.add_collection(PolyCollection(filled, facecolors=colours, edgecolors="none", zorder=4))
    axes.add_collection(PolyCollection(frames, facecolors="none", edgecolors="black", linewidths=0.8, zorder=5))


def _rectangle(corner: tuple[float, float], width: float, height: float) -> list[tuple[float, float]]:
    x, y = corner
    return [(x, y), (x + width, y), (x + width, y + height), (x, y + height)]


def _draw_way(axes: Axes, film: Film, move: Move) -> None:
    arrow = FancyArrowPatch(
        *way(film, move),
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
    (ax, ay), (bx, by) = way(film, move)
    box = {
        "boxstyle": "square,pad=0.2" if move.adds else "round,pad=0.25",
        "facecolor": "white" if move.adds else _STORES,
        "edgecolor": _ADDS if move.adds else "black",
        "linewidth": 1.3,
    }
    where = ax + (bx - ax) * part, ay + (by - ay) * part
    axes.text(*where, move.sign, ha="center", va="center", fontsize=9, bbox=box, zorder=8)
