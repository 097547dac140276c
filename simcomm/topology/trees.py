"""Trees of switches above the hosts: leaf-spine (two tiers) and the k-ary fat tree (three)."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from typing import Any

import networkx as nx

from simcomm.errors import InputError
from simcomm.topology.cables import Cable, Wire, assemble, named, positive, quantity, squarest, whole, wire
from simcomm.units import parse_time


def leaf_spine(
    hosts: int,
    bandwidth: Any,
    latency: Any,
    leaves: int | None = None,
    spines: int = 1,
    hosts_per_leaf: int | None = None,
    oversubscription: Any = 1,
    uplink_latency: Any = None,
) -> nx.DiGraph[Any]:
    """Hosts on leaf switches, every leaf with a link to every spine switch.

    The uplinks of a leaf together carry hosts_per_leaf·C / oversubscription, in equal parts over the spines: an uplink
    is one link of that bandwidth, however many cables it is made of. Their latency is the hosts' unless given. Without
    ``leaves`` and ``hosts_per_leaf`` the squarest pair that holds all hosts; with one of them the least of the other.
    2(leaves·hosts_per_leaf + leaves·spines) links, diameter 4; bisection hosts/2·C / oversubscription for an even
    number of leaves, and never more than hosts/2·C. The leaf is the hosts' ``group``. InputError for options that do
    not hold all hosts.

    >>> graph = leaf_spine(16, "100 Gbit/s", "5 us", leaves=4, spines=2, oversubscription=2)
    >>> graph["leaf0"]["spine1"]["bandwidth_Bps"], graph.nodes[15]["group"]
    (12500000000.0, 'leaf3')
    """
    leaf_count, below = _leaves(whole("hosts", hosts), leaves, hosts_per_leaf)
    down = wire(bandwidth, latency)
    share = _exact(positive("oversubscription", oversubscription)) * whole("spines", spines)
    up_latency = down.latency_s if uplink_latency is None else quantity("uplink_latency", uplink_latency, parse_time)
    up = Wire(below * down.bandwidth_Bps / share, up_latency)

    def cables() -> Iterator[Cable]:
        for leaf in range(leaf_count):
            yield from ((leaf * below + host, f"leaf{leaf}", down) for host in range(below))
            yield from ((f"leaf{leaf}", f"spine{spine}", up) for spine in range(spines))

    on_leaf = ({"group": f"leaf{host // below}"} for host in range(leaf_count * below))
    return assemble("leaf_spine", on_leaf, named(("leaf", leaf_count), ("spine", spines)), cables())


def fat_tree(hosts: int, bandwidth: Any, latency: Any, k: int | None = None) -> nx.DiGraph[Any]:
    """The k-ary fat tree: three tiers of switches with k ports each, all cables equal.

    k pods of k/2 edge and k/2 aggregation switches, (k/2)² core switches; core switches a·k/2 … a·k/2 + k/2 − 1 have a
    cable to aggregation switch a of every pod. k³/4 hosts, 5k²/4 switches, 3k³/2 links, diameter 6; bisection k³/8·C:
    all hosts at once can send across at full speed, if routes are spread. Without ``k`` the smallest even one that
    holds all hosts. The edge switch is the hosts' ``group``. InputError for a k that is odd or too small.

    Source: M. Al-Fares, A. Loukissas, A. Vahdat, A Scalable, Commodity Data Center Network Architecture, SIGCOMM 2008.

    >>> graph = fat_tree(16, "1 GB/s", "1 us", k=4)
    >>> sorted(graph["agg2.1"], key=str), graph.number_of_edges()
    (['core2', 'core3', 'edge2.0', 'edge2.1'], 96)
    """
    half = _half(whole("hosts", hosts), k)
    material = wire(bandwidth, latency)
    pods, parts = range(2 * half), range(half)
    switches = named(*((f"{tier}{pod}.", half) for tier in ("edge", "agg") for pod in pods), ("core", half**2))
    on_edge = ({"group": f"edge{pod}.{edge}"} for pod in pods for edge in parts for _ in parts)
    return assemble("fat_tree", on_edge, switches, _fat_tree_cables(half, material))


def _fat_tree_cables(half: int, material: Wire) -> Iterator[Cable]:
    for pod in range(2 * half):
        for edge in range(half):
            first = (pod * half + edge) * half
            yield from ((first + host, f"edge{pod}.{edge}", material) for host in range(half))
            yield from ((f"edge{pod}.{edge}", f"agg{pod}.{agg}", material) for agg in range(half))
        for core in range(half**2):
            yield f"agg{pod}.{core // half}", f"core{core}", material


def _leaves(hosts: int, leaves: Any, hosts_per_leaf: Any) -> tuple[int, int]:
    """The number of leaves and of hosts below each."""
    if leaves is None and hosts_per_leaf is None:
        return squarest(hosts)
    if hosts_per_leaf is None:
        return whole("leaves", leaves), -(-hosts // leaves)
    below = whole("hosts_per_leaf", hosts_per_leaf)
    least = -(-hosts // below)
    if leaves is not None and whole("leaves", leaves) < least:
        raise InputError(f"leaves: {leaves}; expected at least {least}, for {hosts} hosts with {below} on a leaf")
    return leaves or least, below


def _half(hosts: int, k: Any) -> int:
    """k/2."""
    least = 2
    while least**3 < 4 * hosts:
        least += 2
    if k is None:
        return least // 2
    if not isinstance(k, int) or isinstance(k, bool) or k < 2 or k % 2:
        raise InputError(f"k: {k!r}; expected an even number of at least 2")
    if whole("k", k) < least:
        raise InputError(f"k: {k}; expected at least {least}, for {hosts} hosts (k³/4 = {k**3 // 4})")
    return k // 2


def _exact(number: Any) -> Any:
    """As a fraction of its decimal digits: 1.1 is 11/10."""
    return Fraction(str(number))
