"""The cut bound: against all cuts of small graphs, against flows of networkx, and against what textbooks say."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from fractions import Fraction
from itertools import product
from typing import Any

import networkx as nx
import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from simcomm.topology import cuts
from simcomm.topology.crossing import SHARES, Cut
from simcomm.topology.cuts import FLOWS, GATHERS, cut_bound

OPERATIONS = tuple(SHARES)
BANDWIDTHS = st.sampled_from([Fraction(1, 3), Fraction(1, 2), Fraction(1), Fraction(3, 2), Fraction(2), Fraction(7)])


def graph_of(
    hosts: int, cables: Iterable[tuple[Any, Any, Any]], links: Iterable[tuple[Any, Any, Any]] = ()
) -> nx.DiGraph[Any]:
    """Hosts 0 … hosts − 1 and whatever else the cables (both ways) and links (one way) name."""
    graph: nx.DiGraph[Any] = nx.DiGraph()
    graph.add_nodes_from(range(hosts), kind="host")
    both = [(x, y, size) for a, b, size in cables for x, y in ((a, b), (b, a))]
    for a, b, size in [*both, *links]:
        graph.add_edge(a, b, bandwidth_Bps=size, latency_s=0)
    return graph


def star(hosts: int, bandwidth: Any = 1) -> nx.DiGraph[Any]:
    return graph_of(hosts, [(host, "switch", bandwidth) for host in range(hosts)])


def ring(hosts: int) -> nx.DiGraph[Any]:
    return graph_of(hosts, [(host, (host + 1) % hosts, 1) for host in range(hosts)])


def torus(rows: int, columns: int) -> nx.DiGraph[Any]:
    """``columns`` > 2; two rows have one cable between them."""
    number = {position: index for index, position in enumerate(product(range(rows), range(columns)))}
    right = [(number[r, c], number[r, (c + 1) % columns], 1) for r, c in number]
    down = [(number[r, c], number[(r + 1) % rows, c], 1) for r, c in number if rows > 2 or r == 0]
    graph = graph_of(len(number), right + down)
    for position, index in number.items():
        graph.nodes[index]["position"] = position
    return graph


def leaf_spine(leaves: int, per_leaf: int, uplink: Any) -> nx.DiGraph[Any]:
    """One spine, one cable of ``uplink`` from each leaf."""
    hosts = leaves * per_leaf
    graph = graph_of(
        hosts,
        [(host, f"leaf{host // per_leaf}", 1) for host in range(hosts)]
        + [(f"leaf{leaf}", "spine", uplink) for leaf in range(leaves)],
    )
    for host in range(hosts):
        graph.nodes[host]["group"] = f"leaf{host // per_leaf}"
    return graph


def bound(graph: nx.DiGraph[Any], hosts: Sequence[Any] | int, operation: str) -> Cut:
    found = cut_bound(graph, range(hosts) if isinstance(hosts, int) else hosts, operation)
    assert found is not None
    return found


def share(operation: str, inside: int, workers: int, root: bool) -> Fraction:
    """What must leave A: said once more, by which elements of S cross."""
    outside = workers - inside
    crossing = {
        "all_reduce": workers,
        "reduce": 0 if root else workers,
        "broadcast": workers if root else 0,
        "reduce_scatter": outside,
        "all_gather": inside,
        "scatter": outside if root else 0,
        "gather": 0 if root else inside,
        "all_to_all": inside * outside,
    }
    return Fraction(crossing[operation], workers)


def of_all_cuts(graph: nx.DiGraph[Any], hosts: Sequence[Any], operation: str) -> Fraction:
    """The largest time over all sets of nodes."""
    best = Fraction(0)
    for chosen in product([False, True], repeat=len(graph)):
        side = {node for node, taken in zip(graph, chosen, strict=True) if taken}
        inside = sum(host in side for host in hosts)
        if 0 < inside < len(hosts):
            size = sum(link["bandwidth_Bps"] for a, b, link in graph.edges(data=True) if a in side and b not in side)
            best = max(best, share(operation, inside, len(hosts), hosts[0] in side) / Fraction(size))
    return best


@st.composite
def cases(draw: st.DrawFn, most_nodes: int = 7) -> tuple[nx.DiGraph[Any], list[Any]]:
    """A graph in which every node reaches every other one, and the workers' hosts, some perhaps twice."""
    nodes = draw(st.integers(2, most_nodes))
    hosts = draw(st.lists(st.integers(0, nodes - 1), min_size=2, max_size=nodes + 1))
    assume(len(set(hosts)) > 1)
    ends = st.tuples(st.integers(0, nodes - 1), st.integers(0, nodes - 1)).filter(lambda pair: pair[0] != pair[1])
    links = draw(st.dictionaries(ends, BANDWIDTHS, max_size=3 * nodes))
    around = {(node, (node + 1) % nodes): draw(BANDWIDTHS) for node in range(nodes)}
    return graph_of(0, [], [(a, b, size) for (a, b), size in (links | around).items()]), hosts


