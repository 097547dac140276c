"""Dimension-order routing against a second implementation, and grids that are none."""

from __future__ import annotations

from itertools import pairwise, product
from typing import Any

import networkx as nx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simcomm.errors import InputError
from simcomm.topology import build
from simcomm.topology.routing.dimension_order import dimension_order

DIMS = st.lists(st.integers(1, 6), min_size=1, max_size=3)


def stops(here: int, goal: int, size: int, closed: bool) -> list[int]:
    """The coordinates on the way in one dimension: by walking both ways and counting."""
    up, down = [here], [here]
    while up[-1] != goal:
        up.append((up[-1] + 1) % size)
    while down[-1] != goal:
        down.append((down[-1] - 1) % size)
    if closed:
        return up[1:] if len(up) <= len(down) else down[1:]
    return up[1:] if goal > here else down[1:]


def expected(dims: list[int], closed: bool, start: tuple[int, ...], goal: tuple[int, ...]) -> list[tuple[int, ...]]:
    way = [start]
    for axis in range(len(dims)):
        for stop in stops(start[axis], goal[axis], dims[axis], closed):
            way.append((*way[-1][:axis], stop, *way[-1][axis + 1 :]))
    return way


def between(kind: str, hosts: int, source: int, target: int) -> tuple[Any, ...]:
    return dimension_order(build(kind, hosts, 1, 1), [(source, target)])[source, target].nodes


def refusal(graph: nx.DiGraph[Any], *pairs: tuple[Any, Any]) -> str:
    with pytest.raises(InputError) as refused:
        dimension_order(graph, pairs)
    return str(refused.value)


@pytest.mark.parametrize("kind", ["mesh", "torus"])
@given(dims=DIMS, data=st.data())
@settings(max_examples=60)
def test_one_dimension_after_the_other_by_the_shorter_way(kind: str, dims: list[int], data: st.DataObject) -> None:
    places = list(product(*map(range, dims)))  # host number: the last dimension is the fastest
    graph = build(kind, len(places), 1, 1, dims=dims)
    ends = st.sampled_from(range(len(places)))
    pairs = data.draw(st.lists(st.tuples(ends, ends).filter(lambda pair: pair[0] != pair[1]), max_size=20))
    for (source, target), route in dimension_order(graph, pairs).items():
        way = expected(dims, kind == "torus", places[source], places[target])
        assert [places[node] for node in route.nodes] == way
        assert len(route.links) == nx.shortest_path_length(graph, source, target)


@pytest.mark.parametrize("hosts", [2, 4, 6, 8])
def test_a_tie_on_a_ring_goes_clockwise_from_every_host(hosts: int) -> None:
    for source in range(hosts):
        target = (source + hosts // 2) % hosts
        clockwise = [(source + step) % hosts for step in range(hosts // 2 + 1)]
        assert list(between("ring", hosts, source, target)) == clockwise


def test_a_ring_is_crossed_by_the_shorter_way_and_a_line_by_its_only_one() -> None:
    assert between("ring", 5, 4, 1) == (4, 0, 1)
    assert between("ring", 5, 1, 4) == (1, 0, 4)
    assert between("line", 4, 3, 1) == (3, 2, 1)
    assert between("line", 4, 0, 3) == (0, 1, 2, 3)


def test_a_hypercube_corrects_the_highest_bit_first() -> None:
    assert between("hypercube", 8, 0b001, 0b110) == (0b001, 0b101, 0b111, 0b110)


def test_a_side_of_two_has_one_way() -> None:
    graph = build("torus", 4, 1, 1, dims=[2, 2])
    assert dimension_order(graph, [(3, 0)])[3, 0].nodes == (3, 1, 0)


def test_a_mesh_that_was_read_from_a_file_needs_nothing_but_positions() -> None:
    graph: nx.DiGraph[Any] = nx.DiGraph()
    for name, position in (("b", [1, 0]), ("a", [0, 0]), ("c", [1, 1]), ("d", [0, 1])):
        graph.add_node(name, kind="host", position=position)
    for a, b in pairwise("abcda"):
        graph.add_edge(a, b, bandwidth_Bps=1, latency_s=1)
        graph.add_edge(b, a, bandwidth_Bps=1, latency_s=1)
    assert dimension_order(graph, [("d", "b")])["d", "b"].nodes == ("d", "c", "b")


def test_a_switch_beside_the_grid_needs_no_position() -> None:
    graph = build("ring", 4, 1, 1)
    graph.add_node("console", kind="switch")
    assert dimension_order(graph, [(0, 2)])[0, 2].nodes == (0, 1, 2)


def test_a_graph_without_positions_is_refused() -> None:
    assert refusal(build("star", 4, 1, 1), (0, 1)) == (
        "routing: dimension_order needs the position of every host; host 0 of this star has none; "
        "expected a mesh, torus, hypercube, ring or line"
    )


@pytest.mark.parametrize("position", ["(0, 0)", 3, (0, 1.5), (0, True), (-1, 0)])
def test_a_position_that_is_none_is_refused(position: Any) -> None:
    graph = build("mesh", 4, 1, 1)
    graph.nodes[2]["position"] = position
    assert f"host 2 of this mesh has {position!r}, not whole numbers >= 0; expected" in refusal(graph, (0, 1))


@pytest.mark.parametrize("position", [(0, 0), (0,)])
def test_positions_must_differ_and_be_of_one_length(position: Any) -> None:
    graph = build("mesh", 4, 1, 1)
    graph.nodes[2]["position"] = position
    message = "routing: dimension_order needs positions that differ, and are all of one length"
    assert refusal(graph, (0, 1)) == message


def test_a_hole_in_the_grid_is_named() -> None:
    graph = build("mesh", 9, 1, 1, dims=[3, 3])
    graph.remove_edge(4, 5)
    assert refusal(graph, (0, 3), (1, 5)) == (
        "routing: dimension_order from 1 to 5 needs a link from 4 to 5, which is not there; "
        "expected a whole mesh or torus"
    )
    graph.remove_node(4)
    assert refusal(graph, (1, 5)) == (
        "routing: dimension_order from 1 to 5 needs a host beside 1, which is not there; expected a whole mesh or torus"
    )
