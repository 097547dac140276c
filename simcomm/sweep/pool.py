"""Jobs over local processes, one at a time in each: a killed worker costs only the job that it held.

Rejected: one ``ProcessPoolExecutor`` (a killed worker breaks the pool and loses the jobs of all others); one executor
per worker (it cannot stop a busy worker by its public interface, and a worker outlives a parent that was killed).
"""

from __future__ import annotations

import multiprocessing
import os
import pickle
import signal
import threading
import time
import traceback
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import closing, suppress
from dataclasses import dataclass
from functools import partial
from itertools import islice
from multiprocessing import resource_tracker
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

from simcomm.errors import SimcommError
from simcomm.sweep.interrupts import held_back
from simcomm.watch import SoFar, Watch, watched

LIVES = 2
"""How many workers a job may kill before it is given up."""


@dataclass(frozen=True)
class Job:
    """Something to compute: the argument of the function, and an id to name it by."""

    id: str
    argument: Any


@dataclass(frozen=True)
class Done:
    """A job that returned a value, after so many seconds."""

    job: Job
    value: Any
    seconds: float


@dataclass(frozen=True)
class Failed:
    """A job that raised: what, and the exit code of a SimcommError (1 for any other)."""

    job: Job
    message: str
    exit_code: int = 1


@dataclass(frozen=True)
class Lost:
    """A job given up because it killed its worker twice, and how the worker ended."""

    job: Job
    why: str


Outcome = Done | Failed | Lost
Function = Callable[[Any], Any]
Attempt = tuple[bool, Any, float]
"""Whether it worked, the value or (message, exit code), the seconds: what a worker sends back."""

Told = Callable[[Job, SoFar], None]
"""Hears how far a job is that takes long."""

_READY = b""


def run_jobs(
    function: Function, jobs: Iterable[Job], workers: int = 1, isolate: bool = False, told: Told | None = None
) -> Generator[Outcome, None, None]:
    """Call the function on every job's argument, in ``workers`` processes, and yield the outcomes as they come.

    One worker means this process, unless ``isolate`` asks for one of its own. Function, arguments and values must be
    picklable. An exception in a job is an outcome; a job whose worker dies is tried once more. SimcommError if workers
    cannot start. ``told`` hears how far a long job is, if its function says so (``simcomm.watch``). Closing the
    iterator, or an interrupt, stops the workers at once; they end by themselves if this process is killed.

    >>> [outcome.value for outcome in run_jobs(abs, [Job("a", -1), Job("b", 2)])]
    [1, 2]
    """
    with closing(Pool(function, workers, isolate, told)) as pool:
        yield from pool.outcomes(jobs)


class Pool:
    """Processes that stay from one batch of jobs to the next, until it is closed; `run_jobs` says the rest.

    A batch is taken to its end before the next one begins, or the pool is closed.
    """

    def __init__(self, function: Function, workers: int = 1, isolate: bool = False, told: Told | None = None) -> None:
        self._function, self._workers, self._told = function, workers, told
        self._here = workers == 1 and not isolate
        self._slots: list[_Slot] = []

    def outcomes(self, jobs: Iterable[Job]) -> Generator[Outcome, None, None]:
        """Call the function on every job's argument, and yield the outcomes as they come."""
        if not self._here:
            yield from self._from_workers(iter(jobs))
            return
        for job in jobs:
            yield _outcome(job, _attempt(self._function, job.argument, self._told and partial(self._told, job)))

    def close(self) -> None:
        """Stop the workers at once."""
        for slot in self._slots:
            slot.stop()

    def _from_workers(self, jobs: Iterator[Job]) -> Generator[Outcome, None, None]:
        busy: list[_Slot] = []
        for index, job in enumerate(islice(jobs, self._workers)):
            if index == len(self._slots):
                self._slots.append(_Slot(self._function, job, self._told))
            self._slots[index].give(job)
            busy.append(self._slots[index])
        while busy:
            for slot in _stirring(busy):
                outcome = slot.collect()
                if outcome is None:
                    continue
                following = next(jobs, None)
                if following is None:
                    busy.remove(slot)
                else:
                    slot.give(following)
                yield outcome


def _attempt(function: Function, argument: object, told: Callable[[SoFar], None] | None) -> Attempt:
    start = time.perf_counter()
    try:
        with watched(Watch(told)):
            value = function(argument)
    except (Exception, SystemExit) as error:
        return False, (_message(error), error.exit_code if isinstance(error, SimcommError) else 1), 0.0
    return True, value, time.perf_counter() - start


def _outcome(job: Job, attempt: Attempt) -> Outcome:
    worked, answer, seconds = attempt
    return Done(job, answer, seconds) if worked else Failed(job, *answer)


