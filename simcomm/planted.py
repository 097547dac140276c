"""Planted bugs: do the checks have teeth?

Every bug is one small change to one operation of a right schedule: a reduction becomes a copy or the other way round,
a chunk, a destination or a dependency is changed. An independent oracle, which adds up numbers one at a time and
shares no code with the proof, says which bugs change what a worker ends with; the proof must catch all of those.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from fractions import Fraction
from random import Random

import numpy as np

from simcomm import counts
from simcomm.closed_forms import Vector
from simcomm.collectives.base import Collective
from simcomm.engines.exact import exact_run
from simcomm.errors import ProofError
from simcomm.goals import Goal
from simcomm.proof import prove
from simcomm.schedule import COMPUTE, COPY, REDUCE, Schedule
from simcomm.sums import Sums

ALPHA, BETA, GAMMA = Fraction(5), Fraction(1, 3), Fraction(1, 7)


@dataclass(frozen=True)
class Teeth:
    """Of ``planted`` bugs, how many change the result, and how many each check catches."""

    planted: int
    changing: int
    caught_by_counts: int
    caught_by_time: int
    caught_by_proof: int
    changing_caught_by_proof: int

    def __add__(self, other: Teeth) -> Teeth:
        mine, theirs = vars(self).values(), vars(other).values()
        return Teeth(*(a + b for a, b in zip(mine, theirs, strict=True)))


def bugs(schedule: Schedule) -> Iterator[tuple[str, Schedule]]:
    """Every schedule that differs from ``schedule`` in one operation, with what was done to it."""
    for index in range(len(schedule)):
        if schedule.kind[index] != COMPUTE:
            other = COPY if schedule.kind[index] == REDUCE else REDUCE
            yield f"operation {index}: flipped reduce and copy", _changed(schedule, "kind", index, other)
            if schedule.count[index] < schedule.chunks:
                yield f"operation {index}: another chunk", _of_another_chunk(schedule, index)
            for shift in range(1, schedule.ranks):
                dst = (schedule.dst[index] + shift) % schedule.ranks
                if dst != schedule.src[index]:
                    yield f"operation {index}: another destination", _changed(schedule, "dst", index, dst)
                    break
        for edge in range(schedule.after_start[index], schedule.after_start[index + 1]):
            start = schedule.after_start - (schedule.after_start > edge)
            yield (
                f"operation {index}: dropped the dependency on {schedule.after[edge]}",
                replace(schedule, after=np.delete(schedule.after, edge), after_start=start),
            )


def _of_another_chunk(schedule: Schedule, index: int) -> Schedule:
    """The next range; of a packed message the last chunk that it carries is another one."""
    count, chunks = int(schedule.count[index]), schedule.chunks
    if schedule.cargo is None or schedule.chunk[index] < chunks:
        return _changed(schedule, "chunk", index, (int(schedule.chunk[index]) + 1) % (chunks - count + 1))
    cargo, first = schedule.cargo.copy(), int(schedule.chunk[index])
    listed = cargo[first : first + count].tolist()
    following = ((listed[-1] + step) % chunks for step in range(1, chunks))
    another = next(chunk for chunk in following if chunk not in listed)
    cargo[first : first + count] = sorted([*listed[:-1], another])
    return replace(schedule, cargo=cargo)


def _changed(schedule: Schedule, column: str, index: int, value: int) -> Schedule:
    values = getattr(schedule, column).copy()
    values[index] = value
    return replace(schedule, **{column: values})


def reaches(schedule: Schedule, goal: Goal, workers: int) -> bool:
    """The oracle: give every worker a random number as its gradient, do the sums in plain Python, look at the end."""
    random = Random(1)
    sums = Sums(schedule, goal, [random.getrandbits(64) for _ in range(workers)])
    return all(
        sums.held(rank, chunk) == sums.right(rank, chunk)
        for rank in range(workers)
        for chunk in range(schedule.chunks)
        if sums.is_needed(rank, chunk)
    )


def bite(collective: Collective, workers: int, vector: Vector, **options: object) -> Teeth:
    """Plant every bug in one schedule of ``collective`` and see which check catches it.

    >>> from simcomm.collectives import get
    >>> teeth = bite(get("ring_all_reduce"), 3, Vector(6))
    >>> teeth.planted, teeth.changing == teeth.changing_caught_by_proof
    (45, True)
    """
    claim, goal = collective.claim(workers, vector, **options), collective.goal_of(workers, options)
    found, hosts = Teeth(0, 0, 0, 0, 0, 0), collective.hosts(workers, options)
    for _, bug in bugs(collective.schedule(workers, **options)):
        changes = not reaches(bug, goal, workers)
        by_proof = not _proves(bug, goal, workers)
        by_counts = bool(counts.differences(counts.count(bug, vector), claim))
        by_time = claim.time is not None and (
            exact_run(bug, vector, ALPHA, BETA, GAMMA, hosts).makespan_s != claim.time(ALPHA, BETA, GAMMA)
        )
        found += Teeth(1, changes, by_counts, by_time, by_proof, changes and by_proof)
    return found


def _proves(schedule: Schedule, goal: Goal, workers: int) -> bool:
    try:
        prove(schedule, goal, workers)
    except ProofError:
        return False
    return True
