"""Time in the reference engine: SimPy's clock, with one of its events for all that happens at an instant.

An instant: first what was set off for it, in that order, then what this makes happen at once. A process that begins
does so before anything else happens. When nothing more does, the facilities serve, and what comes of that at the same
instant happens next. It is the order of SimPy's own processes and events, without an object of SimPy for each.
"""

from __future__ import annotations

import gc
import itertools
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

import simpy

#: After so many it is seen whether somebody should hear how far the run is.
_INSTANTS = 100


class Awaited:
    """What a process yields: it goes on when this has happened.

    ``moment`` numbers the delays of a run in the order in which they were set off; what is no delay has 0.
    """

    __slots__ = ("happened", "moment", "process")

    def __init__(self, moment: int = 0) -> None:
        self.happened = False
        self.moment = moment
        self.process: Process | None = None


#: A generator of all that it waits for, one after the other.
Process = Iterator[Awaited]

#: A function, and what it is to be called with.
Call = tuple[Callable[[Any], object], Any]


class Clock:
    """What happens when. ``now`` is the time, ``moment`` that of the delay whose end is being dealt with."""

    def __init__(self, zero: Any) -> None:
        self.now = zero
        self.moment = 0
        self._moments = itertools.count(1)
        self._env = simpy.Environment(zero)
        self._calls_at: dict[Any, list[Call]] = {}
        self._calls_now: list[Call] = []
        self._begun: list[Process] = []
        self._facilities: dict[Callable[[], None], None] = {}

    def after(self, seconds: Any, call: Callable[[Any], object], what: Any) -> None:
        """Call it when ``seconds`` have gone by."""
        time_s = self.now + seconds
        calls = self._calls_at.get(time_s)
        if calls is None:
            calls = self._calls_at[time_s] = []
            self._env.timeout(seconds, calls).callbacks.append(self._instant)
        calls.append((call, what))

    def delay(self, seconds: Any) -> Awaited:
        """Happens when ``seconds`` have gone by."""
        delay = Awaited(next(self._moments))
        self.after(seconds, self._happens, delay)
        return delay

    def soon(self, awaited: Awaited) -> None:
        """Let it happen at this instant, behind all that is to happen already."""
        self._calls_now.append((self._happens, awaited))

    def begin(self, process: Process) -> None:
        """Let a process begin before anything else happens."""
        self._begun.append(process)

    def each(self, processes: Iterable[Process]) -> Awaited:
        """Let all of them begin; happens when all have ended."""
        every, all_ended = list(processes), Awaited()
        left = itertools.count(len(every) - 1, -1)

        def ended(_: None) -> None:
            if not next(left):
                self.soon(all_ended)

        def in_turn(process: Process) -> Process:
            yield from process
            self._calls_now.append((ended, None))

        self._begun += map(in_turn, every)
        if not every:
            self.soon(all_ended)
        return all_ended

    def when_instant_ends(self, serve: Callable[[], None]) -> None:
        """Call ``serve``, once, when everything that happens at this instant has been dealt with."""
        self._facilities[serve] = None

    def run(self, processes: Iterable[Process], tell: Callable[[], None]) -> None:
        """Begin with ``processes``, and go on until nothing is to happen any more; ``tell`` is called now and then."""
        self.after(0, self._begun.extend, processes)
        with _collector_at_rest(), suppress(simpy.core.EmptySchedule):
            while True:
                for _ in range(_INSTANTS):
                    self._env.step()
                tell()

    def _instant(self, event: simpy.Event) -> None:
        self.now = self._env.now
        calls: list[Call] = event.value  # type: ignore[assignment]
        self._calls_now = calls
        while calls or self._facilities:
            for call, what in calls:  # which grows meanwhile
                call(what)
                if self._begun:
                    self._let_begin()
            calls.clear()
            facilities, self._facilities = self._facilities, {}
            for serve in facilities:
                serve()
        self._calls_at.pop(self.now, None)  # a time that is not a number is not found

    def _happens(self, awaited: Awaited) -> None:
        awaited.happened = True
        if awaited.moment:
            self.moment = awaited.moment
        if awaited.process is not None:
            self._go_on(awaited.process)

    def _let_begin(self) -> None:
        for process in self._begun:  # which grows, too
            self._go_on(process)
        self._begun.clear()

    @staticmethod
    def _go_on(process: Process) -> None:
        """Until it waits for something that has not happened yet."""
        for awaited in process:
            if not awaited.happened:
                awaited.process = process
                return


@contextmanager
def _collector_at_rest() -> Iterator[None]:
    """A run makes no circles, and looking for some over and over takes as long as the run itself."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()
