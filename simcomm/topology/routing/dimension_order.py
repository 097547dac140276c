"""Dimension-order routing: on a grid, one dimension after the other."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from simcomm.topology.routes import Route
from simcomm.topology.routing.shortest import one_by_one

if TYPE_CHECKING:
    import networkx as nx

Pair = tuple[Any, Any]


def dimension_order(graph: nx.DiGraph[Any], pairs: Iterable[Pair]) -> dict[Pair, Route]:
    """Correct the first coordinate, then the second, and so on; the shorter way round, a tie upwards.

    For meshes, tori, hypercubes, rings and lines: every host has a ``position``, a tuple of as many whole numbers as
    there are dimensions. A row of hosts whose last has a link to its first is a ring: it is followed in the direction
    of fewer links, and upwards (+1, on a ring "clockwise") when both have equally many. On a mesh this is free of
    deadlock, on a torus with virtual channels; neither is modelled. InputError for a graph without positions, and for
    a grid with a host or a link missing on the way.

    Source: W. J. Dally, C. L. Seitz, Deadlock-Free Message Routing in Multiprocessor Interconnection Networks, IEEE
    Transactions on Computers C-36(5), 1987.

    >>> from simcomm.topology import build
    >>> dimension_order(build("ring", 6, "1 GB/s", "1 us"), [(3, 0)])[3, 0].nodes
    (3, 4, 5, 0)
    """
    from simcomm.topology.routing.many_dimension_order import dimension_order_ways

    return one_by_one(dimension_order_ways, graph, pairs)
