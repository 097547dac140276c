"""Rings along the sides of a grid of ranks: what tori and hierarchical all-reduces are made of.

A rank has a place along every side, and a vector of chunks to work on. Along the first side the ranks of a ring
reduce-scatter it, so that each has the sum of one piece; along the next side that piece is cut again, and so on. The
all-gathers go back the same ways. Pieces are ranges of chunks: piece q of P is chunks q·C/P … (q+1)·C/P − 1.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from simcomm.closed_forms import TimeFormula, Traffic, Vector
from simcomm.collectives.lockstep import Rounds, lockstep
from simcomm.recorder import Recorder
from simcomm.schedule import Ints


@dataclass(frozen=True, eq=False)
class Rings:
    """Of every rank its place in its ring of ``side`` ranks and the next one, and where its pieces begin."""

    side: int
    place: Ints
    following: Ints
    turn: int
    chunk: Ints
    count: int

    def reduce_scatter(self, record: Recorder) -> None:
        """The rank at place x ends with the sum of piece x."""
        self._send(record.reduce, 1)

    def all_gather(self, record: Recorder) -> None:
        """The rank at place x begins with piece x."""
        self._send(record.copy, 0)

    def _send(self, send: Callable[..., object], ahead: int) -> None:
        step = np.arange(self.side - 1)[:, None]
        piece = (self.place - self.turn * (step + ahead)) % self.side
        rank = np.arange(len(self.place))
        send(src=rank, dst=self.following, chunk=self.chunk + piece * self.count, count=self.count)


#: Along a side: how many ranks, and how far apart they are.
Side = tuple[int, int]


def rings_along(ranks: int, sides: Sequence[Side], chunk: int, chunks: int, turn: int = 1) -> Iterator[Rings]:
    """One after the other along ``sides``, in ``chunks`` chunks from ``chunk`` on."""
    rank, first = np.arange(ranks), np.full(ranks, chunk)
    for side, stride in sides:
        place, chunks = rank // stride % side, chunks // side
        yield Rings(side, place, rank + ((place + turn) % side - place) * stride, turn, first, chunks)
        first = first + place * chunks


def share(
    vector: Vector, rank: int, sides: Sequence[Side], part: int = 0, parts: int = 1, turn: int = 1
) -> tuple[Traffic, Traffic]:
    """What a rank sends and receives along all sides, there and back, of part number ``part`` of ``parts``."""
    sent = received = Traffic(0, 0)
    for side, stride in sides:
        place = rank // stride % side
        own, following, before = (_others(vector, part, parts, side, place + by) for by in (0, turn, -turn))
        sent, received = sent + own + following, received + own + before
        part, parts = part * side + place, parts * side
    return sent, received


def _others(vector: Vector, part: int, parts: int, side: int, place: int) -> Traffic:
    """All pieces of a part but one; a part of few elements has as many pieces that hold anything."""
    whole, left_out = vector.chunk_bytes(part, parts), vector.chunk_bytes(part * side + place % side, parts * side)
    return Traffic(min(side, whole // vector.itemsize) - (left_out > 0), whole - left_out)


def messages(n: int, vector: Vector, sides: Sequence[int], part: int = 0, parts: int = 1) -> int:
    """Of all ranks, there and back: n(X−1) times 2 along each side, less those of pieces that hold nothing."""
    elements, pieces, found = vector.chunk_bytes(part, parts) // vector.itemsize, 1, 0
    for side in sides:
        pieces *= side
        found += 2 * (side - 1) * (n // pieces) * min(pieces, elements)
    return found


def time_along(
    vector: Vector, sides: Sequence[int], parts: int = 1, across: Sequence[Rounds] = ()
) -> TimeFormula | None:
    """Reduce-scatters along all sides, then ``across``, then all-gathers back, in so many parts at once.

    For pieces of one size; one part in rings of one side takes as long as its largest chunk, whatever the others.
    """
    sides = [side for side in sides if side > 1]
    cuts = [parts * math.prod(sides[: at + 1]) for at in range(len(sides))]
    alone = parts == 1 and len(sides) == 1 and not across
    if (sides or across) and not alone and not vector.is_cut_evenly(max([parts, *cuts])):
        return None
    sizes = [(side - 1, size := vector.largest_chunk(cut), parts * size) for side, cut in zip(sides, cuts, strict=True)]
    there, back = [Rounds(*each, adds=True) for each in sizes], [Rounds(*each) for each in reversed(sizes)]
    return lockstep([*there, *across, *back])
