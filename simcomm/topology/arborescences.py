"""Spanning out-trees that share the links of a directed graph, as many as cuts allow (Edmonds 1973).

With room for g(e) trees on link e and m(r) trees to grow from root r, they can all be grown if and only if into every
set X of nodes there is room for the trees that begin outside: Σ g(links into X) ≥ Σ m(r), r not in X. This stays the
condition while trees grow (Bérczi and Frank 2010, for roots that differ; ForestColl, Zhao et al. 2024, uses it): a
tree on nodes R may take a link from u in R to v outside as long as room is left in every X with v in it and u not,

    copies = min(g(u, v), m(R), maxflow(u, v) − Σ m of the others),

where every other unfinished tree gives what it has at its nodes to the flow. So m equal trees grow as one, and split
where fewer fit.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from simcomm.errors import InputError
from simcomm.topology.max_flow import FlowNetwork

#: How many trees fit on every link: whole numbers.
Room = Mapping[tuple[int, int], int]


@dataclass(frozen=True)
class Tree:
    """``copies`` spanning trees that are alike: the parent of every node, −1 of the root."""

    parents: tuple[int, ...]
    copies: int

    @property
    def links(self) -> Iterable[tuple[int, int]]:
        """Every (parent, node)."""
        return ((parent, node) for node, parent in enumerate(self.parents) if parent >= 0)

    @property
    def root(self) -> int:
        """The node that has no parent."""
        return self.parents.index(-1)


@dataclass
class _Growing:
    """A tree that does not span all nodes yet: its nodes in the order in which they came, with their parents."""

    parents: dict[int, int]
    copies: int


def pack_out_trees(nodes: int, room: Room, roots: Mapping[int, int]) -> list[Tree]:
    """``roots[r]`` spanning trees from each root r, on links from parents to children, within the room that they have.

    Trees grow breadth first as far as there is room. InputError if they do not all fit (Edmonds' condition).

    >>> ring = {(0, 1): 2, (1, 2): 2, (2, 0): 2}
    >>> pack_out_trees(3, ring, {0: 1, 1: 1, 2: 1})[1]
    Tree(parents=(2, -1, 1), copies=1)
    """
    left = {link: size for link, size in sorted(room.items()) if size}
    waiting = [_Growing({root: -1}, copies) for root, copies in roots.items() if copies]
    done = []
    while waiting:
        tree = waiting.pop()
        while len(tree.parents) < nodes:
            link, copies = _next_link(nodes, left, tree, waiting)
            if copies < tree.copies:
                waiting.append(_Growing(dict(tree.parents), tree.copies - copies))
                tree.copies = copies
            left[link] -= copies
            if not left[link]:
                del left[link]
            tree.parents[link[1]] = link[0]
        done.append(Tree(tuple(tree.parents[node] for node in range(nodes)), tree.copies))
    return sorted(done, key=lambda tree: tree.root)


def _next_link(nodes: int, left: Room, tree: _Growing, others: list[_Growing]) -> tuple[tuple[int, int], int]:
    """The first link, from the oldest node on, that leaves room for all that is still to grow, for most copies."""
    after: list[list[int]] = [[] for _ in range(nodes)]
    for u, v in left:
        after[u].append(v)
    open_links = ((u, v) for u in tree.parents for v in after[u] if v not in tree.parents)
    links = [(src, dst, size) for (src, dst), size in left.items()]
    supply, given = [0] * nodes, sum(other.copies for other in others)
    for other in others:
        if len(other.parents) == 1:
            supply[next(iter(other.parents))] += other.copies
        else:
            links += [(len(supply), node, other.copies) for node in other.parents]
            supply.append(other.copies)
    flows = FlowNetwork(len(supply), links)
    best, most = None, 0
    for u, v in open_links:
        wanted = min(left[u, v], tree.copies)
        if wanted > most:
            enough = given + wanted
            fits = wanted - shortfall(flows, links, [*supply[:u], enough, *supply[u + 1 :]], v, enough)
            best, most = ((u, v), fits) if fits > most else (best, most)
        if most == tree.copies:
            break
    if best is None:
        root = next(iter(tree.parents))
        raise InputError(f"{tree.copies} trees from {root} do not fit; expected room into every cut")
    return best, most


def shortfall(
    flows: FlowNetwork, links: Iterable[tuple[int, int, int]], supply: list[int], sink: int, enough: int
) -> int:
    """By how much the flow from the supply to ``sink`` misses what is ``enough``: that of the narrowest cut."""
    beyond = flows.beyond(supply, {sink: enough}, enough)
    if beyond is None:
        return 0
    entering = sum(size for src, dst, size in links if dst in beyond and src not in beyond)
    return enough - entering - sum(supply[node] for node in beyond)


def split_off(nodes: int, room: Room, roots: Mapping[int, int], hosts: int) -> dict[tuple[int, int], Any] | None:
    """Room between the first ``hosts`` nodes alone, by way of the others, that the same trees fit on.

    Of each other node w pairs of room u -> w -> t become room u -> t, as much as leaves enough into every cut with a
    host in it (Mader; Bang-Jensen, Frank and Jackson 1995: where as much goes into w as out of it all of it can go).
    Returns, for every (u, t), what every path from u to t has: {(nodes of the path): room}; None where the trees do not
    fit any more.
    """
    paths: dict[tuple[int, int], dict[tuple[int, ...], int]] = {
        link: {link: size} for link, size in room.items() if size
    }
    for w in range(nodes - 1, hosts - 1, -1):
        if not _split_node(nodes, paths, roots, hosts, w):
            return None
    return paths


def _split_node(
    nodes: int, paths: dict[tuple[int, int], dict[tuple[int, ...], int]], roots: Mapping[int, int], hosts: int, w: int
) -> bool:
    """Split off node w; whether that can be."""
    room = {link: sum(ways.values()) for link, ways in paths.items()}
    before = [u for u in range(nodes) if room.get((u, w))]
    # Rings first: few pairs, each with much room. Pairs that have a way already come last: messages take one of them.
    pairs = [(u, (u + distance) % nodes) for distance in range(1, nodes) for u in before]
    for u, t in sorted(pairs, key=lambda pair: pair in room):
        if room.get((w, t)):
            amount = _most(nodes, room, roots, hosts, (u, w, t))
            if amount:
                for link, change in (((u, w), -amount), ((w, t), -amount), ((u, t), amount)):
                    room[link] = room.get(link, 0) + change
                _join(paths, u, w, t, amount)
    for link in [link for link in paths if w in link]:
        del paths[link]
        room.pop(link)
    return not any(shortfalls(nodes, room, roots, hosts))


def _most(nodes: int, room: dict[tuple[int, int], int], roots: Mapping[int, int], hosts: int, way: Any) -> int:
    """How much of u -> w -> t can become u -> t: all, less by how much a cut would fall short."""
    u, w, t = way
    full = min(room[u, w], room[w, t])
    if not full:
        return 0
    changed = dict(room)
    for link, change in (((u, w), -full), ((w, t), -full), ((u, t), full)):
        changed[link] = changed.get(link, 0) + change
    return max(0, full - max(shortfalls(nodes, changed, roots, hosts)))


def shortfalls(nodes: int, room: Room, roots: Mapping[int, int], hosts: int) -> list[int]:
    """For each of the first ``hosts`` nodes by how much the room into a set that it is in falls short at most."""
    links = [(src, dst, size) for (src, dst), size in room.items() if size]
    flows, total = FlowNetwork(nodes, links), sum(roots.values())
    supply = [roots.get(node, 0) for node in range(nodes)]
    return [shortfall(flows, links, supply, sink, total) for sink in range(hosts)]


def _join(paths: dict[tuple[int, int], dict[tuple[int, ...], int]], u: int, w: int, t: int, amount: int) -> None:
    """Take ``amount`` of the room of paths to w and from w, and give it to the paths that they make together."""
    into, out, joined = paths[u, w], paths[w, t], paths.setdefault((u, t), {})
    while amount:
        first, second = next(iter(into)), next(iter(out))
        size = min(amount, into[first], out[second])
        whole = _without_circles(first + second[1:])
        joined[whole] = joined.get(whole, 0) + size
        amount -= size
        for ways, path in ((into, first), (out, second)):
            ways[path] -= size
            if not ways[path]:
                del ways[path]


def _without_circles(path: tuple[int, ...]) -> tuple[int, ...]:
    """The path that goes on at once from where it comes by again."""
    short: list[int] = []
    for node in path:
        if node in short:
            del short[short.index(node) :]
        short.append(node)
    return tuple(short)
