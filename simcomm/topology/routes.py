"""Routes: which links a message from one host to another crosses."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import networkx as nx


@dataclass(frozen=True)
class Route:
    """A path through the graph: its nodes, the sum of its latencies and its smallest bandwidth."""

    nodes: tuple[Any, ...]
    latency_s: Any
    bandwidth_Bps: Any

    @property
    def links(self) -> tuple[tuple[Any, Any], ...]:
        """The links that are crossed, in order."""
        return tuple(pairwise(self.nodes))


def routes(graph: nx.DiGraph[Any], pairs: Iterable[tuple[Any, Any]]) -> dict[tuple[Any, Any], Route]:
    """The route of every pair of hosts: the fewest links.

    Of several such paths it is the one that a breadth-first search finds first when it visits the neighbours of a
    node in the order of the graph's nodes. Hosts forward as switches do.

    >>> from simcomm.topology import build
    >>> routes(build("star", 4, "1 GB/s", "1 us"), [(0, 3)])[0, 3].nodes
    (0, 'switch', 3)
    """
    position = {node: index for index, node in enumerate(graph)}
    neighbours = {node: sorted(graph[node], key=position.__getitem__) for node in graph}
    wanted: dict[Any, dict[Any, list[Any]]] = {}
    for source, target in dict.fromkeys(pairs):
        # From a host with one link everything goes through its switch: one search does for all the switch's hosts.
        root = neighbours[source][0] if len(neighbours[source]) == 1 else source
        wanted.setdefault(root, {}).setdefault(source, []).append(target)
    found = {}
    for root, sources in wanted.items():
        parent = _search(neighbours, root, {target for targets in sources.values() for target in targets})
        for source, targets in sources.items():
            for target in targets:
                found[source, target] = _route(graph, parent, root, source, target)
    return found


def _search(neighbours: dict[Any, list[Any]], root: Any, wanted: set[Any]) -> dict[Any, Any]:
    """Breadth first from ``root`` until all that are wanted are found: who was reached from where."""
    parent = {root: root}
    wanted.discard(root)
    queue = deque([root])
    while queue and wanted:
        node = queue.popleft()
        for neighbour in neighbours[node]:
            if neighbour not in parent:
                parent[neighbour] = node
                wanted.discard(neighbour)
                queue.append(neighbour)
    return parent


def _route(graph: nx.DiGraph[Any], parent: dict[Any, Any], root: Any, source: Any, target: Any) -> Route:
    nodes = [target]
    while nodes[-1] != root:
        nodes.append(parent[nodes[-1]])
    if root != source:
        nodes.append(source)
    nodes.reverse()
    links = [graph[a][b] for a, b in pairwise(nodes)]
    return Route(tuple(nodes), sum(link["latency_s"] for link in links), min(link["bandwidth_Bps"] for link in links))
