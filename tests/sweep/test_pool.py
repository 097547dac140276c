"""Jobs over processes: a killed worker costs its own job one life, and nobody is left behind."""

from __future__ import annotations

import fcntl
import os
import pickle
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from multiprocessing import Pipe
from pathlib import Path
from typing import Any

import pytest
from sweep_jobs import (
    dies_always,
    dies_once,
    double,
    holds_or_waits,
    leaves,
    raises_system_exit,
    raises_value_error,
    returns_a_lambda,
    second_interrupts,
    tells,
    worker_pid,
)

from simcomm.errors import InputError, SimcommError
from simcomm.sweep import pool
from simcomm.sweep.pool import Done, Failed, Job, Lost, Outcome, run_jobs
from simcomm.watch import SoFar

HANG_S = 120


def jobs(arguments: Sequence[Any]) -> list[Job]:
    return [Job(f"job {index}", argument) for index, argument in enumerate(arguments)]


def by_id(outcomes: Sequence[Outcome]) -> dict[str, Outcome]:
    found = {outcome.job.id: outcome for outcome in outcomes}
    assert len(found) == len(outcomes)
    return found


def values(outcomes: Sequence[Outcome]) -> list[Any]:
    found = by_id(outcomes)
    return [outcome.value for _, outcome in sorted(found.items()) if isinstance(outcome, Done)]


def wrong_input(number: int) -> None:
    raise InputError("no such thing")


@pytest.mark.parametrize(("workers", "isolate"), [(1, False), (1, True), (3, False), (8, False)])
def test_every_job_comes_back_once(workers: int, isolate: bool) -> None:
    outcomes = list(run_jobs(double, jobs(range(6)), workers, isolate))
    assert values(outcomes) == [0, 2, 4, 6, 8, 10]


def test_no_job_is_no_work() -> None:
    assert list(run_jobs(double, [], workers=2)) == []
    assert list(run_jobs(double, [])) == []


def test_one_worker_is_this_process_unless_isolation_is_asked_for() -> None:
    assert values(list(run_jobs(worker_pid, jobs([0])))) == [os.getpid()]
    assert values(list(run_jobs(worker_pid, jobs([0]), isolate=True))) != [os.getpid()]


@pytest.mark.parametrize("isolate", [False, True])
def test_an_exception_is_an_outcome(isolate: bool) -> None:
    (outcome,) = run_jobs(raises_value_error, jobs([3]), isolate=isolate)
    assert isinstance(outcome, Failed)
    assert outcome.message.startswith("ValueError: no 3 (sweep_jobs.py:")
    assert outcome.exit_code == 1
    (outcome,) = run_jobs(raises_system_exit, jobs([3]), isolate=isolate)
    assert isinstance(outcome, Failed)
    assert outcome.message.startswith("SystemExit: 3")


def test_a_simcomm_error_is_told_in_its_own_words() -> None:
    assert list(run_jobs(wrong_input, jobs([1]))) == [Failed(Job("job 0", 1), "no such thing", 2)]


def test_a_worker_killed_once_costs_nothing(tmp_path: Path) -> None:
    arguments = [(number, tmp_path) for number in range(4)]
    outcomes = list(run_jobs(dies_once, jobs(arguments), workers=2))
    assert [row.workers for row in values(outcomes)] == [0, 1, 2, 3]
    assert (tmp_path / "died-1").exists()


def test_a_job_that_kills_twice_is_named_and_the_others_run() -> None:
    outcomes = list(run_jobs(dies_always, jobs([(number, None) for number in range(6)]), workers=2))
    assert [row.workers for row in values(outcomes)] == [0, 2, 4]
    lost = [outcome for outcome in outcomes if isinstance(outcome, Lost)]
    assert sorted(outcome.job.id for outcome in lost) == ["job 1", "job 3", "job 5"]
    assert {outcome.why for outcome in lost} == {
        "its worker process died 2 times, last killed by SIGKILL (out of memory?)"
    }


def test_a_job_that_leaves_is_told_by_its_exit_code() -> None:
    (outcome,) = run_jobs(leaves, jobs([0]), isolate=True)
    assert outcome == Lost(Job("job 0", 0), "its worker process died 2 times, last ended with exit code 7")


def test_what_cannot_be_pickled_is_an_outcome_and_the_worker_goes_on() -> None:
    (outcome, other) = run_jobs(double, [Job("a", lambda: 0), Job("b", 1)], isolate=True)
    assert isinstance(outcome, Failed)
    assert outcome.message.startswith("cannot be sent to a worker process: ")
    assert other == Done(Job("b", 1), 2, other.seconds if isinstance(other, Done) else 0)
    (outcome,) = run_jobs(returns_a_lambda, jobs([1]), isolate=True)
    assert isinstance(outcome, Failed)
    assert "cannot cross to or from a worker process" in outcome.message


class Unreadable:
    def __reduce__(self) -> tuple[Callable[..., Any], tuple[Any, ...]]:
        return pool._refuse, ("not here",)


