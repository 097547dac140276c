"""Runs of all ranks and of one that stands for all: equality of every column, and of every link."""

from __future__ import annotations

from typing import Any

import pytest

import simcomm
from simcomm.results import Result

LINK = {"bandwidth": "8 GB/s", "latency": "3 us"}
FOLDING = [
    ("ring_all_reduce", {}),
    ("ring_reduce_scatter", {}),
    ("ring_all_gather", {}),
    ("all_to_all", {}),
    ("all_to_all", {"rounds": True}),
    ("all_to_all_blocks", {}),
    ("all_to_all_blocks", {"rounds": True}),
    ("recursive_doubling", {}),
    ("direct_reduce_scatter", {}),
    ("direct_all_gather", {}),
    ("pairwise_reduce_scatter", {}),
    ("bruck_all_to_all", {}),
    ("bruck_all_gather", {}),
    ("ring_shift", {"distance": -1, "steps": 3}),
]
MODELS: list[dict[str, Any]] = [
    {"model": "loggp"},
    {"model": "loggp", "overhead": "1 us", "gap": "2 us", "reduce_bandwidth": "5 GB/s", "first_byte_free": True},
    {"model": "store_and_forward", "reduce_bandwidth": "7 GB/s"},
    {"model": "store_and_forward", "packet_size": "30 kB"},
    {"model": "fair_share"},
]


def simulated(engine: str, collective: str, options: dict[str, Any], n: int, **keys: Any) -> Result:
    keys = {"parameters": 64 * 63 * 5 * n, "link": LINK} | keys
    return simcomm.simulate({"name": collective} | options, n, engine=engine, **keys)


def without_engine(result: Result) -> dict[str, Any]:
    return {name: value for name, value in result.as_row().items() if not name.startswith("engine")}


def check_equal(collective: str, options: dict[str, Any], n: int, network: dict[str, Any], **keys: Any) -> None:
    """Every column, and every row of the links, of symmetry and of the engine that looks at all operations."""
    full = simulated("des" if n < 9 else "compiled", collective, options, n, network=network, **keys)
    one = simulated("symmetry", collective, options, n, network=network, **keys)
    ours, theirs = without_engine(one), without_engine(full)
    if network["model"] == "fair_share":  # rates are quotients: sums of them may differ in the last bits
        for name in [name for name, value in theirs.items() if isinstance(value, float)]:
            assert ours.pop(name) == pytest.approx(theirs.pop(name), rel=1e-12, abs=1e-15), name
        ours.pop("critical_wait_at"), theirs.pop("critical_wait_at")
        return
    assert ours == theirs
    assert one.links is not None
    assert full.links is not None
    assert list(one.links) == list(full.links)
