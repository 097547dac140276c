"""Topologies in which every host is like every other, in closed form: what their graphs would say, without a graph.

A star, a ring, a cable between every two, a hypercube: with links that are all alike, everything that a run asks of its
graph is a formula in the number of hosts. Links have the numbers of the graph's edges, and routes are those of the
routing ``shortest``. The graph itself is built when somebody looks.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, Final

import numpy as np

from simcomm.errors import InputError
from simcomm.orbit import Ints
from simcomm.order import expand
from simcomm.topology.regular_base import Crossed, Regular
from simcomm.topology.routes import Link

#: A link takes about 16 bytes of a run.
MOST_LINKS: Final = 2**22


class Star(Regular):
    """Host r has the link r to the switch, and hosts + r from it."""

    kind, groups = "star", ("rotation", "xor")

    @property
    def degree(self) -> int:
        """The one to the switch."""
        return 1

    @property
    def links(self) -> int:
        """One out and one in for every host."""
        return 2 * self.hosts

    def neighbours(self, host: int) -> list[Any]:
        """The switch."""
        return ["switch"]

    def link(self, number: int) -> Link:
        """The link of that number."""
        up, host = number < self.hosts, number % self.hosts
        return self._link(host, "switch") if up else self._link("switch", host)

    def distances(self, displacement: Ints) -> Ints:
        """Always 2."""
        return np.full(len(displacement), 2)

    def crossed(self, src: Ints, dst: Ints) -> tuple[Ints, Ints]:
        """Up and down."""
        return np.full(len(src), 2), np.column_stack([src, self.hosts + dst]).ravel()

    def route_orbits(self, displacement: int) -> tuple[Crossed, ...] | None:
        """All links up, then all links down."""
        return (0, self.link(0)), (1, self.link(self.hosts))


class FullyConnected(Regular):
    """Hosts have links to all others, in their order."""

    kind, groups = "fully_connected", ("rotation", "xor")

    @property
    def degree(self) -> int:
        """All others."""
        return self.hosts - 1

    def neighbours(self, host: int) -> list[Any]:
        """All others."""
        return [*range(host), *range(host + 1, self.hosts)]

    def distances(self, displacement: Ints) -> Ints:
        """Always 1."""
        return np.ones(len(displacement), dtype=np.int64)

    def crossed(self, src: Ints, dst: Ints) -> tuple[Ints, Ints]:
        """The link between them."""
        return np.ones(len(src), dtype=np.int64), src * self.degree + dst - (dst > src)

    def route_orbits(self, displacement: int) -> tuple[Crossed, ...] | None:
        """The links of that displacement."""
        return ((displacement - 1, self._link(0, displacement)),)


class Ring(Regular):
    """Host 0 has its link up first, the others their link down; two hosts have one cable, one host none."""

    kind, groups = "ring", ("rotation",)

    @property
    def degree(self) -> int:
        """Up and down."""
        return min(self.hosts - 1, 2)

    def neighbours(self, host: int) -> list[Any]:
        """Those next to it; it was a neighbour of the lower ones first."""
        near = list(dict.fromkeys([(host - 1) % self.hosts, (host + 1) % self.hosts]))[: self.degree]
        return near if host else near[::-1]

    def distances(self, displacement: Ints) -> Ints:
        """The way round that is shorter."""
        return np.minimum(displacement, self.hosts - displacement)

    def crossed(self, src: Ints, dst: Ints) -> tuple[Ints, Ints]:
        """Step by step, all up or all down."""
        up, hops = self._ways(src, dst)
        step = expand(np.zeros(len(src), dtype=np.int64), hops)
        begin, is_up = np.repeat(src, hops), np.repeat(up, hops)
        at = (begin + np.where(is_up, step, -step)) % self.hosts
        return hops, self._numbers(at, is_up)

    def carried(self, src: Ints, dst: Ints, amount: Any) -> Any:
        """As of any, but without writing down every step: more begins to cross at the source, less from the target."""
        total = np.zeros(self.links, dtype=amount.dtype)
        if not len(src):
            return total
        up, _ = self._ways(src, dst)
        every = np.arange(self.hosts)
        for is_up, forward in ((True, up), (False, ~up)):
            # Downwards a message crosses the links of the hosts from dst + 1 to src.
            first, end = (src[forward], dst[forward]) if is_up else (dst[forward] + 1, src[forward] + 1)
            change = np.zeros(self.hosts + 1, dtype=amount.dtype)
            some = amount[forward]
            np.add.at(change, first % self.hosts, some)
            np.subtract.at(change, end % self.hosts, some)
            change[0] += some[end % self.hosts < first % self.hosts].sum()
            total[self._numbers(every, np.full(self.hosts, is_up))] += np.cumsum(change)[:-1]
        return total

    def _ways(self, src: Ints, dst: Ints) -> tuple[Any, Ints]:
        """Whether each goes up, and how far; a tie goes down, but at the first and last host up."""
        above = (dst - src) % self.hosts
        at_an_end = (src == 0) | (src == self.hosts - 1)
        up = (2 * above < self.hosts) | ((2 * above == self.hosts) & at_an_end)
        return up, np.where(up, above, self.hosts - above)

    def _numbers(self, host: Ints, up: Any) -> Ints:
        if self.hosts == 2:
            return host
        return 2 * host + np.where(up, host > 0, host == 0)

    def route_orbits(self, displacement: int) -> tuple[Crossed, ...] | None:
        """So many links up, or down; none at half of the ring, where it is as far both ways."""
        if self.hosts == 2:
            return ((0, self._link(0, 1)),)
        if 2 * displacement == self.hosts:
            return None
        if 2 * displacement < self.hosts:
            return ((0, self._link(0, 1)),) * displacement
        return ((1, self._link(0, self.hosts - 1)),) * (self.hosts - displacement)


class Hypercube(Regular):
    """A host's links to lower numbers come first, the highest bit first; then those to higher ones, likewise."""

    kind, groups = "hypercube", ("xor",)

    @property
    def degree(self) -> int:
        """One for every bit."""
        return self.hosts.bit_length() - 1

    def neighbours(self, host: int) -> list[Any]:
        """Those that differ in one bit."""
        bits = [1 << bit for bit in reversed(range(self.degree))]
        return [host ^ bit for bit in bits if host & bit] + [host ^ bit for bit in bits if not host & bit]

    def distances(self, displacement: Ints) -> Ints:
        """How many bits differ."""
        return _ones(displacement)

    def crossed(self, src: Ints, dst: Ints) -> tuple[Ints, Ints]:
        """Always to the lowest number: bits are cleared from the highest on, then set from the lowest on."""
        at, links = src.copy(), np.full((len(src), 2 * self.degree), -1)
        down, up = range(self.degree - 1, -1, -1), range(self.degree)
        for column, bit in enumerate((*down, *up)):
            wanted = dst if column >= self.degree else ~dst
            moves = ((at ^ dst) & wanted) >> bit & 1 == 1
            links[moves, column] = self._numbers(at[moves], bit)
            at[moves] ^= 1 << bit
        return _ones(src ^ dst), links[links >= 0]

    def _numbers(self, host: Ints, bit: int) -> Ints:
        above = _ones(host >> (bit + 1))
        is_set = host >> bit & 1 == 1
        return host * self.degree + np.where(is_set, above, _ones(host) + self.degree - 1 - bit - above)

    def route_orbits(self, displacement: int) -> tuple[Crossed, ...] | None:
        """The links of one bit; with several the order in which they are crossed is not that of every host."""
        if displacement & (displacement - 1):
            return None
        return ((displacement.bit_length() - 1, self._link(0, displacement)),)


