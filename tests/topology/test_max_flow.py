"""Flows and cuts of small networks, against networkx and against all cuts."""

from __future__ import annotations

from itertools import product

import networkx as nx
from hypothesis import given
from hypothesis import strategies as st

from simcomm.topology.max_flow import FlowNetwork

NODES = 5
SIZES = st.integers(0, 6)
LINKS = st.dictionaries(
    st.tuples(st.integers(0, NODES - 1), st.integers(0, NODES - 1)).filter(lambda ends: ends[0] != ends[1]), SIZES
)
AMOUNTS = st.lists(SIZES, min_size=NODES, max_size=NODES)


def network(links: dict[tuple[int, int], int]) -> FlowNetwork:
    return FlowNetwork(NODES, [(src, dst, size) for (src, dst), size in links.items()])


def width(links: dict[tuple[int, int], int], supply: list[int], demand: list[int], beyond: set[int]) -> int:
    """Of the cut with these nodes beyond it: links into them, supply among them, demand of the others."""
    return (
        sum(size for (src, dst), size in links.items() if src not in beyond and dst in beyond)
        + sum(supply[node] for node in beyond)
        + sum(amount for node, amount in enumerate(demand) if node not in beyond)
    )


def narrowest(links: dict[tuple[int, int], int], supply: list[int], demand: list[int]) -> int:
    graph = nx.DiGraph()
    graph.add_nodes_from(["from", "to"])
    graph.add_edges_from((src, dst, {"capacity": size}) for (src, dst), size in links.items())
    for node in range(NODES):
        graph.add_edge("from", node, capacity=supply[node])
        graph.add_edge(node, "to", capacity=demand[node])
    return int(nx.minimum_cut_value(graph, "from", "to"))


@given(links=LINKS, supply=AMOUNTS, demand=AMOUNTS)
def test_what_can_flow_is_what_networkx_says(
    links: dict[tuple[int, int], int], supply: list[int], demand: list[int]
) -> None:
    least = narrowest(links, supply, demand)
    flows = network(links)
    assert flows.beyond(supply, dict(enumerate(demand)), least) is None
    beyond = flows.beyond(supply, dict(enumerate(demand)), least + 1)
    assert beyond is not None
    assert width(links, supply, demand, beyond) == least


@given(links=LINKS, supply=AMOUNTS, demand=AMOUNTS)
def test_of_equally_narrow_cuts_it_is_the_one_with_the_fewest_nodes_beyond(
    links: dict[tuple[int, int], int], supply: list[int], demand: list[int]
) -> None:
    beyond = network(links).beyond(supply, dict(enumerate(demand)), sum(supply) + 1)
    sets = [{node for node in range(NODES) if chosen[node]} for chosen in product([False, True], repeat=NODES)]
    widths = [width(links, supply, demand, each) for each in sets]
    assert beyond == set.intersection(*(each for each, found in zip(sets, widths, strict=True) if found == min(widths)))


@given(links=LINKS, supply=AMOUNTS, demand=AMOUNTS, factor=st.integers(1, 4))
def test_a_network_is_as_new_after_a_flow_and_links_can_be_widened(
    links: dict[tuple[int, int], int], supply: list[int], demand: list[int], factor: int
) -> None:
    used = network(links)
    used.beyond(supply, dict(enumerate(demand)), 100)
    used.widen(factor)
    fresh = network({ends: factor * size for ends, size in links.items()})
    enough = sum(supply) + 1
    assert used.beyond(supply, dict(enumerate(demand)), enough) == fresh.beyond(supply, dict(enumerate(demand)), enough)


@given(links=LINKS, supply=AMOUNTS, node=st.integers(1, NODES - 1))
def test_a_node_that_was_taken_out_acts_through_the_supply_of_its_neighbours(
    links: dict[tuple[int, int], int], supply: list[int], node: int
) -> None:
    whole, parted = network(links), network(links)
    supply[node] = 1000  # more than its links can take
    without = supply.copy()
    for other, size in parted.absorb(node):
        without[other] += size
    without[node] = 0
    assert parted.beyond(without, {0: 500}, 500) == whole.beyond(supply, {0: 500}, 500)


def test_what_was_looked_at_is_counted() -> None:
    flows = network({(0, 1): 1, (1, 2): 1})
    assert flows.looks == 0
    flows.beyond([1, 0, 0, 0, 0], {2: 1}, 1)
    assert flows.looks > 0


def test_a_path_that_was_in_the_way_is_moved() -> None:
    """The shortest path, 0 1 2 7, takes the last link of 0 3 4 2 7: it must go by 1 5 6 7 instead."""
    links = [(0, 1), (1, 2), (2, 7), (0, 3), (3, 4), (4, 2), (1, 5), (5, 6), (6, 7)]
    flows = FlowNetwork(8, [(src, dst, 1) for src, dst in links])
    supply = [9, *[0] * 7]
    assert flows.beyond(supply, {7: 9}, 2) is None
    assert flows.beyond(supply, {7: 9}, 3) == {7}
