"""Two engines on one case: equality of everything, operation by operation."""

from __future__ import annotations

from typing import Any
from unittest.mock import patch

from hypothesis import strategies as st
from random_networks import networked, store_and_forward
from random_runs import Case, cases, loggp

from simcomm.engines import compiled, des
from simcomm.engines.timeline import Timeline

COLUMNS = ("start_s", "end_s", "latency_s", "serialisation_s", "reduction_s", "sending_s", "receiving_s")


def any_case(most_operations: int = 18) -> st.SearchStrategy[Any]:
    """A random program under any model whose runs are the same to the last bit."""
    return (
        cases(most_operations)
        | cases(most_operations, ports="one_cpu")
        | networked(loggp(), most_operations)
        | networked(loggp("one_cpu"), most_operations)
        | networked(store_and_forward(), most_operations)
    )


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
    for by_model in (True, False):
        check_same(reference, in_the_kernel(case, by_model))
