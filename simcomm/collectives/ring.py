"""Ring all-reduce and its halves: every worker talks to the next one only.

The vector is cut into n chunks. In the reduce-scatter a partial sum of each chunk travels once round the ring and
every worker adds its own gradient, so that worker r ends with the whole of chunk r; in the all-gather the finished
chunks travel round once more. Every worker sends 2(n−1)/n·S whatever n is, which is the least possible:

    2n(n−1) messages of S/n,  2(n−1)S bytes,  2(n−1) steps,  2(n−1)(α + S/n·β) + (n−1)·S/n·γ

with ⌈p/n⌉ parameters in the largest chunk; with p < n only p are sent (segments: :mod:`~simcomm.collectives.lockstep`).
"""

from __future__ import annotations

import numpy as np

from simcomm.closed_forms import Claim, Traffic, Vector, chunks_except, in_turn
from simcomm.collectives.base import Collective
from simcomm.collectives.grid import time_along
from simcomm.collectives.lockstep import blocks_in_step
from simcomm.goals import ALL_GATHER, ALL_REDUCE, REDUCE_SCATTER
from simcomm.orbit import everyone
from simcomm.recorder import Recorder
from simcomm.schedule import Schedule


def _reduce_scatter(ring: Recorder, n: int) -> None:
    rank, step = everyone(n), np.arange(n - 1)[:, None]
    ring.reduce(src=rank, dst=(rank + 1) % n, chunk=(rank - 1 - step) % n)


def _all_gather(ring: Recorder, n: int) -> None:
    rank, step = everyone(n), np.arange(n - 1)[:, None]
    ring.copy(src=rank, dst=(rank + 1) % n, chunk=(rank - step) % n)


def build_reduce_scatter(workers: int) -> Schedule:
    """Ring reduce-scatter: partial sums go once round the ring; worker r ends with the sum of chunk r."""
    ring = Recorder(workers, workers)
    _reduce_scatter(ring, workers)
    return ring.schedule()


def build_all_gather(workers: int) -> Schedule:
    """Ring all-gather: worker r starts with chunk r; after one round of the ring every worker has them all."""
    ring = Recorder(workers, workers)
    _all_gather(ring, workers)
    return ring.schedule()


def build_all_reduce(workers: int) -> Schedule:
    """Ring all-reduce: a reduce-scatter, then an all-gather, round the same ring."""
    ring = Recorder(workers, workers)
    _reduce_scatter(ring, workers)
    _all_gather(ring, workers)
    return ring.schedule()


def claim_reduce_scatter(n: int, vector: Vector) -> Claim:
    """n(n−1) messages of S/n in n−1 steps; worker r sends every chunk but its own."""
    return Claim(
        total=Traffic((n - 1) * vector.filled(n), (n - 1) * vector.bytes),
        steps=n - 1,
        sent=lambda rank: chunks_except(vector, n, rank),
        received=lambda rank: chunks_except(vector, n, rank - 1),
        time=lambda alpha, beta, gamma: (n - 1) * (alpha + vector.largest_chunk(n) * (beta + gamma)),
    )


def claim_all_gather(n: int, vector: Vector) -> Claim:
    """n(n−1) messages of S/n in n−1 steps; worker r sends every chunk but the next worker's own."""
    return Claim(
        total=Traffic((n - 1) * vector.filled(n), (n - 1) * vector.bytes),
        steps=n - 1,
        sent=lambda rank: chunks_except(vector, n, rank + 1),
        received=lambda rank: chunks_except(vector, n, rank),
        time=lambda alpha, beta, gamma: (n - 1) * (alpha + vector.largest_chunk(n) * beta),
    )


def claim_all_reduce(n: int, vector: Vector) -> Claim:
    """2n(n−1) messages of S/n in 2(n−1) steps: the sum of the two halves."""
    return in_turn(claim_reduce_scatter(n, vector), claim_all_gather(n, vector))


_THAKUR = "Thakur, Rabenseifner and Gropp, Optimization of collective communication operations in MPICH, IJHPCA 2005"
ring_reduce_scatter = Collective(
    "ring_reduce_scatter",
    REDUCE_SCATTER,
    build_reduce_scatter,
    claim_reduce_scatter,
    source=_THAKUR,
    segmented_time=lambda n, vector, segments: blocks_in_step(vector, n, segments, n - 1, adds=True),
)
ring_all_gather = Collective(
    "ring_all_gather",
    ALL_GATHER,
    build_all_gather,
    claim_all_gather,
    source=_THAKUR,
    segmented_time=lambda n, vector, segments: blocks_in_step(vector, n, segments, n - 1),
)
ring_all_reduce = Collective(
    "ring_all_reduce",
    ALL_REDUCE,
    build_all_reduce,
    claim_all_reduce,
    source="Patarasuk and Yuan, Bandwidth optimal all-reduce algorithms for clusters of workstations, JPDC 2009",
    segmented_time=lambda n, vector, segments: time_along(vector, [n], segments),
)
