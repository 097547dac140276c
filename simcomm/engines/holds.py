"""Several places at once: an operation begins at the first instant at which all that it needs are free.

**The tie rule.** Who tries at the same instant is served in the order of *moments*: a try has the moment at which
what led to it was set off (the delay that has just gone by, or that of the operation whose end released this one),
and keeps it while it waits. It is what LogGOPSim's queue of (time, moment of insertion) comes to.
"""

from __future__ import annotations

import heapq
import itertools
from collections.abc import Callable, Hashable, Iterator, Mapping
from typing import Any, NamedTuple

from simcomm.engines.meters import Log


class _Try(NamedTuple):
    """Ordered as the tie rule wants it: tries of one moment in the order in which they were made."""

    moment: int
    number: int
    operation: int
    asked_s: Any
    places: Mapping[Hashable, Any]
    begin: Callable[[], None]


class Holds:
    """All who want several places at once. The engine calls :meth:`serve` when an instant ends."""

    def __init__(self, log: Log) -> None:
        self._log = log
        self._free_s: dict[Hashable, Any] = {}
        self._held_by: dict[Hashable, int] = {}
        self._waiting: dict[Hashable, list[_Try]] = {}
        self._trying: list[tuple[_Try, Hashable | None]] = []
        self._number = itertools.count()

    def ask(
        self, places: Mapping[Hashable, Any], operation: int, moment: int, now: Any, begin: Callable[[], None]
    ) -> None:
        """Try for ``places`` (and for how long each) as soon as may be; ``begin`` is called when all are held."""
        heapq.heappush(self._trying, (_Try(moment, next(self._number), operation, now, places, begin), None))

    def serve(self, now: Any) -> Iterator[tuple[Hashable, Any]]:
        """Let everybody try whose time has come: the places that are held now, and for how long."""
        waited_at: dict[Hashable, None] = {}
        while self._trying:
            this, waited_for = heapq.heappop(self._trying)
            busy = max(this.places, key=self._free_at)
            if self._free_at(busy) > now:
                heapq.heappush(self._waiting.setdefault(busy, []), this)
                self._log.meter(busy).present(1 + len(self._waiting[busy]))
                waited_at[busy] = None
            else:
                self._log.wait(this.operation, waited_for, now - this.asked_s, self._held_by.get(waited_for, -1))
                for place, seconds in this.places.items():
                    self._free_s[place] = now + seconds
                    self._held_by[place] = this.operation
                    self._log.meter(place).busy_s += seconds
                    self._log.meter(place).present(1)
                    self._log.cross(place, this.operation, this.asked_s, now, now + seconds)
                    yield place, seconds
                this.begin()
            if waited_for is not None:
                waited_at[waited_for] = None
                if self._free_at(waited_for) <= now:
                    self._next(waited_for)
        for place in waited_at:
            self._log.meter(place).contended(now, bool(self._waiting[place]))

    def release(self, place: Hashable, now: Any) -> bool:
        """The time of ``place`` may be over: return whether somebody who waited for it is to try now."""
        waiting = self._waiting.get(place)
        if waiting and self._free_at(place) <= now:
            self._next(place)
            return True
        return False

    def _next(self, place: Hashable) -> None:
        waiting = self._waiting.get(place)
        if waiting:
            heapq.heappush(self._trying, (heapq.heappop(waiting), place))

    def _free_at(self, place: Hashable) -> Any:
        return self._free_s.get(place, self._log.zero)
