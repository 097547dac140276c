"""Two tiers: what stays inside a node, both forms between nodes, and the formula on machines of two tiers."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import pytest

from simcomm import counts
from simcomm.closed_forms import Vector
from simcomm.collectives.factors import divisors
from simcomm.collectives.hierarchical import hierarchical_all_reduce
from simcomm.collectives.torus import torus_all_reduce
from simcomm.engines.exact import exact_run
from simcomm.errors import InputError
from simcomm.goals import ALL_REDUCE
from simcomm.proof import prove
from simcomm.simulation import simulate

COSTS = (Fraction(5), Fraction(1, 3), Fraction(1, 7))
GB = 10**9


def test_shards_are_added_up_between_ranks_of_the_same_number() -> None:
    """Two nodes of three: rank 4 is number 1 of node 1."""
    rows = [row for row in hierarchical_all_reduce.schedule(6, group=3) if row.kind != "compute" and row.src == 4]
    assert [str(row).split(",")[0] for row in rows] == [
        "reduce 4 -> 5  chunks 0..1",
        "reduce 4 -> 5  chunks 4..5",
        "reduce 4 -> 1  chunk 2",
        "copy 4 -> 1  chunk 3",
        "copy 4 -> 5  chunks 2..3",
        "copy 4 -> 5  chunks 0..1",
    ]


@pytest.mark.parametrize("between", ["ring", "recursive_doubling"])
@pytest.mark.parametrize("n", [1, 2, 3, 6, 10, 12, 14, 16, 24])
def test_every_group(n: int, between: str) -> None:
    """Seven nodes of two, three nodes of four, …: proof, counts, and the exact time where shards have one size."""
    for group in divisors(n):
        options: dict[str, Any] = {"group": group, "between": between}
        schedule = hierarchical_all_reduce.schedule(n, **options)
        prove(schedule, ALL_REDUCE, n)
        for elements in (0, 1, 5, 3 * n + 2, 2 * n):
            claim = hierarchical_all_reduce.claim(n, Vector(elements), **options)
            counts.check(counts.count(schedule, Vector(elements)), claim)
        assert claim.time is not None
        assert n > 16 or exact_run(schedule, Vector(2 * n), *COSTS).makespan_s == claim.time(*COSTS)


def test_segments_have_a_formula_unless_an_odd_number_of_nodes_doubles() -> None:
    for group, between, known in ((4, "ring", True), (3, "recursive_doubling", True), (4, "recursive_doubling", False)):
        options: dict[str, Any] = {"group": group, "between": between, "segments": 2}
        time = hierarchical_all_reduce.claim(12, Vector(240), **options).time
        assert (time is not None) == known
        found = exact_run(hierarchical_all_reduce.schedule(12, **options), Vector(240), *COSTS).makespan_s
        assert time is None or found == time(*COSTS)


def test_rings_in_both_tiers_take_as_long_as_a_torus() -> None:
    for n, group in ((12, 3), (12, 4)):
        two = hierarchical_all_reduce.claim(n, Vector(n), group=group)
        torus = torus_all_reduce.claim(n, Vector(n), dims=f"{group}x{n // group}")
        assert two.time is not None
        assert torus.time is not None
        assert (two.total, two.steps, two.time(*COSTS)) == (torus.total, torus.steps, torus.time(*COSTS))


#: Of each topology: its options, then α₁, β₁, α₂, β₂ for four ranks of a node that all send at once.
TIERS = [
    ({"kind": "rail_optimised", "gpus": 4}, 2e-6, 1 / 100, 10e-6, 1 / 10),
    ({"kind": "shared_nic", "gpus": 4}, 2e-6, 1 / 100, 14e-6, 4 / 10),
]


@pytest.mark.parametrize(("topology", "alpha_1", "beta_1", "alpha_2", "beta_2"), TIERS, ids=["rails", "one card"])
def test_the_formula_of_two_tiers(
    topology: dict[str, Any], alpha_1: float, beta_1: float, alpha_2: float, beta_2: float
) -> None:
    """2(g−1)(α₁+Sβ₁/g) + 2(m−1)(α₂+Sβ₂/(gm)) under max-min sharing, and faster than one ring of all."""
    machine = {**topology, "nvlink_bandwidth": "100 GB/s", "nvlink_latency": "1 us"}
    g, m, S = 4, 4, 64 * 10**6

    def seconds(collective: Any) -> float:
        link = {"bandwidth": "10 GB/s", "latency": "5 us"}
        ran = simulate(collective, g * m, size="64 MB", topology=machine, network="fair_share", link=link)
        return float(ran.time_s)

    expected = 2 * (g - 1) * (alpha_1 + S / g * beta_1 / GB) + 2 * (m - 1) * (alpha_2 + S / (g * m) * beta_2 / GB)
    found = seconds({"name": "hierarchical_all_reduce", "group": g})
    assert found == pytest.approx(expected, rel=1e-9)
    assert seconds("ring_all_reduce") > found


def test_where_links_inside_a_node_are_no_faster_only_latencies_are_saved() -> None:
    """Leaves whose uplinks carry a quarter of what their hosts send; the two tiers cross them one after the other."""

    def seconds(collective: Any, size: str, **more: Any) -> float:
        link = {"bandwidth": "10 GB/s", "latency": "5 us"}
        where = {"kind": "leaf_spine", "leaves": 4, "hosts_per_leaf": 4, "oversubscription": 4}
        keys: dict[str, Any] = {"topology": where, "network": "fair_share", "link": link, **more}
        return float(simulate(collective, 16, size=size, **keys).time_s)

    two, S = {"name": "hierarchical_all_reduce", "group": 4}, 10**6
    expected = 6 * (10e-6 + S / 4 / 10 / GB) + 6 * (20e-6 + S / 16 * 4 / 10 / GB)
    assert seconds(two, "1 MB") == pytest.approx(expected, rel=1e-9)
    assert seconds("ring_all_reduce", "1 MB") > expected
    assert seconds("ring_all_reduce", "64 MB") < seconds(two, "64 MB")
    assert seconds(two, "1 MB", placement="round_robin") > expected, "nodes that are not on one leaf"


@pytest.mark.parametrize("group", [0, -4, 5, 24])
def test_nodes_must_be_whole(group: int) -> None:
    with pytest.raises(InputError) as refused:
        hierarchical_all_reduce.schedule(12, group=group)
    expected = "into equal groups; expected one of 1, 2, 3, 4, 6, 12"
    assert str(refused.value) == f"group: {group} does not divide 12 workers {expected}"
