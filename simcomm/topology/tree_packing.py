"""Trees for collectives on any graph: packed so that together they use what its tightest cuts let through.

broadcast   out-trees from the root, at the rate of its tightest cut (Edmonds 1973): optimal.
all_reduce  pairs of an in-tree, on which sums come to a root, and an out-tree, on which the results leave it. Two ways
            are tried and the faster one is taken (of equals the one with the shallower trees):

            * every worker is the root of as many out-trees as any other (an all-gather at the rate of its tightest cut)
              and of in-trees likewise, which are out-trees of the graph with all links turned round: ForestColl (Zhao
              et al. 2024). Nodes that are no workers are split off first: they cannot copy, so where one has not as
              much bandwidth in as out, as cables have, the rate is halved, or cut to a third …, until that can be.
            * spanning trees that are rooted in their middle and go both ways over every cable, where all nodes are
              workers: with cables that are as wide both ways no all-reduce from host to host is faster. Of a cable with
              unequal directions it uses the narrower one only.

Rates are those of the busiest link, if all trees are busy all the time: pipelined, in many segments, latency left out.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from simcomm.errors import InputError
from simcomm.topology.arborescences import Room, Tree, pack_out_trees, shortfalls, split_off
from simcomm.topology.cable_packing import both_ways
from simcomm.topology.packing import Net, Packing, Pair, Parents, Paths, packed

if TYPE_CHECKING:
    import networkx as nx


def pack_all_reduce(graph: nx.DiGraph[Any], hosts: Sequence[Any], most: int) -> Packing:
    """The faster of the two ways, with at most so many trees (copies counted) in each.

    InputError for too many workers, several on one host, too few trees, and for switches that cannot be split off.

    >>> from simcomm.topology import build
    >>> pack_all_reduce(build("ring", 4, 3, 0), range(4), 64).rate_Bps
    Fraction(4, 1)
    """
    net = Net.of(graph, hosts, most)
    if len(hosts) == 1:
        return Packing(((1, (-1,), (-1,)),), (), Fraction(0))
    found = [_from_every_root(net, most)]
    if net.nodes == len(hosts):
        on_cables = both_ways(net, most)
        found += [on_cables] if on_cables else []
    return max(found, key=lambda packing: (packing.rate_Bps, -packing.depth))


def pack_broadcast(graph: nx.DiGraph[Any], hosts: Sequence[Any], root: int, most: int) -> Packing:
    """Out-trees from worker ``root``, at most so many; InputError as above.

    >>> from simcomm.topology import build
    >>> pack_broadcast(build("ring", 4, 3, 0), range(4), 1, 64).rate_Bps
    Fraction(6, 1)
    """
    net = Net.of(graph, hosts, most)
    nothing: Parents = ()
    if len(hosts) == 1:
        return Packing(((1, nothing, (-1,)),), (), Fraction(0))
    trees, paths = _out_trees(net, [root], net.seconds("broadcast", root), most)
    return packed(net, [(tree.copies, nothing, tree.parents) for tree in trees], paths)


def _out_trees(net: Net, roots: Sequence[int], seconds: Fraction, most: int) -> tuple[list[Tree], Paths]:
    """Out-trees from each of these roots: the fewest that are as fast as the cut, else the best that were tried."""
    rate = 1 / (seconds * len(roots))  # of one root
    largest = most // len(roots)
    for copies in range(1, largest + 1):
        found = _fitting(net, roots, copies, rate / copies)
        if found is not None:
            break
    else:
        tried = [_slower(net, roots, copies, rate) for copies in {*range(1, min(largest, 16) + 1), largest}]
        _, room, copies = max(tried, key=lambda each: each[0])
        found = room
    given = dict.fromkeys(roots, copies)
    if net.nodes == net.workers:
        return pack_out_trees(net.workers, found, given), {}
    paths = split_off(net.nodes, found, given, net.workers)
    for times in range(2, net.workers + 1):
        if paths is not None:
            break
        given = dict.fromkeys(roots, 1)
        found = _fitting(net, roots, 1, rate / times)
        paths = None if found is None else split_off(net.nodes, found, given, net.workers)
    if paths is None:
        raise InputError("switches that take in more than they give out, or less; expected trees without a copy there")
    joined = {link: sum(ways.values()) for link, ways in paths.items()}
    return pack_out_trees(net.workers, joined, given), paths


def _fitting(net: Net, roots: Sequence[int], copies: int, unit: Fraction) -> Room | None:
    """How many trees of rate ``unit`` every link has room for, if ``copies`` of them fit from each root."""
    total = copies * len(roots)
    room = {link: min(int(width / unit), total * net.workers) for link, width in net.links.items()}
    misses = shortfalls(net.nodes, room, dict.fromkeys(roots, copies), net.workers)
    return None if any(misses) else room


def _slower(net: Net, roots: Sequence[int], copies: int, rate: Fraction) -> tuple[Fraction, Room, int]:
    """The fastest rate at which ``copies`` of whole trees fit: that at which some link is full."""
    widths = set(net.links.values())
    total = copies * len(roots)
    units = sorted({width / j for width in widths for j in range(1, total + 1) if width / j * copies < rate})
    low, high = 0, len(units)  # units[low] fits, units[high] does not
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if _fitting(net, roots, copies, units[middle]) else (low, middle)
    room = _fitting(net, roots, copies, units[low])
    if room is None:
        return Fraction(0), {}, copies
    return units[low] * copies, room, copies


def _from_every_root(net: Net, most: int) -> Packing:
    """In-trees and out-trees of every worker."""
    roots = range(net.workers)
    out, paths = _out_trees(net, roots, net.seconds("all_gather"), most)
    into, turned = out, paths
    if not net.is_symmetric:
        into, turned = _out_trees(net.turned, roots, net.seconds("reduce_scatter"), most)
    ways: dict[tuple[int, int], dict[tuple[int, ...], int]] = {pair: dict(found) for pair, found in paths.items()}
    for (a, b), found in turned.items():
        for path, size in found.items():
            ways.setdefault((b, a), {}).setdefault(path[::-1], size)
    pairs = [
        pair for root in roots for pair in _overlaid(*([t for t in part if t.root == root] for part in (into, out)))
    ]
    return packed(net, _whole(pairs), ways)


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


def _whole(pairs: Iterable[tuple[Fraction, Parents, Parents]]) -> list[Pair]:
    """The same with whole numbers of copies."""
    pairs = list(pairs)
    scale = math.lcm(*(share.denominator for share, _, _ in pairs))
    return [(int(share * scale), inwards, outwards) for share, inwards, outwards in pairs]