def check_what_it_says_of_itself(cut: Cut, graph: nx.DiGraph[Any], hosts: Sequence[Any], operation: str) -> None:
    """Without its links nobody inside reaches anybody outside, and its numbers are those of its links."""
    rest = graph.copy()
    rest.remove_edges_from(cut.links)
    for host in set(cut.inside):
        assert not nx.descendants(rest, host) & (set(hosts) - set(cut.inside))
    assert list(cut.inside) == [host for host in hosts if host in cut.inside]
    assert list(cut.links) == [link for link in graph.edges if link in cut.links]
    assert cut.bandwidth_Bps == sum(graph[a][b]["bandwidth_Bps"] for a, b in cut.links)
    expected = share(operation, len(cut.inside), len(hosts), hosts[0] in cut.inside)
    assert cut.seconds_per_byte * cut.bandwidth_Bps == expected
    assert cut.workers == len(hosts)


@pytest.mark.parametrize("operation", OPERATIONS)
@given(case=cases())
def test_no_cut_of_a_small_graph_is_tighter(operation: str, case: tuple[nx.DiGraph[Any], list[Any]]) -> None:
    graph, hosts = case
    found = bound(graph, hosts, operation)
    assert found.exact
    assert found.seconds_per_byte == of_all_cuts(graph, hosts, operation)
    check_what_it_says_of_itself(found, graph, hosts, operation)


@pytest.mark.parametrize(
    ("operation", "limit"),
    [
        *((operation, limit) for operation in (*FLOWS, *GATHERS) for limit in ("MOST_LOOKS", "MOST_LINKS")),
        *(("all_to_all", limit) for limit in ("MOST_LOOKS", "EVERY_SET")),
    ],
)
@given(case=cases())
def test_a_search_that_ends_early_is_still_a_bound(
    operation: str, limit: str, case: tuple[nx.DiGraph[Any], list[Any]]
) -> None:
    graph, hosts = case
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(cuts, limit, 0)
        found = bound(graph, hosts, operation)
    assert not found.exact
    assert 0 < found.seconds_per_byte <= of_all_cuts(graph, hosts, operation)
    check_what_it_says_of_itself(found, graph, hosts, operation)


@given(case=cases(6), data=st.data())
def test_no_cut_is_tighter_for_what_each_has_for_each(
    case: tuple[nx.DiGraph[Any], list[Any]], data: st.DataObject
) -> None:
    graph, hosts = case
    row = st.lists(st.integers(0, 9), min_size=len(hosts), max_size=len(hosts))
    between = np.array(data.draw(st.lists(row, min_size=len(hosts), max_size=len(hosts))))
    best = Fraction(0)
    for chosen in product([False, True], repeat=len(graph)):
        side = {node for node, taken in zip(graph, chosen, strict=True) if taken}
        inside = [host in side for host in hosts]
        crossing = sum(
            int(between[a, b]) for a in range(len(hosts)) for b in range(len(hosts)) if inside[a] > inside[b]
        )
        if crossing:
            size = sum(link["bandwidth_Bps"] for a, b, link in graph.edges(data=True) if a in side and b not in side)
            best = max(best, crossing / Fraction(size))
    found = cut_bound(graph, hosts, "all_to_all_v", between)
    assert found is not None
    assert (found.seconds_per_byte, found.exact) == (best, True)


