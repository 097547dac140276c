"""What is sent, recorded, counted and proven before any network is looked at."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from simcomm import counts
from simcomm.closed_forms import Claim, Vector
from simcomm.collectives.base import Collective
from simcomm.common import once
from simcomm.proof import Proof, prove
from simcomm.quotient import Quotient
from simcomm.schedule import Ints, Schedule

#: What an operation of a schedule takes in memory for as long as it is kept, and how many are never kept unfolded.
_OPERATION_BYTES = 100
_MANY_OPERATIONS = 100_000


@dataclass(frozen=True)
class Checked:
    """A schedule whose counts and meaning were checked: what is sent, before any network is looked at."""

    collective: Collective
    workers: int
    options: Mapping[str, Any]
    vector: Vector
    schedule: Schedule
    size_bytes: Ints
    claim: Claim
    counted: counts.Counts
    proof: Proof

    @property
    def pairs(self) -> list[tuple[int, int]]:
        """Every (src, dst) that sends something."""
        sends, ranks = self.size_bytes > 0, self.schedule.ranks
        found = np.unique(self.schedule.src[sends].astype(np.int64) * ranks + self.schedule.dst[sends])
        return [divmod(pair, ranks) for pair in found.tolist()]


def check(collective: Collective, workers: int, vector: Vector, options: Mapping[str, Any]) -> Checked:
    """Record a collective, count it and prove it; raises CountError or ProofError if it is not what it claims."""
    schedule, proof = _recorded(collective, workers, options)
    claim = collective.claim(workers, vector, **options)
    counted = counts.count(schedule, vector)
    counts.check(counted, claim)
    return Checked(collective, workers, options, vector, schedule, schedule.sizes_bytes(vector), claim, counted, proof)


def _recorded(collective: Collective, workers: int, options: Mapping[str, Any]) -> tuple[Schedule, Proof]:
    """The schedule and its proof, which do not depend on the vector."""

    def record() -> tuple[Schedule, Proof]:
        schedule = collective.schedule(workers, **options)
        return schedule, prove(schedule, collective.goal, workers)

    key = ("schedule", collective.build, collective.goal, workers, repr(sorted(options.items())))
    schedule, proof = once(key, record, lambda made: _OPERATION_BYTES * len(_folded(made[0]) or made[0]))
    quotient = _folded(schedule)
    return (schedule if quotient is None else Schedule.unfolding(quotient)), proof


def _folded(schedule: Schedule) -> Quotient | None:
    """What is kept of a large schedule: unfolded, it would be kept unfolded."""
    return schedule.quotient if len(schedule) > _MANY_OPERATIONS else None
