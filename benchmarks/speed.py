"""How fast each stage is: ``python benchmarks/speed.py [WORKERS]``. Medians of five, one core.

The yardstick, bare SimPy timeouts per second, is measured in the same run: compare ratios to it between machines, not
seconds.
"""

from __future__ import annotations

import argparse
import resource
import statistics
import time
from collections.abc import Callable
from typing import Any

import simpy

import simcomm
from simcomm.collectives import get
from simcomm.proof import prove

LINK = {"bandwidth": "100 Gbit/s", "latency": "5 us"}


def yardstick(events: int = 200_000) -> float:
    """Bare SimPy timeouts per second."""

    def process(env: simpy.Environment) -> Any:
        for _ in range(events):
            yield env.timeout(1)

    env = simpy.Environment()
    env.process(process(env))
    return events / seconds(env.run, repeat=1)


def seconds(work: Callable[[], object], repeat: int = 5) -> float:
    """Median wall-clock time of ``work``."""
    times = []
    for _ in range(repeat):
        start = time.perf_counter()
        work()
        times.append(time.perf_counter() - start)
    return statistics.median(times)


def main() -> None:
    """Print one line per stage."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("workers", type=int, nargs="?", default=128)
    n = parser.parse_args().workers
    ring = get("ring_all_reduce")
    schedule = ring.schedule(n)
    timeouts = statistics.median(yardstick() for _ in range(5))
    print(f"ring_all_reduce, {n} workers, {schedule.messages} messages")
    print(f"{'yardstick: SimPy timeouts':28} {timeouts:12,.0f} /s")
    stages: dict[str, Callable[[], object]] = {
        "record": lambda: ring.schedule(n),
        "prove (bit sets)": lambda: prove(schedule, ring.goal, n, "bitsets"),
        "prove (fingerprints)": lambda: prove(schedule, ring.goal, n, "fingerprints"),
        "simulate, whole call (des)": lambda: simcomm.simulate("ring_all_reduce", n, model="resnet50", link=LINK),
    }
    for stage, work in stages.items():
        rate = schedule.messages / seconds(work)
        print(f"{stage:28} {rate:12,.0f} messages/s {rate / timeouts:8.3f} of the yardstick")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"{'peak memory':28} {peak:12,.0f} MiB")


if __name__ == "__main__":
    main()
