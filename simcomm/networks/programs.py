"""Programs: what a network model's ``transmit`` asks for, written down in flat arrays before the run.

What a message asks for, and for how long, is known before it is sent: the model's ``lower`` writes it for many messages
at once, as one short program of instructions each. An engine that runs programs knows neither models nor collectives.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate, repeat
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt

from simcomm.lazy import Made
from simcomm.networks.base import Message
from simcomm.order import as_met
from simcomm.topology.regular_routes import RegularRoutes
from simcomm.topology.ways import Routes, Ways

if TYPE_CHECKING:
    from simcomm.schedule import Ints
    from simcomm.topology.routes import Link, Route

Floats = npt.NDArray[np.float64]

#: The instructions. ``what`` and ``amount`` of each: END; DELAY, seconds; TURN place, seconds; HOLD place, seconds,
#: followed by AND place, seconds for each further place; SPAWN program, how many times; JOIN: wait for all that were
#: spawned; SHARE route, bytes, followed by WEIGHT, if it is not 1, and by CAP, bytes per second, if there is one.
#: (These numbers are in code that simcomm.jit compiles.)
END, DELAY, TURN, HOLD, AND, SPAWN, JOIN, SHARE, CAP, WEIGHT = range(10)

#: What every rank has one of, as the first half of a place's name.
OF_RANKS: Final = ("send", "receive", "cpu", "reduce", "compute")


class Places:
    """The number of every place: those of ranks by kind, then all links, then any others, as they are asked for."""

    def __init__(self, ranks: int, links: Sequence[Link]) -> None:
        self.ranks, self.links = ranks, links
        self._others: dict[Hashable, int] = {}
        self._known: dict[Hashable, int] = {}

    def __len__(self) -> int:
        return len(OF_RANKS) * self.ranks + len(self.links) + len(self._others)

    @property
    def first_link(self) -> int:
        """The number of the first place that is not a rank's."""
        return len(OF_RANKS) * self.ranks

    def of_rank(self, kind: str, rank: Ints) -> Ints:
        """The numbers of ``(kind, rank)``."""
        return OF_RANKS.index(kind) * self.ranks + rank

    def of_link(self, link: Ints) -> Ints:
        """The numbers of links."""
        return len(OF_RANKS) * self.ranks + link

    def number(self, place: Hashable) -> int:
        """The number of any place, a new one if it has not been asked for before."""
        if not self._known:
            ours = [(kind, rank) for kind in OF_RANKS for rank in range(self.ranks)]
            self._known = {place: number for number, place in enumerate((*ours, *self.links))}
        found = self._known.get(place)
        if found is None:
            found = self._known[place] = self._others[place] = len(self)
        return found

    def name(self, number: int) -> Hashable:
        """The place of that number.

        >>> Places(3, ()).name(4)
        ('receive', 1)
        """
        kind, rank = divmod(number, self.ranks)
        if kind < len(OF_RANKS):
            return OF_RANKS[kind], rank
        number -= len(OF_RANKS) * self.ranks
        return self.links[number] if number < len(self.links) else list(self._others)[number - len(self.links)]


