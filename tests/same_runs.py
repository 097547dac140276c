"""Two engines on one case: equality of everything, operation by operation."""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from dataclasses import astuple
from typing import Any
from unittest.mock import patch

import numpy as np
from hypothesis import strategies as st
from random_networks import fair_share, networked, store_and_forward
from random_runs import Case, cases, loggp

from simcomm import collectives, topology
from simcomm.closed_forms import Vector
from simcomm.engines import compiled, des
from simcomm.engines.meters import Rate
from simcomm.engines.timeline import Timeline
from simcomm.engines.workers import noise
from simcomm.errors import InputError
from simcomm.execution import execute
from simcomm.networks.base import Workers
from simcomm.networks.fair_share import FairShare

COLUMNS = ("start_s", "end_s", "latency_s", "serialisation_s", "reduction_s", "sending_s", "receiving_s")

MODELS: dict[str, dict[str, Any]] = {
    "loggp": {"model": "loggp", "overhead": "1 us", "gap": "2 us", "reduce_bandwidth": "3 GB/s"},
    "one CPU": {"model": "loggp", "ports": "one_cpu", "overhead": "1 us", "cpu_bandwidth": "7 GB/s"},
    "rendezvous": {"model": "loggp", "rendezvous_above": "1 kB"},
    "store and forward": {"model": "store_and_forward", "reduce_bandwidth": "3 GB/s"},
    "packets": {"model": "store_and_forward", "packet_size": "700 B"},
    "fair share": {"model": "fair_share", "reduce_bandwidth": "3 GB/s"},
    "weights": {"model": "fair_share", "weights": "inverse_latency", "rate_cap": "5 GB/s"},
}


def any_case(most_operations: int = 18) -> st.SearchStrategy[Any]:
    """A random program under any model whose runs are the same to the last bit."""
    return (
        cases(most_operations)
        | cases(most_operations, ports="one_cpu")
        | networked(loggp(), most_operations)
        | networked(loggp("one_cpu"), most_operations)
        | networked(store_and_forward(), most_operations)
    )


def case_with_flows(most_operations: int = 18) -> st.SearchStrategy[Any]:
    """A random program whose messages share links: the same but for rounding."""
    return networked(fair_share(), most_operations)


def in_the_kernel(case: Case, by_model: bool) -> Timeline:
    """Run it in the compiled engine, in floats."""

    def run(*given: Any) -> Timeline:
        return compiled.run(*given, by_model=by_model)

    with patch.object(des, "run", run):
        return case.run(float)


def check_same(one: Timeline, other: Timeline) -> None:
    """Every time, part, meter, wait and crossing, with ==."""
    for column in COLUMNS:
        assert getattr(one, column).tolist() == getattr(other, column).tolist(), column
    assert [(p, m.use) for p, m in one.log.meters.items()] == [(p, m.use) for p, m in other.log.meters.items()]
    assert dict(one.log.waits) == dict(other.log.waits)
    assert len(one.log.waits) == len(other.log.waits)
    assert list(one.log.crossings) == list(other.log.crossings)
    assert list(one.log.rates) == list(other.log.rates)


def check_engines_agree(case: Case) -> None:
    """The reference and the kernel, its programs from the model's ``lower`` and from its ``transmit``."""
    reference = case.run(float)
    check = check_close if isinstance(case.model, FairShare) else check_same
    for by_model in (True, False):
        check(reference, in_the_kernel(case, by_model))


def check_collective(name: str, n: int, model: str) -> bool:
    """A collective on so many workers, all at once and then some of them late; False if it refuses the number."""
    try:
        schedule = collectives.get(name).schedule(n)
    except InputError:
        return False
    ranks, sizes = schedule.ranks, schedule.sizes_bytes(Vector(5003))
    star = topology.build("star", ranks, 12.5e9, 5e-6)
    late = noise(np.random.default_rng(n), ranks, 0.1) * 1e-4
    check = check_close if MODELS[model]["model"] == "fair_share" else check_same
    for start_s in ([0.0] * ranks, late.tolist()):
        workers = Workers(tuple(start_s), (0.0,) * ranks, (1.0,) * ranks)
        given: dict[str, Any] = {"network": MODELS[model], "workers": workers}
        check(*(execute(schedule, sizes, star, engine=engine, **given).timeline for engine in ("des", "compiled")))
    return True


def close(one: Any, other: Any) -> None:
    """Numbers that are the same to 1e-12; None is no number."""
    numbers = [np.array([np.nan if x is None else x for x in given], dtype=np.float64) for given in (one, other)]
    np.testing.assert_allclose(numbers[1], numbers[0], rtol=1e-12, atol=1e-13)


def check_close(one: Timeline, other: Timeline) -> None:
    """Every time, part, meter, wait, crossing and rate, to 1e-12; what happens at one instant may be in any order."""
    for column in COLUMNS:
        close(getattr(one, column), getattr(other, column))
    log, same = one.log, other.log
    assert log.meters.keys() == same.meters.keys()
    for place in log.meters:
        assert log.meters[place].use.peak == same.meters[place].use.peak, place
        close(astuple(log.meters[place].use), astuple(same.meters[place].use))
    for operation in log.waits.keys() | same.waits.keys():
        waits = [
            {
                (str(place), behind): seconds
                for place, seconds, behind in run.waits.get(operation, ())
                if seconds > 1e-11
            }
            for run in (log, same)
        ]
        assert waits[0].keys() == waits[1].keys(), operation
        close(waits[0].values(), [waits[1][key] for key in waits[0]])
    crossings = [sorted(run.crossings, key=lambda row: (str(row.place), row.operation)) for run in (log, same)]
    assert [row[:2] for row in crossings[0]] == [row[:2] for row in crossings[1]]
    close([x for row in crossings[0] for x in row[2:]], [x for row in crossings[1] for x in row[2:]])
    rates = [_steps(run.rates) for run in (log, same)]
    assert rates[0].keys() == rates[1].keys()
    for place in rates[0]:
        close([x for row in rates[0][place] for x in row], [x for row in rates[1][place] for x in row])


def _steps(rates: Iterable[Rate]) -> dict[Hashable, list[tuple[float, float, int]]]:
    """When the rate of a link changes, by more than rounding: the last at every instant."""
    found: dict[Hashable, list[tuple[float, float, int]]] = {}
    for place, time_s, rate_Bps, flows in rates:
        rows = found.setdefault(place, [])
        if rows and time_s <= rows[-1][0] * (1 + 1e-12):
            del rows[-1]
        if not rows or rows[-1][2] != flows or not np.isclose(rows[-1][1], rate_Bps, rtol=1e-9, atol=0):
            rows.append((time_s, rate_Bps, flows))
    return found
