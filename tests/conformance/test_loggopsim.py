"""LogGOPSim's cases: against an independent reading of its rules, on random programs and on collectives."""

from __future__ import annotations

import heapq
import random
from typing import Any

import pytest

from simcomm.conformance import outcome
from simcomm.conformance.case import AGREES, NOT_UNDERSTOOD
from simcomm.conformance.fields import Fields
from simcomm.conformance.loggopsim import PEER

Message = dict[str, Any]


def reference(hosts: int, messages: list[Message], L: int, o: int, g: int, G: int, O: int) -> int:  # noqa: E741
    """LogGOPSim's rules, one event at a time: (time, moment of insertion) orders what is ready."""
    cpu, nic_send, nic_recv = [0] * hosts, [0] * hosts, [0] * hosts
    missing = [len(message["after"]) for message in messages]
    ready = [0] * len(messages)
    events: list[tuple[int, int, bool, int]] = []
    moment = 0

    def insert(time: int, receives: bool, index: int) -> None:
        nonlocal moment
        heapq.heappush(events, (time, moment, receives, index))
        moment += 1

    for index, message in enumerate(messages):
        if not message["after"]:
            insert(0, False, index)
    while events:
        time, inserted, receives, index = heapq.heappop(events)
        message = messages[index]
        host = message["dst" if receives else "src"]
        nic = nic_recv if receives else nic_send
        free = max(cpu[host], nic[host])
        if free > time:
            heapq.heappush(events, (free, inserted, receives, index))
            continue
        rest = message["size_bytes"] - 1
        nic[host] = time + g + rest * G
        if not receives:
            cpu[host] = time + o + rest * O
            insert(time + o + L, True, index)
            continue
        cpu[host] = time + o + max(rest * O, rest * G)
        for other, waiting in enumerate(messages):
            if index in waiting["after"]:
                missing[other] -= 1
                ready[other] = max(ready[other], cpu[host])
                if not missing[other]:
                    insert(ready[other], False, other)
    assert not any(missing)
    return max(cpu)


def parameters(draw: random.Random) -> dict[str, int]:
    """Small numbers, so that much happens at the same instant."""
    choices = {"L": [0, 1, 5, 10], "o": [0, 0, 1, 3], "g": [0, 0, 2, 7], "G": [1, 2, 3, 8], "O": [0, 0, 1, 3, 9]}
    return {name: draw.choice(values) for name, values in choices.items()}


def program(draw: random.Random, hosts: int) -> list[Message]:
    """Messages that wait for some that their sender receives, in an order that has nothing to do with their numbers."""
    messages: list[Message] = []
    for _ in range(draw.randint(1, 14)):
        src = draw.randrange(hosts)
        dst = (src + draw.randint(1, hosts - 1)) % hosts
        messages.append({"src": src, "dst": dst, "size_bytes": draw.choice([1, 2, 3, 9, 40]), "after": []})
    order = draw.sample(range(len(messages)), len(messages))
    for position, index in enumerate(order):
        received = [other for other in order[:position] if messages[other]["dst"] == messages[index]["src"]]
        messages[index]["after"] = sorted(draw.sample(received, min(len(received), draw.choice([0, 1, 1, 2]))))
    return messages


@pytest.mark.parametrize("seed", range(200))
def test_random_programs_end_when_its_rules_say(seed: int) -> None:
    draw = random.Random(seed)
    hosts = draw.randint(2, 6)
    model, messages = parameters(draw), program(draw, hosts)
    finish = reference(hosts, messages, **model)
    case = {"id": "random", "workers": hosts, "messages": messages, "finish": finish, **model}
    found = outcome(PEER, case)
    assert found.verdict == AGREES, (case, found)
    later = outcome(PEER, case | {"finish": finish + 1})
    assert [number.difference for number in later.numbers] == [1]
    assert later.verdict == "differs"


def collective(name: str, workers: int, size: int, draw: random.Random) -> dict[str, Any]:
    model = parameters(draw)
    everyone, server = range(workers), workers
    ends: list[tuple[int, int, list[int]]]
    if name == "all_to_all":
        ends = [(i, (i + shift) % workers, []) for i in everyone for shift in range(1, workers)]
    elif name == "parameter_server":
        ends = [(worker, server, []) for worker in everyone]
        ends += [(server, worker, list(everyone)) for worker in everyone]
    elif name == "recursive_doubling":
        ends = [
            (i, i ^ 2**step, [(step - 1) * workers + (i ^ 2 ** (step - 1))] if step else [])
            for step in range((workers - 1).bit_length())
            for i in everyone
        ]
    else:
        ends = [
            (i, (i + 1) % workers, [(step - 1) * workers + (i - 1) % workers] if step else [])
            for step in range(2 * (workers - 1))
            for i in everyone
        ]
    messages = [{"src": src, "dst": dst, "size_bytes": size, "after": after} for src, dst, after in ends]
    finish = reference(workers + 1, messages, **model)
    vector = size * workers if name == "ring_all_reduce" else size
    sizes = {"vector_bytes": vector, "message_bytes": size, "messages": len(messages)}
    return {"id": name, "collective": name, "workers": workers, "finish": finish, **sizes, **model}


