"""How far a sweep has come: a bar on a terminal, plain lines elsewhere; nothing here can stop a run."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING, Final, Protocol, TextIO

from simcomm.units import format_time
from simcomm.watch import SoFar

if TYPE_CHECKING:
    import rich.progress

#: Seconds between two lines on how far a point is.
EVERY_S: Final = 10.0


class Progress(Protocol):
    """What a sweep tells while it runs."""

    def started(self, total: int, done: int) -> None:
        """There are so many points, so many of them done; told again where a sweep goes on with more points."""

    def came_to(self, identity: str, so_far: SoFar) -> None:
        """A point that takes long is so far."""

    def advanced(self, identity: str, seconds: float) -> None:
        """One more point is finished (or given up), after so many seconds."""

    def finished(self) -> None:
        """Nothing more will be told."""


def progress_on(stream: TextIO) -> Progress:
    """A bar if the stream is a terminal, else plain lines."""
    return Bar(stream) if stream.isatty() else Lines(stream)


class Lines:
    """A line per tenth of the points, at most one per second; and one every ten seconds for points that take long.

    >>> import sys
    >>> lines = Lines(sys.stdout)
    >>> lines.started(total=2, done=1); lines.advanced("0123456789abcdef", 0.5); lines.finished()
    1 of 2 points done
    2 of 2 points done
    """

    def __init__(self, stream: TextIO, clock: Callable[[], float] = time.monotonic) -> None:
        self._stream, self._clock = stream, clock
        self._total = self._done = self._told = 0
        self._last = 0.0
        self._last_of_long = -math.inf

    def started(self, total: int, done: int) -> None:
        """Say where the run starts from."""
        self._total, self._done = total, done
        self._tell()

    def came_to(self, identity: str, so_far: SoFar) -> None:
        """Say how far a point is, unless this was said of one just now."""
        if self._clock() - self._last_of_long >= EVERY_S:
            self._last_of_long = self._clock()
            left = so_far.seconds_left
            about = "" if left is None else f", about {max(1, round(left)):,} s left"
            self._write(f"{words(so_far)}, {so_far.done:,} of {so_far.operations:,} operations{about}")

    def advanced(self, identity: str, seconds: float) -> None:
        """Count a point, and say so if enough has happened since the last line."""
        self._done += 1
        if (self._done - self._told) * 10 >= self._total and self._clock() - self._last >= 1:
            self._tell()

    def finished(self) -> None:
        """Say where the run ended, if the last line did not."""
        if self._told != self._done:
            self._tell()

    def _tell(self) -> None:
        self._told, self._last = self._done, self._clock()
        self._write(f"{self._done} of {self._total} points done")

    def _write(self, line: str) -> None:
        with suppress(OSError):  # a closed pipe must not cost the results
            self._stream.write(line + "\n")
            self._stream.flush()


def words(so_far: SoFar) -> str:
    """The simulated time of a run that goes on."""
    return f"{format_time(so_far.simulated_s)} simulated"


class Bar:
    """A bar with what is done, what is left and how long it takes; below it one for every point that takes long."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._bar: rich.progress.Progress | None = None
        self._long: dict[str, rich.progress.TaskID] = {}

    def started(self, total: int, done: int) -> None:
        """Draw the bar, or make it longer."""
        if self._bar is not None:
            self._bar.update(self._bar.task_ids[0], total=total, completed=done)
            return
        import rich.progress as parts
        from rich.console import Console

        columns = (parts.BarColumn(), parts.MofNCompleteColumn(), parts.TextColumn("{task.description}"))
        times = (parts.TimeElapsedColumn(), parts.TimeRemainingColumn())
        self._bar = parts.Progress(*columns, *times, console=Console(file=self._stream))
        self._bar.start()
        self._bar.add_task("points", total=total, completed=done)

    def came_to(self, identity: str, so_far: SoFar) -> None:
        """Move the bar of the point itself."""
        if self._bar is None:
            return
        if identity not in self._long:
            self._long[identity] = self._bar.add_task("", total=so_far.operations)
        description = f"operations, {words(so_far)}"
        self._bar.update(self._long[identity], completed=so_far.done, description=description)

    def advanced(self, identity: str, seconds: float) -> None:
        """Move the bar by one point."""
        if self._bar is not None:
            if identity in self._long:
                self._bar.remove_task(self._long.pop(identity))
            self._bar.advance(self._bar.task_ids[0])

    def finished(self) -> None:
        """Leave the bar as it is."""
        if self._bar is not None:
            for task in self._long.values():
                self._bar.remove_task(task)
            self._long.clear()
            self._bar.stop()
