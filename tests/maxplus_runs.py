"""The max-plus engine beside another one: the same to the last bit, or refused."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product
from typing import Any
from unittest.mock import patch

import numpy as np
import pytest
from random_runs import Case

from simcomm import collectives, topology
from simcomm.closed_forms import Vector
from simcomm.engines import des, maxplus
from simcomm.engines.maxplus import Refusal
from simcomm.engines.summary import Summary, summarise
from simcomm.engines.timeline import Timeline
from simcomm.engines.workers import noise
from simcomm.execution import Execution, execute
from simcomm.networks.base import Workers
from simcomm.quotient import Sizes
from simcomm.schedule import Ints, Operation, Schedule

COLUMNS = ("start_s", "end_s", "latency_s", "serialisation_s", "reduction_s", "sending_s", "receiving_s", "compute_s")
MODELS: dict[str, dict[str, Any]] = {
    "plain": {"model": "loggp"},
    "overheads": {"model": "loggp", "overhead": "1 us", "gap": "2 us", "reduce_bandwidth": "3 GB/s"},
    "rendezvous": {"model": "loggp", "rendezvous_above": "1 kB"},
}
#: Chunks alike; unlike by an element; so small that some have no byte.
SIZES = {"even": 64 * 720, "uneven": 5003, "tiny": 7}


def sizes_of(schedule: Schedule, elements: int) -> Sizes | Ints:
    vector = Vector(elements)
    known = None if schedule.quotient is None else schedule.quotient.sizes_bytes(vector)
    return schedule.sizes_bytes(vector) if known is None else known


def check_summary(summary: Summary | Refusal, timeline: Timeline) -> None:
    """The same bits, but for the sums of busy times."""
    expected = summarise(timeline)
    assert isinstance(summary, Summary)
    assert summary[:4] == expected[:4]
    close = 1e-12 * float(expected.makespan_s)
    assert summary[4:] == (
        pytest.approx(expected.max_busy_s, abs=close),
        pytest.approx(expected.max_waiting_s, abs=close),
    )


def check_same(found: Timeline, expected: Timeline) -> None:
    for column in COLUMNS:
        assert getattr(found, column).tolist() == getattr(expected, column).tolist(), column
    assert dict(found.log.waits) == dict(expected.log.waits)


def jittery(ranks: int) -> Workers:
    late = noise(np.random.default_rng(ranks), ranks, 0.1) * 1e-4
    return Workers((0.0,) * ranks, tuple(late.tolist()), (1.0,) * ranks)


def straggling(ranks: int) -> Workers:
    return Workers((0.0,) * (ranks - 1) + (3e-4,), (0.0,) * ranks, (1.0,) * ranks)


def runs(name: str, n: int, model: dict[str, Any], engine: str) -> Iterator[tuple[Schedule, int, Execution]]:
    """One collective in every surrounding: alike, jitter, a straggler, a slow link; even and uneven chunks."""
    schedule = collectives.get(name).schedule(n)
    ranks = schedule.ranks
    star = topology.build("star", ranks, 12.5e9, 5e-6)
    slow = [0.5 if rank == 1 else 1.0 for rank in range(ranks)]
    for make, factor, elements in product((Workers.alike, jittery, straggling), (None, slow), SIZES.values()):
        sizes, given = schedule.sizes_bytes(Vector(elements)), {"network": model, "workers": make(ranks)}
        yield schedule, elements, execute(schedule, sizes, star, engine=engine, bandwidth_factor=factor, **given)


def agree(name: str, n: int, model: dict[str, Any], engine: str) -> list[bool]:
    """Whether each run was accepted; those that were are the same."""
    accepted = []
    for schedule, elements, ran in runs(name, n, model, engine):
        given = (ran.network, ran.cluster.routes, ran.timeline.workers)
        sizes = sizes_of(schedule, elements)
        found, (summary,) = maxplus.run(schedule, sizes, *given), maxplus.summaries(schedule, [sizes], *given)
        accepted.append(isinstance(found, Timeline))
        if isinstance(found, Timeline):
            check_same(found, ran.timeline)
            check_summary(summary, ran.timeline)
        else:
            assert summary == found
            assert "asks for" in found.reason
    return accepted


def run_maxplus(case: Case) -> tuple[Timeline | Refusal, Summary | Refusal]:
    """A random program in floats."""
    found: list[Any] = []

    def run(schedule: Schedule, sizes: Ints, model: Any, routes: Any, workers: Workers, seconds: Any, _: bool) -> None:
        given = (model, routes, workers, seconds)
        found.extend([maxplus.run(schedule, sizes, *given), *maxplus.summaries(schedule, [sizes], *given)])

    with patch.object(des, "run", run):
        case.run(float)
    return found[0], found[1]


def check_case(case: Case) -> bool:
    """The same or refused; whether it was accepted."""
    found, summary = run_maxplus(case)
    if isinstance(found, Refusal):
        assert summary == found
        return False
    reference = case.run(float)
    check_same(found, reference)
    check_summary(summary, reference)
    return True


def forward(case: Case) -> Case:
    """The same program without dependencies that point ahead."""
    rows = [
        Operation(row.kind, row.src, row.dst, 0, row.count, row.seconds, tuple(d for d in row.after if d < index))
        for index, row in enumerate(case.rows)
    ]
    return Case(tuple(rows), case.size_bytes, case.compute_s, case.workers, case.routes, case.model)
