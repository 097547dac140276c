"""Random programs on random graphs, where messages meet on links, under any network model.

A graph is a random tree of hosts and switches, every edge two links of their own, and some links more; hosts forward.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import networkx as nx
import numpy as np
from hypothesis import strategies as st
from random_runs import EIGHTHS, NOTHING, POWERS, Case, in_numbers, loggp, programs

from simcomm.execution import Execution, Load, execute
from simcomm.networks.base import Workers
from simcomm.networks.fair_share import FairShare
from simcomm.networks.store_and_forward import StoreAndForward
from simcomm.topology.check import checked
from simcomm.topology.cluster import place

Number = type[Fraction] | type[float]


@dataclass(frozen=True)
class Networked(Case):
    """A case whose routes are those of a graph."""

    graph: nx.DiGraph[Any]
    placement: tuple[int, ...]
    routing: dict[str, Any]

    def execute(self, number: Number = Fraction, **more: Any) -> Execution:
        """Run it as a user does."""
        graph = self.graph.copy()
        for _, _, link in graph.edges(data=True):
            link.update({key: number(value) for key, value in link.items()})
        w = self.workers
        workers = Workers(*(tuple(map(number, column)) for column in (w.start_s, w.compute_s, w.compute_factor)))
        given: dict[str, Any] = {
            "network": in_numbers(self.model, number),
            "placement": self.placement,
            "routing": self.routing,
            "workers": workers,
            "exact": number is Fraction,
        }
        return execute(self.schedule, self.size_bytes, graph, **(given | more))


@st.composite
def graphs(draw: st.DrawFn, hosts: int, most_switches: int = 3) -> nx.DiGraph[Any]:
    """A random strongly connected directed graph of links that differ."""
    switches = draw(st.integers(0, most_switches))
    graph: nx.DiGraph[Any] = nx.DiGraph()
    graph.add_nodes_from(range(hosts), kind="host")
    graph.add_nodes_from([f"s{number}" for number in range(switches)], kind="switch")
    nodes = draw(st.permutations(list(graph)))
    pairs = []
    for i, node in enumerate(nodes[1:], 1):
        near = nodes[draw(st.integers(0, i - 1))]
        pairs += [(node, near), (near, node)]
    more = st.tuples(st.integers(0, len(nodes) - 1), st.integers(1, len(nodes) - 1))
    pairs += [(nodes[a], nodes[(a + b) % len(nodes)]) for a, b in draw(st.lists(more, max_size=4))]
    alike = draw(st.none() | st.tuples(POWERS, EIGHTHS))
    for a, b in pairs:
        bandwidth_Bps, latency_s = alike or draw(st.tuples(POWERS, NOTHING | EIGHTHS))
        graph.add_edge(a, b, bandwidth_Bps=bandwidth_Bps, latency_s=latency_s)
    return graph


def store_and_forward() -> st.SearchStrategy[StoreAndForward]:
    """Whole messages, or packets of few bytes."""
    return st.builds(
        StoreAndForward,
        packet_size_bytes=st.none() | st.integers(1, 4),
        endpoint_delay_s=NOTHING | EIGHTHS,
        reduce_bandwidth_Bps=st.none() | POWERS,
    )


def fair_share() -> st.SearchStrategy[FairShare]:
    """Any weights, any cap."""
    return st.builds(
        FairShare,
        weights=st.sampled_from(["equal", "inverse_latency"]),
        rate_cap_Bps=st.none() | POWERS,
        reduce_bandwidth_Bps=st.none() | POWERS,
    )


def models() -> st.SearchStrategy[Any]:
    """Any model with any of its options."""
    return loggp() | loggp("one_cpu") | store_and_forward() | store_and_forward() | fair_share() | fair_share()


@st.composite
def networked(draw: st.DrawFn, model: st.SearchStrategy[Any] | None = None, most_operations: int = 12) -> Networked:
    """A random program on a random graph with room for one host more than there are ranks."""
    ranks = draw(st.integers(2, 4))
    program = draw(programs(ranks, most_operations))
    hosts = ranks + draw(st.integers(0, 1))
    graph = draw(graphs(hosts))
    placement = tuple(draw(st.permutations(range(hosts)))[:ranks])
    routing = draw(st.just({"name": "shortest"}) | st.integers(0, 3).map(lambda seed: {"name": "ecmp", "seed": seed}))
    pairs = Load(program.schedule, np.array(program.size_bytes, dtype=np.int64)).pairs
    cluster = place("random", checked(graph), ranks, pairs, placement=placement, routing=routing)
    return Networked(
        **vars(program),
        routes=dict(cluster.routes),
        model=draw(models() if model is None else model),
        graph=graph,
        placement=placement,
        routing=routing,
    )
