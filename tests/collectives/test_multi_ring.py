"""Several rings: which worker is next, when they help, and that they are a ring's segments where they do not."""

from __future__ import annotations

import math
from fractions import Fraction
from typing import Any

import pytest

from simcomm.closed_forms import Vector
from simcomm.collectives.multi_ring import multi_ring_all_reduce, ring_strides
from simcomm.collectives.ring import ring_all_reduce
from simcomm.engines.exact import exact_run
from simcomm.errors import InputError
from simcomm.simulation import simulate

LINK = {"bandwidth": "1 GB/s", "latency": "1 ns"}


def seconds(workers: int, topology: Any, network: str, **options: Any) -> float:
    chosen = {"name": "multi_ring_all_reduce", **options}
    ran = simulate(chosen, workers, size="840 MB", dtype="int8", topology=topology, network=network, link=LINK)
    return float(ran.time_s)


def test_one_ring_is_the_ring_and_folds_like_it() -> None:
    one, ring = multi_ring_all_reduce.schedule(5, rings=1), ring_all_reduce.schedule(5)
    assert str(one) == str(ring)
    assert one.quotient is not None


def test_rings_that_go_the_same_way_are_segments_of_one() -> None:
    rings = multi_ring_all_reduce.schedule(6, rings=3, directions="one")
    assert list(rings) == list(ring_all_reduce.schedule(6, segments=3))


@pytest.mark.parametrize("n", range(1, 20))
def test_every_ring_visits_every_worker(n: int) -> None:
    for directions in ("both", "one"):
        strides = ring_strides(n, 7, directions, "several")  # type: ignore[arg-type]
        assert len(strides) == 7
        assert all(math.gcd(stride, n) == 1 for stride in strides)
        different = sum(math.gcd(d, n) == 1 for d in range(1, n + 1))  # Euler's function
        assert len(set(strides)) == min(7, different)


def test_every_other_ring_turns_round() -> None:
    schedule = multi_ring_all_reduce.schedule(7, rings=2)
    ways = {(row.chunk // 7, (row.dst - row.src) % 7) for row in schedule}
    assert ways == {(0, 1), (1, 6)}


@pytest.mark.parametrize("segments", [1, 2])
@pytest.mark.parametrize("rings", [1, 2, 3])
@pytest.mark.parametrize(("alpha", "beta", "gamma"), [(5, 2, 3), (0, 1, 0), (400, 1, 7), (60, 3, 0)])
def test_the_time_is_exact_in_every_regime(rings: int, segments: int, alpha: int, beta: int, gamma: int) -> None:
    costs = (Fraction(alpha), Fraction(beta, 7), Fraction(gamma, 5))
    for n in (1, 2, 5, 6):
        vector, options = Vector(6 * n * 2), {"rings": rings, "segments": segments}
        time = multi_ring_all_reduce.claim(n, vector, **options).time
        assert time is not None
        assert exact_run(multi_ring_all_reduce.schedule(n, **options), vector, *costs).makespan_s == time(*costs)


def test_chunks_of_different_sizes_have_no_formula_but_for_one_ring() -> None:
    """The largest chunk would say 2·2·8 s, but of each ring another worker has it, and a port takes them all."""
    assert multi_ring_all_reduce.claim(3, Vector(7)).time is None
    assert multi_ring_all_reduce.claim(3, Vector(7), rings=1).time is not None


@pytest.mark.parametrize("network", ["store_and_forward", "fair_share"])
def test_both_directions_of_a_ring_of_links_take_half_the_time(network: str) -> None:
    one = seconds(6, "ring", network, rings=1)
    assert one == pytest.approx(2 * 5 / 6 * 0.84, rel=1e-5)
    assert seconds(6, "ring", network, rings=2, directions="one") == pytest.approx(one, rel=1e-5), "the same links"
    assert seconds(6, "ring", network, rings=2) == pytest.approx(one / 2, rel=1e-5)


@pytest.mark.parametrize("network", ["store_and_forward", "fair_share"])
def test_more_strides_use_more_links_of_a_full_graph(network: str) -> None:
    """Of 7 workers each has 6 links, one for every stride."""
    one = seconds(7, "fully_connected", network, rings=1)
    for rings in (2, 4, 6):
        found = seconds(7, "fully_connected", network, rings=rings, strides="several")
        assert found == pytest.approx(one / rings, rel=1e-5)
    assert seconds(7, "fully_connected", network, rings=6) == pytest.approx(one / 2, rel=1e-5), "two strides"


def test_at_least_one_ring() -> None:
    with pytest.raises(InputError, match=r"^rings: 0; expected at least 1$"):
        multi_ring_all_reduce.schedule(4, rings=0)
