"""Topologies: directed networkx graphs of hosts and switches, with bandwidth and latency on every link."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from importlib import import_module
from typing import TYPE_CHECKING, Any

from simcomm.errors import InputError, did_you_mean

if TYPE_CHECKING:
    import networkx as nx

#: kind -> module and attribute of its builder; networkx is imported when one is called.
TOPOLOGIES: dict[str, str] = {
    "fully_connected": "simcomm.topology.builders:fully_connected",
    "ring": "simcomm.topology.builders:ring",
    "star": "simcomm.topology.builders:star",
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


def check_options(kind: str, options: Mapping[str, object]) -> None:
    """Raise InputError for an unknown kind or an option that its builder does not have."""
    if kind not in TOPOLOGIES:
        raise InputError(f"unknown topology {kind!r}{did_you_mean(kind, TOPOLOGIES)}")
    if options:
        _check(kind, _builder(kind), options)


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
