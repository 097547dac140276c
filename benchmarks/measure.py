"""One benchmark in a process of its own: ``python -m benchmarks.measure NAME`` prints what it measured as JSON."""

from __future__ import annotations

import argparse
import json
import os
import resource
import statistics
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from importlib import import_module
from pathlib import Path
from typing import Any, NamedTuple

import simpy

from benchmarks.row import Outcome, Row
from benchmarks.rows import NAMED

#: How often work is timed: five times after a run that is not, fewer if that one took long (then it counts).
REPEATS = 5
LONG_S, VERY_LONG_S = 10.0, 30.0


@dataclass(frozen=True)
class Measured:
    """What a row's process found; ``missing`` says why there is nothing else."""

    name: str
    workers: int
    engine: str
    missing: str = ""
    count: int = 0
    time_s: float = 0.0
    seconds: tuple[float, ...] = ()
    engine_seconds: tuple[float, ...] = ()
    cpu_seconds: tuple[float, ...] = ()
    peak_bytes: int = 0
    yardstick_per_s: float = 0.0

    @property
    def median_s(self) -> float:
        """Seconds of the whole call."""
        return statistics.median(self.seconds)

    @property
    def engine_s(self) -> float:
        """Seconds within the engine: the lowering and the event loop, or whatever it has instead."""
        return statistics.median(self.engine_seconds)

    @property
    def busy(self) -> float:
        """How much of the time this process had its core: well below 1, others were using it."""
        return statistics.median(cpu / wall for cpu, wall in zip(self.cpu_seconds, self.seconds, strict=True))

    @property
    def per_s(self) -> float:
        """Messages (or crossings) per second of the whole call."""
        return self.count / self.median_s

    @property
    def ratio(self) -> float:
        """Messages per SimPy timeout: what machines can be compared by."""
        return self.per_s / self.yardstick_per_s


def yardstick_per_s(least_s: float = 0.3) -> float:
    """Bare SimPy timeouts per second: one process that does nothing but wait."""

    def process() -> Any:
        while True:
            yield env.timeout(1)

    env = simpy.Environment()
    env.process(process())
    start = time.perf_counter()
    while (seconds := time.perf_counter() - start) < least_s:
        env.run(until=env.now + 20_000)
    return env.now / seconds


def peak_bytes() -> int:
    """The most memory that this process, or a child that has ended, had at once."""
    unit = 1 if sys.platform == "darwin" else 1024
    own, children = (
        unit * resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    )
    status = Path("/proc/self/status")
    if status.exists():
        # Linux hands ru_maxrss on to the program that a process starts; this figure begins anew.
        line = next(line for line in status.read_text().splitlines() if line.startswith("VmHWM"))
        own = 1024 * int(line.split()[1])
    return max(own, children)


def pin(cores: int) -> None:
    """Stay on the last ``cores`` of the cores that this process may use, where the system can do that."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[-cores:])


@contextmanager
def engine_clock() -> Iterator[list[float]]:
    """Within this, the seconds of every call of an engine are noted; not those of one that another engine calls."""
    from simcomm.engines import ENGINES

    noted: list[float] = []
    depth = 0

    def clocked(run: Callable[..., Any]) -> Callable[..., Any]:
        def call(*arguments: Any, **named: Any) -> Any:
            nonlocal depth
            depth += 1
            start = time.perf_counter()
            try:
                return run(*arguments, **named)
            finally:
                depth -= 1
                if not depth:
                    noted.append(time.perf_counter() - start)

        return call

    places = [(import_module(module), name) for module, name in (where.split(":") for where in ENGINES.values())]
    before = [getattr(module, name) for module, name in places]
    try:
        for (module, name), run in zip(places, before, strict=True):
            setattr(module, name, clocked(run))
        yield noted
    finally:
        for (module, name), run in zip(places, before, strict=True):
            setattr(module, name, run)


class Timed(NamedTuple):
    """One run."""

    seconds: float
    engine_seconds: float
    cpu_seconds: float
    outcome: Outcome


def timed(row: Row, workers: int, engine: str) -> Timed:
    """Run once; RuntimeError if the answer is wrong."""
    with engine_clock() as noted:
        start, start_cpu = time.perf_counter(), time.process_time()
        outcome = row.work(workers, engine)
        seconds, cpu_seconds = time.perf_counter() - start, time.process_time() - start_cpu
    if outcome.messages != row.closed_form(workers):
        raise RuntimeError(f"{row.name}: {outcome.messages} messages; expected {row.closed_form(workers)}")
    return Timed(seconds, sum(noted), cpu_seconds, outcome)


def measure(row: Row, workers: int, engine: str, repeats: int = REPEATS, yardstick_s: float = 0.3) -> Measured:
    """Time a row between two measurements of the yardstick; says so if there is no such engine for it.

    The first run counts only if it is long, or the only one (``repeats`` = 0).
    """
    from simcomm.errors import InputError

    before = yardstick_per_s(yardstick_s)
    try:
        runs = [timed(row, workers, engine)]
    except InputError as error:
        return Measured(row.name, workers, engine, missing=" ".join(str(error).split()))
    first = runs[0].seconds
    if repeats and first < LONG_S:
        runs = [timed(row, workers, engine) for _ in range(repeats)]
    elif repeats and first < VERY_LONG_S:
        runs += [timed(row, workers, engine) for _ in range(min(2, repeats - 1))]
    return Measured(
        name=row.name,
        workers=workers,
        engine=runs[0].outcome.engine,
        count=row.count(workers),
        time_s=runs[0].outcome.time_s,
        seconds=tuple(run.seconds for run in runs),
        engine_seconds=tuple(run.engine_seconds for run in runs),
        cpu_seconds=tuple(run.cpu_seconds for run in runs),
        peak_bytes=peak_bytes(),
        yardstick_per_s=statistics.median([before, yardstick_per_s(yardstick_s)]),
    )


def main() -> None:
    """Measure one row, pinned to its cores."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.measure", description=__doc__)
    parser.add_argument("name", choices=NAMED)
    parser.add_argument("--workers", type=int)
    parser.add_argument("--engine")
    parser.add_argument("--repeats", type=int, default=REPEATS)
    given = parser.parse_args()
    row = NAMED[given.name]
    pin(row.cores)
    found = measure(row, given.workers or row.workers, given.engine or row.engine, given.repeats)
    print(json.dumps(asdict(found)))


if __name__ == "__main__":
    main()
