"""What was simulated, what cannot be, and what to simulate next: the accounts of a comparison."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import NamedTuple

from simcomm.common import Kept, keeping
from simcomm.compare.search import Setting
from simcomm.compare.task import Task
from simcomm.errors import InputError
from simcomm.forecast import forecast
from simcomm.limits import ENGINE_BYTES, available_bytes
from simcomm.results import Failure, Result
from simcomm.scenario import Scenario
from simcomm.sweep.points import Point, points_of

#: A reason that nobody needs to hear of: it would change nothing.
TOO_MANY_SEGMENTS = "more segments than elements"

#: The reason of all settings of an algorithm for which n workers are not enough.
MORE_HOSTS = "options that take hosts besides the workers are compared if the scenario or --only names it"


class Key(NamedTuple):
    """One simulation: an algorithm with these options, so many workers, a vector of so many elements."""

    algorithm: str
    workers: int
    elements: int
    setting: Setting


@dataclass
class Book:
    """The times that are known, and the reasons where there is none."""

    task: Task
    most_messages: int
    times: dict[Key, float | None] = field(default_factory=dict)
    reasons: dict[Key, str] = field(default_factory=dict)
    _points: dict[Key, Scenario] = field(default_factory=dict)
    _pending: dict[str, Key] = field(default_factory=dict)
    _kept: Kept = field(default_factory=Kept)
    _refusals: dict[tuple[str, int, Setting], str] = field(default_factory=dict)

    def hear(self, found: Mapping[str, Result], without: Mapping[str, Failure]) -> None:
        """Take in what became of the points that were asked for."""
        for identity, key in list(self._pending.items()):
            if identity in found:
                self.times[key] = found[identity].time_s
            elif identity in without:
                self.times[key], self.reasons[key] = None, without[identity].message
            else:
                continue
            del self._pending[identity]

    def ask(self, keys: Iterable[Key]) -> list[Point]:
        """The points of those that are not known yet; they count as asked for."""
        new = [key for key in dict.fromkeys(keys) if key not in self.times and self.is_possible(key)]
        new.sort(key=_like_with_like)
        document = replace(self.task.document, points=tuple(self._points.pop(key) for key in new))
        points = list(points_of(document)) if new else []
        self._pending |= {point.id: key for point, key in zip(points, new, strict=True)}
        return points

    def is_possible(self, key: Key) -> bool:
        """Whether it can be simulated within the limits; the reason is noted if not."""
        if key in self.reasons or key in self._points:
            return key in self._points
        if dict(key.setting).get("segments", 1) > max(1, key.elements):
            self.reasons[key] = TOO_MANY_SEGMENTS
            return False
        try:
            self._points[key] = self.task.point(*key)
        except InputError as error:
            self.reasons[key] = str(error)
            return False
        if self.task.takes_more_hosts(key.algorithm, key.workers, key.setting):
            self.reasons[key] = MORE_HOSTS
            del self._points[key]
            return False
        whose = (key.algorithm, key.workers, key.setting)
        if whose not in self._refusals:
            self._refusals[whose] = self._too_large(key)
        if self._refusals[whose]:
            self.reasons[key] = self._refusals[whose]
            del self._points[key]
        return key in self._points

    def time_of(self, algorithm: str, workers: int, elements: int, settings: Iterable[Setting]) -> float | None:
        """The shortest time with one of these settings; None if none of them can run."""
        every = [self.times.get(Key(algorithm, workers, elements, setting)) for setting in settings]
        return min((time_s for time_s in every if time_s is not None), default=None)

    def _too_large(self, key: Key) -> str:
        """By closed forms alone, whatever the size; empty if it fits."""
        with keeping(self._kept):
            collective = self.task.algorithms[key.algorithm]
            found = forecast(self._points[key], collective, False, available_bytes())
        if found.refused:
            return found.refused
        messages = found.estimate.messages
        by_step = ENGINE_BYTES[found.engine].step > 0  # one message of every step is looked at
        looked_at = -(-messages // key.workers) if by_step else messages
        if looked_at > self.most_messages:
            return f"{looked_at:,} messages to look at; at most {self.most_messages:,} are (--most-messages)"
        return ""


def _like_with_like(key: Key) -> tuple[object, ...]:
    """Points with one schedule stand together, the large ones first: a process keeps the schedule for the next."""
    return -key.workers, key.algorithm, repr(key.setting), key.elements
