"""A sweep: what is finished stays finished, whatever stops the run, and the table is always usable."""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sweep_jobs import (
    counted,
    dies_always,
    dies_once,
    executions,
    make_points,
    make_result,
    odd_ones_fail,
    plain,
    second_interrupts,
)

from simcomm.errors import InputError, OutputError
from simcomm.link_table import Links, LinkUse
from simcomm.results import JOURNAL_FILE, RESULTS_FILE, Result, load_results
from simcomm.sweep.journal import Journal, read_journal
from simcomm.sweep.runner import run_points

HANG_S = 180
POINTS = 24


def workers_in(folder: Path) -> list[int]:
    return load_results(folder).column("workers")


def journaled(folder: Path) -> set[int]:
    path = folder / JOURNAL_FILE
    content = path.read_bytes() if path.exists() else b""
    return {result.workers for result in read_journal(path, content)[0].values()}


def wait_for(condition: Callable[[], bool]) -> None:
    """Wait until it holds; a guard against hanging, not a measurement."""
    give_up = time.monotonic() + HANG_S
    while not condition():
        assert time.monotonic() < give_up, "nothing happened"
        time.sleep(0.005)


class Recorded:
    """A progress that remembers what it was told."""

    def __init__(self) -> None:
        self.told: list[Any] = []

    def started(self, total: int, done: int) -> None:
        self.told.append((total, done))

    def advanced(self, identity: str, seconds: float) -> None:
        self.told.append(identity)

    def finished(self) -> None:
        self.told.append("finished")


def test_without_a_folder_nothing_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    results = run_points(make_points(3), plain)
    assert results.column("workers") == [0, 1, 2]
    assert results.column("point") == [point.id[:16] for point in make_points(3)]
    assert (results.ran, results.reused, results.interrupted) == (3, 0, False)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("jobs", [1, 3])
def test_a_finished_point_is_never_run_again(tmp_path: Path, jobs: int) -> None:
    marks, out = tmp_path / "marks", tmp_path / "a" / "b"
    marks.mkdir()
    run_points(make_points(2, (marks, 0)), counted, out)
    results = run_points(make_points(5, (marks, 0)), counted, out, jobs)
    assert (results.ran, results.reused) == (3, 2)
    again = run_points(make_points(5, (marks, 0)), counted, out, jobs)
    assert (again.ran, again.reused) == (0, 5)
    assert again == results == load_results(out)
    assert executions(marks) == dict.fromkeys(range(5), 1)


def test_the_table_holds_this_sweep_in_its_order_and_the_journal_keeps_all(tmp_path: Path) -> None:
    points = make_points(4)
    run_points(points, plain, tmp_path)
    results = run_points([points[3], points[1], points[3]], plain, tmp_path)
    assert (results.ran, results.reused) == (0, 2)
    assert workers_in(tmp_path) == [3, 1]
    assert journaled(tmp_path) == {0, 1, 2, 3}
    assert sorted(path.name for path in tmp_path.iterdir()) == [JOURNAL_FILE, RESULTS_FILE]


def test_the_same_sweep_gives_the_same_bytes(tmp_path: Path) -> None:
    run_points(make_points(9), plain, tmp_path / "one", jobs=1)
    run_points(make_points(9), plain, tmp_path / "many", jobs=3)
    assert (tmp_path / "one" / RESULTS_FILE).read_bytes() == (tmp_path / "many" / RESULTS_FILE).read_bytes()


def test_progress_is_told_everything() -> None:
    recorded, points = Recorded(), make_points(3)
    run_points(points, odd_ones_fail, progress=recorded)
    assert recorded.told == [(3, 0), *(point.id for point in points), "finished"]


@pytest.mark.parametrize("jobs", [1, 2])
def test_a_point_that_fails_is_named_and_the_others_run(tmp_path: Path, jobs: int) -> None:
    results = run_points(make_points(5), odd_ones_fail, tmp_path, jobs)
    assert [(failure.label, failure.message, failure.exit_code) for failure in results.failed] == [
        (f"point {number}", f"point {number}: messages: expected 2, counted 3", 1) for number in (1, 3)
    ]
    assert [failure.point for failure in results.failed] == [make_points(5)[n].id[:16] for n in (1, 3)]
    assert workers_in(tmp_path) == [0, 2, 4]
    mended = run_points(make_points(5), plain, tmp_path, jobs)
    assert (mended.ran, mended.reused, mended.failed) == (2, 3, ())