@pytest.mark.parametrize("name", ["all_to_all", "parameter_server", "recursive_doubling", "ring_all_reduce"])
@pytest.mark.parametrize("seed", range(30))
def test_collectives_end_when_its_rules_say(name: str, seed: int) -> None:
    draw = random.Random(seed)
    workers = 2 ** draw.randint(1, 3) if name == "recursive_doubling" else draw.randint(2, 7)
    case = collective(name, workers, draw.randint(1, 60), draw)
    found = outcome(PEER, case)
    assert found.verdict == AGREES, (case, found)


@pytest.mark.parametrize("G", [1, 3, 8])
@pytest.mark.parametrize(("L", "o"), [(0, 0), (11, 0), (7, 4)])
@pytest.mark.parametrize("workers", [2, 4, 5, 8])
def test_closed_forms_of_the_notes(workers: int, L: int, o: int, G: int) -> None:
    n, vector = workers, 61  # no multiple of any n
    base = {"id": "closed form", "workers": n, "vector_bytes": vector, "L": L, "o": o, "g": 0, "G": G, "O": 0}

    def hop(size: int) -> int:
        return 2 * o + L + (size - 1) * G

    chunk, steps = -(-vector // n), (n - 1).bit_length()
    forms = [("ring_all_reduce", 2 * n * (n - 1), chunk, 2 * (n - 1) * hop(chunk))]
    if 2**steps == n:
        forms.append(("recursive_doubling", n * steps, vector, steps * hop(vector)))
    for name, messages, size, finish in forms:
        sizes = {"collective": name, "messages": messages, "message_bytes": size}
        found = outcome(PEER, base | sizes | {"finish": finish})
        assert found.verdict == AGREES, (name, found)


def test_times_beyond_the_floats_are_exact() -> None:
    L = 2**53 + 1
    message = {"src": 0, "dst": 1, "size_bytes": 2, "after": []}
    parameters = {"id": "far", "workers": 2, "L": L, "o": 0, "g": 0, "G": 1, "O": 0}
    assert outcome(PEER, parameters | {"messages": [message], "finish": L + 1}).verdict == AGREES
    ring = {"collective": "ring_all_reduce", "vector_bytes": 4, "message_bytes": 2, "messages": 4}
    assert outcome(PEER, parameters | ring | {"finish": 2 * (L + 1)}).verdict == AGREES
    assert outcome(PEER, parameters | ring | {"finish": 2 * (L + 1) - 1}).verdict == "differs"


RING = {
    **{"id": "ring", "collective": "ring_all_reduce", "workers": 4, "vector_bytes": 10, "message_bytes": 3},
    **{"messages": 24, "L": 5, "o": 1, "g": 0, "G": 2, "O": 0, "finish": 66},
}


def test_the_case_that_the_wrong_ones_are_made_of_is_right() -> None:
    assert outcome(PEER, RING).verdict == AGREES
    assert PEER.read(Fields(RING)).crossings == 48  # two links of a star each


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"message_bytes": 2}, "message_bytes: 2; expected 3 for 10 bytes and 4 workers"),
        ({"messages": 25}, "messages: 25; expected 24, which is what ring_all_reduce of 4 sends"),
        ({"collective": "ring_allreduce"}, "collective: 'ring_allreduce'; expected one of ring_all_reduce, "),
        ({"G": 0}, "G: 0; expected a whole number of at least 1"),
        ({"g": 1.5}, "g: 1.5; expected a whole number of at least 0"),
        ({"L": None}, "L: None; expected a whole number"),
        ({"S": 70000}, "unknown field 'S'; expected only id, note, "),
        ({"topology": "star"}, "unknown field 'topology'"),
    ],
)
def test_what_is_not_understood_is_said(change: dict[str, Any], why: str) -> None:
    found = outcome(PEER, RING | change)
    assert found.verdict == NOT_UNDERSTOOD
    assert found.why.startswith(why)
    assert found.numbers == ()


@pytest.mark.parametrize(
    ("message", "why"),
    [
        ({"size_bytes": 0}, "messages 1: size_bytes: 0; expected a whole number of at least 1"),
        ({"after": 0}, "messages 1: after: 0; expected a list"),
        ({"after": [[0]]}, "operation 1: after is [0]; expected a whole number"),
        ({"after": [1]}, "operation 1 (copy 1 -> 0  chunk 0, after 1) waits for itself"),
        ({"dst": 2}, "operation 1 (copy 1 -> 2  chunk 0): receiver out of range 0..1"),
        ({"tag": 1}, "messages 1: unknown field 'tag'"),
    ],
)
def test_messages_that_are_not_understood(message: dict[str, Any], why: str) -> None:
    first, second = ({"src": src, "dst": 1 - src, "size_bytes": 2, "after": []} for src in (0, 1))
    case = {"id": "bad", "workers": 2, "L": 1, "o": 0, "g": 0, "G": 1, "O": 0, "finish": 2}
    found = outcome(PEER, case | {"messages": [first, second | message]})
    assert (found.verdict, found.why[: len(why)]) == (NOT_UNDERSTOOD, why)


def test_messages_that_wait_for_each_other_differ_from_any_answer() -> None:
    first = {"src": 0, "dst": 1, "size_bytes": 2, "after": [1]}
    case = {"id": "circle", "workers": 2, "L": 1, "o": 0, "g": 0, "G": 1, "O": 0, "finish": 2}
    found = outcome(PEER, case | {"messages": [first, {"src": 1, "dst": 0, "size_bytes": 2, "after": [0]}]})
    assert (found.verdict, found.numbers) == ("differs", ())
    assert "wait for each other" in found.why
