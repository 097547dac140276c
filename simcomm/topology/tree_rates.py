"""The best rates of trees: how much of the vector each root has, and what out-trees and in-trees have of every way.

Let root v have x(v) of a vector of 1, let out-trees use c(p) and in-trees d(p) of the way p between two workers, and be
λ the time. They can be packed if and only if (Edmonds 1973; Frank 1978 for roots that differ), for every set X of
workers,

    Σ c(ways into X) + x(X) ≥ 1,    Σ d(ways out of X) + x(X) ≥ 1,    x(all) = 1,

and for every link e, Σ c(p) + d(p) over the ways p that cross it is at most λ · bandwidth(e). The least λ is found as
in ForestColl (Zhao et al. 2024), but by cuts, which come in as maximum flows find them to be missed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from simcomm.topology.covering import Covering, Floats
from simcomm.topology.max_flow import FlowNetwork
from simcomm.topology.packing import Net

Pair = tuple[int, int]
Ways = Mapping[Pair, tuple[int, ...]]

#: Flows are of whole numbers: of this for the whole vector.
WHOLE = 1 << 30
#: A cut that misses less than this is as good as met.
MISSED = 1e-7
#: Costs of what is used of ways beside λ, so that of equal solutions a lean one is found, and not in circles.
LEAN = 1e-6
#: With more ways between workers the program is not tried: it would take minutes.
MOST_WAYS = 256


@dataclass(frozen=True)
class Rates:
    """Shares of the vector by root, and what trees use of every way for a vector of 1 in ``seconds``."""

    seconds: float
    roots: Mapping[int, float]
    out: Mapping[Pair, float]
    into: Mapping[Pair, float]


def best_rates(net: Net, ways: Ways, roots: Sequence[int], into: bool) -> Rates | None:
    """The least time per byte for out-trees from these roots, with in-trees to them if ``into``; None if not found."""
    if len(ways) > MOST_WAYS:
        return None
    program = _Program(net, ways, roots, ("out", "into") if into else ("out",))
    return program.rates() if program.meet_all_cuts() else None


class _Program:
    """Variables: λ, x of every root, c of every way, d of every way."""

    def __init__(self, net: Net, ways: Ways, roots: Sequence[int], sides: Sequence[str]) -> None:
        self.net, self.ways, self.sides = net, ways, sides
        self.root = {root: 1 + index for index, root in enumerate(roots)}
        used = [(side, pair) for side in sides for pair in ways]
        self.use = {each: 1 + len(roots) + index for index, each in enumerate(used)}
        lean = [LEAN * (1 + index * 0.618 % 1) for index in range(len(used))]
        self.covering = Covering([1.0, *[0.0] * len(roots), *lean])
        self.widest = max(net.links.values())
        whole = self._row([], roots)
        self.covering.add(whole, 1)
        self.covering.add(-whole, -1)
        crossing: dict[Pair, list[int]] = {}
        for (_, pair), column in self.use.items():
            for link in pairwise(ways[pair]):
                crossing.setdefault(link, []).append(column)
        for link, columns in crossing.items():
            row = -self._row(columns, [])
            row[0] = float(net.links[link] / self.widest)
            self.covering.add(row, 0)

    def meet_all_cuts(self) -> bool:
        """Add the cuts that are missed until none is."""
        known: set[tuple[str, tuple[int, ...]]] = set()
        while self.covering.solve():
            missed = {(side, beyond) for side in self.sides for beyond in self._missed(side)} - known
            if not missed:
                return True
            known |= missed
            for side, beyond in sorted(missed):
                entering = [self.use[side, pair] for pair in self.ways if _enters(pair, beyond, side)]
                self.covering.add(self._row(entering, [root for root in self.root if root in beyond]), 1)
        return False

    def _missed(self, side: str) -> set[tuple[int, ...]]:
        """Sets of workers that trees of what is found so far do not reach, or do not come out of."""
        values, turned = self.covering.values, side == "into"
        links = [(pair[turned], pair[not turned], int(values[self.use[side, pair]] * WHOLE)) for pair in self.ways]
        flows, found = FlowNetwork(self.net.workers, links), set()
        supply = [int(values[self.root[w]] * WHOLE) if w in self.root else 0 for w in range(self.net.workers)]
        enough = int(WHOLE * (1 - MISSED))
        for sink in range(self.net.workers):
            beyond = flows.beyond(supply, {sink: enough}, enough)
            if beyond is not None:
                found.add(tuple(sorted(beyond)))
        return found

    def _row(self, columns: Sequence[int], roots: Sequence[int]) -> Floats:
        row = np.zeros(self.covering.variables)
        row[[*columns, *(self.root[root] for root in roots)]] = 1
        return row

    def rates(self) -> Rates:
        """What was found, in the units of the net."""
        values = np.maximum(self.covering.values, 0.0).tolist()
        out, into = (
            {pair: values[self.use[side, pair]] if side in self.sides else 0.0 for pair in self.ways}
            for side in ("out", "into")
        )
        roots = {root: values[column] for root, column in self.root.items()}
        return Rates(values[0] / float(self.widest), roots, out, into)


def _enters(pair: Pair, beyond: Sequence[int], side: str) -> bool:
    """Whether a way leads into the set, or for in-trees out of it."""
    src, dst = pair if side == "out" else pair[::-1]
    return dst in beyond and src not in beyond
