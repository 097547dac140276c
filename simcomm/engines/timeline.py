"""When everything happened: the answer of every engine."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from copy import copy
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from simcomm.engines.meters import Noted
from simcomm.networks.base import Workers
from simcomm.schedule import Ints, Operation, Schedule

#: Seconds per operation: float64, or objects (Fractions) in an exact run.
Times = npt.NDArray[Any]


_PARTS = ("latency_s", "serialisation_s", "reduction_s", "sending_s", "receiving_s")


class Event(NamedTuple):
    """One operation and its times."""

    operation: Operation
    ready_s: Any
    start_s: Any
    end_s: Any


@dataclass(frozen=True, eq=False)
class Timeline:
    """Start and end of every operation of a run, and what each would take if it waited for nobody.

    ``start_s`` is when an operation first had a port or a link (a computation: its processor); ``latency_s``,
    ``serialisation_s`` and ``reduction_s`` are its parts, ``sending_s`` and ``receiving_s`` how long it keeps its two
    ends busy; computations have ``compute_s`` instead. ``log`` has what became of every port and link.
    """

    schedule: Schedule
    workers: Workers
    start_s: Times
    end_s: Times
    latency_s: Times
    serialisation_s: Times
    reduction_s: Times
    sending_s: Times
    receiving_s: Times
    compute_s: Times
    log: Noted

    @cached_property
    def ready_s(self) -> Times:
        """When everything that an operation waits for had happened: its dependencies, its rank's own gradient."""
        gradient = np.array([self.workers.ready_s(rank) for rank in range(self.schedule.ranks)], dtype=self.end_s.dtype)
        ready = gradient[self.schedule.src]
        waits = np.flatnonzero(np.diff(self.schedule.after_start))
        if len(waits):
            latest = np.maximum.reduceat(self.end_s[self.schedule.after], self.schedule.after_start[waits])
            ready[waits] = np.maximum(ready[waits], latest)
        return ready

    def at(self, schedule: Schedule, workers: Workers) -> Timeline:
        """The same times of as many operations of another schedule."""
        other = copy(self)
        other.__dict__.pop("ready_s", None)
        other.__dict__.update(schedule=schedule, workers=workers)
        return other

    def part(self, name: str, which: Ints) -> Times:
        """The field of that name, of these operations."""
        found: Times = getattr(self, name)[which]
        return found

    def by_kind(self, *names: str) -> tuple[npt.NDArray[Any], list[Times]]:
        """A number for every operation, and the fields of these names by that number: here each has its own."""
        return np.arange(len(self.schedule)), [getattr(self, name) for name in names]

    @property
    def alone_s(self) -> Times:
        """How long each operation takes if it waits for nobody."""
        return self.latency_s + self.serialisation_s + self.reduction_s + self.compute_s

    @property
    def makespan_s(self) -> Any:
        """When the last operation has ended and the last worker has its own gradient."""
        ready = max(self.workers.ready_s(rank) for rank in range(self.schedule.ranks))
        return max(self.end_s.max(), ready) if len(self.end_s) else ready

    def __iter__(self) -> Iterator[Event]:
        for index, operation in enumerate(self.schedule):
            yield Event(operation, self.ready_s[index], self.start_s[index], self.end_s[index])


class Folded(Timeline):
    """A timeline whose operations are of few kinds: the parts of each become columns when somebody looks.

    ``costs`` has the five parts in their order, of every kind; ``kinds`` the kind of every operation, −1: all are 0.
    """

    def __init__(
        self,
        schedule: Schedule,
        workers: Workers,
        start_s: Times,
        end_s: Times,
        compute_s: Times,
        log: Noted,
        kinds: npt.NDArray[Any],
        costs: Sequence[Times],
    ) -> None:
        parts = {name: np.append(cost, 0.0) for name, cost in zip(_PARTS, costs, strict=True)}
        given = {"schedule": schedule, "workers": workers, "start_s": start_s, "end_s": end_s, "compute_s": compute_s}
        self.__dict__.update(given, log=log, _kinds=kinds, _parts=parts)

    def __getattr__(self, name: str) -> Any:
        if name not in _PARTS:
            raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")
        column = self.__dict__[name] = self._parts[name][self._kinds]
        return column

    def part(self, name: str, which: Ints) -> Times:
        """The field of that name, of these operations."""
        found: Times = self._parts[name][self._kinds[which]] if name in _PARTS else super().part(name, which)
        return found

    def by_kind(self, *names: str) -> tuple[npt.NDArray[Any], list[Times]]:
        """The kind of every operation, and these parts of every kind (the last one, −1, has none)."""
        return self._kinds, [self._parts[name] for name in names]
