"""Builders: from a number of hosts and one kind of link to a graph.

Hosts are the nodes 0 … hosts − 1 with ``kind="host"``, switches have ``kind="switch"``. A link is a directed edge with
``bandwidth_Bps`` (bytes per second) and ``latency_s``; a cable is two links, one each way (full duplex). Bandwidth and
latency are quantities ("100 Gbit/s", "5 us") or plain SI numbers (also Fractions, for exact times).
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import networkx as nx

from simcomm.errors import InputError
from simcomm.topology.check import checked
from simcomm.units import parse_bandwidth, parse_time


def star(hosts: int, bandwidth: Any, latency: Any) -> nx.DiGraph[Any]:
    """One switch, a cable to each host: 2·hosts links, two of them on every route.

    >>> graph = star(3, "100 Gbit/s", "5 us")
    >>> sorted(graph[0]), graph[0]["switch"]["bandwidth_Bps"]
    (['switch'], 12500000000.0)
    """
    return _cables(_counted(hosts), ["switch"], ((host, "switch") for host in range(hosts)), bandwidth, latency)


def ring(hosts: int, bandwidth: Any, latency: Any) -> nx.DiGraph[Any]:
    """Every host has a cable to the next one and no switch: 2·hosts links for three hosts or more.

    >>> sorted(ring(4, "1 GB/s", "1 us")[0])
    [1, 3]
    """
    count = hosts if _counted(hosts) > 2 else hosts - 1
    return _cables(hosts, [], ((host, (host + 1) % hosts) for host in range(count)), bandwidth, latency)


def fully_connected(hosts: int, bandwidth: Any, latency: Any) -> nx.DiGraph[Any]:
    """A cable between every two hosts: hosts·(hosts − 1) links.

    >>> fully_connected(4, "1 GB/s", "1 us").number_of_edges()
    12
    """
    return _cables(_counted(hosts), [], ((a, b) for a in range(hosts) for b in range(a)), bandwidth, latency)


def _counted(hosts: Any) -> int:
    if not isinstance(hosts, int) or isinstance(hosts, bool) or hosts < 1:
        raise InputError(f"hosts: {hosts!r}; expected a whole number of at least 1")
    return hosts


def _cables(
    hosts: int, switches: Iterable[str], cables: Iterable[tuple[Any, Any]], bandwidth: Any, latency: Any
) -> nx.DiGraph[Any]:
    link = {
        "bandwidth_Bps": parse_bandwidth(bandwidth) if isinstance(bandwidth, str) else bandwidth,
        "latency_s": parse_time(latency) if isinstance(latency, str) else latency,
    }
    graph: nx.DiGraph[Any] = nx.DiGraph()
    graph.add_nodes_from(range(hosts), kind="host")
    graph.add_nodes_from(switches, kind="switch")
    for a, b in cables:
        graph.add_edge(a, b, **link)
        graph.add_edge(b, a, **link)
    return checked(graph)
