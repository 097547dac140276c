"""Collectives that are fitted to the cluster: the graph and the placement first, then trees, then the schedule."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from simcomm.collectives.base import Collective, Fitted
from simcomm.common import once
from simcomm.errors import InputError
from simcomm.topology import placement as placements
from simcomm.topology.check import checked
from simcomm.topology.check import hosts as hosts_of
from simcomm.topology.regular_base import Regular

if TYPE_CHECKING:
    import networkx as nx


def fitted_to(
    collective: Collective,
    workers: int,
    options: Mapping[str, Any],
    name: str,
    graph: nx.Graph[Any] | Regular,
    placement: placements.Placement = "linear",
    seed: int = 0,
) -> tuple[Collective, Fitted]:
    """The collective for this graph, called ``name``, and what the graph says to it.

    It is fitted to the graph as it is described: links that stragglers slow down are as fast as the others here. Points
    of a sweep that are alike share what is found. InputError where the collective does not suit the graph.

    >>> from simcomm.closed_forms import Vector
    >>> from simcomm.collectives import get
    >>> from simcomm.topology import build
    >>> spines = build("leaf_spine", 4, "1 GB/s", "1 us", leaves=2, spines=2)
    >>> tree, fitted = fitted_to(get("in_network_all_reduce"), 4, {}, "leaf_spine", spines)
    >>> fitted.further, tree.claim(4, Vector(10, 1)).total
    (('spine0', 'leaf0', 'leaf1'), Traffic(messages=12, bytes=120))
    """
    if collective.fitted is None:
        return collective, Fitted()

    def fit() -> tuple[Collective, Fitted]:
        whole = checked(graph.graph() if isinstance(graph, Regular) else graph, name)
        count = len(hosts_of(whole))
        if count < workers:
            raise InputError(f"topology: {name} has {count} hosts; expected at least {workers}, one for every worker")
        return collective.fitted_to(whole, placements.order(placement, whole, workers, seed), options)

    which = repr(graph) if isinstance(graph, Regular) else graph
    key = ("fitted", collective.build, which, workers, repr(sorted(options.items())), repr(placement), seed)
    return once(key, fit, lambda found: len(repr(found[0].given)))
