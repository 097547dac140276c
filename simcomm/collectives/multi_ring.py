"""Several rings at once: the vector is cut into k parts, and each goes round a ring of its own (NCCL's channels).

Ring i is the ring all-reduce with another next worker: r + d modulo n, for a stride d that has no divisor in common
with n, so that every worker is visited. Both directions, and several strides, use links that one ring leaves idle:

    2n(n−1)k messages of S/kn,  2(n−1)S bytes (the conservation law),  2(n−1) steps

With one port per worker more rings only share it: with c = S/kn, as long as kn divides the number of elements,

    (n−1)·[c(β+γ) + max(α, (k−1)·c(β+γ))] + (n−1)·[cβ + max(α, (k−1)·cβ)] + min(α, (k−1)·c(β+γ))

which is 2(n−1)α + 2(n−1)/n·S/k·β + (k−1)·c(β+γ) + … where latencies are long, and α + 2(n−1)/n·S·β + … where they are
short, since the latencies of one ring are covered by the others. For chunks of different sizes there is no formula: a
port's queue holds chunks of all rings, and which of them are large varies from one worker to the next.
"""

from __future__ import annotations

import math
from typing import Literal

import numpy as np

from simcomm.closed_forms import Claim, TimeFormula, Traffic, Vector
from simcomm.collectives.base import Collective
from simcomm.collectives.grid import time_along
from simcomm.errors import InputError
from simcomm.goals import ALL_REDUCE
from simcomm.orbit import everyone
from simcomm.recorder import Recorder
from simcomm.schedule import Schedule

Directions = Literal["both", "one"]
Strides = Literal["one", "several"]


def ranks(workers: int, *, rings: int = 2, **_: object) -> int:
    """The workers; there must be a ring."""
    if rings < 1:
        raise InputError(f"rings: {rings}; expected at least 1")
    return workers


def ring_strides(n: int, rings: int, directions: Directions, strides: Strides) -> list[int]:
    """What is added to a worker's number to get the next one's, modulo n, for every ring.

    >>> ring_strides(8, 4, "both", "several"), ring_strides(8, 4, "both", "one"), ring_strides(8, 6, "one", "several")
    ([1, 7, 3, 5], [1, 7, 1, 7], [1, 3, 5, 7, 1, 3])
    """
    per_stride = 2 if directions == "both" else 1
    coprime = [d for d in range(1, n // per_stride + 1) if math.gcd(d, n) == 1] if strides == "several" else [1]
    chosen = [(coprime or [1])[ring // per_stride % max(len(coprime), 1)] for ring in range(rings)]
    return [(-d if directions == "both" and ring % 2 else d) % n for ring, d in enumerate(chosen)]


def build(workers: int, *, rings: int = 2, directions: Directions = "both", strides: Strides = "one") -> Schedule:
    """Ring all-reduce on several rings at once, each with its own part of the vector: both directions, many strides.

    ``directions`` "both" turns every other ring round. ``strides`` "several": the next pair of rings (or ring) takes
    the next larger stride that is coprime with n, not the next worker again, and begins anew after the last.
    """
    n, rank, step = workers, everyone(workers), np.arange(workers - 1)[:, None]
    record = Recorder(n, rings * n)
    for ring, stride in enumerate(ring_strides(n, rings, directions, strides)):
        following = (rank + stride) % n
        record.reduce(src=rank, dst=following, chunk=ring * n + (rank - (stride * (step + 1)) % n) % n)
        record.copy(src=rank, dst=following, chunk=ring * n + (rank - (stride * step) % n) % n)
    return record.schedule()


def segmented_time(n: int, vector: Vector, segments: int, *, rings: int = 2, **_: object) -> TimeFormula | None:
    """Every segment goes round as many rings again."""
    return time_along(vector, [n], segments * rings)


def claim(
    n: int, vector: Vector, *, rings: int = 2, directions: Directions = "both", strides: Strides = "one"
) -> Claim:
    """2n(n−1)k messages of S/kn: of a ring's part every worker sends all but its own chunk, then all but the next's."""
    one_way, around = ring_strides(n, rings, directions, strides), n - 1

    def without(rank: int, *ahead: int) -> Traffic:
        """All chunks of all rings twice, without those of the workers so many strides ahead."""
        left_out = [ring * n + (rank + each * d) % n for ring, d in enumerate(one_way) for each in ahead]
        sizes = [vector.chunk_bytes(chunk, rings * n) for chunk in left_out]
        return Traffic(2 * vector.filled(rings * n) - sum(s > 0 for s in sizes), 2 * vector.bytes - sum(sizes))

    return Claim(
        total=Traffic(2 * around * vector.filled(rings * n), 2 * around * vector.bytes),
        steps=2 * around,
        sent=lambda rank: without(rank, 0, 1),
        received=lambda rank: without(rank, 0, -1),
        time=segmented_time(n, vector, 1, rings=rings),
    )


multi_ring_all_reduce = Collective(
    "multi_ring_all_reduce",
    ALL_REDUCE,
    build,
    claim,
    source="Patarasuk and Yuan, Bandwidth optimal all-reduce algorithms for clusters of workstations, JPDC 2009; both "
    "directions and several rings: the channels of NVIDIA's NCCL",
    ranks=ranks,
    segmented_time=segmented_time,
    tuning=lambda n: {"rings": [1, 2, 4, 8, 16], "strides": ["one", "several"]},
    variants=({}, {"directions": "one", "strides": "several"}),
)
