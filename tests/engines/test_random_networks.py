"""Random programs on random graphs under all models: equality with slow ones, and what must hold in every run."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from itertools import pairwise
from typing import Any
from unittest.mock import patch

import numpy as np
import pytest
from hypothesis import given, settings
from random_networks import Networked, fair_share, networked, store_and_forward
from slow_runs import SlowRun, certificate, fair_rates, phases_of

from simcomm.engines import fluid
from simcomm.engines.explain import critical_path, rank_times
from simcomm.engines.max_min import max_min
from simcomm.engines.meters import Crossing
from simcomm.engines.timeline import Timeline
from simcomm.links import link_uses
from simcomm.networks.fair_share import FairShare
from simcomm.networks.loggp import LogGP
from simcomm.topology.routes import Link

#: Hundreds of random programs walk the same few lines; tests by hand and the kernel as plain Python cover them.
pytestmark = pytest.mark.no_cover

MANY = settings(deadline=None, max_examples=250)
SOME = settings(deadline=None, max_examples=150)


def by_place(timeline: Timeline) -> dict[Any, list[Crossing]]:
    """The crossings of every place, by start."""
    found: dict[Any, list[Crossing]] = defaultdict(list)
    for crossing in timeline.log.crossings:
        found[crossing.place].append(crossing)
    return {place: sorted(crossings, key=lambda c: (c.start_s, c.end_s)) for place, crossings in found.items()}


def sent(case: Networked) -> Iterator[tuple[int, tuple[Link, ...]]]:
    """Every message that is sent, and its links."""
    for index, (row, size) in enumerate(zip(case.rows, case.size_bytes, strict=True)):
        if size:
            yield index, case.routes[row.src, row.dst].links


@given(networked(store_and_forward()))
@MANY
def test_store_and_forward_equals_a_slow_loop_over_its_rules_exactly(case: Networked) -> None:
    timeline = case.execute().timeline
    start, end = SlowRun(case, phases_of(case)).run()
    assert timeline.start_s.tolist() == start
    assert timeline.end_s.tolist() == end


@given(networked(fair_share()))
@MANY
def test_fair_share_equals_a_slow_loop_that_solves_everything_anew_exactly(case: Networked) -> None:
    timeline = case.execute().timeline
    start, end = SlowRun(case, phases_of(case)).run()
    assert timeline.start_s.tolist() == start
    assert timeline.end_s.tolist() == end


@given(networked())
@SOME
def test_the_public_way_and_the_engine_alone_agree(case: Networked) -> None:
    alone, public = case.run(), case.execute()
    assert dict(public.cluster.routes) == case.routes
    assert (public.engine, public.network) == ("des", case.model)
    assert alone.start_s.tolist() == public.timeline.start_s.tolist()
    assert alone.end_s.tolist() == public.timeline.end_s.tolist()
    assert alone.log.crossings == public.timeline.log.crossings
    short = case.execute(detailed=False).timeline
    assert short.end_s.tolist() == alone.end_s.tolist()
    assert (short.log.crossings, short.log.rates) == ([], [])
    assert {p: m.use for p, m in short.log.meters.items()} == {p: m.use for p, m in alone.log.meters.items()}


@given(networked())
@SOME
def test_what_enters_a_node_and_does_not_stay_leaves_it(case: Networked) -> None:
    ran = case.execute()
    uses = link_uses(ran.cluster, case.schedule, np.array(case.size_bytes, dtype=np.int64), ran.timeline)
    balance: dict[str, int] = defaultdict(int)
    for use in uses:
        balance[use.src] -= use.bytes
        balance[use.dst] += use.bytes
    carried: dict[Any, list[int]] = defaultdict(list)
    for index, links in sent(case):
        balance[str(links[0].src)] += case.size_bytes[index]
        balance[str(links[-1].dst)] -= case.size_bytes[index]
        for link in links:
            carried[str(link.src), str(link.dst)].append(case.size_bytes[index])
    assert set(balance.values()) <= {0}
    assert len(uses) == case.graph.number_of_edges()
    for use in uses:
        sizes = carried[use.src, use.dst]
        assert (use.messages, use.bytes) == (len(sizes), sum(sizes))
        if not isinstance(case.model, LogGP):
            assert use.utilisation is None or use.utilisation <= 1


@given(networked(store_and_forward()))
@SOME
def test_store_and_forward_takes_every_byte_over_every_link_of_its_route(case: Networked) -> None:
    timeline = case.execute().timeline
    carried: dict[Any, Any] = defaultdict(int)
    for crossing in timeline.log.crossings:
        if isinstance(crossing.place, Link):
            carried[crossing.operation, crossing.place] += (
                crossing.end_s - crossing.start_s
            ) * crossing.place.bandwidth_Bps
    assert carried == {(index, link): case.size_bytes[index] for index, links in sent(case) for link in links}


@given(networked(fair_share()))
@SOME
def test_fair_share_takes_every_byte_over_every_link_of_its_route(case: Networked) -> None:
    timeline = case.execute().timeline
    flowed: dict[Any, Any] = defaultdict(int)
    changes: dict[Any, list[Any]] = defaultdict(list)
    for rate in timeline.log.rates:
        changes[rate.place].append(rate)
    for link, rates in changes.items():
        assert [rate.time_s for rate in rates] == sorted({rate.time_s for rate in rates})
        assert (rates[-1].rate_Bps, rates[-1].flows) == (0, 0)
        assert max(rate.rate_Bps for rate in rates) <= link.bandwidth_Bps
        for before, after in pairwise(rates):
            assert (before.rate_Bps > 0) is (before.flows > 0)
            flowed[link] += before.rate_Bps * (after.time_s - before.time_s)
    carried: dict[Any, int] = defaultdict(int)
    for index, links in sent(case):
        for link in links:
            carried[link] += case.size_bytes[index]
    assert flowed == carried


@given(networked(fair_share()))
@SOME
def test_every_change_of_rates_has_its_certificate(case: Networked) -> None:
    def checked(demands: Any, bandwidth_Bps: Any) -> Any:
        shares = max_min(demands, bandwidth_Bps)
        certificate(demands, bandwidth_Bps, shares, by=0)
        return shares

    with patch.object(fluid, "max_min", checked):
        case.execute()


@given(networked(fair_share()))
@SOME
def test_only_the_part_that_a_change_touches_is_solved_and_it_is_enough(case: Networked) -> None:
    """After every solution of a part, all flows of the run have the rates that solving everything gives."""

    def measured(self: Any, link: Any, time_s: Any) -> None:
        real(self, link, time_s)
        flows = {flow: None for on in self._on.values() for flow in on}
        rates = fair_rates([(f.demand.links, f.demand.weight, f.demand.cap_Bps) for f in flows])
        assert [flow.rate_Bps for flow in flows] == rates

    real = fluid.Fluid._measure
    with patch.object(fluid.Fluid, "_measure", measured):
        case.execute()


@given(networked())
@SOME
def test_a_place_serves_one_at_a_time_and_is_never_idle_while_somebody_waits(case: Networked) -> None:
    if isinstance(case.model, LogGP) and case.model.ports == "one_cpu":
        return  # there one waits for two places at once: test_random_schedules compares with LogGOPSim's loop
    for place, crossings in by_place(case.execute().timeline).items():
        if isinstance(place, Link) and isinstance(case.model, FairShare):
            continue
        for before, after in pairwise(crossings):
            assert before.end_s <= after.start_s
            assert after.start_s == max(before.end_s, after.asked_s)  # not idle, and not late
            if after.asked_s < before.start_s:  # both were there when the first was taken
                assert (before.asked_s, before.operation) <= (after.asked_s, after.operation)


@given(networked())
@SOME
def test_nothing_happens_before_its_cause(case: Networked) -> None:
    timeline = case.execute().timeline
    ended = timeline.end_s.tolist()
    for index, (row, ready, start, end) in enumerate(timeline):
        assert ready == max([case.workers.ready_s(row.src), *(ended[d] for d in row.after)])
        assert ready <= start <= end
        assert end - ready >= timeline.alone_s[index]
        flowing = isinstance(case.model, FairShare) and case.size_bytes[index]
        assert end - start >= timeline.alone_s[index] - (timeline.latency_s[index] if flowing else 0)
    for crossing in timeline.log.crossings:
        assert timeline.ready_s[crossing.operation] <= crossing.asked_s <= crossing.start_s <= crossing.end_s
        if isinstance(crossing.place, Link):
            assert crossing.end_s <= timeline.end_s[crossing.operation]


@given(networked())
@SOME
def test_the_parts_of_the_critical_path_add_up_to_the_makespan_exactly(case: Networked) -> None:
    timeline = case.execute().timeline
    path = critical_path(timeline)
    assert path.parts.total_s == timeline.makespan_s
    assert min(vars(path.parts).values()) >= 0
    assert all(wait.seconds > 0 and index in path.operations for index, wait in path.waits)
    assert sum(wait.seconds for _, wait in path.waits) == path.parts.port_wait_s


@given(networked())
@SOME
def test_meters_say_what_the_crossings_say(case: Networked) -> None:
    timeline = case.execute().timeline
    crossings = by_place(timeline)
    assert set(crossings) == set(timeline.log.meters)
    for place, meter in timeline.log.meters.items():
        spans = [(c.start_s, c.end_s) for c in crossings[place]]
        assert meter.use.busy_s == covered(spans)
        assert meter.use.peak >= 1


def covered(spans: list[tuple[Any, Any]]) -> Any:
    total: Any = 0
    until: Any = 0
    for begin, end in sorted(spans):
        total += max(0, end - max(begin, until))
        until = max(until, end)
    return total


@given(networked(store_and_forward()))
@SOME
def test_a_queue_is_contended_while_somebody_waits(case: Networked) -> None:
    timeline = case.execute().timeline
    for place, crossings in by_place(timeline).items():
        waits = [(c.asked_s, c.start_s) for c in crossings if c.start_s > c.asked_s]
        use = timeline.log.meters[place].use
        assert use.contended_s == covered(waits)
        assert use.contended_from_s == min((a for a, _ in waits), default=None)
        assert use.contended_until_s == max((b for _, b in waits), default=None)
        instants = {c.asked_s for c in crossings}
        assert use.peak == max(sum(c.asked_s <= t < c.end_s for c in crossings) for t in instants)


@given(networked())
@SOME
def test_ranks_are_busy_and_wait_for_no_longer_than_the_run(case: Networked) -> None:
    timeline = case.execute().timeline
    for times in rank_times(timeline):
        assert times.busy_s + times.waiting_s == pytest.approx(float(timeline.makespan_s))
        assert 0 <= times.busy_s <= timeline.makespan_s


@given(networked())
@SOME
def test_floats_are_as_good_as_fractions(case: Networked) -> None:
    exact, floats = case.execute().timeline, case.execute(float).timeline
    if not isinstance(case.model, FairShare):  # all its numbers are floats, too
        assert floats.start_s.tolist() == exact.start_s.tolist()
        assert floats.end_s.tolist() == exact.end_s.tolist()
    elif not case.model.reduce_bandwidth_Bps:  # who is added up first may hang on a rounding
        assert floats.makespan_s == pytest.approx(float(exact.makespan_s), rel=1e-12)
