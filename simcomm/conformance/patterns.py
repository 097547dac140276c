"""What peers call collectives and topologies, in simcomm's names, and what a case of them costs to run."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from simcomm import collectives
from simcomm.closed_forms import Vector
from simcomm.errors import InputError
from simcomm.schedule import Schedule


def next_one(ranks: int) -> float:
    """Every rank sends to the next one: over one link of a ring."""
    return 1.0


def everyone(ranks: int) -> float:
    """Every rank sends to every other one: the mean distance on a ring, the shorter way.

    >>> everyone(5)
    1.5
    """
    return ranks**2 // 4 / max(ranks - 1, 1)


def powers_of_two(ranks: int) -> float:
    """Every rank sends to those at distance 1, 2, 4, …, less than as many: the mean of these distances.

    >>> powers_of_two(8)
    2.3333333333333335
    """
    steps = (ranks - 1).bit_length()
    return ((1 << steps) - 1) / max(steps, 1)


@dataclass(frozen=True)
class Pattern:
    """One of simcomm's collectives with its options; ``is_cut``: a message carries one chunk of n, else the vector.

    ``distance`` is how many links of a ring of so many ranks a message crosses, on average.
    """

    name: str
    distance: Callable[[int], float]
    is_cut: bool = True
    options: Mapping[str, Any] = field(default_factory=dict)

    @property
    def key(self) -> dict[str, Any]:
        """The collective as a scenario names it."""
        return {"name": self.name, **self.options}

    def schedule(self, workers: int) -> Schedule:
        """Its schedule."""
        return collectives.get(self.name).schedule(workers, **self.options)

    def ranks(self, workers: int) -> int:
        """The workers and their servers."""
        return collectives.get(self.name).rank_count(workers, self.options)

    def messages(self, workers: int) -> int:
        """How many messages it sends, by its closed form."""
        return collectives.get(self.name).claim(workers, Vector(workers), **self.options).total.messages


RING: Final = Pattern("ring_all_reduce", next_one)
ALL_TO_ALL: Final = Pattern("all_to_all", everyone, is_cut=False)
BLOCKS: Final = Pattern("all_to_all_blocks", everyone)
SERVER: Final = Pattern("parameter_server", everyone, is_cut=False)


@dataclass(frozen=True)
class Shape:
    """A topology as a scenario writes it, and how messages find their way."""

    key: Mapping[str, Any]
    routing: str = "shortest"

    def crossings(self, pattern: Pattern, workers: int) -> int:
        """How many links all messages cross together: on a ring the shorter way, behind leaves at most 4 each."""
        links = {"star": 2.0, "fully_connected": 1.0, "leaf_spine": 4.0}.get(self.key["kind"])
        return round(pattern.messages(workers) * (links or pattern.distance(pattern.ranks(workers))))


STAR: Final = Shape({"kind": "star"})
#: The shorter way round, a tie clockwise: what routing by dimension does on a ring.
RING_OF_HOSTS: Final = Shape({"kind": "ring"}, routing="dimension_order")
FULLY_CONNECTED: Final = Shape({"kind": "fully_connected"})
#: Four leaves below one core; the one uplink of a leaf has half of what its hosts have together.
LEAF_SPINE: Final = Shape({"kind": "leaf_spine", "leaves": 4, "spines": 1, "oversubscription": 2})


def check_messages(pattern: Pattern, workers: int, given: int) -> None:
    """Refuse a case whose number of messages is not that of the pattern: it means something else by the name."""
    expected = pattern.messages(workers)
    if given != expected:
        raise InputError(f"messages: {given}; expected {expected}, which is what {pattern.name} of {workers} sends")


def check_message_bytes(pattern: Pattern, workers: int, vector_bytes: int, given: int, chunk_bytes: int) -> None:
    """Refuse a case whose messages are not as long as its vector and the peer's rule for chunks say."""
    expected = chunk_bytes if pattern.is_cut else vector_bytes
    if given != expected:
        raise InputError(f"message_bytes: {given}; expected {expected} for {vector_bytes} bytes and {workers} workers")


def link(bandwidth_Bps: Any, latency_s: Any) -> dict[str, str]:
    """A link as a scenario writes it, with every digit.

    >>> link(12500000000.0, 5e-06)
    {'bandwidth': '12500000000.0 B/s', 'latency': '5e-06 s'}
    """
    return {"bandwidth": f"{bandwidth_Bps} B/s", "latency": f"{latency_s} s"}
