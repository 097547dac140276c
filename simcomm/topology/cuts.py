"""The cut bound: what must cross a cut of the network takes at least its size over the bandwidth of the cut.

What must cross, :mod:`~simcomm.topology.crossing` says. The largest time over all cuts bounds any algorithm. No cut
needs more than t if and only if a flow of S/t from the root (broadcast), or of S/(nt) from each worker (all_gather),
can reach every single worker, one at a time (max-flow min-cut; Edmonds 1973 for trees, Zhao et al., ForestColl 2024,
for all_gather). A worker that it does not reach names a cut that needs more, whose time is the next t (the iteration of
Newton and Dinkelbach), until all are reached. For a gather one flow must bring S/(nt) from all workers at once to the
root. reduce, reduce_scatter and scatter are broadcast, all_gather and gather with all links turned round; all_reduce is
reduce and broadcast.
For all_to_all (MPI's) that cut is the sparsest, which is NP-hard: all sets of few workers are tried, or likely ones.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from fractions import Fraction
from itertools import combinations
from numbers import Rational
from typing import TYPE_CHECKING, Any

import numpy as np

from simcomm.topology.crossing import SHARES, Cut, fraction
from simcomm.topology.max_flow import FlowNetwork

if TYPE_CHECKING:
    import networkx as nx

#: A search for a flow, or for all_to_all, ends after looking at so many links, with repetition (less than a second).
MOST_LOOKS = 1_000_000
#: In a graph of more links only each worker alone is tried.
MOST_LINKS = 300_000
#: all_to_all: with so many hosts or fewer every set of them is tried.
EVERY_SET = 12
#: operation -> whether links are turned in the flow of a gather.
GATHERS = {"gather": False, "scatter": True}
#: operation -> for every flow that it is made of: whether it starts at the root alone, and whether links are turned.
FLOWS = {
    "all_reduce": ((True, True), (True, False)),
    "reduce": ((True, True),),
    "broadcast": ((True, False),),
    "reduce_scatter": ((False, True),),
    "all_gather": ((False, False),),
}


def cut_bound(graph: nx.DiGraph[Any], hosts: Sequence[Any], operation: str, between: Any = None) -> Cut | None:
    """The tightest cut of a checked graph for ``operation`` of workers on ``hosts``; other nodes only forward.

    The time is at least S · ``seconds_per_byte``; latency is left out. ``hosts[0]`` is the root. Exact Fractions if all
    bandwidths are ints or Fractions, else floats (rounded once, at the end). None for an operation that is not in
    SHARES and for workers that are all on one host. Of cuts that are equally tight the first one found is taken: each
    worker alone, or all others against it, in the order of the hosts; then what the flows find. With ``between``, a
    square array of whole numbers, the operation is that each worker has so many bytes for each other one; S is a byte.

    Shares are taken as equal: if n does not divide the E elements, S is that of n·⌊E/n⌋ elements wherever shares of n
    are counted. The flow is our own, one for every worker: networkx's takes 20 ms for each on 256 hosts.

    >>> from simcomm.topology import build
    >>> print(cut_bound(build("star", 4, "100 Gbit/s", "5 us"), range(4), "all_reduce"))
    1 of 4 workers behind 1 link of 12.5 GB/s: 0 -> switch
    >>> cut_bound(build("ring", 8, 1, 0), range(8), "all_gather").seconds_per_byte
    Fraction(7, 16)
    """
    if (operation not in SHARES and between is None) or len(set(hosts)) < 2:
        return None
    search = _Search(graph, hosts, SHARES[operation]) if between is None else _BetweenSearch(graph, hosts, between)
    search.try_each_alone()
    if operation == "all_to_all" or between is not None:
        ended = [_try_sets(search, graph)]
    elif operation in GATHERS:
        ended = [search.gather(GATHERS[operation])]
    else:
        ended = [search.follow(*flow) for flow in FLOWS[operation]]
    return search.cut(exact=all(ended))


class _Search:
    """The tightest cut so far, as a set of numbered nodes, and how to find a tighter one."""

    def __init__(
        self, graph: nx.DiGraph[Any], hosts: Sequence[Any], share: Callable[[int, int, bool], Fraction]
    ) -> None:
        self.hosts, self.share = hosts, share
        self.number = {node: index for index, node in enumerate(graph)}
        self.names = list(graph.edges)
        given = [link["bandwidth_Bps"] for _, _, link in graph.edges(data=True)]
        exact = {bandwidth: fraction(bandwidth) for bandwidth in given}
        self.is_exact = all(isinstance(bandwidth, Rational) for bandwidth in given)
        #: Bandwidths are whole numbers of 1/unit bytes per second.
        self.unit = math.lcm(*(bandwidth.denominator for bandwidth in exact.values()))
        whole = {bandwidth: int(value * self.unit) for bandwidth, value in exact.items()}
        self.links = [
            (self.number[src], self.number[dst], whole[bandwidth])
            for (src, dst), bandwidth in zip(self.names, given, strict=True)
        ]
        self.workers_at = Counter(self.number[host] for host in hosts)
        self.root = self.number[hosts[0]]
        self.looks = 0
        self.side: frozenset[int] = frozenset()
        self.seconds = Fraction(0)  # per byte, times the unit

    def consider(self, side: frozenset[int]) -> None:
        """Keep this cut if it is tighter than the one so far."""
        bandwidth = sum(size for src, dst, size in self.links if src in side and dst not in side)
        seconds = self.crossing(side) / bandwidth
        if seconds > self.seconds:
            self.side, self.seconds = side, seconds

    def crossing(self, side: frozenset[int]) -> Fraction:
        """What must leave these nodes."""
        inside = sum(count for place, count in self.workers_at.items() if place in side)
        return self.share(inside, len(self.hosts), self.root in side)

    def try_each_alone(self) -> None:
        """Every worker's host against all other nodes, and the other way round."""
        leaving: Counter[int] = Counter()
        entering: Counter[int] = Counter()
        for src, dst, size in self.links:
            leaving[src] += size
            entering[dst] += size
        every, workers = frozenset(self.number.values()), len(self.hosts)
        best, best_side = self.seconds, self.side
        for place, count in self.workers_at.items():
            is_root = place == self.root
            alone = self.share(count, workers, is_root) / leaving[place]
            others = self.share(workers - count, workers, not is_root) / entering[place]
            if max(alone, others) > best:
                best = max(alone, others)
                best_side = frozenset([place]) if alone >= others else every - {place}
        self.seconds, self.side = best, best_side

    def follow(self, from_root: bool, turned: bool) -> bool:
        """Find the tightest cut for a flow to every worker; False if the search had to end before.

        A worker that is reached at one rate is reached at all lower ones. From then on it is as good as the source: its
        neighbours have what it can send. Those that are far apart in the order come first, to have it near everywhere.
        """
        if len(self.links) > MOST_LINKS:
            return False
        weight = Counter([self.root]) if from_root else self.workers_at
        total, nodes = sum(weight.values()), range(len(self.number))
        flows = FlowNetwork(len(nodes), [(link[turned], link[not turned], link[2]) for link in self.links])
        fed, supply = [0] * len(nodes), [0]
        seconds, rate = Fraction(0), Fraction(1)
        for sink in _spread(list(self.workers_at)):
            while True:
                if seconds != self.seconds:
                    seconds, rate = self.seconds, 1 / (self.seconds * total)
                    flows.widen(rate.denominator)
                    supply = [rate.numerator * weight[node] + rate.denominator * fed[node] for node in nodes]
                enough = rate.numerator * total
                beyond = flows.beyond(supply, {sink: enough}, enough)
                if beyond is None:
                    break
                self.consider(frozenset(beyond if turned else set(nodes) - beyond))
            for node, size in flows.absorb(sink):
                fed[node] += size
                supply[node] += rate.denominator * size
            if flows.looks > MOST_LOOKS:
                break
        self.looks += flows.looks
        return flows.looks <= MOST_LOOKS

    def gather(self, turned: bool) -> bool:
        """Find the tightest cut for a flow of every worker's share to the root; False if it had to end before."""
        if len(self.links) > MOST_LINKS:
            return False
        nodes, wanted = range(len(self.number)), len(self.hosts) - self.workers_at[self.root]
        flows = FlowNetwork(len(nodes), [(link[turned], link[not turned], link[2]) for link in self.links])
        while True:
            rate = 1 / (self.seconds * len(self.hosts))
            flows.widen(rate.denominator)
            supply = [rate.numerator * self.workers_at[node] * (node != self.root) for node in nodes]
            beyond = flows.beyond(supply, {self.root: rate.numerator * wanted}, rate.numerator * wanted)
            if beyond is not None:
                self.consider(frozenset(beyond if turned else set(nodes) - beyond))
            if beyond is None or flows.looks > MOST_LOOKS:
                return flows.looks <= MOST_LOOKS

    def cut(self, exact: bool) -> Cut:
        """What was found, in the names of the graph."""
        crossing = [
            index for index, (src, dst, _) in enumerate(self.links) if src in self.side and dst not in self.side
        ]
        bandwidth = Fraction(sum(self.links[index][2] for index in crossing), self.unit)
        seconds = self.seconds * self.unit
        return Cut(
            seconds if self.is_exact else float(seconds),
            tuple(host for host in self.hosts if self.number[host] in self.side),
            len(self.hosts),
            tuple(self.names[index] for index in crossing),
            bandwidth if self.is_exact else float(bandwidth),
            exact,
        )