_KINDS: Final[dict[str, type[Regular]]] = {
    "star": Star,
    "fully_connected": FullyConnected,
    "ring": Ring,
    "hypercube": Hypercube,
}


def regular(kind: str, hosts: int, bandwidth: Any, latency: Any, options: Mapping[str, Any]) -> Regular | None:
    """The topology that :func:`simcomm.topology.build` would build a graph of, or None if it has no closed form here.

    None too for what the builder refuses, or gives more hosts, and above four million links.

    >>> regular("star", 4, "100 Gbit/s", "5 us", {}).link(5)
    Link(src='switch', dst=1, bandwidth_Bps=12500000000.0, latency_s=5e-06)
    """
    if kind not in _KINDS or options or type(hosts) is not int or hosts < 1:
        return None
    if kind == "hypercube" and hosts & (hosts - 1):
        return None
    from simcomm.topology.cables import wire

    try:
        bandwidth_Bps, latency_s = wire(bandwidth, latency)
        if not (bandwidth_Bps > 0 and latency_s >= 0 and math.isfinite(bandwidth_Bps) and math.isfinite(latency_s)):
            return None
    except (InputError, OverflowError):
        return None
    found = _KINDS[kind](hosts, bandwidth_Bps, latency_s)
    return found if found.links <= MOST_LINKS else None


def _ones(numbers: Ints) -> Ints:
    """How many bits of each are set."""
    return np.bitwise_count(numbers).astype(np.int64)