def _message(error: BaseException) -> str:
    if isinstance(error, SimcommError):
        return str(error)
    frames = traceback.extract_tb(error.__traceback__)
    where = f" ({Path(frames[-1].filename).name}:{frames[-1].lineno})" if frames else ""
    return f"{type(error).__name__}: {error}{where}"


def _stirring(slots: list[_Slot]) -> list[_Slot]:
    ready = wait([watched for slot in slots for watched in (slot.connection, slot.process.sentinel)])
    return [slot for slot in slots if slot.connection in ready or slot.process.sentinel in ready]


class _Slot:
    """A place for one worker process and the one job in its hands."""

    connection: Connection
    process: BaseProcess

    def __init__(self, function: Function, job: Job, told: Told | None = None) -> None:
        self.function, self.job, self.told = function, job, told
        self.alive = self.ready = False
        self.deaths = self.false_starts = 0

    def start(self) -> None:
        """Start a worker; it says when it is ready for the job."""
        context = multiprocessing.get_context("spawn")  # fork would copy the locks of other threads in unknown states
        resource_tracker.ensure_running()  # its first start lets go of the signals that are held back for ours
        with held_back():
            self.connection, theirs = context.Pipe()
            self.process = context.Process(target=_work, args=(theirs,), daemon=True)
            self.process.start()
            self.alive, self.ready = True, False
            theirs.close()

    def give(self, job: Job) -> None:
        """Hand over the next job, to a new worker if the last one died."""
        self.job, self.deaths = job, 0
        if self.alive:
            self._send()
        else:
            self.start()

    def collect(self) -> Outcome | None:
        """What the worker has to say: the outcome of its job, or None if there is more to wait for."""
        try:
            answer = self.connection.recv_bytes() if self.connection.poll() else None
        except (EOFError, OSError):
            answer = None
        if answer is None:
            return self._mourn()
        if answer == _READY:
            self.ready, self.false_starts = True, 0
            self._send()
            return None
        try:
            said = pickle.loads(answer)
            if not isinstance(said, SoFar):
                return _outcome(self.job, said)
        except Exception as error:
            return Failed(self.job, f"its value cannot be read back: {_message(error)}")
        if self.told is not None:
            self.told(self.job, said)
        return None

    def stop(self) -> str:
        """End the worker, whatever it is doing, and say how it ended."""
        if not self.alive:
            return ""
        self.alive = False
        self.process.kill()
        self.process.join()
        self.connection.close()
        code = self.process.exitcode or 0
        return f"killed by {signal.Signals(-code).name}" if code < 0 else f"ended with exit code {code}"

    def _send(self) -> None:
        with suppress(OSError):  # a worker that just died is noticed by the next wait
            self.connection.send_bytes(_packed(self.function, self.job.argument))

    def _mourn(self) -> Lost | None:
        self.process.join(timeout=5)  # it closed its pipe: let it end by itself, so that its exit code is its own
        end = self.stop()
        if self.ready:
            self.deaths += 1
            if self.deaths == LIVES:
                hint = " (out of memory?)" if "SIGKILL" in end else ""
                return Lost(self.job, f"its worker process died {LIVES} times, last {end}{hint}")
        else:
            self.false_starts += 1
            if self.false_starts == LIVES:
                raise SimcommError(
                    f"a worker process could not start ({end}); a script that uses several jobs must call simcomm "
                    "under: if __name__ == '__main__'"
                )
        self.start()
        return None


def _packed(function: Function, argument: object) -> bytes:
    try:
        return pickle.dumps((function, argument))
    except Exception as error:
        return pickle.dumps((_refuse, f"cannot be sent to a worker process: {_message(error)}"))


def _refuse(message: str) -> None:
    raise SimcommError(message)


def _work(connection: Connection) -> None:
    threading.Thread(target=_exit_with_parent, daemon=True).start()
    with suppress(EOFError, OSError):  # the parent is gone
        connection.send_bytes(_READY)
        while True:
            connection.send_bytes(_answer(connection.recv_bytes(), connection))


def _answer(request: bytes, connection: Connection) -> bytes:
    def told(so_far: SoFar) -> None:
        connection.send_bytes(pickle.dumps(so_far))

    try:
        function, argument = pickle.loads(request)
        return pickle.dumps(_attempt(function, argument, told))
    except Exception as error:
        return pickle.dumps((False, (f"cannot cross to or from a worker process: {_message(error)}", 1), 0.0))


def _exit_with_parent() -> None:
    # A worker in the middle of a job would otherwise outlive a parent that was killed.
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)
