"""Dimension-order routing: on a grid, one dimension after the other."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

from simcomm.errors import InputError
from simcomm.topology.routes import Link, Route, links_of

if TYPE_CHECKING:
    import networkx as nx

Pair = tuple[Any, Any]
Position = tuple[int, ...]


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
    position = _positions(graph)
    grid, links = _Grid(position), links_of(graph)
    found = {}
    for source, target in pairs:
        here, way = source, []
        for node in grid.way(position[source], position[target], links):
            if (here, node) not in links:
                missing = f"a link from {here!r} to {node!r}" if node is not None else f"a host beside {here!r}"
                raise InputError(
                    f"routing: dimension_order from {source!r} to {target!r} needs {missing}, which is not there; "
                    "expected a whole mesh or torus"
                )
            way.append(links[here, node])
            here = node
        found[source, target] = Route(tuple(way))
    return found


class _Grid:
    """Who is where, and how long every dimension is."""

    def __init__(self, position: dict[Any, Position]) -> None:
        self.host = {where: host for host, where in position.items()}
        self.sizes = [1 + max(coordinates) for coordinates in zip(*self.host, strict=True)]

    def way(self, start: Position, goal: Position, links: dict[Pair, Link]) -> Iterator[Any]:
        """The hosts after the one at ``start``, up to the one at ``goal``; None where there is no host."""
        here = list(start)
        for axis, size in enumerate(self.sizes):
            first, last = (self.host.get((*here[:axis], end, *here[axis + 1 :])) for end in (0, size - 1))
            up = goal[axis] - here[axis]
            if (last, first) in links:
                up %= size
                step = 1 if 2 * up <= size else -1
            else:
                step = 1 if up > 0 else -1
            while here[axis] != goal[axis]:
                here[axis] = (here[axis] + step) % size
                yield self.host.get(tuple(here))


def _positions(graph: nx.DiGraph[Any]) -> dict[Any, Position]:
    """The position of every host; InputError if one has none, or not its own."""
    found: dict[Any, Position] = {}
    for node, attributes in graph.nodes(data=True):
        if attributes["kind"] == "host":
            given: Any = attributes.get("position")
            if not _is_position(given):
                has = "none" if given is None else f"{given!r}, not whole numbers >= 0"
                raise InputError(
                    f"routing: dimension_order needs the position of every host; host {node!r} of this "
                    f"{graph.graph.get('kind', 'graph')} has {has}; expected a mesh, torus, hypercube, ring or line"
                )
            found[node] = tuple(given)
    if len(set(found.values())) < len(found) or len(set(map(len, found.values()))) > 1:
        raise InputError("routing: dimension_order needs positions that differ, and are all of one length")
    return found


def _is_position(given: Any) -> bool:
    return isinstance(given, tuple | list) and all(
        isinstance(x, int) and not isinstance(x, bool) and x >= 0 for x in given
    )
