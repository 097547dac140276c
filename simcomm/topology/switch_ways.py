"""Ways between workers by way of nodes that are none: one for every pair, as wide as can be, and not all over one."""

from __future__ import annotations

import heapq
from collections import defaultdict
from collections.abc import Mapping
from fractions import Fraction
from itertools import pairwise

from simcomm.topology.packing import Net

Pair = tuple[int, int]


def ways_of(net: Net) -> dict[Pair, tuple[int, ...]]:
    """For every two workers that reach each other without another worker between them: the nodes on the way.

    The widest way is taken, of equally wide ones that with the fewest links, of these one whose links others use least.

    >>> from simcomm.topology import build
    >>> ways_of(Net.of(build("star", 3, 1, 0), range(3), 64))[0, 1]
    (0, 3, 1)
    """
    after: dict[int, list[int]] = defaultdict(list)
    for a, b in net.links:
        after[a].append(b)
    used: dict[Pair, int] = defaultdict(int)
    found = {}
    for distance in range(1, net.workers):
        for src in range(net.workers):
            dst = (src + distance) % net.workers
            way = _widest(net, after, used, src, dst)
            if way:
                found[src, dst] = way
                for link in pairwise(way):
                    used[link] += 1
    return found


def _widest(net: Net, after: Mapping[int, list[int]], used: Mapping[Pair, int], src: int, dst: int) -> tuple[int, ...]:
    """Dijkstra's search; () where there is no way."""
    queue: list[tuple[Fraction, int, Fraction, tuple[int, ...]]] = [(-max(net.links.values()), 0, Fraction(0), (src,))]
    done: set[int] = set()
    while queue:
        narrowest, links, crowd, way = heapq.heappop(queue)
        node = way[-1]
        if node == dst:
            return way
        if node in done or (node < net.workers and node != src):
            continue
        done.add(node)
        for other in after[node]:
            if other not in done:
                width = net.links[node, other]
                more = crowd + Fraction(used[node, other]) / width
                heapq.heappush(queue, (max(narrowest, -width), links + 1, more, (*way, other)))
    return ()
