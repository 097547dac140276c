"""Lines, rings, meshes, tori and hypercubes: who is whose neighbour, and the formulas of the textbooks."""

from __future__ import annotations

import math
from itertools import product
from typing import Any

import pytest

from simcomm.errors import InputError
from simcomm.topology import build
from simcomm.topology.check import hosts
from simcomm.topology.measures import bisection, diameter, link_count

DIMS = [[1], [2], [5], [1, 6], [2, 2], [3, 4], [4, 4], [2, 3, 4], [4, 4, 2], [4, 4, 4], [2, 2, 2, 2], [3, 3, 3], [6, 5]]


def by_definition(dims: list[int], closed: bool) -> set[tuple[int, int]]:
    """All pairs of hosts that differ by one in one coordinate, modulo the side if closed."""
    found = set()
    points = list(product(*map(range, dims)))
    for a, first in enumerate(points):
        for b, second in enumerate(points):
            apart = [
                min(abs(x - y), side - abs(x - y)) if closed else abs(x - y)
                for x, y, side in zip(first, second, dims, strict=True)
            ]
            if sum(apart) == 1:
                found.add((a, b))
    return found


@pytest.mark.parametrize("dims", DIMS)
@pytest.mark.parametrize("kind", ["mesh", "torus"])
def test_neighbours_differ_by_one_in_one_coordinate(kind: str, dims: list[int]) -> None:
    graph = build(kind, 1, 1, 0, dims=dims)
    assert set(graph.edges) == by_definition(dims, kind == "torus")
    assert [graph.nodes[host]["position"] for host in graph] == list(product(*map(range, dims)))
    assert graph.graph["dims"] == tuple(dims)
    assert graph.graph["wraps"] == tuple(kind == "torus" and side > 2 for side in dims)
    assert not any("count" in link for _, _, link in graph.edges(data=True))  # a side of 2 has one cable


