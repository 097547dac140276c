"""Clusters of regular topologies: ranks on all hosts, rank r on host r, and everything else when somebody looks."""

from __future__ import annotations

from functools import cached_property
from itertools import accumulate, repeat
from typing import TYPE_CHECKING, Any

from simcomm.order import distinct
from simcomm.topology.cluster import Cluster
from simcomm.topology.crossing import Cut
from simcomm.topology.pairs import RankPairs
from simcomm.topology.regular_base import Regular
from simcomm.topology.regular_cuts import knows_cuts, regular_cut
from simcomm.topology.regular_routes import RegularRoutes

if TYPE_CHECKING:
    import networkx as nx


class RegularCluster(Cluster):
    """A :class:`~simcomm.topology.cluster.Cluster` whose answers are formulas; its graph is built when asked for."""

    def __init__(self, name: str, net: Regular, pairs: RankPairs) -> None:
        object.__setattr__(self, "name", name)
        self.net, self.pairs = net, pairs

    @cached_property
    def graph(self) -> nx.DiGraph[Any]:
        """The graph that the builder makes."""
        return self.net.graph()

    @cached_property
    def hosts(self) -> tuple[Any, ...]:
        """Rank r is on host r."""
        return tuple(range(self.net.hosts))

    @cached_property
    def routes(self) -> RegularRoutes:
        """The route of every pair that sends something."""
        return RegularRoutes(self.net, self.pairs)

    @cached_property
    def uniform(self) -> tuple[Any, Any] | None:
        """(latency, bandwidth) if all routes that are used have the same ones, else None."""
        group = self.pairs.group
        if group is None or not self.net.invariant_under(group.kind):
            group = self.net.group
        distances = distinct(self.net.distances(self.pairs.displacements(group))).tolist()
        along = list(accumulate(repeat(self.net.latency_s, max(distances, default=0)), initial=0))
        latencies = {along[distance] for distance in distances}
        return (latencies.pop(), self.net.bandwidth_Bps) if len(latencies) == 1 else None

    @property
    def about_bytes(self) -> int:
        """About what it takes in memory once an engine has asked for all routes."""
        return 500 * len(self.pairs)

    @property
    def on_hosts(self) -> int:
        """All ranks are."""
        return self.net.hosts

    def _bandwidths(self, rank: int, entering: bool) -> list[Any]:
        return [self.net.bandwidth_Bps] * self.net.degree

    def ports_Bps(self, one_port: bool, workers: int, both_ways: bool) -> tuple[Any, Any]:
        """As of any cluster; all ranks have the same."""
        each = self.port_Bps(0) if one_port else self.links_Bps(0)
        # A sum of floats is not always the product.
        return each, sum(repeat(each, self.net.hosts)) if isinstance(each, float) else each * self.net.hosts

    def receiving_Bps(self) -> tuple[Any, Any]:
        """As of any cluster; all ranks have the same."""
        return self.ports_Bps(True, self.net.hosts, False)[1], self.net.hosts

    @property
    def least_latency_s(self) -> Any:
        """No two ranks are closer than this: a link from host to host, or a link out and a link in."""
        latency = self.net.latency_s
        if not self.net.degree:
            return 0
        return latency + latency if self.net.link(0).dst == "switch" else latency

    def common(self, attribute: str) -> Any:
        """What all links have in common, or None."""
        return getattr(self.net, attribute) if self.net.degree else None

    def cut(self, workers: int, operation: str, root: int = 0, between: Any = None) -> Cut | None:
        """The tightest cut for an operation of the first ranks."""
        if between is None and knows_cuts(self.net, workers):
            return regular_cut(self.net, workers, operation, root)
        return super().cut(workers, operation, root, between)
