"""SimGrid's flows over named links: small ones by hand, and what is not understood."""

from __future__ import annotations

import random
from fractions import Fraction
from typing import Any

import pytest

from simcomm.conformance import outcome
from simcomm.conformance.case import AGREES, DIFFERS, NOT_UNDERSTOOD
from simcomm.conformance.simgrid import PEER


def flow(name: str, size_bytes: int, *path: str, start_s: float = 0.0) -> dict[str, Any]:
    return {"id": name, "size_bytes": size_bytes, "start_s": start_s, "path": list(path)}


def case(flows: list[dict[str, Any]], finish_s: dict[str, float], **links: tuple[float, float]) -> dict[str, Any]:
    wires = {name: {"bandwidth_Bps": bandwidth, "latency_s": latency} for name, (bandwidth, latency) in links.items()}
    base = {"id": "by hand", "note": "", "fairness": "max-min", "links": wires}
    return base | {"flows": flows, "finish_s": finish_s, "makespan_s": max(finish_s.values())}


def test_flows_that_never_meet() -> None:
    found = outcome(
        PEER,
        case([flow("x", 30, "a"), flow("y", 40, "b", start_s=2.0)], {"x": 4.0, "y": 7.0}, a=(10.0, 1.0), b=(10.0, 1.0)),
    )
    assert found.verdict == AGREES
    assert [number.what for number in found.numbers] == ["makespan", "flow x", "flow y"]


def test_one_that_comes_later_takes_half() -> None:
    # x alone for 2 s: 20 of 40 B. Then both have 5 B/s: x has the other 20 B after 4 s more; y then 10 B at 10 B/s.
    flows = [flow("x", 40, "a"), flow("y", 30, "a", start_s=2.0)]
    assert outcome(PEER, case(flows, {"x": 6.0, "y": 7.0}, a=(10.0, 0.0))).verdict == AGREES


def test_links_are_crossed_in_any_order_and_latencies_add_up() -> None:
    flows = [flow("x", 40, "a", "b", "c"), flow("y", 40, "c", "b", "a")]
    links = {"a": (20.0, 1.0), "b": (10.0, 2.0), "c": (40.0, 0.5)}
    assert outcome(PEER, case(flows, {"x": 11.5, "y": 11.5}, **links)).verdict == AGREES


def test_shares_are_weighted_by_one_over_the_latency() -> None:
    # Latencies 1 and 3: shares 3:1 of 8 B/s from 3 s on, when x has sent 16 B of its 40 at 8 B/s: 24 B at 6 B/s.
    flows = [flow("x", 40, "a", "shared"), flow("y", 20, "b", "shared")]
    links = {"a": (100.0, 1.0), "b": (100.0, 3.0), "shared": (8.0, 0.0)}
    assert outcome(PEER, case(flows, {"x": 7.0, "y": 8.5}, **links)).verdict == AGREES
    plain = case(flows, {"x": 3.0 + 24 / 4, "y": 9.0}, **links)
    assert outcome(PEER, plain).verdict == DIFFERS


