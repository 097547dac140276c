"""What every topology in closed form answers; the kinds are in :mod:`~simcomm.topology.regular`."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from simcomm.orbit import Group, Ints, Kind
from simcomm.topology.routes import Link, Route

if TYPE_CHECKING:
    import networkx as nx

#: The link of an orbit that stands for all of it, after the orbit's number.
Crossed = tuple[int, Link]


@dataclass(frozen=True)
class Regular(ABC):
    """``hosts`` hosts, all with ``degree`` links out and as many in, of one bandwidth and latency."""

    hosts: int
    bandwidth_Bps: Any
    latency_s: Any

    #: The name of its builder.
    kind: ClassVar[str]

    #: The groups whose every element, moving the hosts, maps links to links and routes to routes.
    groups: ClassVar[tuple[Kind, ...]]

    @property
    @abstractmethod
    def degree(self) -> int:
        """How many links leave a host."""

    @property
    def links(self) -> int:
        """How many directed links there are."""
        return self.hosts * self.degree

    def graph(self) -> nx.DiGraph[Any]:
        """What its builder makes of the same; InputError if that is too large."""
        from simcomm.topology import build

        return build(self.kind, self.hosts, self.bandwidth_Bps, self.latency_s)

    @abstractmethod
    def neighbours(self, host: int) -> list[Any]:
        """The nodes to which its links go, in the graph's order."""

    def link(self, number: int) -> Link:
        """The link of that number."""
        host, position = divmod(number, self.degree)
        return self._link(host, self.neighbours(host)[position])

    @abstractmethod
    def distances(self, displacement: Ints) -> Ints:
        """Links on the routes by which one of the ``groups`` moves hosts."""

    @abstractmethod
    def crossed(self, src: Ints, dst: Ints) -> tuple[Ints, Ints]:
        """Of each route how many links it has, and the numbers of the links of all, one route after the other."""

    def carried(self, src: Ints, dst: Ints, amount: Any) -> Any:
        """What crosses each link, if so much goes over each route."""
        hops, links = self.crossed(src, dst)
        total = np.zeros(self.links, dtype=amount.dtype)
        np.add.at(total, links, np.repeat(amount, hops))
        return total

    def route(self, src: int, dst: int) -> Route:
        """The route from one host to another."""
        _, links = self.crossed(np.array([src]), np.array([dst]))
        return Route(tuple(map(self.link, links.tolist())))

    @abstractmethod
    def route_orbits(self, displacement: int) -> tuple[Crossed, ...] | None:
        """What the message crosses that goes from any host to that host moved by ``displacement`` (not 0).

        Links are in one orbit if an element of the group maps one to the other: what crosses them is the same. None if
        the routes of different hosts are not mapped to each other, because there are several shortest paths.
        """

    def invariant_under(self, kind: str) -> bool:
        """Whether hosts may be moved by every element of that group."""
        return kind in self.groups and (kind != "xor" or self.hosts & (self.hosts - 1) == 0)

    def _link(self, src: Any, dst: Any) -> Link:
        return Link(src, dst, self.bandwidth_Bps, self.latency_s)

    @property
    def group(self) -> Group:
        """The group in which its distances are reckoned."""
        return Group(self.groups[0], self.hosts)
