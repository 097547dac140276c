"""Maximum flows and minimum cuts, many of them on one network: what each of them costs is what it looks at."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Mapping, Sequence

#: For every node that can reach the demand: the next node on the way and the link to it; NO_LINK where the demand is.
Tree = dict[int, tuple[int, int]]
NO_LINK = -1


class FlowNetwork:
    """Links (src, dst, size) between the nodes 0 … nodes − 1, one at most from a node to another; whole numbers.

    >>> FlowNetwork(3, [(0, 1, 5), (1, 2, 3)]).beyond([9, 0, 0], {2: 9}, enough=9)
    {2}
    """

    def __init__(self, nodes: int, links: Iterable[tuple[int, int, int]]) -> None:
        #: For every node the nodes before it and the link from each. link ^ 1 is the opposite one, perhaps of size 0.
        self._before: list[list[tuple[int, int]]] = [[] for _ in range(nodes)]
        self._sizes: list[int] = []
        known: dict[tuple[int, int], int] = {}
        for src, dst, size in links:
            opposite = known.get((dst, src))
            if opposite is not None:
                self._sizes[opposite ^ 1] = size
                continue
            known[src, dst] = link = len(self._sizes)
            self._sizes += (size, 0)
            self._before[dst].append((src, link))
            self._before[src].append((dst, link ^ 1))
        #: How many links all flows together have looked at.
        self.looks = 0
        self.widen(1)

    def widen(self, factor: int) -> None:
        """Make every link ``factor`` times as wide as it was given."""
        self._full = [size * factor for size in self._sizes]
        self._room = list(self._full)

    def absorb(self, node: int) -> list[tuple[int, int]]:
        """Take a node out: where its links go and how wide they were given, for what is supplied there instead."""
        leaving = [(other, link ^ 1) for other, link in self._before[node]]
        sizes = [(other, self._sizes[link]) for other, link in leaving]
        for _, link in leaving:
            self._sizes[link] = self._full[link] = self._room[link] = 0
        self.looks += len(leaving)
        return sizes

    def beyond(self, supply: Sequence[int], demand: Mapping[int, int], enough: int) -> set[int] | None:
        """None if ``enough`` can flow; else the nodes beyond the narrowest cut: those from which demand is in reach.

        ``supply`` is that of every node, ``demand`` that of the nodes which have any. Paths with room are filled,
        shortest first: all paths of one breadth-first tree, then of the next (at most nodes · links trees, by the
        argument of Edmonds and Karp 1972). Of cuts that are equally narrow it is the one with the fewest nodes beyond
        it, in whatever order the paths were filled.
        """
        supply, demand = list(supply), dict(demand)
        used: set[int] = set()
        tree: Tree = {}
        while enough > 0:
            tree, found = self._tree(supply, demand, enough)
            if not found:
                break
            enough -= self._fill(tree, supply, demand, used)
        for link in used:
            self._room[link], self._room[link ^ 1] = self._full[link], self._full[link ^ 1]
        return set(tree) if enough > 0 else None

    def _tree(self, supply: list[int], demand: dict[int, int], wanted: int) -> tuple[Tree, int]:
        """Breadth first, backwards from the demand, until the supply that is found would do; and how much was found."""
        tree = {node: (node, NO_LINK) for node, amount in demand.items() if amount}
        found = sum(supply[node] for node in tree)
        queue = deque(tree)
        looks = 0
        while queue and found < wanted:
            node = queue.popleft()
            for before, link in self._before[node]:
                looks += 1
                room = self._room[link]
                if room and before not in tree:
                    tree[before] = (node, link)
                    queue.append(before)
                    found += min(supply[before], room)
                    if found >= wanted:
                        break
        self.looks += looks + len(tree)
        return tree, found

    def _fill(self, tree: Tree, supply: list[int], demand: dict[int, int], used: set[int]) -> int:
        """Send through the tree all that fits, and say how much that is; demand takes from near before far."""
        fits = dict.fromkeys(tree, 0)
        for node in reversed(tree):
            after, link = tree[node]
            if link == NO_LINK:
                fits[node] = min(fits[node] + supply[node], demand[node])
            else:
                fits[node] = min(fits[node] + supply[node], self._room[link])
                fits[after] += fits[node]
        sent = 0
        for node, (after, link) in tree.items():
            if link == NO_LINK:
                flow = fits[node]
                demand[node] -= flow
                sent += flow
            else:
                # From here on fits[after] is what has still to come to it.
                flow = min(fits[node], fits[after])
                fits[after] -= flow
                self._room[link] -= flow
                self._room[link ^ 1] += flow
                used.add(link)
            own = min(supply[node], flow)
            supply[node] -= own
            fits[node] = flow - own
        return sent
