"""Trees for collectives on any graph: packed so that together they use what its tightest cuts let through.

broadcast   out-trees from the root, at the rate of its tightest cut (Edmonds 1973) where all nodes are workers.
all_reduce  pairs of an in-tree, on which sums come to a root, and an out-tree, on which the results leave it. The
            fastest of these is taken (of equals the one with the shallowest trees):

            * every worker is the root of as many out-trees as any other (an all-gather at the rate of its tightest cut)
              and of in-trees likewise, which are out-trees of the graph with all links turned round: ForestColl (Zhao
              et al. 2024). Nodes that are no workers are split off first: they cannot copy.
            * spanning trees that are rooted in their middle and go both ways over every cable, where all nodes are
              workers: with cables that are as wide both ways no all-reduce from host to host is faster.
            * where neither is as fast as the best rate of all such pairs, which a linear program knows: roots with
              unequal shares, and links shared between in-trees and out-trees as the program says, in whole trees. Their
              trees are deeper: they must be worth it.

A switch that has not as much bandwidth in as out may be in the way of the first, and of a broadcast: their rate is then
halved, or cut to a third …, until it can be split off.
Rates are those of the busiest link, if all trees are busy all the time: pipelined, in many segments, latency left out.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from simcomm.errors import InputError
from simcomm.topology.arborescences import Room, shortfalls
from simcomm.topology.cable_packing import both_ways
from simcomm.topology.packing import Net, Packing, Parents, Side, packed, paired, side
from simcomm.topology.root_packing import at_rates
from simcomm.topology.switch_ways import ways_of
from simcomm.topology.tree_rates import best_rates

if TYPE_CHECKING:
    import networkx as nx

#: The rate over the best one that needs no further search.
AS_FAST = 1 - 1e-6
#: By how much faster deep trees must be. Measured: 64 segments lose on 1.07 times the rate, and gain on 1.33 times.
WORTH_DEPTH = Fraction(11, 10)


def pack_all_reduce(graph: nx.DiGraph[Any], hosts: Sequence[Any], most: int) -> Packing:
    """The fastest of the three ways, with at most so many trees (copies counted) in each.

    InputError for too many workers, several on one host, too few trees, and for switches that cannot be split off.

    >>> from simcomm.topology import build
    >>> pack_all_reduce(build("ring", 4, 3, 0), range(4), 64).rate_Bps
    Fraction(4, 1)
    """
    net = Net.of(graph, hosts, most)
    if len(hosts) == 1:
        return Packing(((1, (-1,), (-1,)),), (), Fraction(0))
    ways = ways_of(net)
    rates = best_rates(net, ways, range(net.workers), into=True)
    tried = [_from_every_root(net, most, slower=rates is None)]
    if net.nodes == len(hosts) and (net.is_symmetric or rates is None):
        tried.append(both_ways(net, most))
    deep = None
    if rates is not None and not _reached(tried, rates.seconds):
        deep = at_rates(net, ways, rates, most)
        if net.nodes > len(hosts):
            tried.append(_from_every_root(net, most, slower=True))
    found = [packing for packing in tried if packing is not None]
    if deep is not None and all(deep.rate_Bps >= WORTH_DEPTH * packing.rate_Bps for packing in found):
        return deep
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
    roots, seconds = [root], net.seconds("broadcast", root)
    tried = [_broadcast(net, _as_fast(net, roots, seconds, most))]
    if not _reached(tried, seconds):
        ways = ways_of(net)
        rates = best_rates(net, ways, roots, into=False)
        tried += [at_rates(net, ways, rates, most)] if rates else []
        tried.append(_broadcast(net, _slower(net, roots, seconds, most)))
    return max((packing for packing in tried if packing), key=lambda packing: packing.rate_Bps)


def _reached(tried: Sequence[Packing | None], seconds: float | Fraction) -> bool:
    """Whether one of them is as fast as can be."""
    return any(packing is not None and packing.rate_Bps * seconds > AS_FAST for packing in tried)


def _broadcast(net: Net, trees: Side | None) -> Packing | None:
    """Trees with no way in."""
    return None if trees is None else packed(net, [(tree.copies, (), tree.parents) for tree in trees[0]], trees[1])


def _as_fast(net: Net, roots: Sequence[int], seconds: Fraction, most: int) -> Side | None:
    """Out-trees from each of these roots, the fewest that are as fast as the cut; None where none are."""
    rate = 1 / (seconds * len(roots))  # of one root
    for copies in range(1, most // len(roots) + 1):
        found = _fitting(net, roots, copies, rate / copies)
        if found is not None:
            return side(net, found, dict.fromkeys(roots, copies))
    return None


def _slower(net: Net, roots: Sequence[int], seconds: Fraction, most: int) -> Side:
    """The fastest out-trees of those that were tried; InputError if there are none."""
    rate, largest = 1 / (seconds * len(roots)), most // len(roots)
    tried = [_whole(net, roots, copies, rate) for copies in {*range(1, min(largest, 16) + 1), largest}]
    _, room, copies = max(tried, key=lambda each: each[0])
    found = side(net, room, dict.fromkeys(roots, copies))
    for times in range(2, net.workers + 1):
        if found is not None:
            return found
        slow = _fitting(net, roots, 1, rate / times)
        found = None if slow is None else side(net, slow, dict.fromkeys(roots, 1))
    raise InputError("switches that take in more than they give out, or less; expected trees without a copy there")


def _fitting(net: Net, roots: Sequence[int], copies: int, unit: Fraction) -> Room | None:
    """How many trees of rate ``unit`` every link has room for, if ``copies`` of them fit from each root."""
    total = copies * len(roots)
    room = {link: min(int(width / unit), total * net.workers) for link, width in net.links.items()}
    misses = shortfalls(net.nodes, room, dict.fromkeys(roots, copies), net.workers)
    return None if any(misses) else room


def _whole(net: Net, roots: Sequence[int], copies: int, rate: Fraction) -> tuple[Fraction, Room, int]:
    """The fastest rate at which ``copies`` of whole trees fit: that at which some link is full."""
    widths = set(net.links.values())
    total = copies * len(roots)
    units = sorted({width / j for width in widths for j in range(1, total + 1) if width / j * copies <= rate})
    low, high = 0, len(units)  # units[low] fits, units[high] does not
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if _fitting(net, roots, copies, units[middle]) else (low, middle)
    room = _fitting(net, roots, copies, units[low])
    if room is None:
        return Fraction(0), {}, copies
    return units[low] * copies, room, copies


def _from_every_root(net: Net, most: int, slower: bool) -> Packing | None:
    """In-trees and out-trees of every worker; if not as fast as the cuts for each, the ``slower`` ones, or None."""

    def trees(of: Net, operation: str) -> Side | None:
        seconds = of.seconds(operation)
        return _as_fast(of, roots, seconds, most) or (_slower(of, roots, seconds, most) if slower else None)

    roots = range(net.workers)
    out = trees(net, "all_gather")
    into = out if net.is_symmetric or out is None else trees(net.turned, "reduce_scatter")
    return None if out is None or into is None else paired(net, into, out)
