"""A cluster: a checked graph, the host of every rank, and the routes that are used."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from simcomm.common import once
from simcomm.errors import InputError
from simcomm.topology import placement as placements
from simcomm.topology import routing as routings
from simcomm.topology.check import hosts
from simcomm.topology.crossing import Cut
from simcomm.topology.cuts import cut_bound
from simcomm.topology.pairs import RankPairs
from simcomm.topology.regular_base import Regular
from simcomm.topology.routes import Route
from simcomm.topology.ways import Routes, Ways

if TYPE_CHECKING:
    import networkx as nx


@dataclass(frozen=True)
class Cluster:
    """Rank r is on ``hosts[r]``; ``routes`` has the route of every (src, dst) that sends something.

    Ranks of a collective that is fitted to the graph may be on switches; they come after all others.
    ``graph`` has the bandwidths that the run has: those of slow workers are in it.
    """

    name: str
    graph: nx.DiGraph[Any]
    hosts: tuple[Any, ...]
    routes: Mapping[tuple[int, int], Route]

    @property
    def uniform(self) -> tuple[Any, Any] | None:
        """(latency, bandwidth) if all routes that are used have the same ones, else None."""
        if isinstance(self.routes, Routes):
            columns = (self.routes.latency_s, self.routes.bandwidth_Bps)
            alike = len(self.routes) > 0 and all((column == column[0]).all() for column in columns)
            return (columns[0].tolist()[0], columns[1].tolist()[0]) if alike else None
        found = {(route.latency_s, route.bandwidth_Bps) for route in self.routes.values()}
        return found.pop() if len(found) == 1 else None

    def port_Bps(self, rank: int, entering: bool = False) -> Any:
        """The bandwidth of the fastest link that leaves (or enters) the rank's host; 0 without a link."""
        return max(self._bandwidths(rank, entering), default=0)

    def links_Bps(self, rank: int, entering: bool = False) -> Any:
        """The bandwidth of all links that leave (or enter) the rank's host together; 0 without a link."""
        return sum(self._bandwidths(rank, entering))

    @property
    def on_hosts(self) -> int:
        """How many ranks are on hosts; those after them are on switches."""
        return sum(self.graph.nodes[node]["kind"] == "host" for node in self.hosts)

    def _bandwidths(self, rank: int, entering: bool) -> list[Any]:
        links = (self.graph.pred if entering else self.graph.succ)[self.hosts[rank]]
        return [link["bandwidth_Bps"] for link in links.values()]

    def ports_Bps(self, one_port: bool, workers: int, both_ways: bool) -> tuple[Any, Any]:
        """The slowest of the first ``workers`` ranks, and all ranks together: their ports, or all their links.

        With ``both_ways`` a worker is as slow as the faster of its two directions.
        """
        of_rank = self.port_Bps if one_port else self.links_Bps
        on_hosts = self.on_hosts
        ports = [of_rank(rank) for rank in range(on_hosts)]
        ports += [self.links_Bps(rank) for rank in range(on_hosts, len(self.hosts))]  # a switch has a port per link
        of_worker = ports[:workers]
        if both_ways:
            of_worker = [max(port, of_rank(rank, entering=True)) for rank, port in enumerate(of_worker)]
        return min(of_worker), sum(ports)

    def receiving_Bps(self) -> tuple[Any, Any]:
        """All ranks' ports together where they receive, and how many ports as the slowest that makes."""
        ports = [self.port_Bps(rank, entering=True) for rank in range(len(self.hosts))]
        return sum(ports), len(ports) if len(set(ports)) == 1 else sum(ports) / min(ports)

    def cut(self, workers: int, operation: str, root: int = 0, between: Any = None) -> Cut | None:
        """The tightest cut for an operation of the first ranks; see :func:`~simcomm.topology.cuts.cut_bound`.

        ``between`` are the bytes that each of them, in their order, has for each; it needs no root.
        """
        hosts = (self.hosts[root], *self.hosts[:root], *self.hosts[root + 1 : workers])
        what = operation if between is None else between.tobytes()
        return once(
            ("cut", self.graph, hosts, what),
            lambda: cut_bound(self.graph, hosts, operation, between),
            lambda _: 1_000,
        )

    @property
    def about_bytes(self) -> int:
        """About what it takes in memory."""
        return 500 * len(self.graph.edges) + 400 * len(self.routes)

    @property
    def least_latency_s(self) -> Any:
        """No two ranks are closer than this: a link from host to host, or a link out and a link in."""
        ours = set(self.hosts)
        links = [(a in ours, b in ours, link["latency_s"]) for a, b, link in self.graph.edges(data=True)]
        direct = [latency for out, into, latency in links if out and into]
        leaving = [latency for out, into, latency in links if out and not into]
        entering = [latency for out, into, latency in links if into and not out]
        return min(direct + ([min(leaving) + min(entering)] if leaving and entering else []), default=0)

    def common(self, attribute: str) -> Any:
        """What all links have in common, or None."""
        found = {link[attribute] for _, _, link in self.graph.edges(data=True)}
        return found.pop() if len(found) == 1 else None


