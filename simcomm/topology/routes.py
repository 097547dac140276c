"""Routes: which links a message from one host to another crosses."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import pairwise
from typing import TYPE_CHECKING, Any, NamedTuple

from simcomm.errors import InputError

if TYPE_CHECKING:
    import networkx as nx


class Link(NamedTuple):
    """One directed link, as every route that crosses it has it."""

    src: Any
    dst: Any
    bandwidth_Bps: Any
    latency_s: Any

    @property
    def ends(self) -> tuple[Any, Any]:
        """The link's key in the graph."""
        return self[:2]


@dataclass(frozen=True, slots=True)
class Route:
    """A path of links, at least one; its latency is their sum, its bandwidth that of the slowest.

    A bandwidth is that of the whole link, whoever else uses it. InputError without a link, and where one link does not
    begin at the end of the one before.

    >>> route = Route((Link(0, "switch", 8, 1), Link("switch", 3, 5, 2)))
    >>> route.nodes, route.latency_s, route.bandwidth_Bps
    ((0, 'switch', 3), 3, 5)
    """

    links: tuple[Link, ...]
    latency_s: Any = field(init=False, compare=False, repr=False)
    bandwidth_Bps: Any = field(init=False, compare=False, repr=False)

    def __post_init__(self) -> None:
        if not self.links:
            raise InputError("a route without links; expected one or more")
        end, _, bandwidth, _ = self.links[0]
        latency: Any = 0
        for src, dst, link_bandwidth, link_latency in self.links:
            if src != end:
                raise InputError(f"a route goes on from {src!r} after it has come to {end!r}; expected one path")
            end = dst
            latency += link_latency  # one by one: what sum() makes of floats depends on the version of Python
            if link_bandwidth < bandwidth:
                bandwidth = link_bandwidth
        object.__setattr__(self, "latency_s", latency)
        object.__setattr__(self, "bandwidth_Bps", bandwidth)

    @property
    def nodes(self) -> tuple[Any, ...]:
        """The nodes on the way, both ends included."""
        return (self.links[0].src, *(link.dst for link in self.links))

    @property
    def ends(self) -> tuple[tuple[Any, Any], ...]:
        """The (src, dst) of every link, in order: its key in the graph."""
        return tuple(link.ends for link in self.links)


def links_of(graph: nx.DiGraph[Any]) -> dict[tuple[Any, Any], Link]:
    """Every link of the graph by its ends: routes share these."""
    return {(a, b): Link(a, b, link["bandwidth_Bps"], link["latency_s"]) for a, b, link in graph.edges(data=True)}


def route_along(graph: nx.DiGraph[Any], nodes: Iterable[Any]) -> Route:
    """The route over these nodes; InputError names the first link that the graph does not have.

    >>> from simcomm.topology import build
    >>> route_along(build("star", 4, "1 GB/s", "1 us"), [0, "switch", 3]).latency_s
    2e-06
    """
    found = []
    for a, b in pairwise(nodes):
        if not graph.has_edge(a, b):
            raise InputError(f"there is no link from {a!r} to {b!r}; expected links of the graph")
        link = graph[a][b]
        found.append(Link(a, b, link["bandwidth_Bps"], link["latency_s"]))
    return Route(tuple(found))
