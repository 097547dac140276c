"""All-reduce and broadcast over spanning trees that are packed into the graph, to be as fast as its cuts allow.

Tree t of total weight W carries w(t) of W chunks. In an all-reduce they are added up on an in-tree on their way to its
root and spread from there on an out-tree, n−1 messages each (a broadcast has the out-tree only). For T trees

    2(n−1)·T messages of w(t)·S/W,   2(n−1)·S bytes,   the most (depth in + depth out) steps

and in many segments about S over the rate of the packing. Where all nodes are workers that is, up to whole trees, for a
broadcast the rate of the tightest cut, for an all-reduce the best of all trees (simcomm.topology.tree_packing). Workers
forward, and switches are crossed on one route for each pair, unless the scenario names a routing. ``most_trees`` bounds
W: where bandwidths have no common unit, more trees come closer to the cut. Without a graph it is a fully connected one.
No formula for the time, since trees meet at links; a result says how far it is from the bound of its graph.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from simcomm.closed_forms import Claim, Vector
from simcomm.collectives.base import Collective, Fitted
from simcomm.collectives.rooted import broadcast, rooted
from simcomm.collectives.tree_claims import tree_claim
from simcomm.collectives.tree_shares import Trees, recorded, star, two_levels
from simcomm.errors import InputError
from simcomm.goals import ALL_REDUCE
from simcomm.schedule import Schedule

MOST_TREES = 64


def fit_all_reduce(graph: Any, hosts: Sequence[Any], workers: int, options: Mapping[str, Any]) -> Fitted:
    """The trees of the faster packing and the routes of their links."""
    from simcomm.topology.tree_packing import pack_all_reduce

    packing = pack_all_reduce(graph, hosts, options.get("most_trees", MOST_TREES))
    return Fitted({"trees": packing.trees}, routes=packing.routes)


def fit_broadcast(graph: Any, hosts: Sequence[Any], workers: int, options: Mapping[str, Any]) -> Fitted:
    """Out-trees from the root and the routes of their links."""
    from simcomm.topology.tree_packing import pack_broadcast

    packing = pack_broadcast(graph, hosts, options.get("root", 0), options.get("most_trees", MOST_TREES))
    return Fitted({"trees": packing.trees}, routes=packing.routes)


def ranks(workers: int, trees: Trees = (), root: int = 0, most_trees: int = MOST_TREES) -> int:
    """The workers; InputError for a root that is none of them, for no tree at all, and for trees of others."""
    if most_trees < 1:
        raise InputError(f"most_trees: {most_trees}; expected at least 1")
    if any(len(outwards) != workers for _, _, outwards in trees):
        raise InputError(f"trees of other than {workers} workers; expected some that are fitted to them")
    return rooted(workers, root=root)


def _trees(n: int, trees: Trees, root: int | None = None) -> Trees:
    """Those of a fully connected graph, if there are none."""
    everyone = ((1, star(n, rank), star(n, rank)) for rank in range(n))
    return trees or (tuple(everyone) if root is None else two_levels(n, root))


def build_all_reduce(workers: int, trees: Trees = (), *, most_trees: int = MOST_TREES) -> Schedule:
    """Packed-trees all-reduce: each share of the vector goes in and out on trees of its own, packed into the graph.

    ``trees`` are (copies, parents on the way in, parents on the way out); ``most_trees`` bounds all copies together.
    """
    return recorded(workers, _trees(workers, trees))


def build_broadcast(workers: int, trees: Trees = (), *, root: int = 0, most_trees: int = MOST_TREES) -> Schedule:
    """Packed-trees broadcast: the root sends each share of the vector down a tree of its own, packed into the graph."""
    return recorded(workers, _trees(workers, trees, root))


def claim_all_reduce(n: int, vector: Vector, trees: Trees = (), *, most_trees: int = MOST_TREES) -> Claim:
    """2(n−1) messages of each share, 2(n−1)·S bytes."""
    return tree_claim(n, vector, _trees(n, trees), 2)


def claim_broadcast(n: int, vector: Vector, trees: Trees = (), *, root: int = 0, most_trees: int = MOST_TREES) -> Claim:
    """n−1 messages of each share, (n−1)·S bytes."""
    return tree_claim(n, vector, _trees(n, trees, root), 1)


_SOURCE = (
    "Edmonds, Edge-disjoint branchings, 1973; Wang et al., Blink, MLSys 2020; Zhao et al., ForestColl, arXiv 2402.06787"
)
packed_trees_all_reduce = Collective(
    "packed_trees_all_reduce",
    ALL_REDUCE,
    build_all_reduce,
    claim_all_reduce,
    _SOURCE,
    ranks,
    fitted=fit_all_reduce,
)
packed_trees_broadcast = Collective(
    "packed_trees_broadcast",
    broadcast,
    build_broadcast,
    claim_broadcast,
    _SOURCE,
    ranks,
    fitted=fit_broadcast,
)
