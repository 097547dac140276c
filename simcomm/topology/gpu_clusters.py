"""GPU clusters: nodes of GPUs on an NVLink switch, one network card for every GPU (on rails) or for all of them."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from itertools import chain
from typing import Any

import networkx as nx

from simcomm.topology.cables import Cable, Wire, assemble, named, quantity, whole, wire
from simcomm.units import parse_bandwidth, parse_time

#: One way of a GPU's 18 NVLinks of the fourth generation, 18 · 25 GB/s (NVIDIA H100 data sheet: 900 GB/s both ways).
NVLINK_BPS = 450 * 10**9


def rail_optimised(
    hosts: int,
    bandwidth: Any,
    latency: Any,
    gpus: int = 8,
    nvlink_bandwidth: Any = NVLINK_BPS,
    nvlink_latency: Any = None,
    spines: int = 0,
) -> nx.DiGraph[Any]:
    """Nodes of ``gpus`` GPUs, every GPU with a cable to its node's NVLink switch and one to its rail switch.

    A host is a GPU; its network card is its cable (of ``bandwidth`` and ``latency``) to rail i, on which GPU i of every
    node is. Two links inside a node and inside a rail. Between rails four: without ``spines`` over NVLink, on the
    sender's node first by the tie rule of shortest paths (what NCCL calls PXN), so a GPU forwards for others; spines
    join the rails, each with nodes·C/spines to every rail, and give other paths of four links, which ECMP uses. The
    NVLink latency is ``latency`` unless given. 4·hosts + 2·gpus·spines links; bisection hosts/2·C for an even number of
    nodes and an NVLink of at least twice C. The node is the hosts' ``group``. Not modelled: PCIe, several NVLinks of
    one GPU.

    Source: NVIDIA DGX SuperPOD reference architecture (DGX H100), 2023, compute fabric.

    >>> graph = rail_optimised(16, "400 Gbit/s", "5 us", gpus=8, nvlink_bandwidth="450 GB/s", nvlink_latency="1 us")
    >>> list(graph[9]), list(graph["rail1"])
    (['nvswitch1', 'rail1'], [1, 9])
    """
    card, nvlink = wire(bandwidth, latency), _nvlink(latency, nvlink_bandwidth, nvlink_latency)
    nodes = -(-whole("hosts", hosts) // whole("gpus", gpus))
    uplink = Wire(nodes * card.bandwidth_Bps / Fraction(whole("spines", spines, 0) or 1), card.latency_s)

    def cables() -> Iterator[Cable]:
        for gpu in range(nodes * gpus):
            yield gpu, f"nvswitch{gpu // gpus}", nvlink
            yield gpu, f"rail{gpu % gpus}", card
        for rail in range(gpus):
            yield from ((f"rail{rail}", f"spine{spine}", uplink) for spine in range(spines))

    # NVLink switches before rails: a tie between paths goes to the first node.
    switches = named(("nvswitch", nodes), ("rail", gpus), ("spine", spines))
    in_node = ({"group": f"node{gpu // gpus}"} for gpu in range(nodes * gpus))
    return assemble("rail_optimised", in_node, switches, cables())


def shared_nic(
    hosts: int,
    bandwidth: Any,
    latency: Any,
    gpus: int = 8,
    nvlink_bandwidth: Any = NVLINK_BPS,
    nvlink_latency: Any = None,
) -> nx.DiGraph[Any]:
    """Nodes of ``gpus`` GPUs on an NVLink switch; all GPUs of a node share one network card, the cards one switch.

    A host is a GPU. The card is a switch between its node's NVLink switch, over a cable like a GPU's, and the network's
    switch, over the cable of ``bandwidth`` and ``latency`` that all share. Two links inside a node, six between nodes.
    2·hosts + 4·nodes links; bisection nodes/2·C for an even number of nodes. The node is the hosts' ``group``; the
    NVLink latency is ``latency`` unless given. Not modelled: PCIe.

    >>> graph = shared_nic(16, "400 Gbit/s", "5 us", gpus=8)
    >>> list(graph["nic1"]), graph["nic1"]["switch"]["bandwidth_Bps"]
    (['nvswitch1', 'switch'], 50000000000.0)
    """
    card, nvlink = wire(bandwidth, latency), _nvlink(latency, nvlink_bandwidth, nvlink_latency)
    nodes = -(-whole("hosts", hosts) // whole("gpus", gpus))

    def cables() -> Iterator[Cable]:
        yield from ((gpu, f"nvswitch{gpu // gpus}", nvlink) for gpu in range(nodes * gpus))
        for node in range(nodes):
            yield f"nvswitch{node}", f"nic{node}", nvlink
            yield f"nic{node}", "switch", card

    switches = chain(named(("nvswitch", nodes), ("nic", nodes)), [("switch", {})])
    in_node = ({"group": f"node{gpu // gpus}"} for gpu in range(nodes * gpus))
    return assemble("shared_nic", in_node, switches, cables())


def _nvlink(latency: Any, nvlink_bandwidth: Any, nvlink_latency: Any) -> Wire:
    return Wire(
        quantity("nvlink_bandwidth", nvlink_bandwidth, parse_bandwidth),
        quantity("", latency, parse_time)
        if nvlink_latency is None
        else quantity("nvlink_latency", nvlink_latency, parse_time),
    )