BASE = case([flow("x", 30, "a")], {"x": 4.0}, a=(10.0, 1.0))


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"flows": []}, "flows: []; expected one or more"),
        ({"flows": [flow("x", 30)]}, "flow x: no link on its path"),
        ({"flows": [flow("x", 30, "aa")]}, "flow x: unknown link 'aa'; did you mean 'a'?"),
        ({"flows": [flow("x", 30, "a", "a")]}, "routes: the one from 0 to 1 visits a node twice"),
        ({"flows": [flow("x", 0, "a")]}, "flows 0: size_bytes: 0; expected a whole number of at least 1"),
        ({"flows": [flow("x", 30, "a") | {"priority": 1}]}, "flows 0: unknown field 'priority'"),
        ({"flows": [flow("y", 30, "a")]}, "finish_s: no field 'y'"),
        ({"finish_s": {"x": 4.0, "y": 5.0}}, "finish_s: unknown field 'y'"),
        ({"finish_s": 4.0}, "finish_s: 4.0; expected named fields"),
        ({"fairness": "proportional"}, "fairness: 'proportional'; expected one of max-min, rtt"),
        ({"links": []}, "links: []; expected parts with their names"),
        ({"links": {"a": {"bandwidth_Bps": 1}}}, "links a: no field 'latency_s'"),
        ({"links": {"a": {"bandwidth_Bps": 1, "latency_s": 0, "loss": 0.1}}}, "links a: unknown field 'loss'"),
        ({"links": {"a": {"bandwidth_Bps": 0, "latency_s": 0}}}, "topology: link 'into a' -> 'out of a': bandwidth"),
    ],
)
def test_what_is_not_understood_is_said(change: dict[str, Any], why: str) -> None:
    assert outcome(PEER, BASE).verdict == AGREES
    found = outcome(PEER, BASE | change)
    assert (found.verdict, found.why[: len(why)]) == (NOT_UNDERSTOOD, why)


Links = dict[str, tuple[float, float]]


def rates(active: dict[str, tuple[list[str], Fraction]], bandwidths: dict[str, Fraction]) -> dict[str, Fraction]:
    """Progressive filling, link by link: the one that is full first keeps its flows where they are."""
    left, found, growing = dict(bandwidths), {}, dict(active)
    while growing:
        crowd = {link: sum(weight for path, weight in growing.values() if link in path) for link in left}
        level, full = min((left[link] / weight, link) for link, weight in crowd.items() if weight)
        for name in [name for name, (path, _) in growing.items() if full in path]:
            path, weight = growing.pop(name)
            found[name] = level * weight
            for link in path:
                left[link] -= level * weight
    return found


def reference(flows: list[dict[str, Any]], links: Links) -> dict[str, float]:
    """The rules of the notes in exact fractions, one change of rates at a time."""
    bandwidths = {link: Fraction(bandwidth) for link, (bandwidth, _) in links.items()}
    latency = {one["id"]: sum(Fraction(links[link][1]) for link in one["path"]) for one in flows}
    coming = sorted((Fraction(one["start_s"]) + latency[one["id"]], one["id"]) for one in flows)
    given = {one["id"]: one for one in flows}
    active: dict[str, tuple[list[str], Fraction]] = {}
    rest: dict[str, Fraction] = {}
    now, ends = Fraction(0), {}
    while coming or active:
        speed = rates(active, bandwidths)
        then = min([now + rest[name] / speed[name] for name in active] + [time for time, _ in coming[:1]])
        for name in list(active):
            rest[name] -= speed[name] * (then - now)
            if not rest[name]:
                ends[name] = float(then)
                del active[name]
        now = then
        while coming and coming[0][0] == now:
            _, name = coming.pop(0)
            active[name] = given[name]["path"], 1 / latency[name] if latency[name] else Fraction(1)
            rest[name] = Fraction(given[name]["size_bytes"])
    return ends


@pytest.mark.parametrize("seed", range(60))
def test_random_flows_end_when_the_rules_say(seed: int) -> None:
    draw = random.Random(seed)
    latencies = (0.0,) if seed % 3 == 0 else (0.0, 1e-6, 5e-5, 3e-4)
    links = {f"l{i}": (draw.choice([1e8, 2e8, 7e8, 3e9]), draw.choice(latencies)) for i in range(draw.randint(1, 6))}
    flows = [
        flow(
            f"f{i}",
            draw.randint(1, 10**9),
            *draw.sample(list(links), draw.randint(1, len(links))),
            start_s=draw.choice([0.0, 0.0, 0.5, draw.random()]),
        )
        for i in range(draw.randint(1, 12))
    ]
    found = outcome(PEER, case(flows, reference(flows, links), **links))
    assert found.verdict == AGREES, found
    assert found.worst is not None
    assert found.worst.difference < 1e-12
