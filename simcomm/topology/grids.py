"""Networks of hosts alone, on the points of a grid: line, ring, mesh, torus, hypercube; hosts forward.

Host number = position read as digits, the last dimension fastest. Every host has its ``position`` (a tuple), and the
graph its ``dims`` and ``wraps`` (for each dimension: whether a cable of its own closes it).
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Any

import networkx as nx

from simcomm.errors import InputError
from simcomm.topology.cables import Cable, Wire, assemble, squarest, whole, wire

#: 2^20 hosts would be too many.
MOST_DIMENSIONS = 20


def line(hosts: int, bandwidth: Any, latency: Any) -> nx.DiGraph[Any]:
    """Every host has a cable to the next one; the ends are not joined: 2(hosts − 1) links.

    Diameter hosts − 1 links; bisection C.

    >>> sorted(line(4, "1 GB/s", "1 us")[0])
    [1]
    """
    return _grid("line", (whole("hosts", hosts),), False, wire(bandwidth, latency))


def ring(hosts: int, bandwidth: Any, latency: Any) -> nx.DiGraph[Any]:
    """Every host has a cable to the next one, the last to the first: 2·hosts links for three hosts or more.

    Two hosts have one cable, not two. Diameter ⌊hosts/2⌋ links; bisection 2C.

    >>> sorted(ring(4, "1 GB/s", "1 us")[0])
    [1, 3]
    """
    return _grid("ring", (whole("hosts", hosts),), True, wire(bandwidth, latency))


def mesh(hosts: int, bandwidth: Any, latency: Any, dims: Sequence[int] | None = None) -> nx.DiGraph[Any]:
    """A grid with any number of dimensions: a cable between neighbours, none from end to end.

    For sides k_d and N = Π k_d hosts 2·Σ_d (k_d − 1)·N/k_d links, diameter Σ_d (k_d − 1); bisection N/k·C for the
    longest side k if that is even. ``dims`` are the sides; without them a · b, the fewest hosts with a ≤ b ≤ 2a.
    InputError if they do not hold all hosts.

    Source: W. Dally, B. Towles, Principles and Practices of Interconnection Networks, 2004, chapter 5.

    >>> mesh(6, "1 GB/s", "1 us", dims=[2, 3]).nodes[5]["position"]
    (1, 2)
    """
    return _grid("mesh", _sides(hosts, dims), False, wire(bandwidth, latency))


def torus(hosts: int, bandwidth: Any, latency: Any, dims: Sequence[int] | None = None) -> nx.DiGraph[Any]:
    """A grid whose every dimension is closed to a ring: 2·D·N links for D sides of three or more, N = Π k_d hosts.

    A side of 2 has one cable, not two parallel ones: there it is a mesh. Diameter Σ_d ⌊k_d/2⌋ links; bisection 2N/k·C
    for the longest side k if that is even and not 2. ``dims`` are the sides; without them a · b, the fewest hosts with
    a ≤ b ≤ 2a. InputError if they do not hold all hosts.

    Source: W. Dally, B. Towles, Principles and Practices of Interconnection Networks, 2004, chapter 5.

    >>> graph = torus(16, "1 GB/s", "1 us", dims=[4, 4])
    >>> sorted(graph[0]), graph.graph["wraps"]
    ([1, 3, 4, 12], (True, True))
    """
    return _grid("torus", _sides(hosts, dims), True, wire(bandwidth, latency))


def hypercube(hosts: int, bandwidth: Any, latency: Any, dimension: int | None = None) -> nx.DiGraph[Any]:
    """2^d hosts, a cable between any two whose numbers differ in one bit: d·2^d links.

    Diameter d links; bisection 2^(d−1)·C. Without ``dimension`` the smallest that holds all hosts; InputError if it
    does not hold them.

    Source: W. Dally, B. Towles, Principles and Practices of Interconnection Networks, 2004, chapter 5.

    >>> sorted(hypercube(8, "1 GB/s", "1 us")[5])
    [1, 4, 7]
    """
    least = (whole("hosts", hosts) - 1).bit_length()
    chosen = least if dimension is None else whole("dimension", dimension, 0, MOST_DIMENSIONS)
    if chosen < least:
        raise InputError(f"dimension: {chosen}; expected at least {least}, for {hosts} hosts")
    return _grid("hypercube", (2,) * chosen, False, wire(bandwidth, latency))


def _sides(hosts: Any, dims: Any) -> tuple[int, ...]:
    least = whole("hosts", hosts)
    if dims is None:
        return squarest(least)
    if not isinstance(dims, list | tuple) or not 1 <= len(dims) <= MOST_DIMENSIONS:
        expected = f"expected a list of 1 to {MOST_DIMENSIONS} whole numbers, such as [4, 4]"
        raise InputError(f"dims: {dims!r}; {expected}")
    sides = tuple(whole("dims", side) for side in dims)
    if math.prod(sides) < least:
        held = f"{'·'.join(map(str, sides))} = {math.prod(sides)}"
        raise InputError(f"dims: {list(sides)}; expected a product of at least {least}, one for every host; got {held}")
    return sides


def _grid(kind: str, dims: tuple[int, ...], closed: bool, material: Wire) -> nx.DiGraph[Any]:
    wraps = tuple(closed and side > 2 for side in dims)
    positions = ({"position": _position(host, dims)} for host in range(math.prod(dims)))
    return assemble(kind, positions, [], _neighbours(dims, wraps, material), dims=dims, wraps=wraps)


def _position(host: int, dims: tuple[int, ...]) -> tuple[int, ...]:
    digits = []
    for side in reversed(dims):
        host, digit = divmod(host, side)
        digits.append(digit)
    return tuple(reversed(digits))


def _neighbours(dims: tuple[int, ...], wraps: tuple[bool, ...], material: Wire) -> Iterator[Cable]:
    """From every host to the next one in every dimension."""
    strides = [math.prod(dims[axis + 1 :]) for axis in range(len(dims))]
    for host in range(math.prod(dims)):
        for side, stride, wrap in zip(dims, strides, wraps, strict=True):
            place = host // stride % side
            if place + 1 < side:
                yield host, host + stride, material
            elif wrap:
                yield host, host - place * stride, material
