"""All-reduce trees on cables that go both ways: sums go up a spanning tree to its middle, and results come down it."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from fractions import Fraction

from simcomm.topology.packing import Net, Packing, Parents, depth_of, packed
from simcomm.topology.spanning_trees import Cable, pack_spanning_trees

#: Workers times trees that are looked for here: some 5 s.
MOST_SEARCHED = 2048


def both_ways(net: Net, most: int) -> Packing | None:
    """Spanning trees for both directions; None where the cables that go both ways do not join all workers."""
    cables = {(a, b): min(width, net.links.get((b, a), Fraction(0))) for (a, b), width in net.links.items() if a < b}
    cables = {cable: width for cable, width in cables.items() if width}
    rate = sum(cables.values(), Fraction(0)) / (net.workers - 1)
    most = min(most, MOST_SEARCHED // net.workers)
    while rate:
        count = math.lcm(*((width / rate).denominator for width in cables.values()))
        if count > most:
            found = _slower_both_ways(net, cables, rate, most)
            return None if found is None else _rooted(net, found)
        trees, parts = _spanning(net, cables, rate / count, count)
        if trees:
            return _rooted(net, trees)
        between = (width for (a, b), width in cables.items() if parts[a] != parts[b])
        rate = sum(between, Fraction(0)) / (len(set(parts)) - 1)
    return None


def _spanning(
    net: Net, cables: Mapping[Cable, Fraction], unit: Fraction, count: int
) -> tuple[list[list[Cable]], list[int]]:
    room = {cable: min(int(width / unit), count + 1) for cable, width in cables.items()}  # one more: not full
    return pack_spanning_trees(net.nodes, room, count)


def _slower_both_ways(
    net: Net, cables: Mapping[Cable, Fraction], rate: Fraction, count: int
) -> list[list[Cable]] | None:
    """The fastest of ``count`` whole trees: that at which some cable is full."""
    units = sorted({w / j for w in {*cables.values()} for j in range(1, count + 1) if w / j * count < rate})
    low, high, best = 0, len(units), None
    while low < high:
        middle = (low + high) // 2
        trees, _ = _spanning(net, cables, units[middle], count)
        low, high, best = (middle + 1, high, trees) if trees else (low, middle, best)
    return best


def _rooted(net: Net, trees: Iterable[list[Cable]]) -> Packing:
    """Each in its middle, for the shortest way in and out."""
    pairs = []
    for cables in trees:
        joined: list[list[int]] = [[] for _ in range(net.workers)]
        for a, b in cables:
            joined[a].append(b)
            joined[b].append(a)
        parents = min((_hung(joined, root) for root in range(net.workers)), key=depth_of)
        pairs.append((1, parents, parents))
    return packed(net, pairs, {})


def _hung(joined: Sequence[Sequence[int]], root: int) -> Parents:
    parents, queue = {root: -1}, deque([root])
    while queue:
        node = queue.popleft()
        for other in joined[node]:
            if other not in parents:
                parents[other] = node
                queue.append(other)
    return tuple(parents[node] for node in range(len(joined)))
