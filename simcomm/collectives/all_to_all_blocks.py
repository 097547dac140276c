"""All-to-all of blocks: what MPI and NCCL call all-to-all; nothing is added up.

Every worker's vector is cut into n blocks, and worker d ends with block d of every worker's vector (in training: tokens
on their way to their experts). Direct: every block goes straight where it belongs.

    n(n−1) messages of S/n,  (n−1)S bytes,  1 step,  α + (n−1)/n·S·β

One latency, as in the all-to-all of whole gradients. With ``rounds`` a worker's next exchange starts when the one
before it has ended (pairwise exchange): n−1 steps, (n−1)(α + S/n·β) where all blocks have the same size. Then it takes
as long in segments, too; those of rounds follow each other in step (:mod:`simcomm.collectives.lockstep`). With blocks
of different sizes the engine answers alone in rounds and in segments.

The schedule cuts the vectors of all workers, end to end, into n² chunks: chunk s·n + d is block d of worker s.
"""

from __future__ import annotations

import numpy as np

from simcomm.arguments import After
from simcomm.closed_forms import Claim, TimeFormula, Traffic, Vector, chunks_except
from simcomm.collectives.base import Collective
from simcomm.collectives.lockstep import blocks_in_step
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


def segmented_time(n: int, vector: Vector, segments: int, *, rounds: bool = False) -> TimeFormula | None:
    """Of blocks of one size: α + (n−1)/n·S·β in whatever pieces, and in rounds n−1 of them in step."""
    if rounds:
        return blocks_in_step(vector, n, segments, n - 1)
    return claim(n, vector).time if vector.is_cut_evenly(n) else None


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
        time=segmented_time(n, vector, 1, rounds=True)
        if rounds
        else lambda alpha, beta, gamma: steps * alpha + (n - 1) * largest * beta,
    )


all_to_all_blocks = Collective(
    "all_to_all_blocks",
    ALL_TO_ALL,
    build,
    claim,
    source="pairwise exchange: Thakur, Rabenseifner and Gropp, Optimization of collective communication operations in "
    "MPICH, IJHPCA 2005",
    variants=({}, {"rounds": True}),
    segmented_time=segmented_time,
)
