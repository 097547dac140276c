"""How long every rank is busy: compiled as in plain Python, in order or not."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest

from simcomm import collectives, jit, topology
from simcomm.closed_forms import Vector
from simcomm.engines import busy
from simcomm.engines.explain import critical_path
from simcomm.engines.timeline import Timeline
from simcomm.engines.workers import noise
from simcomm.execution import execute
from simcomm.networks.base import Workers


def some_run(name: str, late: bool) -> Timeline:
    schedule = collectives.get(name).schedule(8)
    star = topology.build("star", schedule.ranks, 12.5e9, 5e-6)
    start_s = noise(np.random.default_rng(1), schedule.ranks, 0.1) * 1e-4 if late else np.zeros(schedule.ranks)
    workers = Workers(tuple(start_s.tolist()), (1e-5 * late,) * schedule.ranks, (1.0,) * schedule.ranks)
    return execute(schedule, schedule.sizes_bytes(Vector(5003)), star, workers=workers, engine="des").timeline


def by_definition(timeline: Timeline, rank: int) -> float:
    """The union of the rank's intervals, second by second edge."""
    s, first = timeline.schedule, timeline.workers
    found = [(first.start_s[rank], first.start_s[rank] + first.compute_s[rank])]
    found += zip(*(t[s.src == rank] for t in (timeline.start_s, timeline.start_s + timeline.sending_s)), strict=True)
    found += zip(*(t[s.dst == rank] for t in (timeline.end_s - timeline.receiving_s, timeline.end_s)), strict=True)
    edges = sorted({edge for interval in found for edge in interval})
    spans = itertools.pairwise(edges)
    return sum(b - a for a, b in spans if any(x <= a and b <= y for x, y in found))


@pytest.mark.parametrize("late", [False, True])
@pytest.mark.parametrize("name", ["ring_all_reduce", "all_to_all", "recursive_doubling"])
def test_compiled_or_not_it_is_the_same(name: str, late: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    timeline = some_run(name, late)
    found: list[Any] = []
    for function in (lambda plain, _: plain, lambda plain, _: jit.jit_with_arrays(plain)):
        monkeypatch.setattr(jit, "large", function)
        found.append(([column.tolist() for column in busy.busy(timeline)], critical_path(timeline)))
    assert found[0] == found[1]
    busy_s = found[0][0][3]
    assert busy_s == pytest.approx([by_definition(timeline, rank) for rank in range(timeline.schedule.ranks)])


def test_plain_python_until_loading_is_worth_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jit, "_Done", type("_Done", (), {"items": 0}))
    monkeypatch.setattr(jit, "jit_with_arrays", lambda function: "compiled")
    modules = {name: module for name, module in jit.sys.modules.items() if name != "numba"}
    monkeypatch.setattr(jit.sys, "modules", modules)
    assert jit.large(len, 60_000) is len
    assert jit.large(len, 49) is len
    assert jit.large(len, 60_000) == "compiled"
    jit.sys.modules["numba"] = jit
    assert jit.large(len, 50) == "compiled"
    assert jit.large(len, 49) is len