@pytest.mark.parametrize("graph", [leaf_spine(3, 5, 2), ring(14), torus(4, 8)], ids=["leaves", "ring", "torus"])
def test_equal_blocks_for_each_are_an_all_to_all(graph: nx.DiGraph[Any]) -> None:
    hosts = [node for node, kind in graph.nodes(data="kind") if kind]
    known, found = (cut_bound(graph, hosts, "all_to_all", between) for between in (None, np.ones((len(hosts),) * 2)))
    assert known is not None
    assert found is not None
    assert found.seconds_per_byte == known.seconds_per_byte * len(hosts)
    assert (found.links, found.exact) == (known.links, known.exact)


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("operation", ["all_reduce", "reduce", "broadcast"])
def test_what_must_leave_or_reach_the_root_is_what_networkx_lets_through(operation: str, seed: int) -> None:
    graph, hosts = random_graph(seed)
    root = hosts[0]
    out = min(nx.maximum_flow_value(graph, root, host, "bandwidth_Bps") for host in hosts[1:])
    back = min(nx.maximum_flow_value(graph, host, root, "bandwidth_Bps") for host in hosts[1:])
    least = {"all_reduce": min(out, back), "reduce": back, "broadcast": out}[operation]
    found = bound(graph, hosts, operation)
    assert (found.seconds_per_byte, found.exact) == (Fraction(1, least), True)


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("operation", ["scatter", "gather"])
def test_what_a_root_scatters_at_the_rate_of_the_bound_just_fits_through(operation: str, seed: int) -> None:
    graph, hosts = random_graph(seed)
    found = bound(graph, hosts, operation)
    assert found.exact
    turned = nx.DiGraph(graph.reverse() if operation == "gather" else graph)
    turned.add_node("all")
    each = 1 / (len(hosts) * found.seconds_per_byte)
    for rate, fits in ((each, True), (each * Fraction(1001, 1000), False)):
        turned.add_edges_from(((host, "all") for host in hosts[1:]), bandwidth_Bps=rate)
        through = nx.maximum_flow_value(turned, hosts[0], "all", "bandwidth_Bps")
        assert (through == rate * (len(hosts) - 1)) is fits


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("operation", ["all_gather", "reduce_scatter"])
def test_shards_at_the_rate_of_the_bound_just_fit_through(operation: str, seed: int) -> None:
    graph, hosts = random_graph(seed)
    found = bound(graph, hosts, operation)
    assert found.exact
    turned = graph.reverse() if operation == "reduce_scatter" else graph
    each = 1 / (len(hosts) * found.seconds_per_byte)
    assert arrives(turned, hosts, each) == len(hosts) * each
    more = each * Fraction(1001, 1000)
    assert arrives(turned, hosts, more) < len(hosts) * more


def random_graph(seed: int) -> tuple[nx.DiGraph[Any], list[int]]:
    """40 nodes, 25 of them workers' hosts, with links of 1 … 9."""
    rng = np.random.default_rng(seed)
    around = [(node, (node + 1) % 40, int(rng.integers(1, 10))) for node in range(40)]
    ends = [[int(node) for node in rng.choice(40, 2, replace=False)] for _ in range(100)]
    graph = graph_of(40, [], around + [(a, b, int(rng.integers(1, 10))) for a, b in ends])
    return graph, [int(host) for host in rng.permutation(40)[:25]]


def arrives(graph: nx.DiGraph[Any], hosts: Sequence[int], each: Fraction) -> Fraction:
    """What reaches the worker that gets the least if every worker sends ``each``."""
    fed = graph.copy()
    fed.add_edges_from((("source", host) for host in hosts), bandwidth_Bps=each)
    return min(Fraction(nx.maximum_flow_value(fed, "source", host, "bandwidth_Bps")) for host in hosts)


@pytest.mark.parametrize("n", [2, 3, 8])
def test_star(n: int) -> None:
    graph = star(n, 5)
    expected = {
        "all_reduce": Fraction(1, 5),
        "reduce": Fraction(1, 5),
        "broadcast": Fraction(1, 5),
        "reduce_scatter": Fraction(n - 1, 5 * n),
        "all_gather": Fraction(n - 1, 5 * n),
        "scatter": Fraction(n - 1, 5 * n),
        "gather": Fraction(n - 1, 5 * n),
        "all_to_all": Fraction(n - 1, 5 * n),
    }
    assert {operation: bound(graph, n, operation).seconds_per_byte for operation in OPERATIONS} == expected


