"""Topologies: directed networkx graphs of hosts and switches, with bandwidth and latency on every link."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from importlib import import_module
from typing import TYPE_CHECKING, Any

from simcomm.errors import InputError, did_you_mean
from simcomm.units import parse_bandwidth, parse_time

if TYPE_CHECKING:
    import networkx as nx

#: kind -> module and attribute of its builder; networkx is imported when one is called.
TOPOLOGIES: dict[str, str] = {
    "dragonfly": "simcomm.topology.dragonflies:dragonfly",
    "fat_tree": "simcomm.topology.trees:fat_tree",
    "fully_connected": "simcomm.topology.builders:fully_connected",
    "hypercube": "simcomm.topology.grids:hypercube",
    "leaf_spine": "simcomm.topology.trees:leaf_spine",
    "line": "simcomm.topology.grids:line",
    "mesh": "simcomm.topology.grids:mesh",
    "rail_optimised": "simcomm.topology.gpu_clusters:rail_optimised",
    "ring": "simcomm.topology.grids:ring",
    "shared_nic": "simcomm.topology.gpu_clusters:shared_nic",
    "star": "simcomm.topology.builders:star",
    "torus": "simcomm.topology.grids:torus",
}


def kinds() -> tuple[str, ...]:
    """The names of all built-in topologies."""
    return tuple(TOPOLOGIES)


def build(kind: str, hosts: int, bandwidth: Any, latency: Any, **options: Any) -> nx.DiGraph[Any]:
    """The graph of a built-in kind: ``hosts`` hosts, links of ``bandwidth`` and ``latency`` (quantities or SI numbers).

    >>> build("star", 4, "100 Gbit/s", "5 us").number_of_edges()
    8
    """
    builder = _builder(kind)
    _check(kind, builder, options)
    graph: nx.DiGraph[Any] = builder(hosts, bandwidth=bandwidth, latency=latency, **options)
    return graph


def check_options(kind: str, options: Mapping[str, object], hosts: int | None = None) -> None:
    """Raise InputError for an unknown kind, an option that its builder does not have, and a quantity without a unit.

    With the number of ``hosts`` also for values that the builder refuses, which takes as long as building the graph.
    A message about the value of an option starts with its name and a colon.
    """
    if kind not in TOPOLOGIES:
        raise InputError(f"unknown topology {kind!r}{did_you_mean(kind, TOPOLOGIES)}")
    if options:
        _check(kind, _builder(kind), options)
        _check_units(options)
        if hosts is not None:
            build(kind, hosts, 1, 0, **options)


def _builder(kind: str) -> Callable[..., Any]:
    check_options(kind, {})
    module, attribute = TOPOLOGIES[kind].split(":")
    found: Callable[..., Any] = getattr(import_module(module), attribute)
    return found


def _check(kind: str, builder: Callable[..., Any], options: Mapping[str, object]) -> None:
    known = [name for name in inspect.signature(builder).parameters if name not in ("hosts", "bandwidth", "latency")]
    for name in options:
        if name not in known:
            expected = f"expected one of {', '.join(known)}" if known else "it has none"
            raise InputError(f"unknown option {name!r} of topology {kind}; {expected}{did_you_mean(name, known)}")


def _check_units(options: Mapping[str, object]) -> None:
    """An option whose name ends in ``_bandwidth`` or ``_latency`` is a quantity: a scenario has no bare SI numbers."""
    for name, value in options.items():
        parse = {"bandwidth": parse_bandwidth, "latency": parse_time}.get(name.rpartition("_")[2])
        if parse and value is not None:
            try:
                parse(value)
            except InputError as error:
                raise InputError(f"{name}: {error}") from None
