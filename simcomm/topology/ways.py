"""Routes of many pairs as arrays: numbers of links, one route after the other; a Route is made when somebody looks."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from simcomm.topology.routes import Link, Route, links_of

if TYPE_CHECKING:
    import networkx as nx

Numbers = npt.NDArray[np.int64]


class Wiring:
    """A graph as arrays: the nodes' numbers, and the links in the order of their ends' numbers, by sender and receiver.

    ``after[after_first[a]:after_first[a + 1]]`` are the nodes that node a has links to, and the positions are the
    numbers of these links; ``before`` likewise are the nodes that have a link to a node.
    """

    def __init__(self, graph: nx.DiGraph[Any]) -> None:
        self.number = {node: index for index, node in enumerate(graph)}
        links = list(links_of(graph).values())
        ends = np.array([(self.number[a], self.number[b]) for a, b, _, _ in links], dtype=np.int64).reshape(-1, 2)
        order = np.lexsort((ends[:, 1], ends[:, 0]))
        self.links = tuple(links[index] for index in order.tolist())
        src, self.after = ends[order].T.copy()
        size = np.arange(len(self.number) + 1)
        self.after_first = np.searchsorted(src, size)
        entering = np.argsort(self.after, kind="stable")
        self.before, self.entering = src[entering], entering
        self.before_first = np.searchsorted(self.after[entering], size)


class Ways:
    """The links of route r are ``links[first[r]:first[r + 1]]``: numbers of links of ``wiring``."""

    def __init__(self, wiring: Wiring, first: Numbers, links: Numbers) -> None:
        self.wiring, self.first, self.links = wiring, first, links

    def __len__(self) -> int:
        return len(self.first) - 1

    def __getitem__(self, number: int) -> Route:
        ours = self.links[self.first[number] : self.first[number + 1]]
        return Route(tuple(self.wiring.links[link] for link in ours.tolist()))


class Routes(Mapping[tuple[int, int], Route]):
    """The route of every (src, dst) pair of ranks; ``keys`` are src · ranks + dst, in order."""

    def __init__(self, ranks: int, pairs: Numbers, ways: Ways) -> None:
        self.ranks, self.pairs, self.ways = ranks, pairs, ways
        self._made: dict[int, Route] = {}

    def __getitem__(self, pair: tuple[int, int]) -> Route:
        key = pair[0] * self.ranks + pair[1]
        found = self._made.get(key)
        if found is None:
            row = int(np.searchsorted(self.pairs, key))
            if row == len(self.pairs) or self.pairs[row] != key or not 0 <= pair[1] < self.ranks:
                raise KeyError(pair)
            found = self._made[key] = self.ways[row]
        return found

    def __iter__(self) -> Iterator[tuple[int, int]]:
        return (divmod(key, self.ranks) for key in self.pairs.tolist())

    def __len__(self) -> int:
        return len(self.pairs)

    def numbers(self, keys: Numbers) -> Numbers:
        """The numbers of the routes of these pairs, all of which have one; a table where it is no larger than that."""
        if self.ranks**2 > 64 * len(keys) + 2**16:
            return np.searchsorted(self.pairs, keys)
        table = np.zeros(self.ranks**2, np.int32)
        table[self.pairs] = np.arange(len(self.pairs), dtype=np.int32)
        found: Numbers = table[keys]
        return found

    def column(self, attribute: str) -> npt.NDArray[Any]:
        """An attribute of every link, floats or whatever they are."""
        values = [getattr(link, attribute) for link in self.ways.wiring.links]
        return np.array(values, dtype=np.float64 if all(isinstance(x, float) for x in values) else object)

    @cached_property
    def latency_s(self) -> npt.NDArray[Any]:
        """The sum of every route, link by link."""
        each, hops = self.column("latency_s"), np.diff(self.ways.first)
        found = each[self.ways.links[self.ways.first[:-1]]]  # every route has a link
        for hop in range(1, int(hops.max(initial=0))):
            longer = np.flatnonzero(hops > hop)
            found[longer] += each[self.ways.links[self.ways.first[longer] + hop]]
        return found

    @cached_property
    def bandwidth_Bps(self) -> npt.NDArray[Any]:
        """The smallest of every route."""
        each = self.column("bandwidth_Bps")[self.ways.links]
        found: npt.NDArray[Any] = np.minimum.reduceat(each, self.ways.first[:-1]) if len(self.pairs) else each
        return found

    @property
    def links(self) -> tuple[Link, ...]:
        """All links of the graph."""
        return self.ways.wiring.links
