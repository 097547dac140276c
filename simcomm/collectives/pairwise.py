"""Pairwise reduce-scatter: MPICH's exchange, the direct reduce-scatter in rounds.

In round k worker r sends its part of chunk r + k to worker r + k and hears from r − k, and both must have ended before
round k + 1:

    n(n−1) messages of S/n,  (n−1)S bytes,  n−1 steps,  (n−1)(α + S/n·(β + γ))  where all chunks have the same size

Segments then follow each other in step (:mod:`simcomm.collectives.lockstep`). Of chunks of different sizes a round
takes what its neighbours' took, and the engine answers alone.
"""

from __future__ import annotations

from simcomm.arguments import After
from simcomm.closed_forms import Claim, TimeFormula, Vector
from simcomm.collectives.base import Collective
from simcomm.collectives.direct import every_chunk_to_its_owner
from simcomm.collectives.lockstep import blocks_in_step
from simcomm.goals import REDUCE_SCATTER
from simcomm.orbit import everyone
from simcomm.recorder import Recorder
from simcomm.schedule import Schedule


def build(workers: int) -> Schedule:
    """Pairwise reduce-scatter: in round k every worker sends its part of chunk r + k to worker r + k."""
    record, rank = Recorder(workers, workers), everyone(workers)
    ready: After = None
    for shift in range(1, workers):
        receiver = (rank + shift) % workers
        sent = record.reduce(src=rank, dst=receiver, chunk=receiver, own=True, after=ready)
        ready = record.compute(rank, seconds=0, after=(sent, sent[(rank - shift) % workers]))
    return record.schedule()


def claim(n: int, vector: Vector) -> Claim:
    """n(n−1) messages of S/n in n−1 rounds."""
    return every_chunk_to_its_owner(n, vector, n - 1, segmented_time(n, vector))


def segmented_time(n: int, vector: Vector, segments: int = 1) -> TimeFormula | None:
    """(n−1)(α + S/n·(β + γ)), and its segments in step."""
    return blocks_in_step(vector, n, segments, n - 1, adds=True)


pairwise_reduce_scatter = Collective(
    "pairwise_reduce_scatter",
    REDUCE_SCATTER,
    build,
    claim,
    source="Thakur, Rabenseifner and Gropp, Optimization of collective communication operations in MPICH, IJHPCA 2005",
    segmented_time=segmented_time,
)
