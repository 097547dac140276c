"""Spanning trees on cables: as many as Tutte and Nash-Williams say, by brute force over all partitions."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator

import networkx as nx
import pytest

from simcomm.topology.spanning_trees import Cable, pack_spanning_trees


def partitions(nodes: list[int]) -> Iterator[list[list[int]]]:
    if not nodes:
        yield []
        return
    first, *rest = nodes
    for smaller in partitions(rest):
        yield [[first], *smaller]
        for index, part in enumerate(smaller):
            yield [*smaller[:index], [first, *part], *smaller[index + 1 :]]


def between(room: dict[Cable, int], part: list[int]) -> int:
    return sum(size for (a, b), size in room.items() if part[a] != part[b])


def most(nodes: int, room: dict[Cable, int]) -> int:
    """The smallest of ⌊cables between parts / (parts − 1)⌋."""
    found = []
    for parts in partitions(list(range(nodes))):
        if len(parts) > 1:
            part = [next(index for index, some in enumerate(parts) if node in some) for node in range(nodes)]
            found.append(between(room, part) // (len(parts) - 1))
    return min(found)


@pytest.mark.parametrize("seed", range(40))
def test_as_many_trees_as_the_tightest_partition_allows(seed: int) -> None:
    rng = random.Random(seed)
    nodes = rng.randrange(2, 7)
    room = {(a, b): rng.randrange(1, 5) for a in range(nodes) for b in range(a + 1, nodes) if rng.random() < 0.6}
    count = most(nodes, room)
    trees, parts = pack_spanning_trees(nodes, room, count)
    assert not parts
    assert len(trees) == count
    load: Counter[Cable] = Counter()
    for tree in trees:
        assert nx.is_tree(nx.Graph(tree))
        assert len(tree) == nodes - 1
        load.update(tree)
    assert all(load[cable] <= room[cable] for cable in load)
    trees, parts = pack_spanning_trees(nodes, room, count + 1)
    assert not trees
    assert between(room, parts) < (count + 1) * (len(set(parts)) - 1)  # the parts that are in the way
