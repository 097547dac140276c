"""Ports, links and processors that serve one operation at a time, first come, first served.

**The tie rule.** What asks for a place at an instant is served only when everything that ends or arrives at that
instant has been dealt with; then every free place serves the one that has waited longest, among those that came at
the same instant the one with the lowest operation index. So a run is deterministic, whatever order SimPy takes.
"""

from __future__ import annotations

import heapq
import itertools
from collections.abc import Callable, Hashable, Iterator
from typing import Any, NamedTuple

from simcomm.engines.meters import Log


class _Request(NamedTuple):
    """Ordered as the tie rule wants it; the number keeps the requests of one operation in their order."""

    asked_s: Any
    operation: int
    number: int
    seconds: Any
    begin: Callable[[], None]


class _Place:
    """A queue, and who is served."""

    def __init__(self, name: Hashable) -> None:
        self.name = name
        self.queue: list[_Request] = []
        self.busy = False
        self.last = -1  # the operation that was served last


class Places:
    """All places of a run. The engine calls :meth:`serve` when an instant ends, :meth:`release` when a turn does."""

    def __init__(self, log: Log) -> None:
        self._log = log
        self._places: dict[Hashable, _Place] = {}
        self._asked: dict[_Place, None] = {}
        self._number = itertools.count()

    def ask(self, name: Hashable, operation: int, seconds: Any, now: Any, begin: Callable[[], None]) -> None:
        """Queue up; ``begin`` is called when it is this request's turn."""
        place = self._places.get(name)
        if place is None:
            place = self._places[name] = _Place(name)
        heapq.heappush(place.queue, _Request(now, operation, next(self._number), seconds, begin))
        self._asked[place] = None

    def serve(self, now: Any) -> Iterator[tuple[_Place, Any]]:
        """Serve one request at every free place that was asked: the places that are held now, and for how long."""
        asked, self._asked = self._asked, {}
        for place in asked:
            self._log.meter(place.name).present(len(place.queue) + place.busy)
            if not place.busy and place.queue:
                request = heapq.heappop(place.queue)
                self._log.meter(place.name).busy_s += request.seconds
                self._log.wait(request.operation, place.name, now - request.asked_s, place.last)
                self._log.cross(place.name, request.operation, request.asked_s, now, now + request.seconds)
                place.busy, place.last = True, request.operation
                request.begin()
                yield place, request.seconds
            self._log.meter(place.name).contended(now, bool(place.queue))

    def release(self, place: _Place) -> bool:
        """The turn of ``place`` is over; return whether anybody waits for it."""
        place.busy = False
        if place.queue:
            self._asked[place] = None
        return bool(place.queue)