class _BetweenSearch(_Search):
    """The same where each worker has so many bytes for each other one."""

    def __init__(self, graph: nx.DiGraph[Any], hosts: Sequence[Any], between: Any) -> None:
        super().__init__(graph, hosts, SHARES["all_to_all"])
        self.between = between
        self.places = [self.number[host] for host in hosts]

    def crossing(self, side: frozenset[int]) -> Fraction:
        """What those inside have for those outside."""
        inside = np.array([place in side for place in self.places])
        return Fraction(int(self.between[inside][:, ~inside].sum()))

    def try_each_alone(self) -> None:
        """Every worker's host against all other nodes, and the other way round."""
        every = frozenset(self.number.values())
        for place in self.workers_at:
            self.consider(frozenset([place]))
            self.consider(every - {place})


def _try_sets(search: _Search, graph: nx.DiGraph[Any]) -> bool:
    """Cuts for every set of a few workers' hosts, or for likely ones: whether it was all sets."""
    places = list(search.workers_at)
    between = [link for link in search.links if link[0] not in search.workers_at and link[1] not in search.workers_at]
    flows = FlowNetwork(len(search.number), between)
    few = len(places) <= EVERY_SET
    tried: set[frozenset[int]] = set()
    for some in _every_set(places) if few else _likely_sets(search, graph, places):
        for inside in (some, frozenset(places) - some):
            if inside and len(inside) < len(places) and inside not in tried:
                tried.add(inside)
                search.consider(inside | _forwarders_inside(search, flows, inside))
                search.looks += 3 * len(search.links)
        if search.looks + flows.looks > MOST_LOOKS:
            return False
    return few


