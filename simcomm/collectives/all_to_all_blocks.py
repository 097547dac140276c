"""All-to-all of blocks: what MPI and NCCL call all-to-all; nothing is added up.

Every worker's vector is cut into n blocks, and worker d ends with block d of every worker's vector (in training: tokens
on their way to their experts). Direct: every block goes straight where it belongs.

    n(n−1) messages of S/n,  (n−1)S bytes,  1 step,  α + (n−1)/n·S·β

One latency, as in the all-to-all of whole gradients. With ``rounds`` a worker's next exchange starts when the one
before it has ended (pairwise exchange): n−1 steps, (n−1)(α + S/n·β) where all blocks have the same size.

The schedule cuts the vectors of all workers, end to end, into n² chunks: chunk s·n + d is block d of worker s.
"""

from __future__ import annotations

import numpy as np

from simcomm.arguments import After
from simcomm.closed_forms import Claim, Traffic, Vector, chunks_except
from simcomm.collectives.base import Collective
from simcomm.goals import ALL_TO_ALL
from simcomm.orbit import everyone
from simcomm.recorder import Recorder
from simcomm.schedule import Schedule


def build(workers: int, *, rounds: bool = False) -> Schedule:
    """All-to-all of blocks (MPI's and NCCL's): every worker sends block d of its vector to worker d.

    Worker r sends to r+1, r+2, … so that every receiver hears from one sender at a time. ``rounds``: the next
    exchange starts when the one before it has ended.
    """
    record = Recorder(workers, chunks=workers**2, vectors=workers)
    rank = everyone(workers)
    if not rounds:
        receiver = (rank + np.arange(1, workers)[:, None]) % workers
        record.copy(src=rank, dst=receiver, vector=rank, chunk=receiver, own=True)
        return record.schedule()
    ready: After = None
    for shift in range(1, workers):
        receiver = (rank + shift) % workers
        sent = record.copy(src=rank, dst=receiver, vector=rank, chunk=receiver, own=True, after=ready)
        ready = record.compute(rank, seconds=0, after=(sent, sent[(rank - shift) % workers]))
    return record.schedule()


def claim(n: int, vector: Vector, *, rounds: bool = False) -> Claim:
    """n(n−1) messages of S/n: a worker sends every block but its own, and receives its own block n−1 times.

    The one-shot time holds for every size, with the largest block: its receiver's port is never idle.
    """
    largest = vector.largest_chunk(n)
    steps = n - 1 if rounds else min(n - 1, 1)

    def received(rank: int) -> Traffic:
        return Traffic((n - 1) * vector.is_filled(rank, n), (n - 1) * vector.chunk_bytes(rank, n))

    return Claim(
        total=Traffic((n - 1) * vector.filled(n), (n - 1) * vector.bytes),
        steps=steps,
        sent=lambda rank: chunks_except(vector, n, rank),
        received=received,
        time=(lambda alpha, beta, gamma: steps * alpha + (n - 1) * largest * beta)
        if vector.is_cut_evenly(n) or not rounds
        else None,
    )


all_to_all_blocks = Collective(
    "all_to_all_blocks",
    ALL_TO_ALL,
    build,
    claim,
    source="pairwise exchange: Thakur, Rabenseifner and Gropp, Optimization of collective communication operations in "
    "MPICH, IJHPCA 2005",
    variants=({}, {"rounds": True}),
)
