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
from same_runs import MODELS, any_case, case_with_flows, check_collective, check_engines_agree

from simcomm import collectives, engines, topology
from simcomm.engines.kernel import turns
from simcomm.errors import DeadlockError, InputError
from simcomm.execution import execute
from simcomm.networks.loggp import LogGP
from simcomm.schedule import Operation, Schedule

#: In CI; all n from 1 to 64 by ``python tests/nightly.py``.
SOME = (1, 2, 3, 4, 5, 6, 7, 8, 11, 16)


@pytest.mark.no_cover
@given(any_case())
@settings(deadline=None, max_examples=400)
def test_random_programs_run_as_in_the_reference(case: Case) -> None:
    check_engines_agree(case)


@pytest.mark.no_cover
@given(case_with_flows())
@settings(deadline=None, max_examples=400)
def test_random_flows_are_those_of_the_reference(case: Case) -> None:
    check_engines_agree(case)


@pytest.mark.no_cover
@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("name", collectives.names())
def test_every_collective_with_jitter_and_without(name: str, model: str) -> None:
    assert sum(check_collective(name, n, model) for n in SOME) >= 3


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
