"""The compiled engine: the reference's answer, bit for bit."""

from __future__ import annotations

import os
import subprocess
import sys
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from random_runs import Case
from same_runs import any_case, case_with_flows, check_close, check_engines_agree, check_same

from simcomm import collectives, engines, topology
from simcomm.closed_forms import Vector
from simcomm.engines.kernel import turns
from simcomm.engines.workers import noise
from simcomm.errors import DeadlockError, InputError
from simcomm.execution import execute
from simcomm.networks.base import Workers
from simcomm.networks.loggp import LogGP
from simcomm.schedule import Operation, Schedule

MODELS: dict[str, dict[str, Any]] = {
    "loggp": {"model": "loggp", "overhead": "1 us", "gap": "2 us", "reduce_bandwidth": "3 GB/s"},
    "one CPU": {"model": "loggp", "ports": "one_cpu", "overhead": "1 us", "cpu_bandwidth": "7 GB/s"},
    "rendezvous": {"model": "loggp", "rendezvous_above": "1 kB"},
    "store and forward": {"model": "store_and_forward", "reduce_bandwidth": "3 GB/s"},
    "packets": {"model": "store_and_forward", "packet_size": "700 B"},
    "fair share": {"model": "fair_share", "reduce_bandwidth": "3 GB/s"},
    "weights": {"model": "fair_share", "weights": "inverse_latency", "rate_cap": "5 GB/s"},
}


@given(any_case())
@settings(deadline=None, max_examples=400)
def test_random_programs_run_as_in_the_reference(case: Case) -> None:
    check_engines_agree(case)


@given(case_with_flows())
@settings(deadline=None, max_examples=400)
def test_random_flows_are_those_of_the_reference(case: Case) -> None:
    check_engines_agree(case)


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.no_cover
@pytest.mark.parametrize("name", collectives.names())
def test_every_collective_with_jitter_and_without(name: str, model: str) -> None:
    collective = collectives.get(name)
    for n in range(1, 17):
        try:
            schedule = collective.schedule(n)
        except InputError:
            continue
        star = topology.build("star", schedule.ranks, 12.5e9, 5e-6)
        late = noise(np.random.default_rng(n), schedule.ranks, 0.1) * 1e-4
        for start_s in ([0.0] * schedule.ranks, late.tolist()):
            ones = (1.0,) * schedule.ranks
            given: dict[str, Any] = {
                "network": MODELS[model],
                "workers": Workers(tuple(start_s), (0.0,) * schedule.ranks, ones),
            }
            sizes = schedule.sizes_bytes(Vector(5003))
            both = [execute(schedule, sizes, star, engine=e, **given).timeline for e in ("des", "compiled")]
            (check_close if given["network"]["model"] == "fair_share" else check_same)(*both)


def test_the_kernel_is_plain_python_too() -> None:
    code = (
        "from hypothesis import given, settings\n"
        "from same_runs import any_case, case_with_flows, check_engines_agree\n"
        "settings(deadline=None, max_examples=60, database=None)(given(any_case())(check_engines_agree))()\n"
        "settings(deadline=None, max_examples=60, database=None)(given(case_with_flows())(check_engines_agree))()\n"
    )
    tests = str(Path(__file__).parents[1])
    environment = {**os.environ, "NUMBA_DISABLE_JIT": "1", "PYTHONPATH": tests}
    subprocess.run([sys.executable, "-c", code], check=True, env=environment, timeout=300)


@pytest.mark.parametrize("size", [0, 1, 2, 3, 10, 64])
def test_requests_are_sorted(size: int) -> None:
    rng = np.random.default_rng(size)
    for _ in range(20):
        keys = rng.integers(0, 2 * size + 1, size)
        mine = keys.copy()
        turns._sort(mine, np.empty_like(mine), size)
        assert mine.tolist() == sorted(keys.tolist())


def test_auto_takes_it_where_it_is_exact_and_worth_it() -> None:
    large = engines.FEW_OPERATIONS + 1

    def chosen(model: Any, operations: int, exact: bool, **more: Any) -> tuple[str, str]:
        given = {"folds": False, "timeline": True} | more
        return engines.plan("auto", model, {}, operations, exact=exact, **given)[0]

    assert chosen(LogGP(), large, False) == ("compiled", "programs in float64")
    assert chosen(LogGP(), large, True) == ("des", "exact times")
    assert chosen(LogGP(), engines.FEW_OPERATIONS, False) == ("des", "no more than 1,000 operations")
    assert chosen(type("Odd", (), {})(), large, False) == ("des", "the network model has no programs (lower)")
    assert chosen(LogGP(Fraction(1, 3)), large, False) == ("des", "numbers that are not floats")
    assert chosen(LogGP(), large, False, folds=True, timeline=False)[0] == "symmetry"
    assert chosen(LogGP(), large, False, timeline=False)[0] == "maxplus"


def test_exact_times_and_circles_are_refused() -> None:
    two = topology.build("star", 2, 1.0, 0.0)
    circle = Schedule.of(2, 1, [Operation("copy", 0, 1, 0, after=(1,)), Operation("copy", 1, 0, 0, after=(0,))])
    with pytest.raises(DeadlockError, match="circle"):
        execute(circle, [1, 1], two, engine="compiled")
    with pytest.raises(InputError, match="expected engine des"):
        execute(circle, [1, 1], two, engine="compiled", exact=True)
