"""What a network model is, and what an engine gives it to work with."""

from __future__ import annotations

from collections.abc import Hashable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from simcomm.closed_forms import Seconds

if TYPE_CHECKING:
    from simcomm.topology.routes import Route


class Message(NamedTuple):
    """One message under way: ``operation`` is its number in the schedule.

    ``rate_Bps`` is the smallest bandwidth on its route, times the factor of its slower end.
    """

    operation: int
    src: int
    dst: int
    size_bytes: int
    reduces: bool
    route: Route
    rate_Bps: Any


class Cost(NamedTuple):
    """The times of a message that never waits; their sum is its duration."""

    latency_s: Seconds
    serialisation_s: Seconds
    reduction_s: Seconds


class Run(Protocol):
    """A run of an engine, as a network model sees it. Both calls return what the model has to ``yield``."""

    def turn(self, place: Hashable, message: Message, seconds: Seconds) -> Any:
        """Wait in the queue of ``place``, then hold it for ``seconds``; goes on when the holding *begins*."""

    def delay(self, seconds: Seconds) -> Any:
        """Let ``seconds`` go by."""


class NetworkModel(Protocol):
    """How one message crosses the network, as a generator that an engine drives: the executable specification."""

    def transmit(self, message: Message, run: Run) -> Iterator[Any]:
        """Yield what has to be waited for, one after the other; the message has arrived when this returns."""

    def cost(self, message: Message) -> Cost:
        """What the message takes when it waits for nobody."""

    def alpha_gamma(self, latency_s: Seconds) -> tuple[Any, Any]:
        """α of a route with this latency, and γ, the seconds to add one byte."""

    def has_formula(self, shortest_s: Seconds) -> bool:
        """Whether the α–β–γ formulas hold exactly when no message is serialised faster than in ``shortest_s``."""


@dataclass(frozen=True)
class Workers:
    """What differs between ranks: when each starts, how long it computes, how fast its link and its processor are.

    All tuples have one entry per rank. ``bandwidth_factor`` multiplies the bandwidth of both directions of a rank's
    link, ``compute_factor`` the seconds of its computations; ``compute_s`` is the time before its gradient is ready.
    """

    start_s: tuple[Any, ...]
    compute_s: tuple[Any, ...]
    bandwidth_factor: tuple[Any, ...]
    compute_factor: tuple[Any, ...]

    @classmethod
    def alike(cls, ranks: int) -> Workers:
        """All ranks start at 0 s with their gradients ready.

        >>> Workers.alike(2).bandwidth_factor
        (1, 1)
        """
        return cls((0,) * ranks, (0,) * ranks, (1,) * ranks, (1,) * ranks)

    def ready_s(self, rank: int) -> Any:
        """When the rank's own gradient is ready."""
        return self.start_s[rank] + self.compute_s[rank]

    @property
    def are_alike(self) -> bool:
        """Whether every rank is ready at 0 s and has its full bandwidth."""
        return not any(self.start_s) and not any(self.compute_s) and all(f == 1 for f in self.bandwidth_factor)
