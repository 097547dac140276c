"""What the tests of sweeps share: rows to return, jobs that misbehave, and a sweep to run in a process of its own."""

from __future__ import annotations

import fcntl
import json
import os
import signal
import sys
import time
import uuid
from pathlib import Path
from typing import Any, NoReturn

from simcomm.errors import CountError
from simcomm.results import COLUMNS, RESULTS_VERSION, Result
from simcomm.sweep.identity import point_id
from simcomm.sweep.points import Point
from simcomm.sweep.runner import run_points
from simcomm.tables import Cell
from simcomm.watch import watcher

SAMPLE: dict[str, Cell] = {"int": 1, "float": 0.5, "str": "x", "bool": True}


def make_row(**changes: Any) -> dict[str, Cell]:
    """A row with a value in every column."""
    return {column.name: SAMPLE[column.kind] for column in COLUMNS} | {"results_version": RESULTS_VERSION} | changes


def make_result(**changes: Any) -> Result:
    return Result.from_row(make_row(**changes))


def make_points(count: int, argument: Any = None) -> list[Point]:
    """Points 0, 1, ...; a point's argument is (its number, argument)."""
    return [Point(point_id({"number": n}, ""), f"point {n}", (n, argument)) for n in range(count)]


def plain(argument: tuple[int, Any]) -> Result:
    return make_result(workers=argument[0])


def counted(argument: tuple[int, Any]) -> Result:
    """Leave a file per execution in the folder, after a while."""
    number, (folder, seconds) = argument
    time.sleep(seconds)
    (Path(folder) / f"{number}-{uuid.uuid4().hex}").touch()
    return make_result(workers=number)


def executions(folder: Path) -> dict[int, int]:
    """How often each point was executed, by the files that `counted` left."""
    found: dict[int, int] = {}
    for file in folder.iterdir():
        number = int(file.name.split("-")[0])
        found[number] = found.get(number, 0) + 1
    return found


def odd_ones_fail(argument: tuple[int, Any]) -> Result:
    if argument[0] % 2:
        raise CountError(f"point {argument[0]}: messages: expected 2, counted 3")
    return plain(argument)


def second_interrupts(argument: tuple[int, Any]) -> Result:
    if argument[0] == 2:
        raise KeyboardInterrupt
    return plain(argument)


def dies_once(argument: tuple[int, Any]) -> Result:
    """Kill the worker where the point comes for the first time."""
    number, folder = argument
    mark = Path(folder) / f"died-{number}"
    if number == 1 and not mark.exists():
        mark.touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return plain(argument)


def dies_always(argument: tuple[int, Any]) -> Result:
    """Kill the worker at every second point."""
    if argument[0] % 2:
        os.kill(os.getpid(), signal.SIGKILL)
    return plain(argument)


def leaves(argument: object) -> NoReturn:
    os._exit(7)


def double(number: int) -> int:
    return 2 * number


def raises_value_error(number: int) -> NoReturn:
    raise ValueError(f"no {number}")


def raises_system_exit(number: int) -> NoReturn:
    sys.exit(number)


def returns_a_lambda(number: int) -> Any:
    return lambda: number


def tells(number: int) -> int:
    """Say twice how far it is."""
    for done in (1, 2):
        watcher().tell(done / 10, done, number)
    return number


def worker_pid(number: int) -> int:
    return os.getpid()


def holds_a_lock(path: str) -> None:
    """Hold a lock, which the system frees when the process is gone, and never return."""
    with open(path, "w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        Path(path + ".held").touch()
        time.sleep(3600)


def holds_or_waits(argument: tuple[str, str]) -> None:
    """Hold the lock, or return when another holds it."""
    what, path = argument
    if what == "hold":
        holds_a_lock(path)
    while not Path(path + ".held").exists():
        time.sleep(0.01)


def main(out: str, marks: str, count: int, jobs: int, seconds: float) -> None:
    """Run the `counted` sweep as a program does, and say what became of it."""
    results = run_points(make_points(count, (marks, seconds)), counted, out, jobs)
    report = {"ran": results.ran, "reused": results.reused, "interrupted": results.interrupted}
    sys.stdout.write(json.dumps(report))
