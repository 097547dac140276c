"""Explicit routing: the routes are given, node by node."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from simcomm.errors import InputError
from simcomm.topology.names import Names
from simcomm.topology.routes import Link, Route, links_of
from simcomm.topology.routing.shortest import shortest

if TYPE_CHECKING:
    import networkx as nx

Pair = tuple[Any, Any]


def explicit(
    graph: nx.DiGraph[Any], pairs: Iterable[Pair], routes: Sequence[Sequence[Any]], others: str | None = None
) -> dict[Pair, Route]:
    """The routes that are given, each the list of its nodes, from host to host.

    A route holds for its own direction only. A used pair without a route is refused, or takes the shortest path if
    ``others`` is "shortest". Every step must be a link of the graph. InputError names the pair, and the node or link
    that the graph does not have.

    >>> from simcomm.topology import build
    >>> explicit(build("ring", 4, "1 GB/s", "1 us"), [(0, 1)], [[0, 3, 2, 1]])[0, 1].nodes
    (0, 3, 2, 1)
    """
    names, links = Names(graph), links_of(graph)
    given = {}
    for nodes in routes:
        route = _route(graph, names, links, nodes)
        given[route.nodes[0], route.nodes[-1]] = route
    missing = [pair for pair in pairs if pair not in given]
    if missing and others is None:
        (source, target), more = missing[0], len(missing) - 1
        also = f" (and for {more} other pairs)" if more else ""
        raise InputError(
            f"routes: there is none from {source!r} to {target!r}{also}; "
            "expected one for every pair that sends something, or 'others: shortest'"
        )
    return given | shortest(graph, missing)


def check_routes(routes: Any) -> None:
    """Raise InputError unless ``routes`` are lists of two nodes or more, one for every pair of ends."""
    if not _is_list(routes):
        raise InputError("routes: not a list; expected routes such as [[0, switch, 3]]")
    seen: set[tuple[str, str]] = set()
    for index, nodes in enumerate(routes):
        if not _is_list(nodes) or len(nodes) < 2 or not all(_is_name(node) for node in nodes):
            raise InputError(f"routes: number {index} is {nodes!r}; expected two names of nodes or more")
        ends = (str(nodes[0]), str(nodes[-1]))
        if ends in seen:
            raise InputError(f"routes: two routes from {ends[0]} to {ends[1]}; expected one")
        if len(set(map(str, nodes))) < len(nodes):
            raise InputError(f"routes: the one from {ends[0]} to {ends[1]} visits a node twice; expected a path")
        seen.add(ends)


def _is_list(value: Any) -> bool:
    return isinstance(value, (list, tuple))


def _is_name(value: Any) -> bool:
    return isinstance(value, (str, int)) and not isinstance(value, bool)


def _route(graph: nx.DiGraph[Any], names: Names, links: dict[Pair, Link], given: Sequence[Any]) -> Route:
    where = f"routes: from {given[0]!r} to {given[-1]!r}"
    nodes = [names.find(node, where) for node in given]
    for end in (nodes[0], nodes[-1]):
        if graph.nodes[end]["kind"] != "host":
            raise InputError(f"{where}: {end!r} is a switch; expected hosts at both ends")
    for a, b in pairwise(nodes):
        if (a, b) not in links:
            raise InputError(f"{where}: there is no link from {a!r} to {b!r}; expected links of the graph")
    return Route(tuple(links[step] for step in pairwise(nodes)))
