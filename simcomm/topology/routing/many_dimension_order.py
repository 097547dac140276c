"""Dimension-order routes of many pairs at once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from simcomm import jit
from simcomm.errors import InputError
from simcomm.topology.ways import Ways, Wiring

if TYPE_CHECKING:
    import networkx as nx

Position = tuple[int, ...]
Numbers = npt.NDArray[np.int64]


def dimension_order_ways(graph: nx.DiGraph[Any], sources: Numbers, targets: Numbers) -> Ways:
    """The same for many pairs at once: numbers of nodes, numbers of links."""
    found = _positions(graph)
    w = Wiring(graph)
    axes = len(next(iter(found.values())))
    position = np.zeros((len(w.number), axes), np.int64)
    for node, where in found.items():
        position[w.number[node]] = where
    sizes = 1 + position.max(axis=0)
    strides = np.append(np.cumprod(sizes[::-1])[::-1], 1)[1:]
    host = np.full(int(sizes.prod()), -1)
    hosts = [w.number[node] for node in found]
    host[position[hosts] @ strides] = hosts
    grid = (w.after_first, w.after, position, sizes, strides, host, sources, targets)
    first, none, stuck = np.zeros(len(sources) + 1, np.int64), np.zeros(0, np.int64), np.zeros(2, np.int64)
    work = len(sources) * int(sizes.sum())
    wrong = jit.large(_walk, work)(*grid, first, none, stuck)
    if wrong >= 0:
        nodes = [*graph, None]
        source, target, here, node = (nodes[n] for n in (sources[wrong], targets[wrong], *stuck))
        missing = f"a link from {here!r} to {node!r}" if node is not None else f"a host beside {here!r}"
        raise InputError(
            f"routing: dimension_order from {source!r} to {target!r} needs {missing}, which is not there; "
            "expected a whole mesh or torus"
        )
    first = np.cumsum(first)
    links = np.zeros(max(1, first[-1]), np.int64)
    jit.large(_walk, work)(*grid, first, links, stuck)
    return Ways(w, first, links[: first[-1]])


def _walk(
    after_first: Numbers, after: Numbers, position: Numbers, sizes: Numbers, strides: Numbers, host: Numbers,
    sources: Numbers, targets: Numbers, first: Numbers, links: Numbers, stuck: Numbers,
) -> int:  # fmt: skip
    """Write the lengths of all ways to ``first`` (one place later), or, if there is room for them, the ways themselves.

    Return the pair that finds no link, and where to where in ``stuck`` (−1: there is no host), or −1.
    """
    for row in range(len(sources)):
        node, goal, length = sources[row], targets[row], 0
        cell = (position[node] * strides).sum()
        for axis in range(len(sizes)):
            here, size, step = position[node, axis], sizes[axis], 1
            up = position[goal, axis] - here
            ends = host[cell - here * strides[axis]], host[cell + (size - 1 - here) * strides[axis]]
            joined = False
            if ends[0] >= 0 and ends[1] >= 0:
                beyond = after[after_first[ends[1]] : after_first[ends[1] + 1]]
                at = np.searchsorted(beyond, ends[0])
                joined = at < len(beyond) and beyond[at] == ends[0]
            if joined:
                up %= size
            if up < 0 or (joined and 2 * up > size):
                step = -1
            while here != position[goal, axis]:
                onward = (here + step) % size
                cell += (onward - here) * strides[axis]
                here = onward
                near = after[after_first[node] : after_first[node + 1]]
                at = np.searchsorted(near, host[cell])
                if host[cell] < 0 or at == len(near) or near[at] != host[cell]:
                    stuck[0], stuck[1] = node, host[cell]
                    return row
                if len(links) > 0:
                    links[first[row] + length] = after_first[node] + at
                node = host[cell]
                length += 1
        if len(links) == 0:
            first[row + 1] = length
    return -1


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
