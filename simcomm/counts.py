"""Counting: messages and bytes of a schedule, in total and per rank, as exact integers, against the claim."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from simcomm.closed_forms import Claim, Traffic, Vector
from simcomm.errors import CountError
from simcomm.schedule import Ints, Schedule


@dataclass(frozen=True)
class Counts:
    """What a schedule sends when a vector is cut into its chunks; a message of no byte is not sent, so not counted."""

    total: Traffic
    steps: int
    sent: tuple[Traffic, ...]
    received: tuple[Traffic, ...]

    @property
    def max_bytes_sent(self) -> int:
        """Bytes that the busiest sender sends."""
        return max(traffic.bytes for traffic in self.sent)

    @property
    def max_bytes_received(self) -> int:
        """Bytes that the busiest receiver receives."""
        return max(traffic.bytes for traffic in self.received)


def count(schedule: Schedule, vector: Vector) -> Counts:
    """Count what ``schedule`` sends of ``vector``; exact for any size, also past 2⁶³ bytes in total.

    >>> from simcomm.schedule import Operation
    >>> swap = [Operation("reduce", 0, 1, 0), Operation("copy", 1, 0, 0, after=(0,))]
    >>> counts = count(Schedule.of(2, 1, swap), Vector(2**59, 8))
    >>> counts.total, counts.steps
    (Traffic(messages=2, bytes=9223372036854775808), 2)
    """
    size_bytes = schedule.sizes_bytes(vector)
    sending = size_bytes > 0
    sent, received = (
        _per_rank(rank[sending], size_bytes[sending], schedule.ranks) for rank in (schedule.src, schedule.dst)
    )
    return Counts(sum(sent, start=Traffic(0, 0)), schedule.steps, sent, received)


def _per_rank(rank: np.ndarray[tuple[int], np.dtype[np.int32]], size_bytes: Ints, ranks: int) -> tuple[Traffic, ...]:
    """Sums per rank. Sizes are cut into pieces of 21 bits, whose sums a float64 holds exactly for 2³¹ messages."""
    messages = np.bincount(rank, minlength=ranks).tolist()
    total = [0] * ranks
    for shift in (0, 21, 42):
        piece = np.bincount(rank, (size_bytes >> shift) & (2**21 - 1), minlength=ranks)
        total = [whole + (int(part) << shift) for whole, part in zip(total, piece.tolist(), strict=True)]
    return tuple(Traffic(m, b) for m, b in zip(messages, total, strict=True))


def differences(counts: Counts, claim: Claim) -> list[str]:
    """Where the counts are not what the claim says: one line per difference."""
    found = []
    if counts.total != claim.total:
        found.append(_line("in total", counts.total, claim.total))
    if counts.steps != claim.steps:
        found.append(f"steps: counted {counts.steps}, the closed form says {claim.steps}")
    for direction, counted, claimed in (
        ("sent by", counts.sent, claim.sent),
        ("received by", counts.received, claim.received),
    ):
        for rank, traffic in enumerate(counted):
            if traffic != claimed(rank):
                found.append(_line(f"{direction} rank {rank}", traffic, claimed(rank)))
    return found


def check(counts: Counts, claim: Claim) -> None:
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