@pytest.mark.parametrize("n", [3, 4, 9])
def test_ring_has_two_links_out_of_every_host_and_of_every_arc(n: int) -> None:
    assert bound(ring(n), n, "all_reduce").seconds_per_byte == Fraction(1, 2)
    assert bound(ring(n), n, "all_gather").seconds_per_byte == Fraction(n - 1, 2 * n)
    assert bound(ring(n), n, "all_to_all").seconds_per_byte == Fraction((n // 2) * (n - n // 2), 2 * n)


def test_line_is_cut_at_its_narrowest_cable() -> None:
    graph = graph_of(6, [(0, 1, 9), (1, 2, 9), (2, 3, 2), (3, 4, 9), (4, 5, 9)])
    found = bound(graph, 6, "all_reduce")
    assert (found.seconds_per_byte, found.links, found.inside) == (Fraction(1, 2), ((3, 2),), (3, 4, 5))
    assert bound(graph, 6, "all_to_all").seconds_per_byte == Fraction(3 * 3, 6 * 2)
    # 5/6 to the last host over 9, against half over 2
    assert bound(graph, 6, "all_gather").seconds_per_byte == Fraction(3, 6 * 2)


def test_an_oversubscribed_leaf() -> None:
    graph = leaf_spine(4, 4, Fraction(1, 2))  # eight times too little
    found = bound(graph, 16, "all_reduce")
    assert found.seconds_per_byte == 2
    assert (found.links, found.inside) == ((("leaf1", "spine"),), (4, 5, 6, 7))
    # The three other leaves' shards must get into a leaf.
    assert bound(graph, 16, "all_gather").seconds_per_byte == Fraction(12, 16) * 2
    found = bound(graph, 16, "all_to_all")
    assert (found.seconds_per_byte, found.exact) == (Fraction(4 * 12, 16) * 2, False)


def test_one_worker_on_every_leaf_does_not_notice_that_it_is_oversubscribed() -> None:
    graph = leaf_spine(4, 4, 1)
    assert bound(graph, [0, 4, 8, 12], "all_to_all").seconds_per_byte == Fraction(3, 4)
    assert bound(graph, [0, 1, 4, 5], "all_to_all").seconds_per_byte == 1


def test_torus_all_reduce_by_degree_and_all_to_all_by_bisection() -> None:
    graph = torus(4, 8)
    assert bound(graph, 32, "all_reduce").seconds_per_byte == Fraction(1, 4)
    assert bound(graph, 32, "reduce_scatter").seconds_per_byte == Fraction(31, 32 * 4)
    # The long dimension is cut into two halves: 4 rows, each at two places.
    assert bound(graph, 32, "all_to_all").seconds_per_byte == Fraction(16 * 16, 32 * 8)


def test_a_slow_host_is_the_cut() -> None:
    graph = graph_of(5, [(host, "switch", 1 if host == 3 else 10) for host in range(5)])
    assert bound(graph, 5, "all_reduce").links == ((3, "switch"),)
    # 4/5 into the slow host, but only its own 1/5 out of it
    assert bound(graph, 5, "all_gather").links == (("switch", 3),)
    assert bound(graph, 5, "reduce_scatter").links == ((3, "switch"),)
    assert bound(graph, [0, 1, 2, 4], "all_reduce").seconds_per_byte == Fraction(1, 10)


def test_each_way_of_a_cable_counts_for_itself() -> None:
    slow_up = graph_of(4, [], [(host, "switch", 1) for host in range(4)] + [("switch", host, 8) for host in range(4)])
    seconds = {operation: bound(slow_up, 4, operation).seconds_per_byte for operation in OPERATIONS}
    # Alone: 3/4 must leave for the others' shards. To gather: a quarter leaves each, three come in.
    assert seconds["reduce_scatter"] == Fraction(3, 4)
    assert seconds["all_gather"] == Fraction(1, 4)
    assert seconds["all_reduce"] == seconds["reduce"] == seconds["broadcast"] == 1
    assert bound(slow_up.reverse(), 4, "all_gather").seconds_per_byte == Fraction(3, 4)
    assert bound(slow_up.reverse(), 4, "reduce_scatter").seconds_per_byte == Fraction(1, 4)


def test_the_root_is_the_first_host() -> None:
    graph = graph_of(3, [], [(0, 1, 1), (1, 2, 5), (2, 0, 5), (2, 1, 5), (1, 0, 5)])
    assert bound(graph, [0, 1, 2], "broadcast").links == ((0, 1),)
    assert bound(graph, [1, 0, 2], "broadcast").links == ((1, 2),)
    assert bound(graph, [1, 0, 2], "reduce").links == ((0, 1),)
    assert bound(graph, [1, 0, 2], "scatter").links == ((1, 2), (1, 0))
    assert bound(graph, [2, 1, 0], "gather").links == ((0, 1),)


@pytest.mark.parametrize("operation", OPERATIONS)
def test_one_worker_sends_nothing_and_so_do_two_on_one_host(operation: str) -> None:
    assert cut_bound(star(3), [1], operation) is None
    assert cut_bound(star(3), [1, 1], operation) is None


def test_of_other_operations_nothing_is_known() -> None:
    assert cut_bound(star(3), range(3), "gossip") is None


def test_the_numbers_are_fractions_unless_a_bandwidth_is_a_float() -> None:
    assert isinstance(bound(star(3), 3, "all_reduce").seconds_per_byte, Fraction)
    assert isinstance(bound(star(3, Fraction(1, 3)), 3, "all_reduce").bandwidth_Bps, Fraction)
    assert bound(star(3, np.int64(2**62)), 3, "all_reduce").seconds_per_byte == Fraction(1, 2**62)
    for number in (0.1, np.float64(0.1)):
        found = bound(star(3, number), 3, "all_gather")
        assert (type(found.seconds_per_byte), type(found.bandwidth_Bps)) == (float, float)
        assert found.seconds_per_byte == float(Fraction(2, 3) / Fraction(0.1))
        assert found.bandwidth_Bps == 0.1
    assert isinstance(bound(star(3, np.float32(0.5)), 3, "all_reduce").seconds_per_byte, float)


def test_of_equal_cuts_the_first_hosts_is_taken() -> None:
    assert bound(star(4), 4, "all_reduce").inside == (0,)
    assert bound(star(4), [2, 1, 0], "all_reduce").inside == (2,)
    assert bound(star(4), 4, "all_gather").inside == (1, 2, 3)


@pytest.mark.parametrize("operation", OPERATIONS)
def test_the_same_graph_gives_the_same_cut_whatever_its_nodes_are_called(operation: str) -> None:
    graph = leaf_spine(3, 5, 2)
    names = {node: f"node {index * 7919 % 101}" for index, node in enumerate(graph)}
    found, renamed = (
        bound(graph, 15, operation),
        bound(nx.relabel_nodes(graph, names), list(names.values())[:15], operation),
    )
    assert renamed.inside == tuple(names[host] for host in found.inside)
    assert renamed.links == tuple((names[a], names[b]) for a, b in found.links)
    assert str(found) == str(bound(leaf_spine(3, 5, 2), 15, operation))


@pytest.mark.parametrize("operation", [operation for operation in OPERATIONS if operation != "all_to_all"])
@pytest.mark.parametrize("graph", [star(1024), ring(1024), torus(16, 16), leaf_spine(32, 32, 8)], ids=str)
def test_large_graphs_are_searched_to_the_end(graph: nx.DiGraph[Any], operation: str) -> None:
    hosts = [node for node, kind in graph.nodes(data="kind") if kind]
    assert bound(graph, hosts, operation).exact


def test_all_to_all_of_many_finds_a_bottleneck_that_no_name_tells() -> None:
    """Even hosts on one switch and odd ones on another, without groups, and one thin cable."""
    graph = graph_of(20, [(host, f"switch{host % 2}", 4) for host in range(20)] + [("switch0", "switch1", 1)])
    found = bound(graph, 20, "all_to_all")
    assert (found.seconds_per_byte, len(found.links)) == (5, 1)
    assert not found.exact


def test_all_to_all_of_many_tries_the_groups_whatever_the_order_of_the_hosts() -> None:
    graph = leaf_spine(4, 4, 2)
    hosts = sorted(range(16), key=lambda host: host % 4)
    found = bound(graph, hosts, "all_to_all")
    assert (found.seconds_per_byte, found.inside) == (Fraction(4 * 12, 16 * 2), (0, 1, 2, 3))


def test_positions_and_groups_may_be_anything() -> None:
    graph = ring(14)
    for host in range(14):
        graph.nodes[host].update(position="here", group=[host // 7])
    assert bound(graph, 14, "all_to_all").seconds_per_byte == Fraction(49, 14 * 2)


def test_what_a_cut_says() -> None:
    assert str(bound(star(4, 12.5e9), 4, "all_reduce")) == "1 of 4 workers behind 1 link of 12.5 GB/s: 0 -> switch"
    two = bound(ring(4), 4, "all_reduce")
    assert str(two) == "1 of 4 workers behind 2 links, in all 2 B/s: 0 -> 1, 0 -> 3"
    many = bound(torus(4, 8), 32, "all_to_all")
    assert str(many) == "16 of 32 workers behind 8 links, in all 8 B/s: 0 -> 7 and 7 more"
