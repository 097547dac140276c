"""What is said of a whole network: its diameter, its number of links, its bisection bandwidth."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from fractions import Fraction
from functools import reduce
from itertools import combinations
from numbers import Real
from operator import or_
from typing import Any, NamedTuple

import networkx as nx

from simcomm.errors import InputError
from simcomm.topology.check import hosts

#: Up to here every halving is looked at: C(14, 7)/2 = 1716 of them.
MOST_EXACT_HOSTS = 14


Half = frozenset[Any]
Capacities = Mapping[tuple[Any, Any], int]


class Bisection(NamedTuple):
    """Bytes per second from one half of the hosts to the other; an upper bound unless ``exact``."""

    bandwidth_Bps: Any
    exact: bool


def diameter(graph: nx.DiGraph[Any]) -> int:
    """Links on the longest of the shortest paths from host to host; hosts forward. InputError if there is no path.

    >>> from simcomm.topology import build
    >>> diameter(build("star", 4, "1 GB/s", "1 us")), diameter(build("ring", 9, "1 GB/s", "1 us"))
    (2, 4)
    """
    every = hosts(graph)
    everyone = (1 << len(every)) - 1
    # A bit for every host: a node has the bits of those that reach it over at most this many links.
    reached = dict.fromkeys(graph, 0) | {host: 1 << index for index, host in enumerate(every)}
    for links in range(len(graph)):
        if all(reached[host] == everyone for host in every):
            return links
        reached = {node: reduce(or_, (reached[before] for before in graph.pred[node]), reached[node]) for node in graph}
    raise InputError("topology: not all hosts can reach each other; the graph is disconnected")


def link_count(graph: nx.DiGraph[Any]) -> int:
    """Directed links, two for a full-duplex cable; one that stands for several counts as many.

    >>> from simcomm.topology import build
    >>> link_count(build("star", 4, "1 GB/s", "1 us"))
    8
    """
    return sum(int(link.get("count", 1)) for _, _, link in graph.edges(data=True))


def bisection(graph: nx.DiGraph[Any]) -> Bisection:
    """The bandwidth of the worst halving: the least maximum flow from half of the hosts to the others.

    min over A, |A| = ⌊n/2⌋ or ⌈n/2⌉, of max-flow(A → hosts − A), one way. To find the worst halving is NP-hard. Up to
    14 hosts all are looked at; above that only the first half of the hosts in their order, along each dimension of
    their ``position``, group by group, and with half of every ``group``: the worst may be missed, so the result is an
    upper bound. One host has no halves: infinite. A Fraction if no bandwidth is a float.

    Sources: F. T. Leighton, Introduction to Parallel Algorithms and Architectures, 1992 (bisection width); M. Garey,
    D. Johnson, L. Stockmeyer, Some Simplified NP-complete Graph Problems, 1976 (minimum bisection).

    >>> from simcomm.topology import build
    >>> bisection(build("ring", 8, "1 GB/s", "1 us"))
    Bisection(bandwidth_Bps=2000000000.0, exact=True)
    """
    every = hosts(graph)
    exact = len(every) <= MOST_EXACT_HOSTS
    if len(every) == 1:
        return Bisection(math.inf, exact)
    links = {(a, b): link["bandwidth_Bps"] for a, b, link in graph.edges(data=True)}
    # Whole numbers, as the algorithms for flows need; floats are fractions too.
    scale = math.lcm(*(Fraction(bandwidth).denominator for bandwidth in links.values()))
    capacities = {link: int(Fraction(bandwidth) * scale) for link, bandwidth in links.items()}
    halves = _all_halves(every) if exact else _likely_halves(graph, every)
    least = Fraction(min(_flow(capacities, half, other) for half, other in _ways(capacities, every, halves)), scale)
    floats = any(isinstance(bandwidth, float) for bandwidth in links.values())
    return Bisection(float(least) if floats else least, exact)


def _all_halves(every: list[Any]) -> Iterator[Half]:
    """Of every halving the half with the first host."""
    for size in sorted({len(every) // 2, len(every) - len(every) // 2}):
        yield from (frozenset((every[0], *others)) for others in combinations(every[1:], size - 1))


def _likely_halves(graph: nx.DiGraph[Any], every: list[Any]) -> Iterator[Half]:
    return (frozenset(order[: len(every) // 2]) for order in _orders(graph, every))


def _ways(capacities: Capacities, every: list[Any], halves: Iterable[Half]) -> Iterator[tuple[Half, Half]]:
    """From each half to the other, and back unless that is the same."""
    symmetric = all(capacities.get((b, a)) == capacity for (a, b), capacity in capacities.items())
    for half in halves:
        other = frozenset(every) - half
        yield half, other
        if not symmetric:
            yield other, half


def _orders(graph: nx.DiGraph[Any], every: list[Any]) -> Iterator[list[Any]]:
    """As they are; along each dimension; group by group; the first of every group, the second of every group, …"""
    yield every
    place: dict[Any, Any] = {host: graph.nodes[host].get("position") for host in every}
    for axis in range(min(map(_axes, place.values()))):
        yield sorted(every, key=lambda host: place[host][axis])
    groups: dict[Any, list[Any]] = {}
    for host in every:
        groups.setdefault(graph.nodes[host].get("group", host), []).append(host)
    yield [host for group in groups.values() for host in group]
    turn = {host: turn for group in groups.values() for turn, host in enumerate(group)}
    yield sorted(every, key=turn.__getitem__)


def _axes(position: Any) -> int:
    known = isinstance(position, tuple | list) and all(isinstance(place, Real) for place in position)
    return len(position) if known else 0


def _flow(capacities: Capacities, half: Half, other: Half) -> int:
    """The maximum flow between two halves, the hosts of each merged into one node."""
    source, sink = object(), object()
    side = dict.fromkeys(half, source) | dict.fromkeys(other, sink)
    merged: nx.DiGraph[Any] = nx.DiGraph()
    for link, capacity in capacities.items():
        a, b = (side.get(node, node) for node in link)
        if a != b:
            before = merged[a][b]["capacity"] if merged.has_edge(a, b) else 0
            merged.add_edge(a, b, capacity=before + capacity)
    return int(nx.maximum_flow_value(merged, source, sink))
