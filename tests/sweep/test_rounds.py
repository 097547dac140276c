"""A search: each round of points is chosen by the results of those before; the processes stay."""

from __future__ import annotations

import io
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from sweep_jobs import counted as counting
from sweep_jobs import executions, make_points, make_result, odd_ones_fail, plain, second_interrupts

from simcomm.errors import InputError
from simcomm.results import Failure, Result, load_results
from simcomm.sweep.points import Point
from simcomm.sweep.pool import Done, Job, Pool
from simcomm.sweep.progress import Lines
from simcomm.sweep.runner import run_rounds

POINTS = make_points(6)


def doubling(found: Mapping[str, Result], without: Mapping[str, Failure]) -> list[Point]:
    """One point, then two more, then three more: all that were asked for must be known by then."""
    known = len(found) + len(without)
    return POINTS[: {0: 1, 1: 3, 3: 6, 6: 6}[known]]


def test_rounds_go_on_until_nothing_new_is_asked_for(tmp_path: Path) -> None:
    results = run_rounds(doubling, plain, tmp_path / "out")
    assert results.column("workers") == [0, 1, 2, 3, 4, 5]
    assert (results.ran, results.reused) == (6, 0)
    assert load_results(tmp_path / "out").column("workers") == [0, 1, 2, 3, 4, 5]


def test_points_that_fail_are_told_and_not_run_again() -> None:
    seen: list[int] = []

    def following(found: Mapping[str, Result], without: Mapping[str, Failure]) -> list[Point]:
        seen.append(len(without))
        return doubling(found, without)

    results = run_rounds(following, odd_ones_fail)
    assert results.column("workers") == [0, 2, 4]
    assert [failure.label for failure in results.failed] == ["point 1", "point 3", "point 5"]
    assert seen == [0, 0, 1, 3]


def test_a_search_resumes(tmp_path: Path) -> None:
    marks = tmp_path / "marks"
    marks.mkdir()
    points = make_points(6, (str(marks), 0))

    def following(found: Mapping[str, Result], without: Mapping[str, Failure]) -> list[Point]:
        return points[: {0: 1, 1: 3, 3: 6, 6: 6}[len(found)]]

    def broken_off(found: Mapping[str, Result], without: Mapping[str, Failure]) -> list[Point]:
        if len(found) == 3:
            raise KeyboardInterrupt
        return following(found, without)

    first = run_rounds(broken_off, counting, tmp_path / "out")
    assert (first.interrupted, len(first), first.ran) == (True, 3, 3)
    again = run_rounds(following, counting, tmp_path / "out")
    assert (len(again), again.ran, again.reused) == (6, 3, 3)
    assert executions(marks) == dict.fromkeys(range(6), 1)


def test_an_interrupt_ends_all_rounds() -> None:
    results = run_rounds(doubling, second_interrupts)
    assert results.interrupted
    assert results.column("workers") == [0, 1]


def test_progress_grows_with_the_rounds() -> None:
    stream = io.StringIO()
    run_rounds(doubling, plain, progress=Lines(stream, clock=lambda: 0.0))
    lines = stream.getvalue().splitlines()
    assert lines == [*(f"{done} of {total} points done" for done, total in ((0, 1), (1, 3), (3, 6), (6, 6)))]


def test_jobs_are_looked_at_before_anything_is_asked() -> None:
    with pytest.raises(InputError, match="jobs: expected a whole number of at least 1, found 0"):
        run_rounds(lambda found, without: pytest.fail("asked"), lambda argument: make_result(), jobs=0)


def pid(argument: Any) -> int:
    return os.getpid()


def test_the_processes_stay_from_batch_to_batch() -> None:
    pool = Pool(pid, workers=1, isolate=True)
    try:
        batches = [list(pool.outcomes([Job(name, name) for name in names])) for names in ("ab", "c")]
    finally:
        pool.close()
    values = [outcome.value for batch in batches for outcome in batch if isinstance(outcome, Done)]
    assert len(values) == 3
    assert set(values) == {values[0]} != {os.getpid()}
