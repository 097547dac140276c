"""Max-min fair rates: by hand, by the certificate, and against a definition that is followed word by word."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from slow_runs import certificate, fair_rates

from simcomm.engines.max_min import Demand, Share, max_min
from simcomm.topology.routes import Link

F = Fraction
MANY = settings(deadline=None, max_examples=400)


def rates(demands: Sequence[Demand], **bandwidth_Bps: Any) -> list[Any]:
    return [share.rate_Bps for share in max_min(demands, {k: F(v) for k, v in bandwidth_Bps.items()})]


def plain(*links: str, weight: Any = 1, cap: Any = None) -> Demand:
    return Demand(links, F(weight), None if cap is None else F(cap))


def test_nobody_and_one() -> None:
    assert max_min([], {}) == []
    assert max_min([plain("a", "b")], {"a": F(4), "b": F(3)}) == [Share(3, "b")]


def test_a_parking_lot_by_hand() -> None:
    # c: 3 flows on 6, 2 each; then 10 - 2 left on a for one flow, 9 - 2 on b for two.
    lot = [plain("a", "b", "c"), plain("a"), plain("b"), plain("b"), plain("c"), plain("c")]
    assert rates(lot, a=10, b=9, c=6) == [2, 8, F(7, 2), F(7, 2), 2, 2]


def test_weights_are_shares_of_the_link_that_is_full() -> None:
    assert rates([plain("a", weight=1), plain("a", weight=3)], a=8) == [2, 6]
    # b stops the heavy one at 3, the light one has the rest.
    assert rates([plain("a", weight=1), plain("a", "b", weight=3)], a=8, b=3) == [5, 3]


def test_caps() -> None:
    assert rates([plain("a", cap=1), plain("a"), plain("a", cap=100)], a=9) == [1, 4, 4]
    found = max_min([plain("a", cap=1), plain("a")], {"a": F(9)})
    assert found == [Share(1, None), Share(8, "a")]
    # A weight makes a flow reach its cap sooner: level 1/2 for the first, then 8 for the other.
    assert rates([plain("a", weight=2, cap=1), plain("a", weight=1)], a=9) == [1, 8]


def test_of_links_that_are_full_at_once_the_first_is_named() -> None:
    for links in ("ab", "ba"):  # the order of the bandwidths is that of the links, not that of a flow's
        assert max_min([plain(*links)], {"a": F(3), "b": F(3)}) == [Share(3, "a")]
        assert max_min([plain(*links)], {"b": F(3), "a": F(3)}) == [Share(3, "b")]
    assert max_min([plain("a", "b", cap=3)], {"a": F(3), "b": F(3)}) == [Share(3, "a")]


def test_a_flow_that_crosses_a_link_twice_needs_twice_of_it() -> None:
    assert rates([plain("a", "b", "a"), plain("a")], a=9, b=5) == [3, 3]


LINKS = "abcde"
Problem = tuple[list[Demand], dict[Link, Any]]


@st.composite
def problems(draw: st.DrawFn, exact: bool = True) -> Problem:
    """Up to 8 flows over up to 5 links."""
    if exact:
        numbers = st.integers(1, 6).map(Fraction) | st.fractions(F(1, 9), 9, max_denominator=9)
        weights = st.just(F(1)) | st.sampled_from([F(1), F(2), F(1, 3)]) | numbers
    else:
        numbers = st.floats(1e-3, 1e13)
        weights = st.just(1.0) | st.floats(1e-2, 1e9)
    names = LINKS[: draw(st.integers(1, 5))]
    links = [Link(name, "x", bandwidth_Bps, 0) for name in names for bandwidth_Bps in [draw(numbers)]]
    alike = draw(st.none() | weights)
    flow = st.builds(
        Demand,
        st.lists(st.sampled_from(links), min_size=1, unique=True).map(tuple),
        weights if alike is None else st.just(alike),
        st.none() | numbers,
    )
    return draw(st.lists(flow, max_size=8)), {link: link.bandwidth_Bps for link in links}


@given(problems())
@pytest.mark.no_cover
@MANY
def test_the_certificate_exactly(problem: Problem) -> None:
    certificate(*problem, max_min(*problem), by=0)


@given(problems())
@pytest.mark.no_cover
@MANY
def test_the_rates_are_those_of_the_definition(problem: Problem) -> None:
    demands, _ = problem
    assert [share.rate_Bps for share in max_min(*problem)] == fair_rates(demands)


@given(problems(), st.randoms(use_true_random=False))
def test_the_order_of_the_flows_does_not_matter(problem: Problem, random: Any) -> None:
    demands, bandwidth_Bps = problem
    order = list(range(len(demands)))
    random.shuffle(order)
    shuffled = max_min([demands[index] for index in order], bandwidth_Bps)
    straight = max_min(demands, bandwidth_Bps)
    assert [share.rate_Bps for share in shuffled] == [straight[index].rate_Bps for index in order]


@given(problems(exact=False))
@pytest.mark.no_cover
@MANY
def test_the_certificate_with_floats_of_any_magnitude(problem: Problem) -> None:
    certificate(*problem, max_min(*problem), by=1e-6)


@given(problems(exact=False))
def test_floats_are_close_to_fractions(problem: Problem) -> None:
    demands, bandwidth_Bps = problem
    exact = [Demand(d.links, F(d.weight), None if d.cap_Bps is None else F(d.cap_Bps)) for d in demands]
    expected = max_min(exact, {link: F(rate) for link, rate in bandwidth_Bps.items()})
    for ours, theirs in zip(max_min(demands, bandwidth_Bps), expected, strict=True):
        assert ours.rate_Bps == pytest.approx(float(theirs.rate_Bps), rel=1e-6)


@given(st.floats(1e-3, 1e13), st.floats(1e-2, 1e9), st.floats(1e-3, 1e13))
def test_one_flow_alone_has_all_of_its_link_or_of_its_cap_to_the_bit(width: float, weight: float, cap: float) -> None:
    assert max_min([Demand(("a",), weight, None)], {"a": width}) == [Share(width, "a")]
    ((rate, _),) = max_min([Demand(("a",), weight, cap)], {"a": width})
    assert rate == min(width, cap)
    # And among others that are held up elsewhere.
    shares = max_min([Demand(("a",), weight, None), Demand(("b",), 1.0, None)], {"a": width, "b": cap})
    assert [share.rate_Bps for share in shares] == [width, cap]
