"""Where a film has everything: ranks on a circle, the cells of each, the ways of messages between them."""

from __future__ import annotations

import math

from simcomm.plots.film import Film, Move

#: How high the name above a rank's cells is, and where the picture ends.
NAME, EDGE = 0.11, 1.42

#: How wide and high a cell with a number in it is at least, and any cell at most; what a message keeps from boxes and
#: from what comes the other way; how much lower than wide the circle is, which leaves room for title and legend.
_LEGIBLE, _CELL, _GAP, _ASIDE, _FLAT = (0.063, 0.045), 0.2, 0.1, 0.05, 0.9


def radius(film: Film) -> float:
    """Of the circle of ranks: 1, or larger where there are many, whose boxes are small."""
    return max(1.0, (EDGE - 0.21) / (_FLAT + 0.7 * math.sin(math.pi / max(film.ranks, 4))))


def place(film: Film, rank: int) -> tuple[float, float]:
    """Where the middle of a rank's box is: on the circle, clockwise from the top."""
    angle = 2 * math.pi * rank / film.ranks
    return radius(film) * math.sin(angle), radius(film) * _FLAT * math.cos(angle)


def room(film: Film) -> tuple[float, float]:
    """How wide and how high a rank's cells may be without touching the next one's."""
    chord = 2 * radius(film) * math.sin(math.pi / max(film.ranks, 4))
    return min(0.8, 0.675 * chord), min(0.58, 0.7 * chord) - NAME


def grid(film: Film) -> tuple[int, int]:
    """Columns and rows of a rank's cells: a row for every vector, or as few rows as leave room for numbers."""
    if film.vectors > 1:
        return film.chunks // film.vectors, film.vectors
    most = max(int(room(film)[0] / _LEGIBLE[0]), math.ceil(math.sqrt(film.chunks)))
    rows = math.ceil(film.chunks / most)
    return math.ceil(film.chunks / rows), rows


def cell(film: Film) -> tuple[float, float]:
    """Width and height of a cell."""
    (wide, high), (columns, rows) = room(film), grid(film)
    return min(_CELL, wide / columns), min(_CELL, high / rows)


def way(film: Film, move: Move) -> tuple[tuple[float, float], tuple[float, float]]:
    """From where to where a message is drawn: from box to box, to the right of what comes the other way."""
    (ax, ay), (bx, by) = place(film, move.src), place(film, move.dst)
    dx, dy = bx - ax, by - ay
    (columns, rows), (width, height) = grid(film), cell(film)
    half = columns * width / 2 + _GAP, (rows * height + NAME) / 2 + _GAP
    off = min(half[0] / max(abs(dx), 1e-9), half[1] / max(abs(dy), 1e-9), 0.45)
    long = math.hypot(dx, dy)
    right, down = _ASIDE * dy / long, _ASIDE * dx / long
    return (ax + off * dx + right, ay + off * dy - down), (bx - off * dx + right, by - off * dy - down)


def numbered(film: Film) -> bool:
    """Whether a cell has room for the number of its chunk."""
    return all(size >= legible for size, legible in zip(cell(film), _LEGIBLE, strict=True))
