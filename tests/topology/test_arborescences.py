"""Out-trees that share links: as many as Edmonds' condition allows, by brute force over all cuts, and no more."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Mapping
from itertools import combinations, pairwise

import pytest

from simcomm.errors import InputError
from simcomm.topology.arborescences import Tree, pack_out_trees, shortfalls, split_off

Room = dict[tuple[int, int], int]


def entering(room: Room, inside: frozenset[int]) -> int:
    return sum(size for (a, b), size in room.items() if b in inside and a not in inside)


def fits(nodes: int, room: Room, roots: Mapping[int, int]) -> bool:
    """Edmonds' condition, one cut after the other."""
    sets = (frozenset(some) for size in range(1, nodes + 1) for some in combinations(range(nodes), size))
    return all(entering(room, each) >= sum(m for root, m in roots.items() if root not in each) for each in sets)


def check(nodes: int, room: Room, roots: Mapping[int, int], trees: list[Tree]) -> None:
    """They span all nodes from the roots that were asked for, and no link has too many."""
    load: Counter[tuple[int, int]] = Counter()
    copies: Counter[int] = Counter()
    for tree in trees:
        assert sum(parent < 0 for parent in tree.parents) == 1
        for node in range(nodes):
            for _ in range(nodes):
                node = max(tree.parents[node], -1) if tree.parents[node] >= 0 else node
            assert node == tree.root
        copies[tree.root] += tree.copies
        for link in tree.links:
            load[link] += tree.copies
    assert copies == {root: m for root, m in roots.items() if m}
    assert all(load[link] <= room.get(link, 0) for link in load)


@pytest.mark.parametrize("seed", range(40))
def test_they_fit_if_and_only_if_every_cut_has_room(seed: int) -> None:
    rng = random.Random(seed)
    nodes = rng.randrange(2, 6)
    room = {(a, b): rng.randrange(6) for a in range(nodes) for b in range(nodes) if a != b and rng.random() < 0.7}
    roots = {root: rng.randrange(3) for root in range(nodes)} if seed % 2 else {0: rng.randrange(1, 5)}
    if not any(roots.values()):
        assert pack_out_trees(nodes, room, roots) == []
    elif fits(nodes, room, roots):
        check(nodes, room, roots, pack_out_trees(nodes, room, roots))
        assert not any(shortfalls(nodes, room, roots, nodes))
    else:
        with pytest.raises(InputError, match="do not fit"):
            pack_out_trees(nodes, room, roots)
        assert any(shortfalls(nodes, room, roots, nodes))


def test_a_ring_carries_a_path_each_way() -> None:
    ring = {link: 1 for a in range(5) for link in ((a, (a + 1) % 5), ((a + 1) % 5, a))}
    trees = pack_out_trees(5, ring, {2: 2})
    check(5, ring, {2: 2}, trees)
    with pytest.raises(InputError, match="trees from 2 do not fit"):
        pack_out_trees(5, ring, {2: 3})


@pytest.mark.parametrize("seed", range(20))
def test_switches_are_split_off_and_the_trees_still_fit(seed: int) -> None:
    """As much room into every switch as out of it: then all of it can go (Bang-Jensen, Frank and Jackson)."""
    rng = random.Random(seed)
    hosts, switches = rng.randrange(2, 5), rng.randrange(1, 3)
    nodes, room = hosts + switches, Counter[tuple[int, int]]()
    walks = [[rng.randrange(nodes) for _ in range(rng.randrange(2, 5))] for _ in range(rng.randrange(3, 12))]
    for walk in [[*range(nodes)], *walks]:  # closed walks keep the balance everywhere
        for a, b in zip(walk, walk[1:] + walk[:1], strict=True):
            if a != b:
                room[a, b] += hosts
    most = 0
    while not any(shortfalls(nodes, room, dict.fromkeys(range(hosts), most + 1), hosts)):
        most += 1
    assert most
    roots = dict.fromkeys(range(hosts), most)
    paths = split_off(nodes, room, roots, hosts)
    assert paths is not None
    joined = {link: sum(ways.values()) for link, ways in paths.items()}
    assert all(max(link) < hosts for link in joined)
    check(hosts, joined, roots, pack_out_trees(hosts, joined, roots))
    used: Counter[tuple[int, int]] = Counter()
    for (u, t), ways in paths.items():
        for path, size in ways.items():
            assert (path[0], path[-1]) == (u, t)
            assert all(node >= hosts for node in path[1:-1])
            for link in pairwise(path):
                used[link] += size
    assert all(used[link] <= room[link] for link in used)


def test_a_switch_that_would_have_to_copy_is_not_split_off() -> None:
    """One link into the switch, two out of it: a switch cannot copy, so the second host is not reached."""
    room = {(0, 3): 1, (3, 1): 1, (3, 2): 1, (1, 0): 1, (2, 0): 1}
    assert not any(shortfalls(4, room, {0: 1}, 3))
    assert split_off(4, room, {0: 1}, 3) is None
    twice = {link: 2 * size for link, size in room.items()}
    assert split_off(4, twice, {0: 1}, 3) is not None
