"""Trees of switches that add up what comes from below, for reductions in the network."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from simcomm.errors import InputError

if TYPE_CHECKING:
    import networkx as nx


def aggregation_tree(graph: nx.DiGraph[Any], hosts: Sequence[Any]) -> tuple[tuple[int, ...], tuple[Any, ...]]:
    """The parents in a tree of fewest hops over switches, with these hosts as its leaves; and its switches.

    Leaf number r is ``hosts[r]``, then come the switches, the root first; the root's parent is −1. The root is the
    switch from which the furthest host is nearest (then: all together are; then the first in the graph). A host hangs
    on the nearest to the root of its switches; switches without a host below them are left out. Every link of the tree
    goes both ways. InputError where there is no such tree: no switches, a host on none, or hosts between them.

    >>> from simcomm.topology import build
    >>> aggregation_tree(build("star", 3, "1 GB/s", "1 us"), [0, 1, 2])
    ((3, 3, 3, -1), ('switch',))
    """
    switches = [node for node in graph if graph.nodes[node]["kind"] == "switch"]
    expected = "expected one such as star, leaf_spine or fat_tree"
    if not switches:
        raise InputError(f"the switches reduce, but this topology has none; {expected}")
    above = {host: _joined(graph, host) for host in hosts}
    for host, near in above.items():
        if not near:
            raise InputError(f"the switches reduce, but host {host!r} is linked to none; {expected}")
    best = None
    for root in switches:
        depth, parent = _search(graph, root)
        on = {host: min(near, key=lambda switch: depth.get(switch, len(depth))) for host, near in above.items()}
        if all(switch in depth for switch in on.values()):
            depths = [depth[switch] for switch in on.values()]
            found = (max(depths), sum(depths))
            if best is None or found < best[0]:
                best = found, parent, on
    if best is None:
        raise InputError(f"the switches reduce, but no switch comes to all hosts by way of switches alone; {expected}")
    return _numbered(hosts, *best[1:])


def _joined(graph: nx.DiGraph[Any], node: Any) -> list[Any]:
    """The switches that a node has links to and from."""
    return [other for other in graph[node] if graph.nodes[other]["kind"] == "switch" and graph.has_edge(other, node)]


def _search(graph: nx.DiGraph[Any], root: Any) -> tuple[dict[Any, int], dict[Any, Any]]:
    """How far every switch is from the root, and the next one on the way there."""
    depth, parent, queue = {root: 0}, {root: None}, deque([root])
    while queue:
        node = queue.popleft()
        for other in _joined(graph, node):
            if other not in depth:
                depth[other], parent[other] = depth[node] + 1, node
                queue.append(other)
    return depth, parent


def _numbered(
    hosts: Sequence[Any], parent: dict[Any, Any], on: dict[Any, Any]
) -> tuple[tuple[int, ...], tuple[Any, ...]]:
    used = set(on.values())
    for node in reversed(parent):  # those of a search: a node is behind its parent
        if node in used and parent[node] is not None:
            used.add(parent[node])
    kept = [node for node in parent if node in used]
    number = {node: len(hosts) + index for index, node in enumerate(kept)}
    up = [number[on[host]] for host in hosts] + [number.get(parent[node], -1) for node in kept]
    return tuple(up), tuple(kept)
