"""Paths of the fewest links: one fixed path for every pair, or one of all of them by a hash (ECMP)."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable
from hashlib import blake2b
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from simcomm import jit
from simcomm.errors import InputError
from simcomm.topology.routes import Link, Route, links_of
from simcomm.topology.ways import Ways, Wiring

if TYPE_CHECKING:
    import networkx as nx

Pair = tuple[Any, Any]
Numbers = npt.NDArray[np.int64]
Choose = Callable[[Any, Any, list[Link]], Link]


def shortest(graph: nx.DiGraph[Any], pairs: Iterable[Pair]) -> dict[Pair, Route]:
    """The path of the fewest links; of several the first in node order.

    A tie goes, at every node, to the next node that comes first in the order of the graph's nodes. Hosts forward as
    switches do. Latency and bandwidth play no part.

    >>> from simcomm.topology import build
    >>> shortest(build("ring", 6, "1 GB/s", "1 us"), [(0, 3), (3, 0)])[3, 0].nodes
    (3, 2, 1, 0)
    """
    wanted = list(pairs)
    number = {node: index for index, node in enumerate(graph)}
    sources, targets = (np.array([number[pair[end]] for pair in wanted], dtype=np.int64) for end in range(2))
    ways = shortest_ways(graph, sources, targets)
    return {pair: ways[row] for row, pair in enumerate(wanted)}


def shortest_ways(graph: nx.DiGraph[Any], sources: Numbers, targets: Numbers) -> Ways:
    """The same for many pairs at once: numbers of nodes, numbers of links."""
    w = Wiring(graph)
    alone = np.diff(w.before_first)[targets] == 1  # only one node has a link to it: search from there
    only = np.minimum(w.before_first[targets], max(0, len(w.before) - 1))
    last, roots = np.where(alone, w.entering[only], -1), np.where(alone, w.before[only], targets)
    order = np.argsort(roots, kind="stable")
    given = (w.before_first, w.before, w.after_first, w.after, sources[order], roots[order], last[order])
    work = len(order) + len(np.unique(roots)) * len(w.number)
    lengths, none = np.zeros(len(order) + 1, np.int64), np.zeros(0, np.int64)
    missing = jit.large(_walk, work)(*given, lengths, none)
    if missing >= 0:
        source, target = (list(graph)[ends[order[missing]]] for ends in (sources, targets))
        raise InputError(f"routing: there is no path from {source!r} to {target!r}; expected a connected graph")
    first = np.zeros(len(order) + 1, np.int64)
    first[1 + order] = lengths[1:]
    first = np.cumsum(first)
    links = np.zeros(max(1, first[-1]), np.int64)
    jit.large(_walk, work)(*given, first[order], links)
    return Ways(w, first, links[: first[-1]])


def _walk(
    before_first: Numbers, before: Numbers, after_first: Numbers, after: Numbers,
    sources: Numbers, roots: Numbers, last: Numbers, first: Numbers, links: Numbers,
) -> int:  # fmt: skip
    """Write the lengths of all ways to ``first`` (one place later), or, if there is room for them, the ways themselves.

    One search backwards for all pairs of a root, until it has come to all their sources; then every pair goes from its
    source always nearer, and last over the link ``last`` if there is one. Return the pair that has no way, or −1.
    """
    nodes = len(after_first) - 1
    distance, queue = np.zeros(nodes, np.int64), np.zeros(nodes, np.int64)
    seen, wanted = np.full(nodes, -1), np.full(nodes, -1)
    begin = 0
    while begin < len(sources):
        end, missing, root = begin, 0, roots[begin]
        while end < len(sources) and roots[end] == root:
            missing += wanted[sources[end]] != begin
            wanted[sources[end]] = begin
            end += 1
        distance[root], seen[root], queue[0] = 0, begin, root
        missing -= wanted[root] == begin
        head, tail = 0, 1
        while head < tail and missing > 0:
            node = queue[head]
            head += 1
            for near in before[before_first[node] : before_first[node + 1]]:
                if seen[near] != begin:
                    seen[near], distance[near], queue[tail] = begin, distance[node] + 1, near
                    missing -= wanted[near] == begin
                    tail += 1
        for row in range(begin, end):
            node = sources[row]
            if seen[node] != begin:
                return row
            if len(links) == 0:
                first[row + 1] = distance[node] + (last[row] >= 0)
                continue
            at = first[row]
            while node != root:
                link = after_first[node]
                if distance[node] == 1:
                    link += np.searchsorted(after[link : after_first[node + 1]], root)
                while seen[after[link]] != begin or distance[after[link]] != distance[node] - 1:
                    link += 1
                links[at], node = link, after[link]
                at += 1
            if last[row] >= 0:
                links[at] = last[row]
        begin = end
    return -1


def ecmp(graph: nx.DiGraph[Any], pairs: Iterable[Pair], seed: int = 0) -> dict[Pair, Route]:
    """One of the paths of the fewest links: every node hashes (src, dst) to choose among its next nodes.

    The next node is number h mod k of the k that are on a path of the fewest links, in node order; h is the first 8
    bytes of BLAKE2b, most significant first, of the text "seed src dst node", where nodes are written as their number
    in the graph. All messages of a pair take one path, as packets of one flow do under RFC 2992; a cable that stands
    for several counts once.

    Source: C. Hopps, Analysis of an Equal-Cost Multi-Path Algorithm, RFC 2992, 2000.

    >>> from simcomm.topology import build
    >>> ecmp(build("ring", 6, "1 GB/s", "1 us"), [(0, 3)], seed=1)[0, 3].latency_s
    3e-06
    """
    number = {node: index for index, node in enumerate(graph)}

    def choose(source: Any, target: Any, hops: list[Link]) -> Link:
        if len(hops) == 1:
            return hops[0]
        return hops[hashed(len(hops), seed, number[source], number[target], number[hops[0].src])]

    return _walked(graph, pairs, choose)


def hashed(choices: int, *key: int) -> int:
    """A number below ``choices`` that depends on nothing but the key: the same on every machine.

    >>> hashed(4, 0, 1, 2), hashed(4, 1, 1, 2)
    (3, 3)
    """
    digest = blake2b(" ".join(map(str, key)).encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big") % choices


def _walked(graph: nx.DiGraph[Any], pairs: Iterable[Pair], choose: Choose) -> dict[Pair, Route]:
    """Walk from every source to its target, always nearer; one search, backwards, for all targets of a gateway."""
    links, number = links_of(graph), {node: index for index, node in enumerate(graph)}
    found: dict[Pair, Route] = {}
    for root, wanted in _by_gateway(graph, pairs).items():
        distance = _distances(graph, root, {source for source, _ in wanted})
        nearer: dict[Any, list[Link]] = {}
        for pair in wanted:
            node, target = pair
            way = []
            if node not in distance:
                raise InputError(f"routing: there is no path from {node!r} to {target!r}; expected a connected graph")
            while node != root:
                if node not in nearer:
                    hops = [hop for hop in graph[node] if distance.get(hop) == distance[node] - 1]
                    nearer[node] = [links[node, hop] for hop in sorted(hops, key=number.__getitem__)]
                way.append(choose(*pair, nearer[node]))
                node = way[-1].dst
            if root != target:
                way.append(links[root, target])
            found[pair] = Route(tuple(way))
    return found


def _by_gateway(graph: nx.DiGraph[Any], pairs: Iterable[Pair]) -> dict[Any, list[Pair]]:
    """The pairs by the node to search from: a target that only one node has a link to is reached through that one."""
    found: dict[Any, list[Pair]] = {}
    for pair in pairs:
        target = pair[1]
        before = graph.pred[target]
        found.setdefault(next(iter(before)) if len(before) == 1 else target, []).append(pair)
    return found


def _distances(graph: nx.DiGraph[Any], root: Any, sources: set[Any]) -> dict[Any, int]:
    """How many links it is to ``root``, of all nodes that are no further than the furthest source."""
    distance = {root: 0}
    sources.discard(root)
    queue = deque([root])
    while queue and sources:
        node = queue.popleft()
        for before in graph.pred[node]:
            if before not in distance:
                distance[before] = distance[node] + 1
                sources.discard(before)
                queue.append(before)
    return distance
