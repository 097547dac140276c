"""Double binary tree broadcast and reduce: halves of the vector go through two trees below the root.

All ranks but the root are members of two binary trees, inner nodes of one and leaves of the other
(:mod:`~simcomm.collectives.two_trees`); the root is above both. Nobody sends or receives more than S. In k segments:

    2(n−1)k messages of S/2k,  (n−1)S bytes,  ⌊lg(n−1)⌋ + 1 steps, however many segments

(the longest chain of messages that wait for each other; the literature counts 2 lg n + 2k rounds of one per port).
In one piece, of halves of the same size, L = ⌊lg(n−1)⌋ and s = 2L + 1 (2L + 2 for n = 2^i, full trees):

    reduce     (L + 1)α + s·S/2·(β + γ)
    broadcast  (L + 1)α + s·S/2·β, and where n = 2^i − 2^j + 1 up to S/2·β more for some α (two messages meet)

In segments the engine answers alone. Measured with α = γ = 0 and 64 of them, a broadcast takes 1.05·Sβ for n = 8, 1.07
for 16, 1.12 for 64: the bound, and some 2 blocks per level. A reduce takes 1.52 to 1.56·Sβ: leaves are ready with all
blocks at once, and a port sends what is ready first, S/2 as a leaf before anything that it added up.
"""

from __future__ import annotations

import numpy as np

from simcomm.closed_forms import Claim, Seconds, TimeFormula, Traffic, Vector
from simcomm.collectives.base import Collective
from simcomm.collectives.rooted import broadcast, reduce, rooted
from simcomm.collectives.two_trees import TREES, collision, degrees, edges, halves, sends, tops
from simcomm.recorder import Recorder
from simcomm.schedule import Schedule


def build_broadcast(workers: int, *, root: int = 0) -> Schedule:
    """Double binary tree broadcast: the root sends each half of its vector down a tree of all the others."""
    trees, others = Recorder(workers, len(TREES)), (root + np.arange(1, workers)) % workers
    for tree, top in tops(others):
        trees.copy(root, top, tree)
    for tree, child, parent in reversed(edges(others)):
        trees.copy(parent, child, tree)
    return trees.schedule()


def build_reduce(workers: int, *, root: int = 0) -> Schedule:
    """Double binary tree reduce: each half is added up along a tree of all but the root, which gets the sums."""
    trees, others = Recorder(workers, len(TREES)), (root + np.arange(1, workers)) % workers
    for tree, child, parent in edges(others):
        trees.reduce(child, parent, tree)
    for tree, top in tops(others):
        trees.reduce(top, root, tree)
    return trees.schedule()


def _claim(n: int, vector: Vector, root: int, down: bool, time: TimeFormula) -> Claim:
    """Every rank but the root has one parent in each tree; of the top it is the root."""

    def with_parents(rank: int) -> Traffic:
        return halves(vector, *[int(rank != root)] * 2)

    def with_children(rank: int) -> Traffic:
        member = (rank - root) % n - 1
        return halves(vector, *(degrees(n - 1, member, tree)[1] if member >= 0 else min(n - 1, 1) for tree in TREES))

    return Claim(
        total=halves(vector, n - 1, n - 1),
        steps=(n - 1).bit_length(),
        sent=with_children if down else with_parents,
        received=with_parents if down else with_children,
        time=time if vector.is_cut_evenly(2) else None,
    )


def claim_broadcast(n: int, vector: Vector, *, root: int = 0) -> Claim:
    """Inner nodes send one half to each of their children, the root sends one to each tree; all others receive S."""
    levels, half = (n - 1).bit_length(), vector.largest_chunk(2)

    def time(alpha: Seconds, beta: Seconds, gamma: Seconds) -> Seconds:
        late = collision(n - 1, alpha, half * beta, behind=1)
        return levels * alpha + (sends(n - 1) + 2) * half * beta + late

    return _claim(n, vector, root, down=True, time=time)


def claim_reduce(n: int, vector: Vector, *, root: int = 0) -> Claim:
    """Everybody but the root sends S, one half to the parent in each tree."""
    levels, half = (n - 1).bit_length(), vector.largest_chunk(2)

    def time(alpha: Seconds, beta: Seconds, gamma: Seconds) -> Seconds:
        return levels * alpha + (sends(n - 1) + 2) * half * (beta + gamma)

    return _claim(n, vector, root, down=False, time=time)


_SOURCE = "Sanders, Speck and Träff, Two-tree algorithms for full bandwidth broadcast, reduction and scan, ParCo 2009"
double_binary_tree_broadcast = Collective(
    "double_binary_tree_broadcast",
    broadcast,
    build_broadcast,
    claim_broadcast,
    source=_SOURCE,
    ranks=rooted,
    variants=({}, {"root": 1, "segments": 8}),
)
double_binary_tree_reduce = Collective(
    "double_binary_tree_reduce",
    reduce,
    build_reduce,
    claim_reduce,
    source=_SOURCE,
    ranks=rooted,
    variants=({}, {"root": 1, "segments": 8}),
)