def test_a_value_that_cannot_be_read_back_is_an_outcome() -> None:
    slot = pool._Slot(double, Job("a", 1))
    slot.connection, other = Pipe()
    other.send_bytes(pickle.dumps((True, Unreadable(), 0.0)))
    assert slot.collect() == Failed(Job("a", 1), "its value cannot be read back: not here")
    slot.connection.close()
    other.close()


def test_a_worker_that_dies_at_the_start_is_replaced_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pool, "_work", leaves)
    with pytest.raises(SimcommError, match=r"a worker process could not start \(ended with exit code 7\)"):
        list(run_jobs(double, jobs([1]), isolate=True))


def test_a_script_without_a_guard_is_told_what_to_do(tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    script.write_text(
        "from simcomm.sweep.pool import Job, run_jobs\nprint(list(run_jobs(abs, [Job('a', 1)], isolate=True)))\n"
    )
    done = subprocess.run([sys.executable, script], capture_output=True, text=True, timeout=HANG_S)
    assert done.returncode == 1
    last = done.stderr.strip().splitlines()[-1]
    assert last.startswith("simcomm.errors.SimcommError: a worker process could not start (ended with exit code 1)")
    assert last.endswith("under: if __name__ == '__main__'")


def test_an_interrupt_in_a_job_reaches_the_caller() -> None:
    outcomes = run_jobs(second_interrupts, jobs([(number, None) for number in range(4)]))
    assert [next(outcomes).job.id for _ in range(2)] == ["job 0", "job 1"]
    with pytest.raises(KeyboardInterrupt):
        next(outcomes)


def test_closing_the_iterator_stops_busy_workers_at_once(tmp_path: Path) -> None:
    lock = str(tmp_path / "lock")
    outcomes = run_jobs(holds_or_waits, jobs([("hold", lock), ("wait", lock)]), workers=2)
    assert next(outcomes).job.argument == ("wait", lock)
    outcomes.close()
    with open(tmp_path / "lock") as file:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)


def wait_for(condition: Callable[[], bool]) -> None:
    """Wait until it holds; a guard against hanging, not a measurement."""
    give_up = time.monotonic() + HANG_S
    while not condition():
        assert time.monotonic() < give_up, "nothing happened"
        time.sleep(0.01)


def test_no_worker_outlives_a_parent_that_was_killed(tmp_path: Path) -> None:
    lock = tmp_path / "lock"
    code = (
        "import sys; from simcomm.sweep.pool import Job, run_jobs; from sweep_jobs import holds_a_lock\n"
        "list(run_jobs(holds_a_lock, [Job('a', sys.argv[1])], isolate=True))"
    )
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    with subprocess.Popen([sys.executable, "-c", code, lock], env=environment) as parent:
        try:
            wait_for(lambda: Path(f"{lock}.held").exists())
        finally:
            parent.send_signal(signal.SIGKILL)
    freed = threading.Event()

    def take() -> None:
        with lock.open() as file:
            fcntl.flock(file, fcntl.LOCK_EX)
        freed.set()

    threading.Thread(target=take, daemon=True).start()
    assert freed.wait(HANG_S)


def test_a_worker_answers_until_its_parent_is_gone() -> None:
    ours, theirs = Pipe()
    worker = threading.Thread(target=pool._work, args=(theirs,))
    worker.start()
    assert ours.recv_bytes() == b""
    ours.send_bytes(pickle.dumps((double, 4)))
    assert pickle.loads(ours.recv_bytes())[:2] == (True, 8)
    ours.send_bytes(b"not a pickle")
    assert "cannot cross to or from a worker process" in pickle.loads(ours.recv_bytes())[1][0]
    ours.close()
    worker.join(HANG_S)
    assert not worker.is_alive()
    theirs.close()


def test_a_worker_that_dies_while_it_is_fed_is_noticed_later() -> None:
    slot = pool._Slot(double, Job("a", 1))
    slot.connection, other = Pipe()
    other.close()
    slot._send()
    slot.connection.close()
    assert slot.stop() == ""


@pytest.mark.parametrize("workers", [1, 2])
def test_how_far_long_jobs_are_is_heard_from_every_process(workers: int) -> None:
    heard: list[tuple[str, float, int, int]] = []

    def hear(job: Job, so_far: SoFar) -> None:
        heard.append((job.id, so_far.simulated_s, so_far.done, so_far.operations))

    jobs = [Job("a", 5), Job("b", 7)]
    assert sorted(outcome.value for outcome in run_jobs(tells, jobs, workers, told=hear)) == [5, 7]
    assert sorted(heard) == [("a", 0.1, 1, 5), ("a", 0.2, 2, 5), ("b", 0.1, 1, 7), ("b", 0.2, 2, 7)]
    assert sorted(outcome.value for outcome in run_jobs(tells, jobs, workers)) == [5, 7]
