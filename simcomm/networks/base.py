"""What a network model is, and what an engine gives it to work with."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, NamedTuple, Protocol

from simcomm.closed_forms import Seconds
from simcomm.schedule import Ints

if TYPE_CHECKING:
    from simcomm.topology.routes import Link, Route


class Message(NamedTuple):
    """One message under way: ``operation`` is its number in the schedule."""

    operation: int
    src: int
    dst: int
    size_bytes: int
    reduces: bool
    route: Route


class Cost(NamedTuple):
    """The times of a message that never waits: the first three add up to its duration.

    ``sending_s`` and ``receiving_s`` say for how long it keeps its sender and its receiver (who may add it) busy.
    """

    latency_s: Seconds
    serialisation_s: Seconds
    reduction_s: Seconds
    sending_s: Seconds
    receiving_s: Seconds


class Run(Protocol):
    """A run of an engine, as a network model sees it. Every call returns what the model has to ``yield``."""

    def turn(self, place: Hashable, message: Message, seconds: Seconds) -> Any:
        """Wait in the queue of ``place``, then hold it for ``seconds``; goes on when the holding *begins*."""

    def hold(self, places: Mapping[Hashable, Seconds], message: Message) -> Any:
        """Wait until all ``places`` are free at once, then hold each for its seconds; goes on when that *begins*."""

    def share(self, links: Sequence[Link], message: Message, weight: Any, cap_Bps: Any | None) -> Any:
        """Send the message's bytes over all ``links`` at once, at the flow's max-min fair rate; goes on at its end."""

    def each(self, pieces: Iterable[Iterator[Any]]) -> Any:
        """Let every generator of ``pieces`` run at the same time; goes on when all have ended."""

    def delay(self, seconds: Seconds) -> Any:
        """Let ``seconds`` go by."""


class NetworkModel(Protocol):
    """How one message crosses the network, as a generator that an engine drives: the executable specification."""

    @property
    def one_port(self) -> bool:
        """Whether a host sends (and receives) at the rate of one link, however many links it has."""

    @property
    def bytes_take_time(self) -> bool:
        """Whether bytes take their number over the bandwidth, into however many messages they are cut."""

    def transmit(self, message: Message, run: Run) -> Iterator[Any]:
        """Yield what has to be waited for, one after the other; the message has arrived when this returns."""

    def cost(self, message: Message) -> Cost:
        """What the message takes when it waits for nobody."""

    def alpha_gamma(self, latency_s: Seconds) -> tuple[Any, Any]:
        """The least time before the first byte has arrived over a route with this latency, and γ, s to add a byte."""

    def has_formula(self, size_bytes: Ints, bandwidth_Bps: Seconds) -> bool:
        """Whether the α–β–γ formulas hold exactly for messages of these sizes over equal routes of this bandwidth."""


#: What a rank on a switch has for every other rank that it talks to, and one on a host once.
OF_PORTS: Final = ("send", "receive", "cpu")


def gamma(reduce_bandwidth_Bps: Any | None) -> Any:
    """γ, the seconds to add one byte: the inverse of how fast a rank adds; None adds in no time.

    >>> gamma(None), gamma(4.0)
    (0, 0.25)
    """
    return 0 if reduce_bandwidth_Bps is None else 1 / reduce_bandwidth_Bps


def total(numbers: Iterable[Any]) -> Any:
    """Their sum, one by one: what sum() makes of floats depends on the version of Python."""
    found: Any = 0
    for number in numbers:
        found += number
    return found


def add_up(message: Message, seconds: Any, run: Run) -> Iterator[Any]:
    """Take the receiver's turn to add what has arrived, one message at a time; nothing if that takes no time."""
    if seconds:
        yield run.turn(("reduce", message.dst), message, seconds)
        yield run.delay(seconds)


@dataclass(frozen=True)
class Workers:
    """What differs between ranks: when each starts, and how long it computes. (A slow link is one of the cluster's.)

    All tuples have one entry per rank. ``compute_factor`` multiplies the seconds of a rank's computations;
    ``compute_s`` is the time before its gradient is ready. Ranks from number ``hosts`` on (None: there are none) stand
    on switches: such a rank has a port of its own for every other rank that it talks to, and adds at line rate, in no
    time of its own (γ = 0). What it has to remember for that is not limited.
    """

    start_s: tuple[Any, ...]
    compute_s: tuple[Any, ...]
    compute_factor: tuple[Any, ...]
    hosts: int | None = None

    @classmethod
    def alike(cls, ranks: int, hosts: int | None = None) -> Workers:
        """All ranks start at 0 s with their gradients ready.

        >>> Workers.alike(2).start_s
        (0, 0)
        """
        return cls((0,) * ranks, (0,) * ranks, (1,) * ranks, hosts)

    def adds(self, reduces: Any, dst: Any) -> Any:
        """Whether the receiver of a message that reduces spends time on it: one on a switch does not."""
        return reduces if self.hosts is None else reduces & (dst < self.hosts)

    def place(self, place: Hashable, message: Message) -> Hashable:
        """Where a message goes that asks for ``place``: on a switch it is that of the port to its other end.

        >>> Workers.alike(3, hosts=2).place(("send", 2), Message(0, 2, 1, 8, False, None))
        ('send', 2, 1)
        """
        if self.hosts is None or not isinstance(place, tuple) or len(place) != 2 or place[0] not in OF_PORTS:
            return place
        kind, rank = place
        return place if rank < self.hosts else (kind, rank, message.dst if rank == message.src else message.src)

    def ready_s(self, rank: int) -> Any:
        """When the rank's own gradient is ready."""
        return self.start_s[rank] + self.compute_s[rank]

    @property
    def are_alike(self) -> bool:
        """Whether every rank is ready at 0 s."""
        return not any(self.start_s) and not any(self.compute_s)
