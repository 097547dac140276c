"""All-to-all exchange of whole gradients, also called one-shot or direct all-reduce.

Every worker sends its whole gradient to every other worker and each adds them up for itself:

    n(n−1) messages of S,  n(n−1)S bytes,  1 step,  α + (n−1)·S·(β + γ)

One latency, because a worker's n−1 messages leave its port one behind the other and are all under way at once. With
``rounds`` a worker posts its next message only when the exchange before it has ended, as a loop of blocking
send-receives does: n−1 steps, (n−1)(α + S·(β + γ)). Segments change nothing, since the ports are busy from the first to
the last byte; in rounds they follow each other in step (:mod:`simcomm.collectives.lockstep`).

MPI's and NCCL's "all-to-all" is another operation, ``all_to_all_blocks``: every pair exchanges a different block of S/n
and nothing is added up.
"""

from __future__ import annotations

import numpy as np

from simcomm.arguments import After
from simcomm.closed_forms import Claim, TimeFormula, Traffic, Vector
from simcomm.collectives.base import Collective
from simcomm.collectives.lockstep import blocks_in_step
from simcomm.goals import ALL_REDUCE
from simcomm.orbit import everyone
from simcomm.recorder import Recorder
from simcomm.schedule import Schedule


def build(workers: int, *, rounds: bool = False) -> Schedule:
    """All-to-all: every worker sends its whole gradient to every other one (not MPI's all-to-all of blocks).

    Worker r sends to r+1, r+2, … so that every receiver hears from one sender at a time. ``rounds``: the next
    exchange starts when the one before it has ended.
    """
    record = Recorder(workers)
    rank = everyone(workers)
    if not rounds:
        record.reduce(src=rank, dst=(rank + np.arange(1, workers)[:, None]) % workers, own=True)
        return record.schedule()
    ready: After = None
    for shift in range(1, workers):
        sent = record.reduce(src=rank, dst=(rank + shift) % workers, own=True, after=ready)
        ready = record.compute(rank, seconds=0, after=(sent, sent[(rank - shift) % workers]))
    return record.schedule()


def claim(n: int, vector: Vector, *, rounds: bool = False) -> Claim:
    """n(n−1) messages of S: every worker sends and receives (n−1)S."""
    filled = vector.filled(1)
    one = Traffic((n - 1) * filled, (n - 1) * vector.bytes)
    return Claim(
        total=Traffic(n * one.messages, n * one.bytes),
        steps=n - 1 if rounds else min(n - 1, 1),
        sent=lambda rank: one,
        received=lambda rank: one,
        time=lambda alpha, beta, gamma: (
            (n - 1 if rounds else min(n - 1, 1)) * alpha + (n - 1) * vector.bytes * (beta + gamma)
        ),
    )


def segmented_time(n: int, vector: Vector, segments: int, *, rounds: bool = False) -> TimeFormula | None:
    """As long as in one piece; in rounds, n−1 of them in step."""
    return blocks_in_step(vector, 1, segments, n - 1, adds=True) if rounds else claim(n, vector).time


all_to_all = Collective(
    "all_to_all",
    ALL_REDUCE,
    build,
    claim,
    source="the one-shot all-reduce; 'all pairs' in Cowan et al., MSCCLang, ASPLOS 2023",
    variants=({}, {"rounds": True}),
    segmented_time=segmented_time,
)
