"""Direct reduce-scatter and all-gather: every worker talks to all others, every chunk goes straight where it belongs.

Reduce-scatter: worker r sends chunk d of its gradient to worker d, which adds up what comes. All-gather: worker r sends
its chunk to all others. Each is n(n−1) messages of S/n, (n−1)S bytes, and one latency, for all are under way at once:

    reduce-scatter  1 step,  α + (n−1)·⌈S/n⌉·(β + γ)            all-gather  1 step,  α + (n−1)·⌈S/n⌉·β

exactly, however the vector is cut: a port with the largest chunk never rests. MPICH's pairwise exchange is that
reduce-scatter in rounds: worker r sends to r + k and hears from r − k, and both must have ended before round k + 1:

    pairwise        n−1 steps,  (n−1)(α + S/n·(β + γ))          where all chunks have the same size

With chunks of one size the direct ones take as long in segments, and the pairwise one's follow each other in step
(:mod:`simcomm.collectives.lockstep`). Else the engine answers alone in segments and for the pairwise exchange: of
chunks of different sizes a round takes what its neighbours' took.
"""

from __future__ import annotations

import numpy as np

from simcomm.arguments import After
from simcomm.closed_forms import Claim, TimeFormula, Traffic, Vector, chunks_except
from simcomm.collectives.base import Collective
from simcomm.collectives.lockstep import blocks_in_step
from simcomm.goals import ALL_GATHER, REDUCE_SCATTER
from simcomm.orbit import everyone
from simcomm.recorder import Recorder
from simcomm.schedule import Schedule


def build_reduce_scatter(workers: int) -> Schedule:
    """Direct reduce-scatter: every worker sends chunk d of its gradient to worker d, all at once."""
    record, rank = Recorder(workers, workers), everyone(workers)
    receiver = (rank + np.arange(1, workers)[:, None]) % workers
    record.reduce(src=rank, dst=receiver, chunk=receiver, own=True)
    return record.schedule()


def build_all_gather(workers: int) -> Schedule:
    """Direct all-gather: every worker sends its chunk to all others, all at once."""
    record, rank = Recorder(workers, workers), everyone(workers)
    record.copy(src=rank, dst=(rank + np.arange(1, workers)[:, None]) % workers, chunk=rank, own=True)
    return record.schedule()


def build_pairwise(workers: int) -> Schedule:
    """Pairwise reduce-scatter: in round k every worker sends its part of chunk r + k to worker r + k."""
    record, rank = Recorder(workers, workers), everyone(workers)
    ready: After = None
    for shift in range(1, workers):
        receiver = (rank + shift) % workers
        sent = record.reduce(src=rank, dst=receiver, chunk=receiver, own=True, after=ready)
        ready = record.compute(rank, seconds=0, after=(sent, sent[(rank - shift) % workers]))
    return record.schedule()


def _every_chunk_to_its_owner(n: int, vector: Vector, steps: int, time: TimeFormula | None) -> Claim:
    """Worker r sends every chunk but its own, and hears its own n − 1 times."""
    return Claim(
        total=Traffic((n - 1) * vector.filled(n), (n - 1) * vector.bytes),
        steps=steps,
        sent=lambda rank: chunks_except(vector, n, rank),
        received=lambda rank: Traffic((n - 1) * vector.is_filled(rank, n), (n - 1) * vector.chunk_bytes(rank, n)),
        time=time,
    )


def claim_reduce_scatter(n: int, vector: Vector) -> Claim:
    """n(n−1) messages of S/n at once; the port of the largest chunk takes n−1 of them one after the other."""
    steps, largest = min(n - 1, 1), vector.largest_chunk(n)
    return _every_chunk_to_its_owner(
        n, vector, steps, lambda alpha, beta, gamma: steps * alpha + (n - 1) * largest * (beta + gamma)
    )


def claim_all_gather(n: int, vector: Vector) -> Claim:
    """n(n−1) messages of S/n at once: worker r sends its chunk n−1 times and receives every other one."""
    steps, largest = min(n - 1, 1), vector.largest_chunk(n)
    return Claim(
        total=Traffic((n - 1) * vector.filled(n), (n - 1) * vector.bytes),
        steps=steps,
        sent=lambda rank: Traffic((n - 1) * vector.is_filled(rank, n), (n - 1) * vector.chunk_bytes(rank, n)),
        received=lambda rank: chunks_except(vector, n, rank),
        time=lambda alpha, beta, gamma: steps * alpha + (n - 1) * largest * beta,
    )


def claim_pairwise(n: int, vector: Vector) -> Claim:
    """n(n−1) messages of S/n in n−1 rounds."""
    return _every_chunk_to_its_owner(n, vector, n - 1, time_of_pairwise(n, vector))


def time_of_pairwise(n: int, vector: Vector, segments: int = 1) -> TimeFormula | None:
    """(n−1)(α + S/n·(β + γ)), and its segments in step."""
    return blocks_in_step(vector, n, segments, n - 1, adds=True)


_THAKUR = "Thakur, Rabenseifner and Gropp, Optimization of collective communication operations in MPICH, IJHPCA 2005"
direct_reduce_scatter = Collective(
    "direct_reduce_scatter",
    REDUCE_SCATTER,
    build_reduce_scatter,
    claim_reduce_scatter,
    source=_THAKUR,
    segmented_time=lambda n, vector, _: claim_reduce_scatter(n, vector).time if vector.is_cut_evenly(n) else None,
)
direct_all_gather = Collective(
    "direct_all_gather",
    ALL_GATHER,
    build_all_gather,
    claim_all_gather,
    source=_THAKUR,
    segmented_time=lambda n, vector, _: claim_all_gather(n, vector).time if vector.is_cut_evenly(n) else None,
)
pairwise_reduce_scatter = Collective(
    "pairwise_reduce_scatter",
    REDUCE_SCATTER,
    build_pairwise,
    claim_pairwise,
    source=_THAKUR,
    segmented_time=time_of_pairwise,
)
