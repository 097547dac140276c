"""The routes of a regular topology: one by one, or many as arrays."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from simcomm.topology.pairs import RankPairs
from simcomm.topology.regular_base import Regular
from simcomm.topology.routes import Route


class RegularRoutes(Mapping[tuple[int, int], Route]):
    """The routes of all used pairs, each made when it is asked for; ``net`` has them as arrays."""

    def __init__(self, net: Regular, pairs: RankPairs) -> None:
        self.net, self.pairs = net, pairs
        self._made: dict[tuple[int, int], Route] = {}

    def __getitem__(self, pair: tuple[int, int]) -> Route:
        found = self._made.get(pair)
        if found is None:
            if pair not in self.pairs:
                raise KeyError(pair)
            found = self._made[pair] = self.net.route(*pair)
        return found

    def __iter__(self) -> Iterator[tuple[int, int]]:
        return iter(self.pairs)

    def __len__(self) -> int:
        return len(self.pairs)
