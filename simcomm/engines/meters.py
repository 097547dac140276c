"""What the engine notes of every port and link while it runs."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple, Protocol

from simcomm.topology.routes import Link


@dataclass(frozen=True)
class Use:
    """What became of one port or link during a run.

    ``busy_s``: it served somebody. ``peak``: the most messages that it served, or that waited for it, at once.
    ``contended_s``: somebody waited for it, or got less of it than it would have alone; the first such time began at
    ``contended_from_s``, the last one ended at ``contended_until_s`` (None: never).
    """

    busy_s: Any
    peak: int
    contended_s: Any
    contended_from_s: Any | None
    contended_until_s: Any | None


class Wait(NamedTuple):
    """How long an operation was held up at a place, and by whom (−1: by those that shared it)."""

    place: Hashable
    seconds: Any
    behind: int


class Crossing(NamedTuple):
    """One operation at one place: it asked for it, had it from ``start_s`` on, and left it at ``end_s``."""

    place: Hashable
    operation: int
    asked_s: Any
    start_s: Any
    end_s: Any


class Rate(NamedTuple):
    """From ``time_s`` on, ``flows`` messages use a link at ``rate_Bps`` together."""

    place: Hashable
    time_s: Any
    rate_Bps: Any
    flows: int


class Meter:
    """Adds up the :class:`Use` of one place."""

    def __init__(self, zero: Any) -> None:
        self.busy_s = zero
        self.contended_s = zero
        self.peak = 0
        self.from_s: Any | None = None
        self.until_s: Any | None = None
        self._since: Any | None = None

    def present(self, operations: int) -> None:
        """So many are served or wait now."""
        self.peak = max(self.peak, operations)

    def contended(self, now: Any, is_contended: bool) -> None:
        """From now on somebody is held up here, or nobody is."""
        if is_contended and self._since is None:
            self._since = now
        elif not is_contended and self._since is not None:
            if now > self._since:
                self.contended_s += now - self._since
                self.from_s = self._since if self.from_s is None else self.from_s
                self.until_s = now
            self._since = None

    @property
    def use(self) -> Use:
        """All of it."""
        return Use(self.busy_s, self.peak, self.contended_s, self.from_s, self.until_s)


class Noted(Protocol):
    """What every engine's log has; one may make the rows only when somebody looks."""

    @property
    def detailed(self) -> bool:
        """Whether there are crossings and rates."""

    @property
    def meters(self) -> Mapping[Hashable, Meter]:
        """The meter of every place that was used."""

    @property
    def link_meters(self) -> Mapping[Hashable, Meter]:
        """Those of links alone."""

    @property
    def waits(self) -> Mapping[int, Sequence[Wait]]:
        """The waits of every operation that was held up, in their order."""

    @property
    def crossings(self) -> Sequence[Crossing]:
        """Every crossing of a place, in the order in which they began."""

    @property
    def rates(self) -> Sequence[Rate]:
        """Every change of the rate of a link."""


@dataclass
class Log:
    """All that is noted during a run; ``crossings`` and ``rates`` only if ``detailed``."""

    zero: Any
    detailed: bool
    meters: dict[Hashable, Meter] = field(default_factory=dict)
    waits: dict[int, list[Wait]] = field(default_factory=dict)
    crossings: list[Crossing] = field(default_factory=list)
    rates: list[Rate] = field(default_factory=list)

    @property
    def link_meters(self) -> Mapping[Hashable, Meter]:
        """Those of links alone."""
        return {place: meter for place, meter in self.meters.items() if isinstance(place, Link)}

    def meter(self, place: Hashable) -> Meter:
        """The meter of a place."""
        found = self.meters.get(place)
        if found is None:
            found = self.meters[place] = Meter(self.zero)
        return found

    def wait(self, operation: int, place: Hashable, seconds: Any, behind: int = -1) -> None:
        """An operation was held up."""
        if seconds > 0:
            self.waits.setdefault(operation, []).append(Wait(place, seconds, behind))

    def cross(self, place: Hashable, operation: int, asked_s: Any, start_s: Any, end_s: Any) -> None:
        """An operation has, or will have had, a place."""
        if self.detailed:
            self.crossings.append(Crossing(place, operation, asked_s, start_s, end_s))

    def rate(self, place: Hashable, now: Any, rates_Bps: Iterable[Any], flows: int) -> None:
        """The flows of a link have these rates now."""
        if self.detailed:
            self.rates.append(Rate(place, now, sum(rates_Bps), flows))
