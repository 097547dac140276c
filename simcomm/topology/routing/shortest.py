"""Paths of the fewest links: one fixed path for every pair, or one of all of them by a hash (ECMP)."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable
from hashlib import blake2b
from typing import TYPE_CHECKING, Any

from simcomm.errors import InputError
from simcomm.topology.routes import Link, Route, links_of

if TYPE_CHECKING:
    import networkx as nx

Pair = tuple[Any, Any]
Choose = Callable[[Any, Any, list[Link]], Link]


def shortest(graph: nx.DiGraph[Any], pairs: Iterable[Pair]) -> dict[Pair, Route]:
    """The path of the fewest links; of several the first in node order.

    A tie goes, at every node, to the next node that comes first in the order of the graph's nodes. Hosts forward as
    switches do. Latency and bandwidth play no part.

    >>> from simcomm.topology import build
    >>> shortest(build("ring", 6, "1 GB/s", "1 us"), [(0, 3), (3, 0)])[3, 0].nodes
    (3, 2, 1, 0)
    """
    from simcomm.topology.routing.many_shortest import shortest_ways

    return one_by_one(shortest_ways, graph, pairs)


def one_by_one(
    find: Callable[[nx.DiGraph[Any], Any, Any], Any], graph: nx.DiGraph[Any], pairs: Iterable[Pair]
) -> dict[Pair, Route]:
    """The routes of these pairs by a function that finds many at once."""
    import numpy as np

    wanted, number = list(pairs), {node: index for index, node in enumerate(graph)}
    sources, targets = (np.array([number[pair[end]] for pair in wanted], dtype=np.int64) for end in range(2))
    ways = find(graph, sources, targets)
    return {pair: ways[row] for row, pair in enumerate(wanted)}


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
