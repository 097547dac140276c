"""The simplest networks: one switch between all hosts, or a cable between every two.

A builder takes the least number of hosts and the bandwidth C and latency of a cable, and returns a checked graph; see
:mod:`~simcomm.topology.cables`. The other builders are in ``grids``, ``trees``, ``dragonflies`` and ``gpu_clusters``.
"""

from __future__ import annotations

from typing import Any

import networkx as nx

from simcomm.topology.cables import assemble, whole, wire


def star(hosts: int, bandwidth: Any, latency: Any) -> nx.DiGraph[Any]:
    """One switch, a cable to each host: 2·hosts links, two of them on every route.

    Diameter 2 links; bisection ⌊hosts/2⌋·C.

    >>> graph = star(3, "100 Gbit/s", "5 us")
    >>> sorted(graph[0]), graph[0]["switch"]["bandwidth_Bps"]
    (['switch'], 12500000000.0)
    """
    count, material = whole("hosts", hosts), wire(bandwidth, latency)
    cables = ((host, "switch", material) for host in range(count))
    return assemble("star", ({} for _ in range(count)), [("switch", {})], cables)


def fully_connected(hosts: int, bandwidth: Any, latency: Any) -> nx.DiGraph[Any]:
    """A cable between every two hosts: hosts·(hosts − 1) links.

    Diameter 1 link; bisection ⌊hosts/2⌋·⌈hosts/2⌉·C.

    >>> fully_connected(4, "1 GB/s", "1 us").number_of_edges()
    12
    """
    count, material = whole("hosts", hosts), wire(bandwidth, latency)
    cables = ((a, b, material) for a in range(count) for b in range(a))
    return assemble("fully_connected", ({} for _ in range(count)), [], cables)