class RouteTable(NamedTuple):
    """Routes as arrays: ``links[first[r]:first[r + 1]]`` are the numbers of the links of route r."""

    routes: Sequence[Route] | Ways
    latency_s: Floats
    bandwidth_Bps: Floats
    first: Ints
    links: Ints
    every_link: Sequence[Link]
    link_bandwidth_Bps: Floats
    link_latency_s: Floats

    @property
    def hops(self) -> Ints:
        """How many links each route has."""
        return np.diff(self.first)

    @classmethod
    def between(cls, routes: Mapping[tuple[int, int], Route], src: Ints, dst: Ints) -> RouteTable:
        """The table of the routes of these pairs of ranks."""
        if isinstance(routes, RegularRoutes):
            return cls._regular(routes, src, dst)
        if isinstance(routes, Routes) and np.array_equal(src * routes.ranks + dst, routes.pairs):
            return cls.of_all(routes)
        return cls.of([routes[pair] for pair in zip(src.tolist(), dst.tolist(), strict=True)])

    @classmethod
    def _regular(cls, routes: RegularRoutes, src: Ints, dst: Ints) -> RouteTable:
        net = routes.net
        hops, crossed = net.crossed(src, dst)
        used, number = as_met(crossed, net.links)
        along = np.array(list(accumulate(repeat(net.latency_s, int(hops.max(initial=0))), initial=0)), dtype=np.float64)
        return cls(
            Made(len(src), lambda route: routes[int(src[route]), int(dst[route])]),
            along[hops],
            np.full(len(src), net.bandwidth_Bps, dtype=np.float64),
            np.concatenate([[0], np.cumsum(hops)]),
            number,
            Made(len(used), lambda link: net.link(int(used[link]))),
            np.full(len(used), net.bandwidth_Bps, dtype=np.float64),
            np.full(len(used), net.latency_s, dtype=np.float64),
        )

    @classmethod
    def of_all(cls, routes: Routes) -> RouteTable:
        """The same of routes that are arrays already; links are numbered as they are met."""
        used, number = as_met(routes.ways.links, len(routes.links))
        width, late = (routes.column(name)[used].astype(np.float64) for name in ("bandwidth_Bps", "latency_s"))
        latency_s, bandwidth_Bps = routes.latency_s.astype(np.float64), routes.bandwidth_Bps.astype(np.float64)
        every_link = tuple(routes.links[link] for link in used.tolist())
        return cls(routes.ways, latency_s, bandwidth_Bps, routes.ways.first, number, every_link, width, late)

    @classmethod
    def of(cls, routes: Sequence[Route]) -> RouteTable:
        """The table of these routes; equal links have one number."""
        number: dict[Link, int] = {}
        by_id: dict[int, int] = {}  # routes share their links: to hash a link is slow
        links = []
        for route in routes:
            for link in route.links:
                found = by_id.get(id(link))
                if found is None:
                    found = by_id[id(link)] = number.setdefault(link, len(number))
                links.append(found)
        hops = np.array([len(route.links) for route in routes], dtype=np.int64)
        return cls(
            routes,
            np.array([route.latency_s for route in routes], dtype=np.float64),
            np.array([route.bandwidth_Bps for route in routes], dtype=np.float64),
            np.concatenate([[0], np.cumsum(hops)]),
            np.array(links, dtype=np.int64),
            tuple(number),
            np.array([link.bandwidth_Bps for link in number], dtype=np.float64),
            np.array([link.latency_s for link in number], dtype=np.float64),
        )


class Batch(NamedTuple):
    """Messages that differ from each other, as columns; ``route`` is a number in ``table``."""

    src: Ints
    dst: Ints
    size_bytes: Ints
    reduces: npt.NDArray[np.bool_]
    route: Ints
    table: RouteTable
    places: Places

    def __len__(self) -> int:
        return len(self.src)

    def messages(self) -> Iterator[Message]:
        """The same, one by one; the number of its operation is not known."""
        columns = (self.src, self.dst, self.size_bytes, self.reduces, self.route)
        for src, dst, size, reduces, route in zip(*(column.tolist() for column in columns), strict=True):
            yield Message(-1, src, dst, size, reduces, self.table.routes[route])


@dataclass
class Programs:
    """Programs one after the other: that of message i begins at ``start[i]``; where nothing is put it ends.

    Behind those of the messages there may be others, which they spawn. ``costs`` has a column of one value per
    message for every field of :class:`~simcomm.networks.base.Cost`.

    >>> two = Programs.with_room(np.array([1, 0]))
    >>> two.put(two.start[:1], DELAY, amount=0.5)
    >>> two.code.tolist(), two.start.tolist()
    ([1, 0, 0], [0, 2])
    """

    start: Ints
    code: npt.NDArray[np.int8]
    what: npt.NDArray[np.int32]
    amount: Floats
    costs: tuple[Floats, ...] = ()

    @classmethod
    def with_room(cls, lengths: Ints) -> Programs:
        """Room for so many instructions in each, and their ends."""
        ends = np.cumsum(lengths + 1)
        size = int(ends[-1]) if len(ends) else 0
        start = ends - lengths - 1
        return cls(start, np.zeros(size, np.int8), np.zeros(size, np.int32), np.zeros(size, np.float64))

    def put(self, at: Ints, code: int, what: Any = 0, amount: Any = 0.0) -> None:
        """Write an instruction at every position of ``at``."""
        self.code[at], self.what[at], self.amount[at] = code, what, amount


def is_plain(model: Any, routes: Mapping[Any, Route]) -> bool:
    """Whether all numbers of the model and the links are floats or small integers: what float64 computes as Python."""
    if isinstance(routes, RegularRoutes):
        of_links: list[Any] = [routes.net.bandwidth_Bps, routes.net.latency_s]
    else:
        links: Iterable[Link] = (
            routes.links
            if isinstance(routes, Routes)
            else {id(link): link for route in routes.values() for link in route.links}.values()
        )
        of_links = [number for link in links for number in link[2:]]
    numbers = [*vars(model).values(), *of_links]
    return all(isinstance(x, float | str | None) or (isinstance(x, int) and abs(x) < 2**53) for x in numbers)
