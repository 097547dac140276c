"""Fair share by hand: flows that meet, start and end; times worked out in the comments, exactly."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from random_networks import fair_share

from simcomm.closed_forms import Vector
from simcomm.collectives import get
from simcomm.engines import des
from simcomm.engines.explain import critical_path
from simcomm.engines.meters import Crossing, Rate, Use, Wait
from simcomm.engines.timeline import Timeline
from simcomm.errors import DeadlockError, InputError
from simcomm.execution import execute
from simcomm.networks.base import Cost, Message, Workers
from simcomm.networks.fair_share import FairShare
from simcomm.schedule import Operation, Schedule
from simcomm.topology import build
from simcomm.topology.routes import Link, Route

F = Fraction


def link(name: str, bandwidth: Any, latency: Any = 0) -> Link:
    """The link "ab", from node a to node b."""
    return Link(*name, F(bandwidth), F(latency))


def way(*links: Link) -> Route:
    """The route over these links."""
    return Route(links)


def run(
    flows: Sequence[tuple[Route, int]],
    model: FairShare | None = None,
    ready: Sequence[Any] | None = None,
    kind: str = "copy",
    after: dict[int, tuple[int, ...]] | None = None,
) -> Timeline:
    """Flow i goes from rank 2i to rank 2i + 1 over its own route; ``ready[i]`` is when it starts."""
    count = 2 * len(flows)
    rows = [Operation(kind, 2 * i, 2 * i + 1, 0, after=(after or {}).get(i, ())) for i in range(len(flows))]
    start = tuple(t for at in (ready or [0] * len(flows)) for t in (F(at), 0))
    routes = {(2 * i, 2 * i + 1): route for i, (route, _) in enumerate(flows)}
    workers = Workers(start, (0,) * count, (1,) * count)
    zeros = np.array([F(0)] * len(flows), dtype=object)
    sizes = np.array([size for _, size in flows])
    return des.run(Schedule.of(count, 1, rows), sizes, model or FairShare(), routes, workers, zeros, True)


def ends(*flows: tuple[Route, int], **more: Any) -> list[Any]:
    return run(flows, **more).end_s.tolist()


def test_one_flow_waits_for_the_latency_and_has_the_slowest_link() -> None:
    assert ends((way(link("ab", 4, 1), link("bc", 2, 3)), 12)) == [4 + 6]


def test_two_flows_share_a_link_and_the_longer_one_speeds_up() -> None:
    # 8 B/s. Both at 4 B/s until 8 B have flowed at 2; the other has 16 left of 24: at 8 B/s until 4.
    a = link("ab", 8, 1)
    timeline = run([(way(a), 8), (way(a), 24)])
    assert timeline.start_s.tolist() == [1, 1]
    assert timeline.end_s.tolist() == [3, 5]
    assert timeline.log.meters[a].use == Use(4, 2, 2, 1, 3)
    # Alone it would have taken 1 and 3 s: the one lost 1 s, the other lost 1 s.
    assert timeline.log.waits == {0: [Wait(a, 1, -1)], 1: [Wait(a, 1, -1)]}
    assert timeline.log.rates == [Rate(a, 1, 8, 2), Rate(a, 3, 8, 1), Rate(a, 5, 0, 0)]
    assert timeline.log.crossings == [Crossing(a, 0, 1, 1, 3), Crossing(a, 1, 1, 1, 5)]


def test_a_parking_lot() -> None:
    # Three links of 6 B/s; a long flow over all, one short one on each: all have 3 B/s. 12 B each: all end at 4.
    lot = [link(name, 6) for name in ("ab", "bc", "cd")]
    assert ends((way(*lot), 12), *((way(each), 12) for each in lot)) == [4, 4, 4, 4]
    # 24 B in the long one: 12 left at 4, alone at 6 B/s until 6.
    assert ends((way(*lot), 24), *((way(each), 12) for each in lot)) == [6, 4, 4, 4]
    # Two short ones on b: the long one has 2 B/s there, the short ones on a and c 4 B/s.
    timeline = run([(way(*lot), 8), (way(lot[0]), 16), (way(lot[1]), 8), (way(lot[1]), 8), (way(lot[2]), 16)])
    assert timeline.end_s.tolist() == [4] * 5
    assert {(rate.place.src, rate.rate_Bps) for rate in timeline.log.rates if rate.time_s == 0} == {
        ("a", 6),
        ("b", 6),
        ("c", 6),
    }


def test_a_flow_that_starts_and_ends_in_the_middle_of_another() -> None:
    # 4 B/s. Flow 0: 40 B from 0. Flow 1: 4 B from 3: 2 B/s each from 3 to 5. Flow 0: 12 + 4 + 24: until 11.
    a = link("ab", 4)
    timeline = run([(way(a), 40), (way(a), 4)], ready=[0, 3])
    assert timeline.end_s.tolist() == [11, 5]
    assert timeline.log.meters[a].use == Use(11, 2, 2, 3, 5)
    assert timeline.log.waits == {0: [Wait(a, 1, -1)], 1: [Wait(a, 1, -1)]}


def test_a_flow_that_starts_when_another_ends_shares_nothing() -> None:
    a = link("ab", 4)
    timeline = run([(way(a), 12), (way(a), 8)], ready=[0, 3])
    assert timeline.end_s.tolist() == [3, 5]
    assert timeline.log.meters[a].use == Use(5, 1, 0, None, None)
    assert timeline.log.waits == {}
    assert timeline.log.rates == [Rate(a, 0, 4, 1), Rate(a, 3, 4, 1), Rate(a, 5, 0, 0)]


def test_a_flow_that_waits_for_another() -> None:
    a = link("ab", 4, 1)
    assert ends((way(a), 12), (way(a), 8), after={1: (0,)}) == [4, 4 + 1 + 2]


def test_what_a_slow_flow_leaves_others_have() -> None:
    # a: 10 B/s, b: 2 B/s. Flow 0 over both has 2 B/s; flow 1 over a the other 8.
    a, b = link("ab", 10), link("bc", 2)
    timeline = run([(way(a, b), 8), (way(a), 32)])
    assert timeline.end_s.tolist() == [4, 4]
    assert timeline.log.waits == {1: [Wait(a, F(4, 5), -1)]}  # 32 B alone: 3.2 s; flow 0 is as fast as it can be
    assert timeline.log.meters[b].use.contended_s == 0


def test_inverse_latency_weights() -> None:
    # Latencies 1 and 3, weights 1 and 1/3: of 8 B/s 6 and 2. Both flow from 3 on, the first since 1: 16 B by then.
    a, near, far = link("ab", 8), link("na", 100, 1), link("fa", 100, 3)
    flows = [(way(near, a), 16 + 12), (way(far, a), 12)]
    # From 3: 12 B at 6 B/s until 5; the other has 8 left of 12: at 8 B/s until 6.
    assert ends(*flows, model=FairShare("inverse_latency")) == [5, 6]
    # Plain: 4 and 4: both 12 B until 6.
    assert ends(*flows) == [6, 6]


def test_without_latency_a_weight_is_1() -> None:
    # A route without latency has weight 1, one of 1/2 s weight 2: 9 B/s are 3 and 6.
    a, late = link("ab", 9), link("la", 100, F(1, 2))
    flows = [(way(a), 9), (way(late, a), 12)]
    # Alone until 1/2: 4.5 B. Then at 3 B/s: 4.5 left until 2; the other 9 of 12 by then, 3 at 9 B/s until 7/3.
    assert ends(*flows, model=FairShare("inverse_latency")) == [2, F(7, 3)]


def test_weights_count_only_at_the_link_that_is_full() -> None:
    # Weights 1 and 1/3 on a (8 B/s), but flow 0 also crosses b with 3 B/s: it has 3, flow 1 the other 5.
    a, b = link("ab", 8), link("ca", 3)
    near, far = link("nc", 100, 1), link("fa", 100, 3)
    flows = [(way(near, b, a), 6 + 9), (way(far, a), 15)]
    assert ends(*flows, model=FairShare("inverse_latency")) == [1 + 5, 3 + 3]


def test_a_cap_on_every_flow() -> None:
    a = link("ab", 8)
    timeline = run([(way(a), 6)], FairShare(rate_cap_Bps=F(3)))
    assert timeline.end_s.tolist() == [2]
    assert timeline.log.waits == {}  # it has all that it may have
    assert timeline.log.rates[0] == Rate(a, 0, 3, 1)
    # Three flows: 8/3 each, less than the cap; with two left they have 3 each.
    timeline = run([(way(a), 8), (way(a), 17), (way(a), 17)], FairShare(rate_cap_Bps=F(3)))
    assert timeline.end_s.tolist() == [3, 6, 6]
    assert timeline.log.meters[a].use == Use(6, 3, 3, 0, 3)  # afterwards the cap limits, not the link


def test_reductions_are_added_one_at_a_time() -> None:
    # Two flows to rank 2 over links of their own end at 4; 2 B/s are added: 4 to 6, 6 to 8.
    rows = [Operation("reduce", 0, 2, 0), Operation("reduce", 1, 2, 0), Operation("copy", 1, 2, 0)]
    routes = {(0, 2): way(link("ac", 1)), (1, 2): way(link("bc", 2))}
    zeros = np.array([F(0)] * 3, dtype=object)
    model = FairShare(reduce_bandwidth_Bps=F(2))
    timeline = des.run(Schedule.of(3, 1, rows), np.array([4, 4, 4]), model, routes, Workers.alike(3), zeros)
    assert timeline.end_s.tolist() == [6, 8, 4]
    assert timeline.log.waits[1] == [Wait(link("bc", 2), 2, -1), Wait(("reduce", 2), 2, 0)]
    path = critical_path(timeline)
    assert path.operations == (1,)
    assert (path.parts.serialisation_s, path.parts.reduction_s, path.parts.port_wait_s) == (2, 2, 4)
    assert path.longest_wait() == (link("bc", 2), 2)


def test_flows_elsewhere_are_not_disturbed() -> None:
    a, b = link("ab", 4), link("cd", 4)
    timeline = run([(way(a), 40), (way(b), 4), (way(b), 4)], ready=[0, 3, 3])
    assert timeline.end_s.tolist() == [10, 5, 5]
    assert [rate.time_s for rate in timeline.log.rates if rate.place == a] == [0, 10]


@given(
    links=st.lists(st.tuples(st.integers(1, 9), st.integers(0, 9)), min_size=1, max_size=5),
    size=st.integers(1, 40),
    model=fair_share(),
    reduces=st.booleans(),
)
@settings(max_examples=200)
def test_one_message_alone_takes_exactly_its_cost(
    links: list[tuple[int, int]], size: int, model: FairShare, reduces: bool
) -> None:
    route = way(*(link("abcdef"[i : i + 2], F(rate, 7), F(latency, 3)) for i, (rate, latency) in enumerate(links)))
    timeline = run([(route, size)], model, kind="reduce" if reduces else "copy")
    cost = model.cost(Message(0, 0, 1, size, reduces, route))
    rate = min([F(rate, 7) for rate, _ in links] + ([model.rate_cap_Bps] if model.rate_cap_Bps else []))
    adding = size / model.reduce_bandwidth_Bps if reduces and model.reduce_bandwidth_Bps else 0
    assert timeline.end_s.tolist() == [sum(F(late, 3) for _, late in links) + size / rate + adding]
    assert timeline.end_s.tolist() == [sum(cost[:3])]
    assert timeline.log.waits == {}


def test_cost_says_how_long_both_ends_are_busy() -> None:
    message = Message(0, 0, 1, 12, True, way(link("ab", 4, 5), link("bc", 3, 1)))
    assert FairShare().cost(message) == Cost(6, 4, 0, 4, 4)
    assert FairShare(rate_cap_Bps=F(2), reduce_bandwidth_Bps=F(6)).cost(message) == Cost(6, 6, 2, 6, 8)
    assert FairShare(rate_cap_Bps=F(100)).cost(message._replace(reduces=False)) == Cost(6, 4, 0, 4, 4)


def test_what_theory_asks() -> None:
    model = FairShare(reduce_bandwidth_Bps=F(4))
    assert model.alpha_gamma(F(2)) == (2, F(1, 4))
    assert not model.one_port
    assert not model.has_formula(np.array([1]), 1)


def test_weights_have_two_names() -> None:
    with pytest.raises(InputError) as refused:
        FairShare("inverse_latencies")
    assert str(refused.value).startswith("weights: 'inverse_latencies'; expected equal or inverse_latency; did you")


def test_a_flow_that_starves_is_named() -> None:
    with pytest.raises(DeadlockError, match=r"^operation 0 starves: its rate on .*src='a'.* is 0 B/s$"):
        run([(way(link("ab", -1)), 4)])


@pytest.mark.parametrize("n", [2, 3, 4, 8])
def test_the_closed_forms_of_simgrid(n: int) -> None:
    L, C, S = F(1, 100), F(50), 56 * n * n
    workers = {
        "ring_all_reduce": 2 * (n - 1) * (2 * L + F(S, n) / C),
        "all_to_all": 2 * L + (n - 1) * S / C,
        "parameter_server": 2 * (2 * L + n * S / C),
    }
    for name, expected in workers.items():
        schedule = get(name).schedule(n)
        graph = build("star", schedule.ranks, C, L)
        ran = execute(schedule, schedule.sizes_bytes(Vector(S, 1)), graph, network="fair_share", exact=True)
        assert ran.timeline.makespan_s == expected
    if n > 2:
        schedule = get("ring_all_reduce").schedule(n)
        sizes = schedule.sizes_bytes(Vector(S, 1))
        ran = execute(schedule, sizes, build("ring", n, C, L), network="fair_share", exact=True)
        assert ran.timeline.makespan_s == 2 * (n - 1) * (L + F(S, n) / C)
