"""What trees are packed into, and what a packing is: trees with copies, the routes of their links, and their rate."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from simcomm.errors import InputError
from simcomm.topology.arborescences import Room, Tree, pack_out_trees, split_off
from simcomm.topology.crossing import fraction
from simcomm.topology.cuts import cut_bound

if TYPE_CHECKING:
    import networkx as nx

#: Workers times trees: more of them would take minutes (16 workers and 256 trees take some 15 s).
MOST_WORK = 4096

Parents = tuple[int, ...]
#: Copies, and the parent of every worker on the way in and on the way out (−1 of the root).
Pair = tuple[int, Parents, Parents]
Paths = Mapping[tuple[int, int], Mapping[tuple[int, ...], int]]
#: Out-trees, and the paths of their links by way of switches.
Side = tuple[list[Tree], Paths]


@dataclass(frozen=True)
class Packing:
    """Trees, the routes of their links (none: the links are the graph's), and the rate at which they carry a vector."""

    trees: tuple[Pair, ...]
    routes: tuple[tuple[Any, ...], ...]
    rate_Bps: Fraction

    @property
    def depth(self) -> int:
        """Links on the longest way in and out again."""
        return max((depth_of(inwards) + depth_of(outwards) for _, inwards, outwards in self.trees), default=0)


@dataclass(frozen=True)
class Net:
    """A graph whose first ``workers`` nodes are the workers' hosts, by number; ``links`` have exact bandwidths."""

    graph: nx.DiGraph[Any]
    names: tuple[Any, ...]
    workers: int
    links: Mapping[tuple[int, int], Fraction]

    @classmethod
    def of(cls, graph: nx.DiGraph[Any], hosts: Sequence[Any], most: int) -> Net:
        """A checked graph; InputError for what would take too long."""
        if most < len(hosts):
            raise InputError(f"most_trees: {most}; expected at least {len(hosts)}, one for every worker")
        if len(hosts) * most > MOST_WORK:
            what = f"packing {most} trees for {len(hosts)} workers takes minutes"
            raise InputError(f"most_trees: {what}; expected at most {MOST_WORK // len(hosts)} trees, and 64 workers")
        ours = set(hosts)
        names = (*hosts, *(node for node in graph if node not in ours))
        number = {node: index for index, node in enumerate(names)}
        exact = graph.copy()
        for _, _, link in exact.edges(data=True):
            link["bandwidth_Bps"] = fraction(link["bandwidth_Bps"])
        links = {(number[a], number[b]): link["bandwidth_Bps"] for a, b, link in exact.edges(data=True)}
        return cls(exact, names, len(hosts), links)

    @property
    def nodes(self) -> int:
        """Of the graph, workers or not."""
        return len(self.names)

    @property
    def turned(self) -> Net:
        """The same with all links turned round."""
        return Net(self.graph.reverse(), self.names, self.workers, {(b, a): w for (a, b), w in self.links.items()})

    @property
    def is_symmetric(self) -> bool:
        """Whether every link is as wide as its opposite."""
        return all(self.links.get((b, a)) == width for (a, b), width in self.links.items())

    def seconds(self, operation: str, root: int = 0) -> Fraction:
        """Per byte, by the tightest cut."""
        hosts = self.names[: self.workers]
        cut = cut_bound(self.graph, (hosts[root], *hosts[:root], *hosts[root + 1 :]), operation)
        if cut is None or not cut.exact:
            raise InputError(f"{self.nodes} nodes are too many to find the tightest cut; expected a smaller graph")
        return Fraction(cut.seconds_per_byte)


def depth_of(parents: Parents) -> int:
    """Links between the root and the furthest node."""

    def above(node: int) -> int:
        return 0 if parents[node] < 0 else 1 + above(parents[node])

    return max(map(above, range(len(parents))), default=0)


def packed(net: Net, pairs: Iterable[Pair], paths: Paths) -> Packing:
    """Equal pairs become copies of one; a link takes the widest of its paths."""
    copies: Counter[tuple[Parents, Parents]] = Counter()
    for count, inwards, outwards in pairs:
        copies[inwards, outwards] += count
    scale = math.gcd(*copies.values())
    trees = tuple((count // scale, *both) for both, count in copies.items())
    way = {pair: max(found, key=lambda path: found[path]) for pair, found in paths.items() if found}
    load: Counter[tuple[int, int]] = Counter()
    for pair, count in uses(trees):
        for link in pairwise(way.get(pair, pair)):
            load[link] += count
    total = sum(count for count, _, _ in trees)
    rate = min(net.links[link] / count for link, count in load.items()) * total
    used = {pair for pair, _ in uses(trees) if len(way.get(pair, pair)) > 2}
    routes = tuple(tuple(net.names[node] for node in way[pair]) for pair in sorted(used & way.keys()))
    return Packing(trees, routes, rate)


def uses(trees: Iterable[Pair]) -> Iterator[tuple[tuple[int, int], int]]:
    """Who sends to whom, in how many copies."""
    for count, inwards, outwards in trees:
        for node, parent in enumerate(inwards):
            if parent >= 0:
                yield (node, parent), count
        for node, parent in enumerate(outwards):
            if parent >= 0:
                yield (parent, node), count


def side(net: Net, room: Room, roots: Mapping[int, int]) -> Side | None:
    """Trees from these roots for which there is room, by way of switches; None where they cannot be split off."""
    paths = split_off(net.nodes, room, roots, net.workers)
    if paths is None:
        return None
    joined = {link: sum(ways.values()) for link, ways in paths.items()}
    return pack_out_trees(net.workers, joined, roots), paths


def paired(net: Net, into: Side, out: Side) -> Packing:
    """In-trees and out-trees of the same roots, put together; the in-trees are out-trees of the net turned round."""
    ways: dict[tuple[int, int], dict[tuple[int, ...], int]] = {pair: {**found} for pair, found in out[1].items()}
    for (a, b), found in into[1].items():
        for path, size in found.items():
            ways.setdefault((b, a), {}).setdefault(path[::-1], size)
    copies: Counter[int] = Counter()
    for tree in out[0]:
        copies[tree.root] += tree.copies
    pairs: list[tuple[Fraction, Parents, Parents]] = []
    for root, count in copies.items():
        both = ([tree for tree in trees if tree.root == root] for trees, _ in (into, out))
        pairs += [(count * share, inwards, outwards) for share, inwards, outwards in _overlaid(*both)]
    scale = math.lcm(*(weight.denominator for weight, _, _ in pairs))
    return packed(net, [(int(weight * scale), inwards, outwards) for weight, inwards, outwards in pairs], ways)


def _overlaid(into: Iterable[Tree], out: Iterable[Tree]) -> Iterable[tuple[Fraction, Parents, Parents]]:
    """Shares of one root's shard, each with an in-tree and an out-tree."""
    ends: dict[Fraction, None] = {}
    sides = []
    for trees in (list(into), list(out)):
        total, so_far, side = sum(tree.copies for tree in trees), 0, []
        for tree in trees:
            so_far += tree.copies
            side.append((Fraction(so_far, total), tree.parents))
            ends[side[-1][0]] = None
        sides.append(side)
    begin = Fraction(0)
    for end in sorted(ends):
        inwards, outwards = (next(parents for last, parents in side if last >= end) for side in sides)
        yield end - begin, inwards, outwards
        begin = end