def not_a_row(argument: tuple[int, Any]) -> Result:
    return replace(make_result(), messages="many")  # type: ignore[arg-type]


def test_a_row_that_is_none_is_a_failure(tmp_path: Path) -> None:
    (failure,) = run_points(make_points(1), not_a_row, tmp_path).failed
    assert failure.message.endswith("messages: expected a whole number, found 'many'")
    assert failure.exit_code == 1
    assert workers_in(tmp_path) == []


def test_a_worker_killed_once_costs_nothing(tmp_path: Path) -> None:
    results = run_points(make_points(4, tmp_path), dies_once, jobs=2)
    assert results.column("workers") == [0, 1, 2, 3]
    assert (results.failed, results.skipped) == ((), ())


def test_a_point_that_kills_twice_is_skipped_and_named(tmp_path: Path) -> None:
    results = run_points(make_points(4), dies_always, tmp_path, jobs=2)
    assert [failure.label for failure in results.skipped] == ["point 1", "point 3"]
    assert "died 2 times, last killed by SIGKILL" in results.skipped[0].message
    assert workers_in(tmp_path) == [0, 2]


def test_an_interrupt_leaves_the_table_of_what_is_finished(tmp_path: Path) -> None:
    results = run_points(make_points(5), second_interrupts, tmp_path)
    assert results.interrupted
    assert workers_in(tmp_path) == [0, 1]
    rest = run_points(make_points(5), plain, tmp_path)
    assert (rest.ran, rest.reused, rest.interrupted) == (3, 2, False)


def test_a_corrupt_line_is_a_warning_and_its_point_runs_again(tmp_path: Path) -> None:
    run_points(make_points(3), plain, tmp_path)
    path = tmp_path / JOURNAL_FILE
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(lines[0] + lines[1] + lines[2].replace(b"workers", b"workars") + lines[3])
    results = run_points(make_points(3), plain, tmp_path)
    assert results.warnings == (f"{path}:3: corrupt line; its point is run again",)
    assert (results.ran, results.reused) == (1, 2)
    assert workers_in(tmp_path) == [0, 1, 2]


# Links


def with_links(argument: tuple[int, Any]) -> Result:
    """A row with as many links as the number says, and a mark of the execution."""
    number, folder = argument
    (Path(folder) / f"{number}-{uuid.uuid4().hex}").touch()
    use = LinkUse("", "0", "switch", 1, 4.0, 0.5, 1, 8, 0.5, 2.0, 1, 0.0, None, None)
    return replace(make_result(workers=number), links=Links((use,) * number), schedule="much")


def points_of_links(folder: Path) -> list[str]:
    return [use.point for use in load_results(folder).links]


@pytest.mark.parametrize("jobs", [1, 3])
def test_links_of_every_point_are_kept_and_written_in_order(tmp_path: Path, jobs: int) -> None:
    marks, out = tmp_path / "marks", tmp_path / "out"
    marks.mkdir()
    points = make_points(4, marks)
    ids = [points[n].id[:16] for n in (1, 2, 2, 3, 3, 3)]
    run_points(points[2:], with_links, out, jobs, links=True)
    (out / "links.csv").unlink()
    results = run_points(points, with_links, out, jobs, links=True)
    assert (results.ran, results.reused) == (2, 2)
    assert points_of_links(out) == [use.point for use in results.links] == ids
    assert [result.links for result in load_results(out)] == [result.links for result in results]
    run_points(make_points(4, marks), with_links, tmp_path / "again", links=True)
    assert (tmp_path / "again" / "links.csv").read_bytes() == (out / "links.csv").read_bytes()
    assert executions(marks) == dict.fromkeys(range(4), 2)


def test_points_without_their_links_run_again_when_links_are_wanted(tmp_path: Path) -> None:
    marks, out = tmp_path / "marks", tmp_path / "out"
    marks.mkdir()
    points = make_points(3, marks)
    without = run_points(points[:2], with_links, out)
    assert [result.links for result in without] == [None, None]
    assert not (out / "links.csv").exists()
    results = run_points(points, with_links, out, links=True)
    assert (results.ran, results.reused) == (3, 0)
    assert executions(marks) == {0: 2, 1: 2, 2: 1}
    assert len(points_of_links(out)) == 3
    again = run_points(points, with_links, out, links=True)
    assert (again.ran, again.reused) == (0, 3)
    less = run_points(points[:1], with_links, out)
    assert (less.ran, [result.links for result in less]) == (0, [None])
    assert not (out / "links.csv").exists()  # it was that of three points
    assert run_points(points, with_links, out, links=True).ran == 0


