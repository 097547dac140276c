"""A cluster: a checked graph, the host of every rank, and the routes that are used."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import networkx as nx

from simcomm.errors import InputError
from simcomm.topology.check import hosts
from simcomm.topology.routes import Route, routes


@dataclass(frozen=True)
class Cluster:
    """Rank r is on ``hosts[r]``; ``routes`` has the route of every (src, dst) that sends something."""

    name: str
    graph: nx.DiGraph[Any]
    hosts: tuple[Any, ...]
    routes: Mapping[tuple[int, int], Route]

    @property
    def uniform(self) -> tuple[Any, Any] | None:
        """(latency, bandwidth) if all routes that are used have the same ones, else None."""
        found = {(route.latency_s, route.bandwidth_Bps) for route in self.routes.values()}
        return found.pop() if len(found) == 1 else None

    def port_Bps(self, rank: int) -> Any:
        """The bandwidth of the fastest link that leaves the rank's host; 0 without a link."""
        return max((link["bandwidth_Bps"] for link in self.graph[self.hosts[rank]].values()), default=0)

    @property
    def least_latency_s(self) -> Any:
        """No two ranks are closer than this: a link from host to host, or a link out and a link in."""
        ours = set(self.hosts)
        links = [(a in ours, b in ours, link["latency_s"]) for a, b, link in self.graph.edges(data=True)]
        direct = [latency for out, into, latency in links if out and into]
        leaving = [latency for out, into, latency in links if out and not into]
        entering = [latency for out, into, latency in links if into and not out]
        return min(direct + ([min(leaving) + min(entering)] if leaving and entering else []), default=0)

    def link_bytes(
        self, src: Iterable[int], dst: Iterable[int], size_bytes: Iterable[int]
    ) -> dict[tuple[Any, Any], int]:
        """Bytes that cross every link when messages of these sizes go from rank to rank."""
        found = dict.fromkeys(self.graph.edges, 0)
        for a, b, size in zip(src, dst, size_bytes, strict=True):
            if size:
                for link in self.routes[a, b].links:
                    found[link] += size
        return found

    def common(self, attribute: str) -> Any:
        """What all links have in common, or None."""
        found = {link[attribute] for _, _, link in self.graph.edges(data=True)}
        return found.pop() if len(found) == 1 else None


def place(name: str, graph: nx.DiGraph[Any], ranks: int, pairs: Iterable[tuple[int, int]]) -> Cluster:
    """Put rank r on host number r and find the route of every pair of ranks; InputError if there are too few hosts.

    >>> from simcomm.topology import build
    >>> place("star", build("star", 2, "1 GB/s", "1 us"), 2, [(0, 1)]).uniform
    (2e-06, 1000000000.0)
    """
    on = hosts(graph)
    if len(on) < ranks:
        raise InputError(f"topology: {name} has {len(on)} hosts; expected at least {ranks}, one for every rank")
    wanted = list(pairs)
    found = routes(graph, [(on[src], on[dst]) for src, dst in wanted])
    return Cluster(name, graph, tuple(on[:ranks]), {(src, dst): found[on[src], on[dst]] for src, dst in wanted})
