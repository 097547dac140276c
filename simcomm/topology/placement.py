"""Placement: which host every rank runs on."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from simcomm.errors import InputError, did_you_mean
from simcomm.topology.names import Names

if TYPE_CHECKING:
    import networkx as nx

Placement = str | Sequence[str | int]
"""A name, or the hosts themselves, one for every rank."""


def linear(graph: nx.DiGraph[Any], seed: int) -> list[Any]:
    """Rank r on host number r: the hosts in the order of the graph's nodes."""
    return [node for node, attributes in graph.nodes(data=True) if attributes["kind"] == "host"]


def round_robin(graph: nx.DiGraph[Any], seed: int) -> list[Any]:
    """Like dealing cards: the first host of every group, then the second host of every group, and so on.

    A group is all hosts with the same ``group``; without it, all that hang on one and the same switch; a host that
    hangs on none, or on several, is a group of its own. Groups are in the order of their first hosts.
    """
    groups: dict[tuple[str, Any], list[Any]] = {}
    for host in linear(graph, seed):
        groups.setdefault(_group(graph, host), []).append(host)
    longest = max(map(len, groups.values()))
    return [group[turn] for turn in range(longest) for group in groups.values() if turn < len(group)]


def random(graph: nx.DiGraph[Any], seed: int) -> list[Any]:
    """A permutation of all hosts that is drawn from the seed.

    It is ``numpy.random.default_rng([seed, 1]).permutation(hosts)``: not the stream that jitter is drawn from.
    """
    import numpy as np

    hosts = linear(graph, seed)
    return [hosts[index] for index in np.random.default_rng([seed, 1]).permutation(len(hosts)).tolist()]


PLACEMENTS: dict[str, Callable[[nx.DiGraph[Any], int], list[Any]]] = {
    "linear": linear,
    "round_robin": round_robin,
    "random": random,
}


def names() -> tuple[str, ...]:
    """The names of all placements."""
    return tuple(PLACEMENTS)


def order(placement: Placement, graph: nx.DiGraph[Any], ranks: int, seed: int = 0) -> list[Any]:
    """The host of every rank: rank r runs on ``order(…)[r]``, and no two ranks on one host.

    ``placement`` is a name, or a list of hosts, one for every rank: their names, or, where no host is called by a
    number, all by their numbers from 0. Raises InputError for an unknown name or host, a host that is given twice, and
    another number of hosts than of ranks.

    >>> from simcomm.topology import build
    >>> order("linear", build("star", 4, "1 GB/s", "1 us"), 3), order([3, 0], build("star", 4, "1 GB/s", "1 us"), 2)
    ([0, 1, 2], [3, 0])
    """
    check(placement, ranks)
    hosts = linear(graph, seed)
    if not isinstance(placement, str):
        return _listed(placement, hosts)
    if len(hosts) < ranks:
        raise InputError(f"placement: the graph has {len(hosts)} hosts; expected at least {ranks}, one for every rank")
    return PLACEMENTS[placement](graph, seed)[:ranks]


def check(placement: Any, ranks: int | None = None) -> None:
    """Raise InputError for what is wrong with a placement on any graph."""
    if isinstance(placement, str):
        if placement not in PLACEMENTS:
            expected = f"expected {', '.join(PLACEMENTS)} or a list of hosts"
            raise InputError(f"unknown placement {placement!r}; {expected}{did_you_mean(placement, PLACEMENTS)}")
        return
    if not isinstance(placement, Sequence):
        raise InputError(f"{placement!r} is not a placement; expected {', '.join(PLACEMENTS)} or a list of hosts")
    seen: dict[str, int] = {}
    for rank, host in enumerate(placement):
        if not isinstance(host, (str, int)) or isinstance(host, bool) or (isinstance(host, int) and host < 0):
            raise InputError(f"{host!r} is not a host; expected names or numbers of hosts, one for every rank")
        if str(host) in seen:
            raise InputError(f"host {host!r} is given twice, for ranks {seen[str(host)]} and {rank}; expected one rank")
        seen[str(host)] = rank
    if ranks is not None and len(placement) != ranks:
        raise InputError(f"{len(placement)} hosts for {ranks} ranks; expected one for every rank")


def _listed(placement: Sequence[str | int], hosts: list[Any]) -> list[Any]:
    names = Names(hosts, "host")
    if all(isinstance(host, int) for host in placement) and not any(name.isdecimal() for name in names.nodes):
        names.nodes = {str(number): host for number, host in enumerate(hosts)}
    return [names.find(host, "placement") for host in placement]


def _group(graph: nx.DiGraph[Any], host: Any) -> tuple[str, Any]:
    if "group" in graph.nodes[host]:
        return "group", graph.nodes[host]["group"]
    switches = [node for node in graph[host] if graph.nodes[node]["kind"] == "switch"]
    return ("switch", switches[0]) if len(switches) == 1 else ("host", host)
