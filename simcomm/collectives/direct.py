"""Direct reduce-scatter and all-gather: every worker talks to all others, every chunk goes straight where it belongs.

Reduce-scatter: worker r sends chunk d of its gradient to worker d, which adds up what comes. All-gather: worker r sends
its chunk to all others. Each is n(n−1) messages of S/n, (n−1)S bytes, and one latency, for all are under way at once:

    reduce-scatter  1 step,  α + (n−1)·⌈S/n⌉·(β + γ)            all-gather  1 step,  α + (n−1)·⌈S/n⌉·β

exactly, however the vector is cut: a port with the largest chunk never rests. With chunks of one size it takes as long
in segments; else the engine answers alone there.
"""

from __future__ import annotations

import numpy as np

from simcomm.closed_forms import Claim, TimeFormula, Traffic, Vector, chunks_except
from simcomm.collectives.base import Collective
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


def every_chunk_to_its_owner(n: int, vector: Vector, steps: int, time: TimeFormula | None) -> Claim:
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
    return every_chunk_to_its_owner(
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
