"""Torus all-reduce: ranks on a grid of X·Y (·Z …), and a ring along one side after the other.

Reduce-scatter along x, each rank then works on its S/X only; then along y, then z, and all-gathers back. As few bytes
as one ring in far fewer steps; for two sides

    2n(X−1) messages of S/X + 2n(Y−1) of S/XY,  2(n−1)S bytes (the conservation law),  2(X+Y−2) steps,
    2(X+Y−2)α + 2(n−1)/n·S·β + (n−1)/n·S·γ

and with a third side 2n(Z−1) of S/XYZ more. Rank = (x·Y + y)·Z + z, as the hosts of ``torus`` are numbered.

One such pass uses one direction of one dimension at a time. ``colours: all`` cuts the vector into 2·d parts (d sides of
more than one), each of which begins along another side and in another direction, so that on a torus all links are busy
at once: every part crosses every side, those of the same length at the same time where all sides are equal.

The times hold where all pieces of a side have the same size: else a rank that is early sends on what is in the way of
what is late. With all colours they ask for equal sides, too (:mod:`simcomm.collectives.lockstep` has the formula).
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Literal

from simcomm.closed_forms import Claim, TimeFormula, Traffic, Vector
from simcomm.collectives.base import Collective
from simcomm.collectives.factors import dims_worth_trying, sides_of
from simcomm.collectives.grid import Side, messages, rings_along, share, time_along
from simcomm.goals import ALL_REDUCE
from simcomm.recorder import Recorder
from simcomm.schedule import Schedule

Colours = Literal["one", "all"]


def ranks(workers: int, *, dims: str = "squarest", **_: object) -> int:
    """The workers; they must fill the grid."""
    return math.prod(sides_of(workers, dims))


def _colours(n: int, dims: str, colours: Colours) -> Iterator[tuple[list[Side], int]]:
    """Of every part of the vector, the sides in their order, and which way round."""
    sides = sides_of(n, dims)
    axes = [(side, math.prod(sides[at + 1 :])) for at, side in enumerate(sides) if side > 1]
    yield axes, 1
    for first in range(len(axes) * (colours == "all")):
        yield from ((axes[first:] + axes[:first], turn) for turn in (1, -1) if (first, turn) != (0, 1))


def build(workers: int, *, dims: str = "squarest", colours: Colours = "one") -> Schedule:
    """Torus all-reduce: reduce-scatter along each side of a grid in turn, then all-gather back along each.

    ``dims``: the sides, such as 4x4 or 2x3x4, the last one fastest, or "squarest". ``colours`` "all": one part of the
    vector for each side and direction to begin with, all at once.
    """
    parts = list(_colours(workers, dims, colours))
    record = Recorder(workers, len(parts) * workers)
    for part, (sides, turn) in enumerate(parts):
        phases = list(rings_along(workers, sides, part * workers, workers, turn))
        for rings in phases:
            rings.reduce_scatter(record)
        for rings in reversed(phases):
            rings.all_gather(record)
    return record.schedule()


def segmented_time(
    n: int, vector: Vector, segments: int, *, dims: str = "squarest", colours: Colours = "one"
) -> TimeFormula | None:
    """Every segment goes through as many parts again."""
    parts = list(_colours(n, dims, colours))
    sides = [side for side, _ in parts[0][0]]
    return time_along(vector, sides, segments * len(parts)) if len(parts) == 1 or len(set(sides)) == 1 else None


def claim(n: int, vector: Vector, *, dims: str = "squarest", colours: Colours = "one") -> Claim:
    """2n(X−1) messages of S/X, 2n(Y−1) of S/XY, …: 2(n−1)S bytes, in as many parts as there are colours."""
    parts = list(enumerate(_colours(n, dims, colours)))

    def each(rank: int, way: int) -> Traffic:
        shares = (share(vector, rank, sides, part, len(parts), turn)[way] for part, (sides, turn) in parts)
        return sum(shares, start=Traffic(0, 0))

    sent = sum(messages(n, vector, [side for side, _ in sides], part, len(parts)) for part, (sides, _) in parts)
    return Claim(
        total=Traffic(sent, 2 * (n - 1) * vector.bytes),
        steps=sum(2 * (side - 1) for side in sides_of(n, dims)),
        sent=lambda rank: each(rank, 0),
        received=lambda rank: each(rank, 1),
        time=segmented_time(n, vector, 1, dims=dims, colours=colours),
        chunks_sent=2 * n * (n - 1) * len(parts),
    )


torus_all_reduce = Collective(
    "torus_all_reduce",
    ALL_REDUCE,
    build,
    claim,
    source="Mikami, Suganuma, Tanaka and Kageyama, Massively distributed SGD: ImageNet/ResNet-50 training in a flash, "
    "2018 (two sides); all dimensions at once: Jain and Sabharwal, Optimal bucket algorithms for large MPI "
    "collectives on torus interconnects, ICS 2010",
    ranks=ranks,
    segmented_time=segmented_time,
    tuning=lambda n: {"dims": dims_worth_trying(n), "colours": ["one", "all"]},
    variants=({}, {"colours": "all"}),
)
