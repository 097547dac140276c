"""Several places at once: an operation begins at the first instant at which all that it needs are free.

**The tie rule.** Who tries at the same instant is served in the order of *moments*: a try has the moment at which
what led to it was set off (the delay that has just gone by, or that of the operation whose end released this one),
and keeps it while it waits. It is what LogGOPSim's queue of (time, moment of insertion) comes to.
"""

from __future__ import annotations

import heapq
import itertools
from collections.abc import Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from simcomm.engines.meters import Log, Meter

#: Tries by their moments, those of one moment in the order in which they were made.
_Heap = list[tuple[int, int, "_Try"]]


class Held:
    """A place: who held it last and until when, and who waits for it."""

    def __init__(self, name: Hashable, log: Log) -> None:
        self.name = name
        self.free_s = log.zero
        self.by = -1
        self.waiting: _Heap = []
        self._log = log

    @cached_property
    def meter(self) -> Meter:
        """The place's, from the first time on that somebody has it or waits for it."""
        return self._log.meter(self.name)


@dataclass(slots=True, eq=False)
class _Try:
    """Who wants which places, for how long each, since when; and the place that was waited for last."""

    operation: int
    asked_s: Any
    places: Sequence[Held]
    seconds: Sequence[Any]
    what: Any
    waited_for: Held | None = None


class Holds:
    """All who want several places at once. The engine calls :meth:`serve` when an instant ends."""

    def __init__(self, log: Log) -> None:
        self._log = log
        self._places: dict[Hashable, Held] = {}
        self._trying: _Heap = []
        self._number = itertools.count()

    def ask(self, places: Mapping[Hashable, Any], operation: int, moment: int, now: Any, what: Any) -> None:
        """Try for ``places`` (and for how long each) as soon as may be; ``what`` is handed back when all are held."""
        held = [self._places.get(name) or self._place(name) for name in places]
        this = _Try(operation, now, held, list(places.values()), what)
        heapq.heappush(self._trying, (moment, next(self._number), this))

    def serve(self, now: Any) -> Iterator[tuple[int, Iterator[tuple[Held, Any]], Any]]:
        """Let everybody try whose time has come: who begins, its places (and for how long each), and ``what``."""
        waited_at: dict[Held, None] = {}
        while self._trying:
            entry = heapq.heappop(self._trying)
            this = entry[2]
            busy, waited_for = this.places[0], this.waited_for
            for place in this.places:
                if place.free_s > busy.free_s:
                    busy = place
            if busy.free_s > now:
                heapq.heappush(busy.waiting, entry)
                busy.meter.present(1 + len(busy.waiting))
                waited_at[busy] = None
            else:
                self._begin(this, now)
                yield this.operation, zip(this.places, this.seconds, strict=True), this.what
            if waited_for is not None:
                waited_at[waited_for] = None
                if waited_for.free_s <= now:
                    self._next(waited_for)
        for place in waited_at:
            place.meter.contended(now, bool(place.waiting))

    def release(self, place: Held, now: Any) -> bool:
        """The time of ``place`` may be over: return whether somebody who waited for it is to try now."""
        if place.waiting and place.free_s <= now:
            self._next(place)
            return True
        return False

    def _begin(self, this: _Try, now: Any) -> None:
        if this.waited_for is not None:
            self._log.wait(this.operation, this.waited_for.name, now - this.asked_s, this.waited_for.by)
        for place, seconds in zip(this.places, this.seconds, strict=True):
            place.free_s, place.by = now + seconds, this.operation
            place.meter.busy_s += seconds
            place.meter.present(1)
            self._log.cross(place.name, this.operation, this.asked_s, now, place.free_s)

    def _next(self, place: Held) -> None:
        """Who is first among those that wait for ``place`` tries."""
        if place.waiting:
            entry = heapq.heappop(place.waiting)
            entry[2].waited_for = place
            heapq.heappush(self._trying, entry)

    def _place(self, name: Hashable) -> Held:
        place = self._places[name] = Held(name, self._log)
        return place
