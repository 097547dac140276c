"""Ports, links and processors that serve one operation at a time, first come, first served.

**The tie rule.** What asks for a place at an instant is served only when everything that ends or arrives at that
instant has been dealt with; then every free place serves the one that has waited longest, among those that came at
the same instant the one with the lowest operation index. So a run is deterministic, whatever order SimPy takes.
"""

from __future__ import annotations

import heapq
import itertools
from collections.abc import Hashable, Iterator
from functools import cached_property
from typing import Any

from simcomm.engines.meters import Log, Meter


class Place:
    """A queue, and who is served."""

    def __init__(self, name: Hashable, log: Log) -> None:
        self.name = name
        self.queue: list[tuple[Any, int, int, Any, Any]] = []
        self.busy = False
        self.last = -1  # the operation that was served last
        self._log = log

    @cached_property
    def meter(self) -> Meter:
        """The place's, from the first time on that it is to serve somebody."""
        return self._log.meter(self.name)


class Places:
    """All places of a run. The engine calls :meth:`serve` when an instant ends, :meth:`release` when a turn does."""

    def __init__(self, log: Log) -> None:
        self._log = log
        self._places: dict[Hashable, Place] = {}
        self._asked: dict[Place, None] = {}
        self._number = itertools.count()

    def ask(self, name: Hashable, operation: int, seconds: Any, now: Any, what: Any) -> None:
        """Queue up; ``what`` is handed back when it is this request's turn."""
        place = self._places.get(name)
        if place is None:
            place = self._places[name] = Place(name, self._log)
        # Ordered as the tie rule wants it; the number keeps the requests of one operation in their order.
        heapq.heappush(place.queue, (now, operation, next(self._number), seconds, what))
        self._asked[place] = None

    def serve(self, now: Any) -> Iterator[tuple[Place, int, Any, Any]]:
        """Serve one request at every free place that was asked: the place, whose it is, for how long, and ``what``."""
        asked, self._asked = self._asked, {}
        for place in asked:
            queue, meter = place.queue, place.meter
            meter.present(len(queue) + place.busy)
            if queue and not place.busy:
                asked_s, operation, _, seconds, what = heapq.heappop(queue)
                meter.busy_s += seconds
                self._log.wait(operation, place.name, now - asked_s, place.last)
                self._log.cross(place.name, operation, asked_s, now, now + seconds)
                place.busy, place.last = True, operation
                yield place, operation, seconds, what
            meter.contended(now, bool(queue))

    def release(self, place: Place) -> bool:
        """The turn of ``place`` is over; return whether anybody waits for it."""
        place.busy = False
        if place.queue:
            self._asked[place] = None
        return bool(place.queue)
