"""What all builders share: cables, the graph that they make, and the checks of options.

Hosts are the nodes 0, 1, 2, … with ``kind="host"``; switches have names and ``kind="switch"``. A link is a directed
edge with ``bandwidth_Bps`` (bytes per second) and ``latency_s``; a cable is two links, one each way (full duplex).
Bandwidth and latency are quantities ("100 Gbit/s", "5 us") or plain SI numbers (also Fractions, for exact times).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import islice
from numbers import Real
from typing import Any, NamedTuple

import networkx as nx

from simcomm.errors import InputError
from simcomm.topology.check import checked
from simcomm.units import parse_bandwidth, parse_time

#: A cable takes about 1 kB of memory.
MOST_CABLES = 1_000_000


class Wire(NamedTuple):
    """What a cable is made of, the same both ways."""

    bandwidth_Bps: Any
    latency_s: Any


Attributes = Mapping[str, Any]
Cable = tuple[Any, Any, Wire]


def wire(bandwidth: Any, latency: Any) -> Wire:
    """A wire from two quantities or SI numbers; InputError if they are neither.

    >>> wire("100 Gbit/s", "5 us")
    Wire(bandwidth_Bps=12500000000.0, latency_s=5e-06)
    """
    return Wire(quantity("", bandwidth, parse_bandwidth), quantity("", latency, parse_time))


def assemble(
    kind: str,
    hosts: Iterable[Attributes],
    switches: Iterable[tuple[str, Attributes]],
    cables: Iterable[Cable],
    **about: Any,
) -> nx.DiGraph[Any]:
    """The checked graph of these hosts, switches and cables; ``about`` and the kind become attributes of the graph.

    Cables between the same two nodes become one link each way of their summed bandwidth, with their ``count``.
    Raises InputError above a million cables, before the memory for them is taken.
    """
    laid = list(islice(cables, MOST_CABLES + 1))
    if len(laid) > MOST_CABLES:
        raise InputError(f"topology {kind} has more than {MOST_CABLES:,} cables; expected a smaller one")
    graph: nx.MultiGraph[Any] = nx.MultiGraph(kind=kind, **about)
    graph.add_nodes_from((host, {"kind": "host"} | dict(attributes)) for host, attributes in enumerate(hosts))
    graph.add_nodes_from((name, {"kind": "switch"} | dict(attributes)) for name, attributes in switches)
    graph.add_edges_from((a, b, material._asdict()) for a, b, material in laid)
    return checked(graph)


def named(*families: tuple[str, int]) -> Iterator[tuple[str, Attributes]]:
    """Switches that have numbers.

    >>> [name for name, _ in named(("leaf", 2), ("spine", 1))]
    ['leaf0', 'leaf1', 'spine0']
    """
    return ((f"{name}{index}", {}) for name, count in families for index in range(count))


def quantity(option: str, value: Any, parse: Callable[[object], float]) -> Any:
    """An SI number as it is, a quantity as ``parse`` reads it; InputError that starts with the option's name."""
    if _is_number(value):
        return value
    try:
        return parse(value)
    except InputError as error:
        raise InputError(f"{option}: {error}" if option else str(error)) from None


def whole(option: str, value: Any, least: int = 1, most: int = MOST_CABLES) -> int:
    """A whole number from ``least`` to ``most``, or InputError."""
    if not isinstance(value, int) or isinstance(value, bool) or value < least:
        raise InputError(f"{option}: {value!r}; expected a whole number of at least {least}")
    if value > most:
        raise InputError(f"{option}: {value:,}; expected at most {most:,}")
    return value


def positive(option: str, value: Any) -> Any:
    """A number above 0 and up to a million, or InputError."""
    if not _is_number(value) or not 0 < value <= 10**6:
        raise InputError(f"{option}: {value!r}; expected a number above 0, up to 1,000,000")
    return value


def _is_number(value: object) -> bool:
    return not isinstance(value, bool) and isinstance(value, Real)


def squarest(hosts: int) -> tuple[int, int]:
    """The fewest a · b ≥ hosts with a ≤ b ≤ 2a; of these the squarest.

    >>> [squarest(hosts) for hosts in (1, 7, 8, 12, 16, 17)]
    [(1, 1), (2, 4), (2, 4), (3, 4), (4, 4), (3, 6)]
    """
    sides = [(a, max(a, -(-hosts // a))) for a in range(math.isqrt(hosts // 2) or 1, math.isqrt(hosts) + 2)]
    return min((s for s in sides if s[1] <= 2 * s[0]), key=lambda s: (s[0] * s[1], s[1]))
