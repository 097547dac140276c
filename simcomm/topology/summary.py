"""What a topology is, in numbers: how many of what, how fast, how far."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from simcomm.topology import measures, routing
from simcomm.topology.check import hosts

if TYPE_CHECKING:
    import networkx as nx

#: Up to so many hosts the routes of all pairs are looked at: 65,280 of them.
MOST_HOSTS_OF_ROUTES = 256
#: Up to so many links the bisection is searched for.
MOST_LINKS_OF_BISECTION = 20_000


class Kind(NamedTuple):
    """Links that are alike: their ``type``, or else what they join; the ``cables`` of each, how many ``links``."""

    name: str
    bandwidth_Bps: Any
    latency_s: Any
    cables: int
    links: int


@dataclass(frozen=True)
class Summary:
    """Numbers of a topology; ``links`` are directed and count every cable. None where a graph is too large to say.

    ``latency_s`` is the least and the greatest of the routes between any two hosts; None if there is one host.
    """

    hosts: int
    switches: int
    links: int
    groups: tuple[int, ...]
    kinds: tuple[Kind, ...]
    diameter: int
    bisection: measures.Bisection | None
    latency_s: tuple[Any, Any] | None


def summarise(graph: nx.DiGraph[Any], name: str = "shortest", **options: Any) -> Summary:
    """The numbers of a checked graph, with the latencies of the routes of this routing and its options.

    ``groups`` has the number of hosts of each group, in order; empty if hosts have none. InputError if the routing does
    not suit the graph.

    >>> from simcomm.topology import build
    >>> found = summarise(build("star", 4, "1 GB/s", "1 us"))
    >>> found.links, found.diameter, found.latency_s
    (8, 2, (2e-06, 2e-06))
    """
    every = hosts(graph)
    groups = Counter(graph.nodes[host]["group"] for host in every if "group" in graph.nodes[host])
    small = graph.number_of_edges() <= MOST_LINKS_OF_BISECTION
    return Summary(
        hosts=len(every),
        switches=len(graph) - len(every),
        links=measures.link_count(graph),
        groups=tuple(groups.values()),
        kinds=kinds(graph),
        diameter=measures.diameter(graph),
        bisection=measures.bisection(graph) if small and len(every) > 1 else None,
        latency_s=_latencies(graph, every, name, options),
    )


def kinds(graph: nx.DiGraph[Any]) -> tuple[Kind, ...]:
    """The kinds of links, in the order in which the graph has them."""
    found: Counter[tuple[str, Any, Any, int]] = Counter()
    for a, b, link in graph.edges(data=True):
        found[(link_name(graph, a, b), link["bandwidth_Bps"], link["latency_s"], link.get("count", 1))] += 1
    return tuple(Kind(*kind, number) for kind, number in found.items())


def link_name(graph: nx.DiGraph[Any], a: Any, b: Any) -> str:
    """The ``type`` of a link, or the kinds of what it joins.

    >>> from simcomm.topology import build
    >>> link_name(build("star", 4, "1 GB/s", "1 us"), "switch", 0)
    'host-switch'
    """
    between = sorted((graph.nodes[a]["kind"], graph.nodes[b]["kind"]))
    return str(graph[a][b].get("type") or "-".join(between))


def _latencies(
    graph: nx.DiGraph[Any], every: list[Any], name: str, options: Mapping[str, Any]
) -> tuple[Any, Any] | None:
    """To one host after the other: one search each, and only their routes in memory."""
    if not 1 < len(every) <= MOST_HOSTS_OF_ROUTES:
        return None
    found = []
    for target in every:
        routes = routing.find(name, graph, [(source, target) for source in every if source != target], **options)
        latencies = [route.latency_s for route in routes.values()]
        found += [min(latencies), max(latencies)]
    return min(found), max(found)
