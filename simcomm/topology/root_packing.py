"""Trees at the rates of :mod:`~simcomm.topology.tree_rates`, as whole numbers of trees."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise

from simcomm.topology.arborescences import Room, pack_out_trees, shortfalls
from simcomm.topology.packing import Net, Packing, packed, paired
from simcomm.topology.tree_rates import Pair, Rates, Ways

#: So near to whole numbers, all shares are those of so many trees.
NEARLY = 1e-5
#: Workers times ways, times numbers of trees that are tried where none is exact: some 5 s.
MOST_TRIED = 8192


@dataclass(frozen=True)
class _Rooms:
    """For how many trees there is room on every way, out and in, and how many begin at every root."""

    roots: Mapping[int, int]
    out: Room
    into: Room

    @property
    def turned(self) -> Room:
        """In-trees are out-trees of all ways turned round."""
        return {(b, a): size for (a, b), size in self.into.items()}


def at_rates(net: Net, ways: Ways, rates: Rates, most: int) -> Packing | None:
    """Trees that share links and roots as the rates say, at most so many; None where none fit."""
    for count in range(1, most + 1):
        rooms = _exact(rates, count)
        if rooms is not None and _fit(net, rates, rooms):
            return _packing(net, ways, rates, rooms)
    counts = range(most, most // 2, -max(1, most // 16))[: max(1, MOST_TRIED // (net.workers * len(ways)))]
    tried = [found for count in counts if (found := _rounded(net, ways, rates, count)) is not None]
    return _packing(net, ways, rates, max(tried, key=lambda each: each[0])[1]) if tried else None


def _exact(rates: Rates, count: int) -> _Rooms | None:
    """What ``count`` trees need, if that are whole numbers."""
    shares = [*rates.roots.values(), *rates.out.values(), *rates.into.values()]
    if any(abs(count * share - round(count * share)) > NEARLY for share in shares):
        return None
    return _Rooms(
        {root: round(count * share) for root, share in rates.roots.items()},
        {pair: round(count * share) for pair, share in rates.out.items()},
        {pair: round(count * share) for pair, share in rates.into.items()},
    )


def _rounded(net: Net, ways: Ways, rates: Rates, count: int) -> tuple[Fraction, _Rooms] | None:
    """The fastest of ``count`` whole trees, that at which some link is full, and its rate."""
    roots = _shares_of(count, rates.roots)
    most = Fraction(1 / rates.seconds) / count
    units = sorted({w / j for w in {*net.links.values()} for j in range(1, 2 * count + 1) if most / 3 < w / j <= most})
    low, high, best = 0, len(units), None
    while low < high:
        middle = (low + high) // 2
        rooms = _filled(net, ways, rates, roots, units[middle])
        if _fit(net, rates, rooms):
            low, best = middle + 1, (units[middle] * count, rooms)
        else:
            high = middle
    return best


def _shares_of(count: int, shares: Mapping[int, float]) -> dict[int, int]:
    """Whole numbers in these proportions, ``count`` together: the largest remainders get what is left."""
    whole = {root: int(count * share + NEARLY) for root, share in shares.items()}
    by_rest = sorted(shares, key=lambda root: whole[root] - count * shares[root])
    for root in by_rest[: count - sum(whole.values())]:
        whole[root] += 1
    return whole


def _filled(net: Net, ways: Ways, rates: Rates, roots: Mapping[int, int], unit: Fraction) -> _Rooms:
    """What the rates give every way, in whole trees, and what is left then to those that miss most of theirs."""
    left = {link: int(width / unit) for link, width in net.links.items()}
    fair = float(1 / (unit * Fraction(rates.seconds)))
    wanted = {
        (side, pair): share * fair
        for side, shares in (("out", rates.out), ("into", rates.into))
        for pair, share in shares.items()
        if share > NEARLY
    }
    room: Counter[tuple[str, Pair]] = Counter()
    for whole in (True, False):
        for each, share in sorted(wanted.items(), key=lambda item: room[item[0]] - item[1]):
            links = list(pairwise(ways[each[1]]))
            more = min(int(share + NEARLY) if whole else 1, *(left[link] for link in links))
            room[each] += more
            for link in links:
                left[link] -= more
    return _Rooms(roots, *({pair: room[side, pair] for pair in ways} for side in ("out", "into")))


def _fit(net: Net, rates: Rates, rooms: _Rooms) -> bool:
    """Whether all trees fit."""
    sides = (rooms.out, rooms.turned) if any(rates.into.values()) else (rooms.out,)
    return not any(any(shortfalls(net.workers, room, rooms.roots, net.workers)) for room in sides)


def _packing(net: Net, ways: Ways, rates: Rates, rooms: _Rooms) -> Packing:
    paths = {pair: {way: 1} for pair, way in ways.items()}
    out = pack_out_trees(net.workers, rooms.out, rooms.roots)
    if not any(rates.into.values()):
        return packed(net, [(tree.copies, (), tree.parents) for tree in out], paths)
    return paired(net, (pack_out_trees(net.workers, rooms.turned, rooms.roots), {}), (out, paths))
