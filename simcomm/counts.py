"""Counting: messages and bytes of a schedule, in total and per rank, as exact integers, against the claim."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from simcomm.closed_forms import Claim, Traffic, Vector
from simcomm.errors import CountError
from simcomm.schedule import Schedule
from simcomm.shares import Shares, claimed, modulo, per_rank


@dataclass(frozen=True)
class Counts:
    """What a schedule sends when a vector is cut into its chunks; a message of no byte is not sent, so not counted."""

    total: Traffic
    steps: int
    sent: Shares
    received: Shares

    @property
    def max_bytes_sent(self) -> int:
        """Bytes that the busiest sender sends."""
        return int(self.sent.bytes.max())

    @property
    def max_bytes_received(self) -> int:
        """Bytes that the busiest receiver receives."""
        return int(self.received.bytes.max())


def count(schedule: Schedule, vector: Vector) -> Counts:
    """Count what ``schedule`` sends of ``vector``; exact for any size, also past 2⁶³ bytes in total.

    Of a schedule with a quotient one message is looked at for each orbit.

    >>> from simcomm.schedule import Operation
    >>> swap = [Operation("reduce", 0, 1, 0), Operation("copy", 1, 0, 0, after=(0,))]
    >>> counts = count(Schedule.of(2, 1, swap), Vector(2**59, 8))
    >>> counts.total, counts.steps
    (Traffic(messages=2, bytes=9223372036854775808), 2)
    """
    quotient = schedule.quotient
    sizes = None if quotient is None else quotient.sizes_bytes(vector)
    if quotient is not None and sizes is not None:
        sent, received = (modulo(quotient, sizes, end) for end in (quotient.src, quotient.dst))
    else:
        size_bytes = schedule.sizes_bytes(vector)
        sending = size_bytes > 0
        sent, received = (
            per_rank(rank[sending], size_bytes[sending], schedule.ranks) for rank in (schedule.src, schedule.dst)
        )
    return Counts(sent.total, schedule.steps, sent, received)


def expected(claim: Claim, ranks: int, elements: int | None = None) -> Counts:
    """What a claim says, as counts; ``elements`` is what the vector has, if that is known."""
    largest = max(claim.total.bytes, (ranks + 1) * (claim.total.bytes if elements is None else elements))
    return Counts(claim.total, claim.steps, *(claimed(end, ranks, largest) for end in (claim.sent, claim.received)))


def differences(counts: Counts, claim: Claim | Counts) -> list[str]:
    """Where the counts are not what the claim says: one line per difference."""
    says = claim if isinstance(claim, Counts) else expected(claim, len(counts.sent))
    found = []
    if counts.total != says.total:
        found.append(_line("in total", counts.total, says.total))
    if counts.steps != says.steps:
        found.append(f"steps: counted {counts.steps}, the closed form says {says.steps}")
    for direction, here, there in (
        ("sent by", counts.sent, says.sent),
        ("received by", counts.received, says.received),
    ):
        wrong = np.flatnonzero((here.messages != there.messages) | (here.bytes != there.bytes))
        found += [_line(f"{direction} rank {rank}", here[rank], there[rank]) for rank in wrong.tolist()]
    return found


def check(counts: Counts, claim: Claim | Counts) -> None:
    """Raise CountError where the counts are not, to the byte, what the claim says."""
    found = differences(counts, claim)
    if found:
        more = f"\n(and {len(found) - 5} more differences)" if len(found) > 5 else ""
        raise CountError("the schedule does not send what its closed form says\n" + "\n".join(found[:5]) + more)


def _line(where: str, counted: Traffic, claimed: Traffic) -> str:
    return (
        f"{where}: counted {counted.messages} messages and {counted.bytes} bytes, "
        f"the closed form says {claimed.messages} and {claimed.bytes}"
    )
