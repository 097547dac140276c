"""The work that is timed: the calls that a user would make, and the formulas that say how many messages they send."""

from __future__ import annotations

import math
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

import simcomm
from benchmarks.row import Outcome, Work

#: 134 MB in float32. A power of two, so that every chunk has the same size and a homogeneous ring is symmetric.
PARAMETERS = 2**25
LINK = {"bandwidth": "100 Gbit/s", "latency": "5 us"}
JITTER = {"time": "10 ms", "jitter": 0.1}

#: Worker i starts at a random time below n of these, which keeps it and many others sending at once.
STAGGER_S = 1e-3

SWEPT = ("ring_all_reduce", "all_to_all", "parameter_server", "rabenseifner")


def simulated(collective: str, **keys: Any) -> Work:
    """One call of ``simcomm.simulate`` with these keys of a scenario."""

    def work(workers: int, engine: str) -> Outcome:
        result = simcomm.simulate(collective, workers, engine=engine, parameters=PARAMETERS, link=LINK, **keys)
        return Outcome(result.messages, result.time_s, result.engine)

    return work


def staggered(collective: str, network: str) -> Work:
    """Every rank starts at another time, drawn from a seed: recorded, counted, proven, and executed on a star.

    What ``simulate`` does, but for the text of a scenario: 16,384 start times in YAML are nobody's use.
    """

    def work(workers: int, engine: str) -> Outcome:
        from simcomm import checked, collectives
        from simcomm.topology.regular import regular

        what = checked.check(collectives.get(collective), workers, simcomm.Vector(PARAMETERS, 4), {})
        ranks = what.schedule.ranks
        start_s = np.random.default_rng(1).uniform(0, workers * STAGGER_S, ranks)
        late = simcomm.Workers(tuple(start_s.tolist()), (0.0,) * ranks, (1.0,) * ranks)
        star = regular("star", ranks, LINK["bandwidth"], LINK["latency"], {})
        assert star is not None
        ran = simcomm.execute(
            what.schedule, what.size_bytes, star, network=network, workers=late, engine=engine, detailed=False
        )
        return Outcome(what.counted.total.messages, ran.timeline.makespan_s, ran.engine)

    return work


def swept(workers: int, engine: str) -> Outcome:
    """A sweep by two processes from a YAML file to a folder of results: collectives, numbers of workers, sizes."""
    sizes = ", ".join(f"{elements * 4} B" for elements in _swept_elements(workers))
    text = (
        f"link: {{bandwidth: {LINK['bandwidth']}, latency: {LINK['latency']}}}\nengine: {engine}\n"
        f"sweep:\n  collective: [{', '.join(SWEPT)}]\n  workers: {_swept_workers(workers)}\n  size: [{sizes}]\n"
    )
    with tempfile.TemporaryDirectory() as folder:
        scenario = Path(folder, "sweep.yaml")
        scenario.write_text(text, encoding="utf-8")
        results = simcomm.run(scenario, out=Path(folder, "results"), jobs=2, links=False)
    if results.failed or results.skipped:
        raise RuntimeError(f"{len(results.failed) + len(results.skipped)} points of the sweep have no result")
    engines = sorted({result.engine for result in results})
    return Outcome(sum(r.messages for r in results), math.fsum(r.time_s for r in results), "+".join(engines))


def _swept_workers(workers: int) -> list[int]:
    """25 numbers of workers up to 64, for 64."""
    return list(range(max(2, workers // 4), workers + 1, 2))


def _swept_elements(workers: int) -> list[int]:
    """100 sizes for 64 workers, from 64 KiB on; all are larger than the workers are many, so that no chunk is empty."""
    return [2**14 * (index + 1) for index in range(max(1, 100 * workers // 64))]


def swept_points(workers: int) -> int:
    """How many points the sweep has: 10,000 for 64 workers."""
    return len(SWEPT) * len(_swept_workers(workers)) * len(_swept_elements(workers))


def swept_messages(workers: int) -> int:
    """What all points of the sweep send: a ring, an exchange of everything, a server, and Rabenseifner's algorithm."""
    each = sum(ring(n) + pairs(n) + 2 * n + rabenseifner(n) for n in _swept_workers(workers))
    return each * len(_swept_elements(workers))


def ring(n: int) -> int:
    """Messages of a ring all-reduce: 2(n−1) steps of n."""
    return 2 * n * (n - 1)


def pairs(n: int) -> int:
    """Messages of an exchange between all: n(n−1)."""
    return n * (n - 1)


def server(n: int) -> int:
    """Messages to a parameter server and back: 2n."""
    return 2 * n


def doubling(n: int) -> int:
    """Messages of recursive doubling for a power of two: n lg n."""
    return n * (n.bit_length() - 1)


def rabenseifner(n: int) -> int:
    """Messages of Rabenseifner's algorithm: 2p lg p for the p workers of the largest power of two, 2 for each other."""
    lg = n.bit_length() - 1
    power = 1 << lg
    return 2 * power * lg + 2 * (n - power)


def ring_crossings(n: int) -> int:
    """Links that an exchange between all crosses on a physical ring: min(d, n−d) for every distance d, n times."""
    return n * sum(min(distance, n - distance) for distance in range(1, n))