# Dally and Towles 2004, chapter 5: 2N/k channels cross the middle of a mesh and 4N/k that of a torus, both ways
# together; k-ary n-cubes have a diameter of n·⌊k/2⌋, meshes of n·(k − 1).
@pytest.mark.parametrize(("k", "n"), [(2, 1), (4, 1), (10, 1), (16, 1), (4, 2), (6, 2), (8, 2), (4, 3)])
def test_the_formulas_of_k_ary_n_cubes_and_meshes(k: int, n: int) -> None:
    torus, mesh = (build(kind, k**n, 1, 0, dims=[k] * n) for kind in ("torus", "mesh"))
    assert bisection(mesh).bandwidth_Bps == k ** (n - 1)
    assert bisection(torus).bandwidth_Bps == (2 if k > 2 else 1) * k ** (n - 1)
    assert diameter(mesh) == n * (k - 1)
    assert diameter(torus) == n * (k // 2)
    assert link_count(mesh) == 2 * n * (k - 1) * k ** (n - 1)
    assert link_count(torus) == (2 * n * k**n if k > 2 else n * k**n)


@pytest.mark.parametrize("dims", [dims for dims in DIMS if len(dims) > 1])
def test_the_formulas_of_sides_that_differ(dims: list[int]) -> None:
    hosts_, long = math.prod(dims), max(dims)
    torus, mesh = (build(kind, 1, 1, 0, dims=dims) for kind in ("torus", "mesh"))
    assert diameter(mesh) == sum(side - 1 for side in dims)
    assert diameter(torus) == sum(side // 2 for side in dims)
    assert link_count(mesh) == 2 * sum((side - 1) * hosts_ // side for side in dims)
    assert link_count(torus) == sum({1: 0, 2: hosts_}.get(side, 2 * hosts_) for side in dims)
    if long % 2 == 0:
        assert bisection(mesh).bandwidth_Bps == hosts_ // long
        assert bisection(torus).bandwidth_Bps == min(
            hosts_ // side * (2 if side > 2 else 1) for side in dims if side % 2 == 0
        )


@pytest.mark.parametrize("n", [1, 2, 3, 4, 9, 14, 15, 40])
def test_the_formulas_of_ring_and_line(n: int) -> None:
    ring, line = build("ring", n, 1, 0), build("line", n, 1, 0)
    assert link_count(ring) == {1: 0, 2: 2}.get(n, 2 * n)
    assert link_count(line) == 2 * (n - 1)
    assert (diameter(ring), diameter(line)) == (n // 2, n - 1)
    assert bisection(ring).bandwidth_Bps == {1: math.inf, 2: 1}.get(n, 2)
    assert bisection(line).bandwidth_Bps == (1 if n > 1 else math.inf)
    assert ring.graph["wraps"] == (n > 2,)
    assert (ring.graph["dims"], line.graph["wraps"]) == ((n,), (False,))
    assert [ring.nodes[host]["position"] for host in ring] == [(host,) for host in range(n)]


def test_a_ring_goes_both_ways_to_the_next_and_closes() -> None:
    assert set(build("ring", 4, 1, 0).edges) == {(0, 1), (1, 2), (2, 3), (3, 0), (1, 0), (2, 1), (3, 2), (0, 3)}
    assert set(build("ring", 3, 1, 0).edges) == {(0, 1), (1, 2), (2, 0), (1, 0), (2, 1), (0, 2)}
    assert set(build("ring", 2, 1, 0).edges) == {(0, 1), (1, 0)}
    assert set(build("line", 3, 1, 0).edges) == {(0, 1), (1, 2), (1, 0), (2, 1)}


# Dally and Towles 2004, chapter 5: the binary n-cube; Leighton 1992, section 3.1: bisection width N/2.
@pytest.mark.parametrize("d", [0, 1, 2, 3, 4, 6])
def test_the_formulas_of_the_hypercube(d: int) -> None:
    graph = build("hypercube", 2**d, 1, 0)
    assert set(graph.edges) == {(a, b) for a in range(2**d) for b in range(2**d) if (a ^ b).bit_count() == 1}
    assert link_count(graph) == d * 2**d
    assert diameter(graph) == d
    assert bisection(graph).bandwidth_Bps == (2 ** (d - 1) if d else math.inf)
    assert graph.graph["dims"] == (2,) * d
    assert all(int("0" + "".join(map(str, graph.nodes[host]["position"])), 2) == host for host in graph)


@pytest.mark.parametrize(("n", "d"), [(1, 0), (2, 1), (3, 2), (4, 2), (5, 3), (8, 3), (9, 4)])
def test_the_smallest_hypercube_that_holds_all(n: int, d: int) -> None:
    assert len(build("hypercube", n, 1, 0)) == 2**d
    assert len(build("hypercube", n, 1, 0, dimension=d + 1)) == 2 ** (d + 1)


@pytest.mark.parametrize(
    ("n", "dims"), [(1, (1, 1)), (7, (2, 4)), (8, (2, 4)), (12, (3, 4)), (64, (8, 8)), (65, (6, 11))]
)
@pytest.mark.parametrize("kind", ["mesh", "torus"])
def test_the_squarest_sides_that_hold_all(kind: str, n: int, dims: tuple[int, int]) -> None:
    assert build(kind, n, 1, 0).graph["dims"] == dims


def test_more_hosts_than_asked_for_are_built() -> None:
    assert hosts(build("torus", 5, 1, 0, dims=(4, 4))) == list(range(16))


@pytest.mark.parametrize(
    ("kind", "options", "message"),
    [
        ("mesh", {"dims": 16}, "dims: 16; expected a list of 1 to 20 whole numbers, such as [4, 4]"),
        ("torus", {"dims": []}, "dims: []; expected a list of 1 to 20 whole numbers, such as [4, 4]"),
        ("torus", {"dims": "4x4"}, "dims: '4x4'; expected a list of 1 to 20 whole numbers, such as [4, 4]"),
        ("torus", {"dims": [1] * 21}, f"dims: {[1] * 21}; expected a list of 1 to 20 whole numbers, such as [4, 4]"),
        ("torus", {"dims": [4, 0]}, "dims: 0; expected a whole number of at least 1"),
        ("torus", {"dims": [4, 2.5]}, "dims: 2.5; expected a whole number of at least 1"),
        ("torus", {"dims": [True, 16]}, "dims: True; expected a whole number of at least 1"),
        ("mesh", {"dims": ["4", 4]}, "dims: '4'; expected a whole number of at least 1"),
        ("mesh", {"dims": [10**7, 1]}, "dims: 10,000,000; expected at most 1,000,000"),
        (
            "torus",
            {"dims": [3, 4]},
            "dims: [3, 4]; expected a product of at least 16, one for every host; got 3·4 = 12",
        ),
        ("hypercube", {"dimension": 3}, "dimension: 3; expected at least 4, for 16 hosts"),
        ("hypercube", {"dimension": 21}, "dimension: 21; expected at most 20"),
        ("hypercube", {"dimension": "4"}, "dimension: '4'; expected a whole number of at least 0"),
        ("hypercube", {"dimension": True}, "dimension: True; expected a whole number of at least 0"),
    ],
)
def test_what_is_no_grid_is_refused(kind: str, options: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError) as refused:
        build(kind, 16, 1, 0, **options)
    assert str(refused.value) == message
