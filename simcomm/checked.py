"""What is sent, recorded, counted and proven before any network is looked at."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from simcomm import counts
from simcomm.closed_forms import Claim, Vector
from simcomm.collectives.base import SEGMENTS, Collective
from simcomm.common import once
from simcomm.formats.base import prove_in_file
from simcomm.goals import Goal
from simcomm.order import distinct
from simcomm.proof import Proof
from simcomm.quotient import Quotient, Sizes
from simcomm.schedule import Ints, Schedule

#: What an operation of a schedule takes in memory for as long as it is kept, and how many are never kept unfolded.
_OPERATION_BYTES = 100
_MANY_OPERATIONS = 100_000


@dataclass(frozen=True)
class Checked:
    """A schedule whose counts and meaning were checked: what is sent, before any network is looked at."""

    collective: Collective
    goal: Goal
    workers: int
    options: Mapping[str, Any]
    vector: Vector
    schedule: Schedule
    claim: Claim | None
    counted: counts.Counts
    expected: counts.Counts | None
    proof: Proof

    @cached_property
    def size_bytes(self) -> Ints:
        """Of every operation."""
        return self.schedule.sizes_bytes(self.vector)

    @property
    def computes(self) -> bool:
        """Whether the schedule has computations that take time."""
        schedule = self.schedule
        return bool((schedule if schedule.quotient is None else schedule.quotient).seconds.any())

    @cached_property
    def sizes(self) -> Sizes | None:
        """Of every class of the schedule's quotient, if it has one whose classes say it."""
        return None if self.schedule.quotient is None else self.schedule.quotient.sizes_bytes(self.vector)

    @cached_property
    def message_bytes(self) -> Ints:
        """Every size that a message has, each at least once."""
        sizes = [self.size_bytes] if self.sizes is None else [part for part in self.sizes if part is not None]
        every = distinct(np.concatenate([distinct(part) for part in sizes]))
        return every[every > 0]


def check(collective: Collective, workers: int, vector: Vector, options: Mapping[str, Any]) -> Checked:
    """Record a collective, count it and prove it; raises CountError or ProofError if it is not what it claims.

    Without a closed form there is nothing to compare the counts with: ``claim`` and ``expected`` are None.
    """
    goal = collective.goal_of(workers, options)
    key = (collective.build, collective.goal, workers, repr(sorted(options.items())), repr(collective.given))
    schedule = _unfolding(once(("schedule", key), lambda: collective.schedule(workers, **options), _kept_bytes))
    claim = None if collective.closed_form is None else collective.claim(workers, vector, **options)
    counted = counts.count(schedule, vector)
    says = None if claim is None else counts.expected(claim, schedule.ranks, vector.elements)
    if says is not None:
        counts.check(counted, says)
    places = () if options.get(SEGMENTS, 1) > 1 else collective.places
    proof = once(("proof", key), lambda: prove_in_file(schedule, goal, workers, places), lambda _: 1_000)
    return Checked(collective, goal, workers, options, vector, schedule, claim, counted, says, proof)


def _kept_bytes(schedule: Schedule) -> int:
    quotient = _large_quotient(schedule)
    return _OPERATION_BYTES * len(schedule if quotient is None else quotient)


def _unfolding(schedule: Schedule) -> Schedule:
    """A schedule to work with: if the kept one of a large quotient unfolded, it would be kept unfolded."""
    quotient = _large_quotient(schedule)
    return schedule if quotient is None else Schedule.unfolding(quotient)


def _large_quotient(schedule: Schedule) -> Quotient | None:
    return schedule.quotient if len(schedule) > _MANY_OPERATIONS else None
