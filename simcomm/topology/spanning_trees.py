"""Spanning trees that share the cables of a graph, as many as there can be (Tutte 1961, Nash-Williams 1961).

A cable that is as wide in both directions carries a tree both ways: sums go up it while results come down. k spanning
trees fit on cables with room for c(e) of them each, if and only if for every partition of the nodes into parts

    Σ c(e of cables between two parts) ≥ k (parts − 1).

No all-reduce from host to host does better: each of the parts must send, and receive, what the others have, so that
2(parts − 1)·S bytes cross between parts. The trees grow as forests by augmenting sequences (matroid union, Edmonds
1965): a cable that closes a circle in one forest takes the place of another one there, which looks for a forest itself.
Where no sequence is left, the cables that were looked at join the nodes to the parts that are in the way.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping

Cable = tuple[int, int]


def pack_spanning_trees(nodes: int, room: Mapping[Cable, int], count: int) -> tuple[list[list[Cable]], list[int]]:
    """``count`` spanning trees within the room that each cable (a, b), a < b, has; if there are none, whose parts.

    Of the two lists one is empty: the trees, or for every node the part that it is in.

    >>> pack_spanning_trees(3, {(0, 1): 1, (1, 2): 1, (0, 2): 1}, 1)
    ([[(0, 1), (0, 2)]], [])
    >>> pack_spanning_trees(3, {(0, 1): 1, (1, 2): 1, (0, 2): 1}, 2)
    ([], [0, 1, 2])
    """
    forests = _Forests(nodes, room, count)
    for number in range(count):
        forests.grow(number, root=number % nodes)
    for number in range(count):
        while len(forests.cables[number]) < nodes - 1:
            parts = forests.augment()
            if parts is not None:
                return [], parts
    return [sorted(cables) for cables in forests.cables], []


class _Forests:
    """Forests that share cables, and how to make one of them larger by one."""

    def __init__(self, nodes: int, room: Mapping[Cable, int], count: int) -> None:
        self.nodes = nodes
        self.room = {cable: size for cable, size in sorted(room.items()) if size}
        self.left = dict(self.room)
        self.cables: list[dict[Cable, None]] = [{} for _ in range(count)]
        self.joined: list[list[dict[int, None]]] = [[{} for _ in range(nodes)] for _ in range(count)]
        self.around: list[list[int]] = [[] for _ in range(nodes)]
        for a, b in self.room:
            self.around[a].append(b)
            self.around[b].append(a)

    def grow(self, number: int, root: int) -> None:
        """Breadth first from the root over cables that have room, those with most room first."""
        queue, reached = deque([root]), {root}
        while queue:
            node = queue.popleft()
            for other in sorted(self.around[node], key=lambda o: -self.left[min(node, o), max(node, o)]):
                cable = min(node, other), max(node, other)
                if other not in reached and self.left[cable]:
                    self.left[cable] -= 1
                    self._add(number, cable)
                    reached.add(other)
                    queue.append(other)

    def augment(self) -> list[int] | None:
        """Add a cable to one of the forests, moving others between them; else the part of every node."""
        queue = deque(cable for cable, left in self.left.items() if left)
        came: dict[Cable, tuple[int, Cable] | None] = dict.fromkeys(queue)
        while queue:
            cable = queue.popleft()
            for number, own in enumerate(self.cables):
                if cable in own:
                    continue
                way = self._way(number, *cable)
                if way is None:
                    self._follow(number, cable, came)
                    return None
                for other in way:
                    if other not in came:
                        came[other] = number, cable
                        queue.append(other)
        return self._parts(came)

    def _follow(self, number: int, cable: Cable, came: Mapping[Cable, tuple[int, Cable] | None]) -> None:
        """The last of a sequence joins forest ``number``; each before it takes the place of the next."""
        self._add(number, cable)
        step = came[cable]
        while step is not None:
            number, before = step
            self._remove(number, cable)
            self._add(number, before)
            cable, step = before, came[before]
        self.left[cable] -= 1

    def _add(self, number: int, cable: Cable) -> None:
        a, b = cable
        self.cables[number][cable] = None
        self.joined[number][a][b] = self.joined[number][b][a] = None

    def _remove(self, number: int, cable: Cable) -> None:
        a, b = cable
        del self.cables[number][cable], self.joined[number][a][b], self.joined[number][b][a]

    def _way(self, number: int, a: int, b: int) -> list[Cable] | None:
        """The cables between two nodes in a forest; None if they are not joined there."""
        before, queue, joined = {a: a}, deque([a]), self.joined[number]
        while queue and b not in before:
            node = queue.popleft()
            for other in joined[node]:
                if other not in before:
                    before[other] = node
                    queue.append(other)
        if b not in before:
            return None
        way = []
        while b != a:
            way.append((min(b, before[b]), max(b, before[b])))
            b = before[b]
        return way

    def _parts(self, cables: Mapping[Cable, object]) -> list[int]:
        """For every node the least one that these cables join it to."""
        part = list(range(self.nodes))
        for a, b in cables:
            least, other = sorted((part[a], part[b]))
            part = [least if p == other else p for p in part]
        return part