def place(
    name: str,
    graph: nx.DiGraph[Any] | Regular,
    ranks: int,
    pairs: Iterable[tuple[int, int]],
    *,
    placement: placements.Placement = "linear",
    routing: str | Mapping[str, Any] = "shortest",
    seed: int = 0,
    bandwidth_factor: Sequence[Any] | None = None,
    further: Sequence[Any] = (),
) -> Cluster:
    """Put every rank on a host and find the route of every pair of ranks.

    ``placement`` and ``routing`` are as in a scenario: a name or a list of hosts, a name or a mapping of a ``name`` and
    its options. ``seed`` is that of a random placement, and of a routing that hashes and has no seed of its own. A link
    of a host has its bandwidth times the ``bandwidth_factor`` of the host's rank (one factor per rank), a link between
    the hosts of two ranks the smaller of their factors. The last ranks are on the ``further`` nodes, one on each,
    whatever the placement: switches that take part. InputError if there are too few hosts, and for what
    :func:`~simcomm.topology.placement.order` and :func:`~simcomm.topology.routing.find` refuse.

    A :class:`~simcomm.topology.regular.Regular` topology stands for its graph, which is not built where nothing needs
    it: with a rank on every host, in their order, the shortest routes, and no factor but 1.

    >>> from simcomm.topology import build
    >>> place("star", build("star", 2, "1 GB/s", "1 us"), 2, [(0, 1)]).uniform
    (2e-06, 1000000000.0)
    """
    if isinstance(graph, Regular):
        alike = bandwidth_factor is None or list(bandwidth_factor) == [1] * ranks
        if alike and ranks == graph.hosts and _is_plain(placement, routing):
            from simcomm.topology.regular_cluster import RegularCluster

            return RegularCluster(name, graph, RankPairs.of(pairs))
        graph = graph.graph()
    count, on_hosts = len(hosts(graph)), ranks - len(further)
    if count < on_hosts:
        raise InputError(f"topology: {name} has {count} hosts; expected at least {on_hosts}, one for every rank")
    on = (*placements.order(placement, graph, on_hosts, seed), *further)
    if bandwidth_factor is not None:
        graph = _with_factors(graph, on, bandwidth_factor)
    way, options = _way(routing, seed)
    wanted = list(pairs)
    keys, many = _many_ways(way, graph, ranks, wanted, on, options)
    if many is not None:
        return Cluster(name, graph, on, Routes(ranks, keys, many))
    found = routings.find(way, graph, ((on[src], on[dst]) for src, dst in wanted), **options)
    return Cluster(name, graph, on, {pair: found[on[pair[0]], on[pair[1]]] for pair in wanted})


def _is_plain(placement: placements.Placement, routing: str | Mapping[str, Any]) -> bool:
    """Whether ranks are on the hosts in order, and routes are the shortest."""
    return placement == "linear" and (routing if isinstance(routing, str) else dict(routing)) in (
        "shortest",
        {"name": "shortest"},
    )


def _way(routing: str | Mapping[str, Any], seed: int) -> tuple[str, dict[str, Any]]:
    """The name of a routing and its options; InputError if it has no name."""
    if not isinstance(routing, str) and "name" not in routing:
        raise InputError(f"routing: no 'name' in {sorted(map(str, routing))}; expected {', '.join(routings.names())}")
    options: dict[str, Any] = {"name": routing} if isinstance(routing, str) else dict(routing)
    way: str = options.pop("name")
    if routings.takes_seed(way):
        options.setdefault("seed", seed)
    return way, options


def _many_ways(
    way: str,
    graph: nx.DiGraph[Any],
    ranks: int,
    pairs: Sequence[tuple[int, int]],
    on: tuple[Any, ...],
    options: Mapping[str, Any],
) -> tuple[Any, Ways | None]:
    """The pairs as src · ranks + dst, in order, and their routes if they can be found all at once."""
    number = {node: index for index, node in enumerate(graph)}
    hosts_of = np.array([number[host] for host in on], dtype=np.int64)
    ends = np.array(pairs, dtype=np.int64).reshape(-1, 2)
    keys = np.unique(ends[:, 0] * ranks + ends[:, 1])
    src, dst = np.divmod(keys, ranks)
    return keys, routings.ways(way, graph, hosts_of[src], hosts_of[dst], **options)


def _with_factors(graph: nx.DiGraph[Any], on: Sequence[Any], factors: Sequence[Any]) -> nx.DiGraph[Any]:
    """The graph with the bandwidth of every link times the smallest factor of the ranks at its ends."""
    if len(factors) != len(on) or not all(factor > 0 for factor in factors):
        expected = f"expected {len(on)} numbers greater than 0, one for every rank"
        raise InputError(f"bandwidth_factor: {list(factors)}; {expected}")
    if all(factor == 1 for factor in factors):
        return graph
    scaled, factor = graph.copy(), dict(zip(on, factors, strict=True))
    for a, b, link in scaled.edges(data=True):
        smallest = min((factor[end] for end in (a, b) if end in factor), default=1)
        if smallest != 1:  # not even the type of the number
            link["bandwidth_Bps"] *= smallest
    return scaled
