"""Routes: which links a message from one host to another crosses."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import groupby, pairwise
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
    found = {}
    for source, group in groupby(
        sorted(set(pairs), key=lambda p: (position[p[0]], position[p[1]])), key=lambda p: p[0]
    ):
        wanted = [target for _, target in group]
        parent = _search(neighbours, source, set(wanted))
        for target in wanted:
            found[source, target] = _route(graph, parent, source, target)
    return found


def _search(neighbours: dict[Any, list[Any]], source: Any, wanted: set[Any]) -> dict[Any, Any]:
    """Breadth first from ``source`` until all that are wanted are found: who was reached from where."""
    parent = {source: source}
    queue = deque([source])
    while queue and wanted:
        node = queue.popleft()
        for neighbour in neighbours[node]:
            if neighbour not in parent:
                parent[neighbour] = node
                wanted.discard(neighbour)
                queue.append(neighbour)
    return parent


def _route(graph: nx.DiGraph[Any], parent: dict[Any, Any], source: Any, target: Any) -> Route:
    nodes = [target]
    while nodes[-1] != source:
        nodes.append(parent[nodes[-1]])
    nodes.reverse()
    links = [graph[a][b] for a, b in pairwise(nodes)]
    return Route(tuple(nodes), sum(link["latency_s"] for link in links), min(link["bandwidth_Bps"] for link in links))