def _every_set(places: list[int]) -> Iterator[frozenset[int]]:
    """All sets with the first place; the others are their complements."""
    for size in range(len(places)):
        for others in combinations(places[1:], size):
            yield frozenset([places[0], *others])


def _likely_sets(search: _Search, graph: nx.DiGraph[Any], places: list[int]) -> Iterator[frozenset[int]]:
    """Half of the hosts, lower parts of each dimension, cuts of all_gather and reduce_scatter, groups, first hosts."""
    yield frozenset(places[: len(places) // 2])
    attributes = list(graph.nodes.values())
    positions = [attributes[place].get("position") for place in places]
    # A file may call anything a position; the builders' are tuples of ints.
    on_a_torus = all(isinstance(position, tuple) for position in positions)
    for values in zip(*positions, strict=False) if on_a_torus else ():
        for bound in sorted(set(values)):
            yield frozenset(place for place, value in zip(places, values, strict=True) if value < bound)
    for operation in ("all_gather", "reduce_scatter"):
        other = _Search(graph, search.hosts, SHARES[operation])
        other.try_each_alone()
        other.follow(*FLOWS[operation][0])
        search.looks += other.looks
        yield other.side & frozenset(places)
    groups: dict[str, list[int]] = {}
    for place in places:
        groups.setdefault(repr(attributes[place].get("group")), []).append(place)
    yield from map(frozenset, groups.values())
    for place in places:
        yield frozenset([place])
    for count in range(2, len(places) - 1):
        yield frozenset(places[:count])


def _forwarders_inside(search: _Search, flows: FlowNetwork, inside: frozenset[int]) -> set[int]:
    """The other nodes that belong with these workers' hosts, for the narrowest cut between them and the rest."""
    supply = [0] * len(search.number)
    demand: Counter[int] = Counter()
    for src, dst, size in search.links:
        if src in inside and dst not in search.workers_at:
            supply[dst] += size
        elif src not in search.workers_at and dst in search.workers_at and dst not in inside:
            demand[src] += size
    beyond = flows.beyond(supply, demand, sum(supply))
    return set() if beyond is None else set(range(len(supply))) - search.workers_at.keys() - beyond


def _spread(places: list[int]) -> list[int]:
    """The same places in another order: the first of every √n, the second of every √n …"""
    step = math.isqrt(len(places))
    return [place for start in range(step) for place in places[start::step]]