def test_a_folder_in_the_place_of_links_is_wrong_input(tmp_path: Path) -> None:
    (tmp_path / "links.csv").mkdir()
    with pytest.raises(InputError, match=r"links\.csv: a folder; expected a file, or nothing"):
        run_points(make_points(1), never, tmp_path, links=True)


def test_links_that_cannot_be_removed_are_wrong_input(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    unlink = Path.unlink

    def refuse(path: Path, missing_ok: bool = False) -> None:
        if path.name == "links.csv":
            raise PermissionError(13, "Permission denied")
        unlink(path, missing_ok)

    with monkeypatch.context() as patch:
        patch.setattr(Path, "unlink", refuse)
        with pytest.raises(InputError, match=r"links\.csv: cannot be written: Permission denied"):
            run_points(make_points(1), plain, tmp_path)
    assert run_points(make_points(1), plain, tmp_path).reused == 1


# A run that is stopped from outside


def start(out: Path, marks: Path, jobs: int, seconds: float) -> subprocess.Popen[str]:
    """The counted sweep in a process group of its own, as a terminal would start it."""
    code = "import sys, sweep_jobs; sweep_jobs.main(sys.argv[1], sys.argv[2], *map(eval, sys.argv[3:]))"
    arguments = [sys.executable, "-c", code, str(out), str(marks), str(POINTS), str(jobs), str(seconds)]
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    return subprocess.Popen(arguments, env=environment, start_new_session=True, stdout=subprocess.PIPE, text=True)


@pytest.mark.parametrize(("jobs", "kills"), [(1, 4), (3, 4)])
def test_killed_at_any_moment_no_finished_point_is_lost_or_repeated(tmp_path: Path, jobs: int, kills: int) -> None:
    out, marks = tmp_path / "out", tmp_path / "marks"
    marks.mkdir()
    chance = random.Random(jobs)
    finished: set[int] = set()
    counts: dict[int, int] = {}
    for kill in range(kills):
        target = min(POINTS - 2, len(finished) + chance.randrange(1, 5))
        with start(out, marks, jobs, 0.02) as process:
            wait_for(lambda: len(journaled(out)) >= target or process.poll() is not None)  # noqa: B023
            time.sleep(chance.random() * 0.03)
            process.kill()
        assert finished <= journaled(out), kill
        assert {number: executions(marks)[number] for number in finished} == counts, kill
        finished = journaled(out)
        counts = {number: executions(marks)[number] for number in finished}
    results = run_points(make_points(POINTS, (marks, 0)), counted, out, jobs)
    assert (results.ran, results.reused) == (POINTS - len(finished), len(finished))
    assert {number: executions(marks)[number] for number in finished} == counts
    assert workers_in(out) == list(range(POINTS))


@pytest.mark.parametrize("jobs", [1, 3])
def test_ctrl_c_leaves_a_usable_table(tmp_path: Path, jobs: int) -> None:
    out, marks = tmp_path / "out", tmp_path / "marks"
    marks.mkdir()
    with start(out, marks, jobs, 0.05) as process:
        wait_for(lambda: len(journaled(out)) >= 3)
        os.killpg(process.pid, signal.SIGINT)
        report = json.loads(process.communicate(timeout=HANG_S)[0])
    assert process.returncode == 0
    assert report["interrupted"]
    finished = workers_in(out)
    assert 3 <= len(finished) < POINTS
    assert set(finished) <= journaled(out)
    assert finished == sorted(finished)
    results = run_points(make_points(POINTS, (marks, 0)), counted, out)
    assert results.reused == len(journaled(out)) - results.ran >= len(finished)
    assert all(executions(marks)[number] == 1 for number in finished)


def test_two_runs_at_once_do_not_mix(tmp_path: Path) -> None:
    out, marks = tmp_path / "out", tmp_path / "marks"
    marks.mkdir()
    with start(out, marks, 1, 0.05) as process:
        wait_for(lambda: len(journaled(out)) >= 1)
        with pytest.raises(InputError, match="another run is writing into this folder"):
            run_points(make_points(POINTS, (marks, 0)), counted, out)
        assert json.loads(process.communicate(timeout=HANG_S)[0])["ran"] == POINTS
    assert executions(marks) == dict.fromkeys(range(POINTS), 1)


# A place that cannot be written


def never(argument: object) -> Result:
    raise AssertionError("simulated although the folder cannot be written")


def test_jobs_must_be_positive() -> None:
    with pytest.raises(InputError, match="jobs: expected a whole number of at least 1, found 0"):
        run_points(make_points(1), never, jobs=0)


@pytest.mark.skipif(not Path("/proc/self").exists(), reason="this system has no /proc")
@pytest.mark.parametrize("folder", ["/proc/no", "/proc/self"])
def test_a_folder_that_nobody_can_write_is_wrong_input(folder: str) -> None:
    with pytest.raises(InputError, match=f"{folder}: cannot be written"):
        run_points(make_points(1), never, folder)


@pytest.fixture
def read_only_folder() -> Iterator[Path]:
    """A folder with one finished point that this process cannot write, even if it is the superuser's."""
    user = os.geteuid()
    with tempfile.TemporaryDirectory() as parent:
        folder = Path(parent) / "out"
        run_points(make_points(1), plain, folder)
        Path(parent).chmod(0o755)
        folder.chmod(0o555)
        if user == 0:
            os.seteuid(65534)
        yield folder
        os.seteuid(user)
        folder.chmod(0o755)


def test_a_read_only_folder_is_wrong_input(read_only_folder: Path) -> None:
    with pytest.raises(InputError, match="out: cannot be written: Permission denied"):
        run_points(make_points(1), never, read_only_folder)
    assert workers_in(read_only_folder) == [0]


def test_a_file_in_the_place_of_a_folder_is_wrong_input(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(InputError, match="file: not a folder; expected a folder for the results"):
        run_points(make_points(1), never, tmp_path / "file")
    (tmp_path / RESULTS_FILE).mkdir()
    with pytest.raises(InputError, match=r"results\.csv: a folder; expected a file, or nothing"):
        run_points(make_points(1), never, tmp_path)


def test_a_journal_of_another_version_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / JOURNAL_FILE).write_text('{"simcomm_journal":99}\n')
    with pytest.raises(InputError, match="a journal of another version of simcomm"):
        run_points(make_points(1), never, tmp_path)
    assert (tmp_path / JOURNAL_FILE).read_text() == '{"simcomm_journal":99}\n'


@pytest.mark.parametrize("jobs", [1, 2])
def test_a_disk_that_fails_midway_keeps_what_is_finished(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, jobs: int
) -> None:
    append = Journal.append

    def fails_at_the_third(journal: Journal, identity: str, result: Any) -> None:
        if len(journal.results) == 2:
            raise OutputError("no space; 2 finished points are kept")
        append(journal, identity, result)

    monkeypatch.setattr(Journal, "append", fails_at_the_third)
    with pytest.raises(OutputError, match="no space"):
        run_points(make_points(5), plain, tmp_path, jobs)
    assert len(workers_in(tmp_path)) == 2
    monkeypatch.undo()
    results = run_points(make_points(5), plain, tmp_path, jobs)
    assert (results.ran, results.reused) == (3, 2)


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = shutil.which("mount")
    options = ["-t", "tmpfs", "-o", "size=64k", "tmpfs", str(disk)]
    if mount is None or subprocess.run([mount, *options], capture_output=True).returncode != 0:
        pytest.skip("this process may not mount a small disk")
    yield disk
    subprocess.run(["umount", str(disk)], check=True)


def test_a_full_disk_keeps_what_is_finished(tmp_path: Path, small_disk: Path) -> None:
    marks, out = tmp_path / "marks", small_disk / "out"
    marks.mkdir()
    with pytest.raises(OutputError, match=r"journal\.jsonl: cannot be written: No space left on device; \d+ finished"):
        run_points(make_points(500, (marks, 0)), counted, out)
    kept = journaled(out)
    assert len(kept) > 10
    shutil.move(out, tmp_path / "out")
    results = run_points(make_points(100, (marks, 0)), counted, tmp_path / "out")
    assert results.reused == len(kept)
    assert workers_in(tmp_path / "out") == list(range(100))
    assert all(executions(marks)[number] == 1 for number in kept)
