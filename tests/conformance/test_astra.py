"""ASTRA-sim's cases: its closed forms for any numbers, and that truncation to whole ns is all that is different."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import pytest
from conftest import ROOT, SHARED

from simcomm.collectives import get
from simcomm.conformance import outcome, suites
from simcomm.conformance.astra import PATTERNS, PEER, halves
from simcomm.conformance.case import AGREES, DIFFERS, NOT_UNDERSTOOD
from simcomm.conformance.fields import Fields
from simcomm.networks.base import Message, Run
from simcomm.networks.store_and_forward import StoreAndForward

FILES = [
    folder / "astra_store_and_forward.json" for folder in (ROOT / "tests/data/conformance", SHARED / "conformance")
]
EVERY = {case["id"]: case for file in FILES if file.exists() for suite in suites(file) for case in suite.cases}
MOST_CROSSINGS = 2_000  # for speed alone
CASES = {name: case for name, case in EVERY.items() if PEER.read(Fields(case)).crossings <= MOST_CROSSINGS}

DIRECT, HALVING = list(PATTERNS)[-2:]


def whole_ns(seconds: float) -> float:
    return math.floor(seconds * 1e9 + 1e-6) * 1e-9


def truncating(message: Message, size_bytes: int, run: Run) -> Iterator[Any]:
    """ASTRA-sim's clock: every time is cut to whole nanoseconds."""
    for link in message.route.links:
        serialisation = size_bytes / link.bandwidth_Bps
        yield run.turn(link, message, whole_ns(serialisation))
        yield run.delay(whole_ns(serialisation + link.latency_s))


@pytest.mark.parametrize("case", CASES.values(), ids=list(CASES))
def test_with_its_clock_every_answer_is_the_same_to_the_digit(case: dict[str, Any], monkeypatch: Any) -> None:
    monkeypatch.setattr(StoreAndForward, "_cross", staticmethod(truncating))
    last, first = outcome(PEER, case, engine="des").numbers  # others run what ``lower`` writes
    assert round(last.ours, 3) == case["finish_ns_max"]
    assert round(first.ours, 3) == case["finish_ns_min"]


def case(collective: str, topology: str, workers: int, finish_ns: int, **more: Any) -> dict[str, Any]:
    n = workers
    messages = {
        "ring_all_reduce": 2 * n * (n - 1),
        DIRECT: 2 * n * (n - 1),
        HALVING: 2 * n * (n.bit_length() - 1),
    }.get(collective, n * (n - 1))
    sizes = {"vector_bytes": 1_000_003, "messages": messages}
    link = {"link_bandwidth_Bps": 3e9, "link_latency_s": 7.5e-7, "endpoint_delay_s": 4e-8}
    ends = {"finish_ns_max": finish_ns, "finish_ns_min": finish_ns}
    base = {"id": "one", "collective": collective, "topology": topology, "workers": n}
    return base | sizes | link | ends | more


@pytest.mark.parametrize("workers", [2, 3, 7, 12])
def test_closed_forms_of_the_notes(workers: int) -> None:
    n, e = workers, 40
    serialisation = 1_000_003 // n / 3
    shard = 1_000_003 / 3
    D = math.floor(750 + serialisation)
    direct = (n - 2) * math.floor(serialisation) + 2 * D + e
    forms = {
        ("ring_all_reduce", "ring"): e + 2 * (n - 1) * (D + e),
        ("ring_all_reduce", "star"): e + 2 * (n - 1) * (2 * D + e),
        ("ring_reduce_scatter", "fully_connected"): e + (n - 1) * (D + e),
        ("ring_all_gather", "star"): e + (n - 1) * (2 * math.floor(750 + shard) + e),
        ("all_to_all_blocks", "star"): e + direct,
        ("all_to_all_blocks", "fully_connected"): e + D + e,
        (DIRECT, "star"): e + 2 * direct,
    }
    for (collective, topology), finish_ns in forms.items():
        found = outcome(PEER, case(collective, topology, n, finish_ns))
        assert found.verdict == AGREES, (collective, topology, found)
        late = outcome(PEER, case(collective, topology, n, finish_ns + 2 * found.numbers[0].allowed + 1))
        assert late.verdict == DIFFERS


@pytest.mark.parametrize("workers", [2, 4, 16])
def test_halving_doubling_drops_the_remainder_of_twice_as_many_halves(workers: int) -> None:
    n, S = workers, 1_000_003
    lg = n.bit_length() - 1
    there = [S >> step for step in range(1, lg + 1)]
    back = [(S >> (lg + 1)) << step for step in range(1, lg + 1)]
    schedule = get("rabenseifner").schedule(n)
    sizes = halves(schedule, n, S)
    sent = [int(sizes[schedule.is_message & (schedule.step == step)].max()) for step in range(2 * lg)]
    assert sent == there + back
    finish_ns = 40 + sum(2 * math.floor(750 + size / 3) + 40 for size in sent)
    assert outcome(PEER, case(HALVING, "star", n, finish_ns)).verdict == AGREES


def test_the_first_worker_counts_as_well() -> None:
    right = case("ring_reduce_scatter", "ring", 4, 40 + 3 * (750 + 83_333 + 40))
    assert outcome(PEER, right).verdict == AGREES
    wrong = outcome(PEER, right | {"finish_ns_min": 0})
    assert wrong.verdict == DIFFERS
    assert wrong.worst is not None
    assert wrong.worst.what == "first worker's end"


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"collective": HALVING, "messages": 12}, "workers: 3; expected a power of two for recursive halving-doubling"),
        ({"collective": "direct_all_reduce"}, "collective: 'direct_all_reduce'; expected one of ring_all_reduce, "),
        ({"topology": "torus"}, "topology: 'torus'; expected one of star, ring, fully_connected"),
        ({"vector_bytes": 2}, "vector_bytes: 2; expected a whole number of at least 3"),
        ({"messages": 11}, "messages: 11; expected 12, which is what ring_all_reduce of 3 sends"),
        ({"packet_size": 4096}, "unknown field 'packet_size'"),
        ({"link_latency_s": -1}, "link_latency_s: -1; expected a number of at least 0"),
        ({"endpoint_delay_s": "1 ns"}, "endpoint_delay_s: '1 ns'; expected a number of at least 0"),
    ],
)
def test_what_is_not_understood_is_said(change: dict[str, Any], why: str) -> None:
    found = outcome(PEER, case("ring_all_reduce", "ring", 3, 1) | change)
    assert (found.verdict, found.why[: len(why)]) == (NOT_UNDERSTOOD, why)


def test_crossings_are_what_it_costs() -> None:
    def crossings(collective: str, topology: str, workers: int) -> int:
        return PEER.read(Fields(case(collective, topology, workers, 1))).crossings

    assert crossings("ring_all_reduce", "ring", 8) == 112
    assert crossings("ring_all_reduce", "star", 8) == 224
    assert crossings("all_to_all_blocks", "fully_connected", 8) == 56
    # On a ring of 8 to every other one: 1 + 2 + 3 + 4 + 3 + 2 + 1 links; partners at 1, 2, 4, 4, 2, 1.
    assert crossings("all_to_all_blocks", "ring", 8) == 8 * 16
    assert crossings(HALVING, "ring", 8) == 8 * 14
