"""The same flows in SimGrid, if its Python binding can be imported: ``python -m benchmarks peers``.

A ring all-reduce on a star as max-min fair flows (CM02, without factors for TCP), which is simcomm's ``fair_share``. In
SimGrid it is a graph of tasks (version 4), or a process per worker where there are no such graphs (version 3). SimGrid
simulates once per process, so the median is taken over processes; of more than 10 s over one.
"""

from __future__ import annotations

import json
import statistics
import sys
import time
from importlib import import_module
from importlib.util import find_spec
from typing import Any, Final

from benchmarks import fresh, report, work
from benchmarks.measure import LONG_S, peak_bytes, pin, yardstick_per_s
from benchmarks.rows import NAMED
from simcomm.units import parse_bandwidth, parse_time

WORKERS: Final = (256, 1_024)
RUNS: Final = 3
OPTIONS: Final = (
    "network/model:CM02",
    "network/TCP-gamma:0",
    "network/crosstraffic:0",
    "network/weight-S:0",
    "network/latency-factor:1",
    "network/bandwidth-factor:1",
)


def main(limit_s: float) -> int:
    """Print both, and how many times faster simcomm is; or why there is nothing to compare with."""
    print(report.machine())
    if find_spec("simgrid") is None:
        print("simgrid cannot be imported: nothing to compare with (Debian: python3-simgrid; PyPI: simgrid)")
        return 0
    for workers in WORKERS:
        try:
            theirs = [fresh.run("benchmarks.peers", workers, limit_s=limit_s)]
            while len(theirs) < RUNS and theirs[0]["seconds"] < LONG_S:
                theirs.append(fresh.run("benchmarks.peers", workers, limit_s=limit_s))
        except fresh.Stopped as error:
            print(f"ring, n = {workers:,}: SimGrid: {error}")
            continue
        seconds = statistics.median(one["seconds"] for one in theirs)
        speed = statistics.median(one["messages"] / one["seconds"] / one["yardstick_per_s"] for one in theirs)
        label = f"SimGrid {theirs[0]['version']}"
        print(f"ring, n = {workers:,}, {theirs[0]['messages']:,} messages, max-min fair flows on a star")
        _line(label, seconds, theirs[0]["messages"], speed, theirs[0]["peak_bytes"], theirs[0]["time_s"])
        for engine in ("auto", "compiled"):
            found = fresh.measure(NAMED["ring_fair_share"], workers, engine, limit_s)
            if found.missing:
                print(f"  simcomm ({engine}): not available: {found.missing}")
                continue
            name = f"simcomm ({engine}: {found.engine})"
            _line(name, found.median_s, found.count, found.ratio, found.peak_bytes, found.time_s)
            print(f"  {found.ratio / speed:.3g} times as fast, both measured by the yardstick of their own process")
    return 0


def _line(name: str, seconds: float, messages: int, ratio: float, memory: float, time_s: float) -> None:
    print(
        f"  {name:32} {seconds:8.3f} s {report.quantity(messages / seconds):>8} messages/s = {ratio:.3g} × the "
        f"yardstick; peak {memory / 1e6:,.0f} MB; simulated time {time_s:.9g} s",
        flush=True,
    )


def ring_in_simgrid(workers: int) -> dict[str, Any]:
    """Seconds of platform, messages and simulation, as a user would write them; and the simulated time."""
    simgrid = import_module("simgrid")
    before = yardstick_per_s()
    start = time.perf_counter()
    engine = simgrid.Engine(["simgrid", "--log=root.threshold:critical", *(f"--cfg={option}" for option in OPTIONS)])
    hosts = _star(simgrid, engine, workers)
    # Kept alive until the clock has stopped: taking it down is nobody's work.
    kept = (_tasks if hasattr(simgrid, "CommTask") else _actors)(simgrid, hosts)
    engine.run()
    seconds = time.perf_counter() - start
    yardstick = statistics.median([before, yardstick_per_s()])
    return {
        "version": simgrid.simgrid_version,
        "messages": work.ring(workers),
        "time_s": engine.clock,
        "seconds": seconds,
        "peak_bytes": peak_bytes(),
        "yardstick_per_s": yardstick,
        "kept": len(kept),
    }


def _star(simgrid: Any, engine: Any, workers: int) -> list[Any]:
    """Hosts around a switch, an up and a down link each."""
    bandwidth_Bps, latency_s = parse_bandwidth(work.LINK["bandwidth"]), parse_time(work.LINK["latency"])
    is_4 = hasattr(simgrid, "CommTask")
    zone = engine.netzone_root.add_netzone_star("star") if is_4 else simgrid.NetZone.create_star_zone("star")
    make_host, make_link = (zone.add_host, zone.add_link) if is_4 else (zone.create_host, zone.create_link)
    hosts = []
    for rank in range(workers):
        host = make_host(f"host{rank}", 1e9)
        for way in ("up", "down"):
            link = make_link(f"{way}{rank}", bandwidth_Bps).set_latency(latency_s).seal()
            end = host if is_4 else host.netpoint
            ends = (end, None) if way == "up" else (None, end)
            gateways = () if is_4 else (None, None)
            zone.add_route(*ends, *gateways, [simgrid.LinkInRoute(link)], False)
        hosts.append(host)
    zone.seal()
    return hosts


def _tasks(simgrid: Any, hosts: list[Any]) -> list[Any]:
    """A task per worker, sending to the next, whose own task follows; each as often as there are steps.

    One task per message would say the same, but takes 8 kB each.
    """
    n = len(hosts)
    steps = 2 * (n - 1)
    size = work.PARAMETERS * 4 // n
    tasks = [simgrid.CommTask.init(f"{rank}", size, hosts[rank], hosts[(rank + 1) % n]) for rank in range(n)]

    def completed(task: Any) -> None:
        if task.get_count() == steps:
            task.remove_all_successors()

    simgrid.Task.on_completion_cb(completed)
    for rank, task in enumerate(tasks):
        tasks[rank - 1].add_successor(task)
        task.enqueue_firings(1)
    return tasks


def _actors(simgrid: Any, hosts: list[Any]) -> list[Any]:
    """A process per worker: send to the next, receive from the one before, wait for both."""
    n = len(hosts)
    size = work.PARAMETERS * 4 // n

    def worker(rank: int) -> None:
        to, own = (simgrid.Mailbox.by_name(str(number % n)) for number in (rank + 1, rank))
        for _ in range(2 * (n - 1)):
            sent = to.put_async(rank, size)
            own.get()
            sent.wait()

    return [simgrid.Actor.create(f"worker{rank}", host, worker, rank) for rank, host in enumerate(hosts)]


if __name__ == "__main__":
    pin(1)
    print(json.dumps(ring_in_simgrid(int(sys.argv[1]))))
