"""Valiant routing on a dragonfly: by way of a random group."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from simcomm.errors import InputError
from simcomm.topology.routes import Route, links_of
from simcomm.topology.routing.shortest import hashed

if TYPE_CHECKING:
    import networkx as nx

Pair = tuple[Any, Any]


def valiant(graph: nx.DiGraph[Any], pairs: Iterable[Pair], seed: int = 0) -> dict[Pair, Route]:
    """Go to a random third group first, then to the target; both legs with the fewest links.

    For a dragonfly: switches with a ``group``, three groups or more, a link from every group to every other, and every
    host on one switch. The group on the way is number h mod (groups − 2) of those that are neither the source's nor the
    target's, where h hashes the text "seed src dst" as :func:`~simcomm.topology.routing.shortest.ecmp` does. The first
    leg ends at the first switch of that group. A leg stays inside the two groups that it joins; a tie goes to the first
    in node order. Two hosts of one group keep to the shortest path inside it. Adaptive choices (UGAL) are not modelled.
    InputError for a graph that is no dragonfly.

    Source: J. Kim, W. J. Dally, S. Scott, D. Abts, Technology-Driven, Highly-Scalable Dragonfly Topology, ISCA 2008
    (VAL); L. G. Valiant, A Scheme for Fast Parallel Communication, SIAM Journal on Computing 11(2), 1982.

    >>> from simcomm.topology import build
    >>> route = valiant(build("dragonfly", 72, "1 GB/s", "1 us"), [(0, 71)])[0, 71]
    >>> len(route.links) > 5
    True
    """
    groups, links = _Groups(graph), links_of(graph)
    number = {node: index for index, node in enumerate(graph)}
    found = {}
    for source, target in pairs:
        begin, end = groups.switch(source), groups.switch(target)
        nodes = [begin]
        if groups.of[begin] != groups.of[end]:
            choices = [group for group in groups.all if group not in (groups.of[begin], groups.of[end])]
            nodes += groups.into(begin, choices[hashed(len(choices), seed, number[source], number[target])])
        nodes = [source, *nodes, *groups.way(nodes[-1], end), target]
        found[source, target] = Route(tuple(links[step] for step in pairwise(nodes)))
    return found


class _Groups:
    """The groups of the switches, and the shortest ways inside any two of them, each searched for once."""

    def __init__(self, graph: nx.DiGraph[Any]) -> None:
        position = {node: index for index, node in enumerate(graph)}
        self.of = {
            node: attributes["group"]
            for node, attributes in graph.nodes(data=True)
            if attributes["kind"] == "switch" and "group" in attributes
        }
        self.all = list(dict.fromkeys(self.of.values()))
        if len(self.all) < 3:
            raise InputError(
                f"routing: valiant needs switches in three groups or more; this {graph.graph.get('kind', 'graph')} has "
                f"{len(self.all)} groups of switches; expected a dragonfly"
            )
        self.next = {a: sorted((b for b in graph[a] if b in self.of), key=position.__getitem__) for a in graph}
        self.trees: dict[tuple[Any, Any], dict[Any, Any]] = {}

    def switch(self, host: Any) -> Any:
        """The one switch that the host hangs on."""
        if len(self.next[host]) != 1:
            raise InputError(
                f"routing: valiant needs every host on one switch of a group; host {host!r} is on "
                f"{len(self.next[host])}; expected a dragonfly"
            )
        return self.next[host][0]

    def into(self, switch: Any, group: Any) -> list[Any]:
        """The switches after ``switch`` on the shortest way into the group; the last one is the first inside."""
        entry = next((node for node in self._tree(switch, group) if self.of[node] == group), None)
        if entry is None:
            raise InputError(
                f"routing: valiant finds no way from {switch!r} straight into group {group!r}; expected a dragonfly"
            )
        return self.way(switch, entry)

    def way(self, start: Any, end: Any) -> list[Any]:
        """The switches after ``start`` on the shortest way to ``end`` inside their two groups."""
        tree = self._tree(start, self.of[end])
        if end not in tree:
            raise InputError(
                f"routing: valiant finds no way from {start!r} to {end!r} inside their groups; expected a dragonfly"
            )
        nodes = []
        while end != start:
            nodes.append(end)
            end = tree[end]
        return nodes[::-1]

    def _tree(self, start: Any, group: Any) -> dict[Any, Any]:
        """Breadth first from ``start`` in its own group and ``group``: who was reached from where, nearest first."""
        if (start, group) not in self.trees:
            allowed = (self.of[start], group)
            tree = {start: start}
            queue = deque([start])
            while queue:
                node = queue.popleft()
                for near in self.next[node]:
                    if near not in tree and self.of[near] in allowed:
                        tree[near] = node
                        queue.append(near)
            self.trees[start, group] = tree
        return self.trees[start, group]
