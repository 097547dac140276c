"""How far a sweep has come: a bar on a terminal, plain lines elsewhere; nothing here can stop a run."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING, Protocol, TextIO

if TYPE_CHECKING:
    import rich.progress


class Progress(Protocol):
    """What a sweep tells while it runs."""

    def started(self, total: int, done: int) -> None:
        """There are so many points, so many of them done by earlier runs."""

    def advanced(self, identity: str, seconds: float) -> None:
        """One more point is finished (or given up), after so many seconds."""

    def finished(self) -> None:
        """Nothing more will be told."""


def progress_on(stream: TextIO) -> Progress:
    """A bar if the stream is a terminal, else plain lines."""
    return Bar(stream) if stream.isatty() else Lines(stream)


class Lines:
    """A line per tenth of the points, at most one per second.

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

    def started(self, total: int, done: int) -> None:
        """Say where the run starts from."""
        self._total, self._done = total, done
        self._tell()

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
        with suppress(OSError):  # a closed pipe must not cost the results
            self._stream.write(f"{self._done} of {self._total} points done\n")
            self._stream.flush()


class Bar:
    """A bar with what is done, what is left and how long it takes."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._bar: rich.progress.Progress | None = None

    def started(self, total: int, done: int) -> None:
        """Draw the bar."""
        import rich.progress as parts
        from rich.console import Console

        columns = (parts.BarColumn(), parts.MofNCompleteColumn(), parts.TextColumn("points"))
        times = (parts.TimeElapsedColumn(), parts.TimeRemainingColumn())
        self._bar = parts.Progress(*columns, *times, console=Console(file=self._stream))
        self._bar.start()
        self._bar.add_task("points", total=total, completed=done)

    def advanced(self, identity: str, seconds: float) -> None:
        """Move the bar by one point."""
        if self._bar is not None:
            self._bar.advance(self._bar.task_ids[0])

    def finished(self) -> None:
        """Leave the bar as it is."""
        if self._bar is not None:
            self._bar.stop()
