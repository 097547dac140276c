"""Any networkx graph becomes a topology here, or is refused with the name of the node or link that is wrong."""

from __future__ import annotations

import math
from collections.abc import Mapping
from numbers import Real
from typing import Any

import networkx as nx

from simcomm.errors import InputError, did_you_mean
from simcomm.units import parse_bandwidth, parse_time

KINDS = ("host", "switch")

#: What networkx's GraphML reader adds to every graph.
_OF_A_READER = ("node_default", "edge_default")


def checked(graph: nx.Graph[Any], source: str = "topology") -> nx.DiGraph[Any]:
    """``graph`` as a directed graph with ``kind`` on nodes and ``bandwidth_Bps``, ``latency_s`` on links.

    Undirected edges become two links. Parallel edges become one link of their summed bandwidth and largest latency,
    with their number as ``count``. A link may carry quantities instead (``bandwidth="100 Gbit/s"``,
    ``latency="5 us"``). Raises InputError for a node without a kind, a missing or non-positive bandwidth, a missing or
    negative latency, a ``group`` that is neither text nor number, no host at all, and a host that cannot reach another.
    """
    result: nx.DiGraph[Any] = nx.DiGraph()
    result.graph.update({key: value for key, value in graph.graph.items() if key not in _OF_A_READER})
    for node, attributes in graph.nodes(data=True):
        kind = str(attributes.get("kind"))
        if kind not in KINDS:
            hint = did_you_mean(kind, KINDS)
            raise InputError(f"{source}: node {node!r} has kind {kind}; expected 'host' or 'switch'{hint}")
        if not isinstance(attributes.get("group", ""), str | Real):
            raise InputError(f"{source}: node {node!r} has group {attributes['group']!r}; expected a name or a number")
        result.add_node(node, **attributes)
    for a, b, attributes in graph.to_directed(as_view=True).edges(data=True):
        _add_link(result, a, b, attributes, f"{source}: link {a!r} -> {b!r}")
    _check_connected(result, source)
    return result


def hosts(graph: nx.DiGraph[Any]) -> list[Any]:
    """The hosts in the order of the graph's nodes: rank r runs on host number r."""
    return [node for node, attributes in graph.nodes(data=True) if attributes["kind"] == "host"]


def _add_link(graph: nx.DiGraph[Any], a: Any, b: Any, attributes: Mapping[str, Any], where: str) -> None:
    if a == b:
        raise InputError(f"{where}: from a node to itself; expected two different nodes")
    bandwidth = _attribute(attributes, "bandwidth", "bandwidth_Bps", where)
    latency = _attribute(attributes, "latency", "latency_s", where)
    if not bandwidth > 0:
        raise InputError(f"{where}: bandwidth_Bps is {bandwidth}; expected more than 0")
    if latency < 0:
        raise InputError(f"{where}: latency_s is {latency}; expected 0 or more")
    kept = {k: v for k, v in attributes.items() if k not in ("bandwidth", "latency")}
    if graph.has_edge(a, b):
        before = graph[a][b]
        bandwidth += before["bandwidth_Bps"]
        latency = max(latency, before["latency_s"])
        kept["count"] = before.get("count", 1) + attributes.get("count", 1)
    graph.add_edge(a, b)
    graph[a][b].update(kept | {"bandwidth_Bps": bandwidth, "latency_s": latency})


def _attribute(attributes: Mapping[str, Any], quantity: str, plain: str, where: str) -> Any:
    if quantity in attributes:
        text = str(attributes[quantity])
        try:
            return parse_bandwidth(text) if quantity == "bandwidth" else parse_time(text)
        except InputError as error:
            raise InputError(f"{where}: {quantity}: {error}") from None
    value = attributes.get(plain)
    if value is None:
        raise InputError(f"{where} has no {plain}; expected a number (or {quantity} with a unit)")
    if isinstance(value, bool) or not isinstance(value, Real) or not _is_finite(value):
        raise InputError(f"{where}: {plain} is {value!r}; expected a finite number")
    return value


def _is_finite(value: Real) -> bool:
    try:
        return math.isfinite(value)
    except OverflowError:  # an integer or a fraction past the largest float
        return False


def _check_connected(graph: nx.DiGraph[Any], source: str) -> None:
    every = hosts(graph)
    if not every:
        raise InputError(f"{source}: no host; expected nodes with kind 'host'")
    reached = nx.descendants(graph, every[0]) | {every[0]}
    reaching = nx.ancestors(graph, every[0]) | {every[0]}
    for host in every:
        if host not in reached:
            raise InputError(
                f"{source}: host {host!r} cannot be reached from host {every[0]!r}; the graph is disconnected"
            )
        if host not in reaching:
            raise InputError(f"{source}: host {host!r} cannot reach host {every[0]!r}; the graph is disconnected")
