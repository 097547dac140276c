"""Ring shift: every worker passes its block on, again and again; what pipelines and ring attention send.

Worker r sends its vector to worker r + distance; in every further step it passes on what has just come. After k steps
it has seen the vectors of the workers r − distance, …, r − k·distance, one in each step, each once if k is less than
the ring is long. One step is a pipeline's hand-over to the next stage, n − 1 steps are ring attention's keys and
values on their way round:

    n·k messages of S,  n·k·S bytes,  k steps,  k·(α + S·β)  exactly, and its segments in step

The goal is that every one of these vectors has come, not only the last, for ring attention needs each once. That they
come in this order is the schedule's doing; what a worker does with one before the next comes is not part of it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from simcomm.closed_forms import Claim, TimeFormula, Traffic, Vector
from simcomm.collectives.base import Collective
from simcomm.collectives.lockstep import blocks_in_step
from simcomm.errors import InputError
from simcomm.goals import Flags, Goal, Ints, every_chunk
from simcomm.orbit import everyone
from simcomm.recorder import Recorder
from simcomm.schedule import Schedule


@dataclass(frozen=True)
class CameBy:
    """Worker r, the vectors of the workers r, r − distance, …, r − steps·distance of a ring."""

    workers: int
    distance: int
    steps: int

    def __call__(self, rank: Ints, chunk: Ints, vector: Ints) -> Flags:
        """Whether the vector's worker is one of those."""
        seen = np.zeros(self.workers, np.bool_)
        seen[np.arange(min(self.steps, self.workers) + 1) * self.distance % self.workers] = True
        return np.asarray(seen[(rank - vector) % self.workers] & (chunk >= 0))


def goal(workers: int, *, distance: int = 1, steps: int = 1) -> Goal:
    """Every worker ends with the vectors of the workers at 1, …, ``steps`` times the distance before it."""
    return Goal("shift", has=every_chunk, needs=CameBy(workers, distance, steps), apart=True)


def ranks(workers: int, *, distance: int = 1, steps: int = 1) -> int:
    """As many as workers."""
    if steps < 1:
        raise InputError(f"steps: {steps}; expected at least 1")
    if workers > 1 and distance % workers == 0:
        raise InputError(f"distance: {distance}; {workers} workers on, each would talk to itself; expected another one")
    return workers


def build(workers: int, *, distance: int = 1, steps: int = 1) -> Schedule:
    """Ring shift: every worker sends its block to the one at ``distance``, which passes it on, for so many ``steps``.

    A pipeline's hand-over is one step, ring attention takes n − 1.
    """
    record, rank = Recorder(workers, chunks=workers, vectors=workers), everyone(workers)
    if workers > 1:
        passed = np.arange(steps)[:, None] * distance
        record.copy(src=rank, dst=(rank + distance) % workers, vector=(rank - passed) % workers)
    return record.schedule()


def claim(n: int, vector: Vector, *, distance: int = 1, steps: int = 1) -> Claim:
    """Every worker sends and receives S in every step."""
    exchanges = steps if n > 1 else 0
    share = Traffic(exchanges * vector.filled(1), exchanges * vector.bytes)
    return Claim(
        total=Traffic(n * share.messages, n * share.bytes),
        steps=exchanges,
        sent=lambda rank: share,
        received=lambda rank: share,
        time=lambda alpha, beta, gamma: exchanges * (alpha + vector.bytes * beta),
    )


def segmented_time(n: int, vector: Vector, segments: int, *, distance: int = 1, steps: int = 1) -> TimeFormula | None:
    """Segments of whatever size follow each other in step (:mod:`simcomm.collectives.lockstep`)."""
    return blocks_in_step(vector, 1, segments, steps if n > 1 else 0)


ring_shift = Collective(
    "ring_shift",
    goal,
    build,
    claim,
    source="Liu, Zaharia and Abbeel, Ring attention with blockwise transformers for near-infinite context, ICLR 2024",
    ranks=ranks,
    segmented_time=segmented_time,
    variants=({}, {"steps": 3}, {"distance": 2, "steps": 2}, {"distance": -1}),
)
