"""Progress: a bar on a terminal, few lines elsewhere, and never the end of a run."""

from __future__ import annotations

import io
import os
import pty
from collections.abc import Iterator
from contextlib import suppress

import pytest

from simcomm.sweep.progress import Bar, Lines, progress_on
from simcomm.watch import SoFar


class Broken(io.StringIO):
    def write(self, text: str) -> int:
        raise BrokenPipeError(32, "Broken pipe")


def test_lines_come_with_every_tenth_when_points_are_slow() -> None:
    stream, times = io.StringIO(), iter(range(0, 10_000, 2))
    lines = Lines(stream, clock=lambda: next(times))
    lines.started(total=100, done=0)
    for _ in range(100):
        lines.advanced("id", 2.0)
    lines.finished()
    assert stream.getvalue().splitlines() == [f"{done} of 100 points done" for done in range(0, 101, 10)]


def test_lines_come_once_a_second_when_points_are_fast() -> None:
    stream, ticks = io.StringIO(), iter(range(10_000))
    lines = Lines(stream, clock=lambda: next(ticks) / 100)
    lines.started(total=100, done=50)
    for _ in range(49):
        lines.advanced("id", 0.01)
    lines.finished()
    assert stream.getvalue().splitlines() == ["50 of 100 points done", "99 of 100 points done"]


def test_how_far_a_long_point_is_comes_every_ten_seconds() -> None:
    stream, now = io.StringIO(), [100.0]
    lines = Lines(stream, clock=lambda: now[0])
    for second in range(25):
        now[0] = 100.0 + second
        lines.came_to("id", SoFar(second * 1e-3, second * 100, 4_000, float(second)))
    assert stream.getvalue().splitlines() == [
        "0 s simulated, 0 of 4,000 operations",
        "10 ms simulated, 1,000 of 4,000 operations, about 30 s left",
        "20 ms simulated, 2,000 of 4,000 operations, about 20 s left",
    ]


def test_a_broken_pipe_does_not_stop_the_run() -> None:
    stream = Broken()
    with pytest.raises(BrokenPipeError):
        stream.write("")
    lines = Lines(stream)
    lines.started(total=1, done=0)
    lines.advanced("id", 1.0)
    lines.finished()


def test_what_is_not_a_terminal_gets_lines() -> None:
    assert isinstance(progress_on(io.StringIO()), Lines)


@pytest.fixture
def terminal() -> Iterator[tuple[int, int]]:
    ours, theirs = pty.openpty()
    yield ours, theirs
    os.close(ours)


def test_a_terminal_gets_a_bar(terminal: tuple[int, int], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.delenv("NO_COLOR", raising=False)
    ours, theirs = terminal
    with os.fdopen(theirs, "w") as stream:
        progress = progress_on(stream)
        assert isinstance(progress, Bar)
        progress.started(total=5, done=1)
        for done in (1_000, 2_000):
            progress.came_to("id", SoFar(1e-3, done, 4_000, 2.0))
            bar = progress._bar
            assert bar is not None
            bar.refresh()
            assert [task.completed for task in bar.tasks] == [1, done]
        progress.advanced("id", 1.0)
        assert len(bar.tasks) == 1
        progress.came_to("other", SoFar(1e-3, 10, 4_000, 2.0))
        progress.finished()
        assert len(bar.tasks) == 1
        stream.flush()
    shown = b""
    with suppress(OSError):  # the end of a terminal that nobody writes to
        while piece := os.read(ours, 1 << 16):
            shown += piece
    assert b"1/5" in shown or b"2/5" in shown
    assert b"operations, 1 ms simulated" in shown


def test_a_bar_that_never_started_may_end() -> None:
    stream = io.StringIO()
    bar = Bar(stream)
    bar.came_to("id", SoFar(0.0, 1, 2, 2.0))
    bar.advanced("id", 1.0)
    bar.finished()
    assert stream.getvalue() == ""
