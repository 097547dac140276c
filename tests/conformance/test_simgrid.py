"""SimGrid's collectives: the closed forms of its notes for any numbers, and what is not understood."""

from __future__ import annotations

from typing import Any

import pytest

from simcomm.conformance import outcome
from simcomm.conformance.case import AGREES, DIFFERS, NOT_UNDERSTOOD
from simcomm.conformance.fields import Fields
from simcomm.conformance.simgrid import PEER


def case(collective: str, topology: str, workers: int, makespan_s: float, **more: Any) -> dict[str, Any]:
    n, vector = workers, 1_000_003
    cut = collective in ("ring_all_reduce", "all_to_all_blocks")
    messages = {
        "ring_all_reduce": 2 * n * (n - 1),
        "all_to_all": n * (n - 1),
        "all_to_all_blocks": n * (n - 1),
        "parameter_server": 2 * n,
    }[collective]
    sizes = {"vector_bytes": vector, "message_bytes": vector // n if cut else vector, "messages": messages}
    link = {"link_bandwidth_Bps": 3e8, "link_latency_s": 2.5e-6}
    plain = {"send_waits_for": "data", "slow_worker": None, "worker_start_s": 0, "note": ""}
    base = {"id": "one", "collective": collective, "topology": topology, "workers": n, "makespan_s": makespan_s}
    return base | sizes | link | plain | more


@pytest.mark.parametrize("workers", [2, 3, 7, 12])
@pytest.mark.parametrize("waits", ["data", "data and own previous send"])
def test_closed_forms_of_the_notes(workers: int, waits: str) -> None:
    n, S, C, L = workers, 1_000_003, 3e8, 2.5e-6
    forms = {
        ("ring_all_reduce", "star"): 2 * (n - 1) * (2 * L + S // n / C),
        ("ring_all_reduce", "ring"): 2 * (n - 1) * (L + S // n / C),
        ("ring_all_reduce", "fully_connected"): 2 * (n - 1) * (L + S // n / C),
        ("parameter_server", "star"): 2 * (2 * L + n * S / C),
    }
    if waits == "data":
        forms["all_to_all", "star"] = 2 * L + (n - 1) * S / C
        forms["all_to_all_blocks", "fully_connected"] = L + S // n / C
    for (collective, topology), makespan_s in forms.items():
        if collective == "parameter_server" and waits != "data":
            continue
        found = outcome(PEER, case(collective, topology, n, makespan_s, send_waits_for=waits))
        assert found.verdict == AGREES, (collective, topology, found)
        assert found.numbers[0].difference < 1e-12
        far = outcome(PEER, case(collective, topology, n, makespan_s * (1 + 2e-6), send_waits_for=waits))
        assert far.verdict == DIFFERS


@pytest.mark.parametrize("workers", [4, 8, 20])
def test_the_uplinks_of_the_leaves_carry_half(workers: int) -> None:
    # Every leaf sends (n/4)·(3n/4) blocks up, over (n/4)·C/2: 3n/2 blocks at C. Of one host's own n − 1 blocks each
    # leaves at its share, so that nothing else is slower.
    block = 1_000_003 // workers
    found = outcome(PEER, case("all_to_all_blocks", "leaf_spine", workers, 4 * 2.5e-6 + 1.5 * workers * block / 3e8))
    assert found.verdict == AGREES
    assert PEER.read(Fields(case("all_to_all_blocks", "leaf_spine", workers, 1))).crossings == 4 * workers * (
        workers - 1
    )


def test_late_workers_and_a_slow_one() -> None:
    # Three workers push 1,000,003 B one after the other: the last starts 20 ms late, when all others have ended.
    push = 1_000_003 / 3e8
    late = case("parameter_server", "star", 3, 0.02 + 2 * 5e-6 + 4 * push, worker_start_s="worker * 0.01")
    assert outcome(PEER, late).verdict == AGREES
    all_late = case("parameter_server", "star", 3, 0.5 + 2 * 5e-6 + 6 * push, worker_start_s=0.5)
    assert outcome(PEER, all_late).verdict == AGREES
    # Worker 1 has a tenth of its bandwidth: it alone takes 10 pushes, longer than the three share the server.
    slow = case(
        "parameter_server", "star", 3, 2 * (5e-6 + 10 * push), slow_worker={"worker": 1, "bandwidth_factor": 0.1}
    )
    assert outcome(PEER, slow).verdict == AGREES
    both = slow | {"worker_start_s": "worker * 1e-2", "makespan_s": 0.01 + 2 * (5e-6 + 10 * push)}
    assert outcome(PEER, both).verdict == AGREES


def test_times_of_single_messages() -> None:
    # On a ring of 3 every block has a link for itself, one way or the other.
    end = 2.5e-6 + 333_334 / 3e8
    ends = [[src, dst, end] for src in range(3) for dst in range(3) if src != dst]
    right = case("all_to_all_blocks", "ring", 3, end, message_finish_s=ends)
    found = outcome(PEER, right)
    assert (found.verdict, len(found.numbers)) == (AGREES, 7)
    wrong = outcome(PEER, right | {"message_finish_s": [[0, 1, 2 * end], *ends[1:]]})
    assert wrong.verdict == DIFFERS
    assert wrong.worst is not None
    assert wrong.worst.what == "message 0 -> 1"


def test_several_messages_of_a_pair_are_compared_in_their_order() -> None:
    step = 5e-6 + 500_001 / 3e8
    ends = [[0, 1, 2 * step], [1, 0, step], [0, 1, step], [1, 0, 2 * step]]
    found = outcome(PEER, case("ring_all_reduce", "star", 2, 2 * step, message_finish_s=ends))
    assert (found.verdict, len(found.numbers)) == (AGREES, 5)


def test_other_messages_than_were_sent_are_not_understood() -> None:
    found = outcome(PEER, case("all_to_all_blocks", "ring", 3, 1, message_finish_s=[[0, 1, 1]]))
    assert found.verdict == NOT_UNDERSTOOD
    assert found.why.startswith("message_finish_s: other messages than the collective sends")


def test_a_makespan_of_nothing_is_compared_as_it_is() -> None:
    found = outcome(PEER, case("all_to_all", "star", 2, 0))
    assert found.verdict == DIFFERS
    assert found.numbers[0].difference == found.numbers[0].ours > 0


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"topology": "leaf_spine"}, "workers: 3 on 4 leaves; expected a multiple of 4"),
        ({"topology": "stars"}, "topology: 'stars'; expected one of star, ring, fully_connected, leaf_spine; did you"),
        ({"send_waits_for": "nothing"}, "send_waits_for: 'nothing'; expected one of data, data and own previous send"),
        ({"worker_start_s": "worker ^ 2"}, "worker_start_s: 'worker ^ 2'; expected a number of seconds, or 'worker *"),
        ({"worker_start_s": [0, 1, 2]}, "worker_start_s: [0, 1, 2]; expected a number of at least 0"),
        ({"slow_worker": 0}, "slow_worker: 0; expected named fields"),
        ({"slow_worker": {"worker": 0}}, "slow_worker: no field 'bandwidth_factor'"),
        ({"slow_worker": {"worker": 9, "bandwidth_factor": 0.5}}, "simulate"),
        ({"message_finish_s": [[0, 1]]}, "message_finish_s: [0, 1]; expected [src, dst, seconds]"),
        ({"message_finish_s": [[0, "1", 2]]}, "message_finish_s: dst: '1'; expected a whole number"),
        ({"link_bandwidth_Bps": 0}, "simulate"),
        ({"rate_cap_Bps": 1}, "unknown field 'rate_cap_Bps'"),
        ({"workers": True}, "workers: True; expected a whole number of at least 1"),
    ],
)
def test_what_is_not_understood_is_said(change: dict[str, Any], why: str) -> None:
    found = outcome(PEER, case("ring_all_reduce", "star", 3, 1) | change)
    assert (found.verdict, found.why[: len(why)]) == (NOT_UNDERSTOOD, why)


def test_a_difference_that_is_rounding_is_not_shown() -> None:
    assert [PEER.difference(d) for d in (0, 1e-15, 2e-12, 3e-3)] == ["< 1e-12", "< 1e-12", "2e-12", "3e-03"]
