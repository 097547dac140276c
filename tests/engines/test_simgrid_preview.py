"""Where max-min sharing and LogGP's ports are the same model, simcomm's LogGP answers as SimGrid does.

They are the same where no two flows ever share a link (a ring whose workers send one message after the other, also
with late starts and a slow worker), and where sharing does not change when the *last* one ends: equal flows of a
one-shot all-to-all that start together, and a parameter server's, whose link is never idle either way.

Left out, because they need fair sharing: rings whose workers send before their own previous message has ended
(``send_waits_for: "data"``), the staggered all-to-all, the parameter server with a slow worker (shares let the other
workers pass, in a queue they stand), everything on a leaf-spine, and the all-to-all of blocks on a ring, where flows
meet on links inside the network.
"""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from simcomm.closed_forms import Vector
from simcomm.collectives import get
from simcomm.engines import des
from simcomm.networks.base import Workers
from simcomm.networks.loggp import LogGP
from simcomm.schedule import Schedule
from simcomm.topology import build
from simcomm.topology.cluster import place

FILE = Path(__file__).resolve().parents[3] / "shared" / "conformance" / "simgrid_collectives.json"
MOST_MESSAGES = 8_100  # for speed alone: the larger ones are the same patterns

pytestmark = pytest.mark.skipif(not FILE.exists(), reason="the reference answers (../shared/conformance) are not here")


def is_the_same_model(case: dict[str, Any]) -> bool:
    equal = case["slow_worker"] is None and case["worker_start_s"] == 0
    if case["collective"] == "ring_all_reduce":
        return case["topology"] in ("star", "ring") and case["send_waits_for"] == "data and own previous send"
    if case["collective"] == "parameter_server":
        return case["topology"] == "star" and case["slow_worker"] is None
    return case["collective"] == "all_to_all" and case["topology"] == "star" and equal


def read() -> list[dict[str, Any]]:
    return json.loads(FILE.read_text(encoding="utf-8"))["cases"] if FILE.exists() else []


SAME = [case for case in read() if is_the_same_model(case) and case["messages"] <= MOST_MESSAGES]
EQUAL = [case for case in SAME if case["slow_worker"] is None and case["worker_start_s"] == 0]


def workers_of(case: dict[str, Any], ranks: int) -> Workers:
    n, factor = case["workers"], [1.0] * ranks
    start = [0.0] * ranks
    if case["worker_start_s"] == "worker * 0.001":
        start[:n] = [worker * 0.001 for worker in range(n)]
    elif case["worker_start_s"] != 0:
        raise AssertionError(f"a start that this test does not know: {case['worker_start_s']}")
    if case["slow_worker"]:
        factor[case["slow_worker"]["worker"]] = case["slow_worker"]["bandwidth_factor"]
    return Workers(tuple(start), (0.0,) * ranks, tuple(factor), (1.0,) * ranks)


def one_after_the_other(schedule: Schedule) -> Schedule:
    """Every worker's message waits for the end of its previous one, too."""
    previous: dict[int, int] = {}
    rows = []
    for index, row in enumerate(schedule):
        own = (previous[row.src],) if row.src in previous else ()
        rows.append(replace(row, after=row.after + own))
        previous[row.src] = index
    return Schedule.of(schedule.ranks, schedule.chunks, rows)


def simulated_s(case: dict[str, Any], schedule: Schedule) -> float:
    # Chunks of exactly the reference's message size (it drops the remainder of S/n).
    vector = Vector(case["message_bytes"] * schedule.chunks, 1)
    graph = build(case["topology"], schedule.ranks, float(case["link_bandwidth_Bps"]), case["link_latency_s"])
    pairs = set(zip(schedule.src.tolist(), schedule.dst.tolist(), strict=True))
    pairs = {(src, dst) for src, dst in pairs if src != dst}
    cluster = place(case["topology"], graph, schedule.ranks, pairs)
    assert schedule.messages == case["messages"]
    sizes = schedule.sizes_bytes(vector)
    assert set(sizes[schedule.is_message].tolist()) == {case["message_bytes"]}
    workers = workers_of(case, schedule.ranks)
    return float(des.run(schedule, sizes, LogGP(), cluster.routes, workers, schedule.seconds).makespan_s)


@pytest.mark.parametrize("case", SAME, ids=[case["id"] for case in SAME])
def test_the_same_time_as_simgrid(case: dict[str, Any]) -> None:
    schedule = get(case["collective"]).schedule(case["workers"])
    if case["send_waits_for"] == "data and own previous send":
        schedule = one_after_the_other(schedule)
    assert simulated_s(case, schedule) == pytest.approx(case["makespan_s"], rel=1e-6, abs=0)


@pytest.mark.parametrize("case", EQUAL, ids=[case["id"] for case in EQUAL])
def test_the_closed_forms_of_the_reference(case: dict[str, Any]) -> None:
    n, latency = case["workers"], case["link_latency_s"]
    transfer = case["message_bytes"] / case["link_bandwidth_Bps"]
    closed = {
        ("ring_all_reduce", "star"): 2 * (n - 1) * (2 * latency + transfer),
        ("ring_all_reduce", "ring"): 2 * (n - 1) * (latency + transfer),
        ("all_to_all", "star"): 2 * latency + (n - 1) * transfer,
        ("parameter_server", "star"): 2 * (2 * latency + n * transfer),
    }[case["collective"], case["topology"]]
    schedule = get(case["collective"]).schedule(case["workers"])  # as it is: waiting for data alone gives the same
    assert simulated_s(case, schedule) == pytest.approx(closed, rel=1e-12)
    assert case["makespan_s"] == pytest.approx(closed, rel=1e-6)


def test_all_kinds_of_cases_were_found() -> None:
    found = {(case["collective"], case["topology"], case["worker_start_s"] == 0) for case in SAME}
    assert found == {
        ("ring_all_reduce", "star", True),
        ("ring_all_reduce", "star", False),
        ("ring_all_reduce", "ring", True),
        ("all_to_all", "star", True),
        ("parameter_server", "star", True),
        ("parameter_server", "star", False),
    }


def test_fair_sharing_is_another_model_where_it_is_left_out() -> None:
    (slow,) = [case for case in read() if case["id"] == "simgrid/h_slow_parameter_server/n8/recv"]
    assert not is_the_same_model(slow)
    # In a queue the slow worker's 32 ms stand at the server's port, first on the way in and last on the way out.
    schedule = get("parameter_server").schedule(8)
    assert simulated_s(slow, schedule) == pytest.approx(4 * 5e-6 + 2 * (7 + 4) * 8e-3, rel=1e-12)
    assert slow["makespan_s"] == pytest.approx(4 * 5e-6 + 2 * 8 * 8e-3, rel=1e-6)
