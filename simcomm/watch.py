"""Somebody who watches a long run: an engine tells how far it is, and does not know whom it tells.

An engine that is busy for long asks, several times a second, whether a word is ``due``, and if so says how far it is.
Between two such moments Python also gets to see Ctrl-C, which it cannot while compiled code is running.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Final

#: Seconds of work after which a first word is due, and from then on between words.
FIRST_S: Final = 2.0
EVERY_S: Final = 0.5


@dataclass(frozen=True)
class SoFar:
    """How far a run is: the time that it has simulated, its operations that have ended, how long it took till now."""

    simulated_s: float
    done: int
    operations: int
    seconds: float

    @property
    def seconds_left(self) -> float | None:
        """How long the rest takes if it goes on like this; None before a twentieth of the operations has ended.

        >>> SoFar(simulated_s=1e-3, done=25, operations=100, seconds=2.0).seconds_left
        6.0
        """
        return self.seconds * (self.operations - self.done) / self.done if self.done * 20 > self.operations else None


class Watch:
    """When to tell, and whom."""

    def __init__(
        self, told: Callable[[SoFar], None] | None = None, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._told, self._clock = told, clock
        self._began_s = clock()
        self._due_s = self._began_s + FIRST_S

    @property
    def is_due(self) -> bool:
        """Whether somebody should hear a word now."""
        return self._told is not None and self._clock() >= self._due_s

    def tell(self, simulated_s: float, done: int, operations: int) -> None:
        """Say how far the run is."""
        if self._told is not None:
            now_s = self._clock()
            self._due_s = now_s + EVERY_S
            self._told(SoFar(simulated_s, done, operations, now_s - self._began_s))


_watch: ContextVar[Watch | None] = ContextVar("watch", default=None)


@contextmanager
def watched(watch: Watch) -> Iterator[None]:
    """Have the runs inside tell this one."""
    token = _watch.set(watch)
    try:
        yield
    finally:
        _watch.reset(token)


def watcher() -> Watch:
    """Who watches here; one that is never due if nobody does."""
    return _watch.get() or Watch()
