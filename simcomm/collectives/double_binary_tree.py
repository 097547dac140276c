"""Double binary tree all-reduce: halves of the vector go through two trees, in which nobody has to work twice.

In one binary tree the inner nodes send all twice and the leaves nothing. Here a rank that is an inner node of one tree
is a leaf of the other (:mod:`~simcomm.collectives.two_trees`), and each tree carries one half of the vector up to its
top, where it is added up, and down again. Nobody sends or receives more than 2S. In k segments, k blocks per tree:

    4(n−1)k messages of S/2k,  2(n−1)S bytes,  2⌊lg n⌋ steps

In one piece, of halves of the same size, L = ⌊lg n⌋ and s = 2L − 1 (2L for n = 2^i − 1, a full tree):

    2Lα + s·S/2·(2β + γ), and where n = 2^i − 2^j up to S/2·β more for some α: two messages reach one rank at once

In segments the engine answers alone. Sanders, Speck and Träff need 2(Sβ + 2α lg n + √(8αβS lg n)) at the best k where a
port is held during α. Here α is on the wire and small blocks cost nothing. But a port sends what is ready first, and
leaves are ready with all k blocks at once: inner nodes send their S/2 as leaves before the first block of what they add
up, and wait for that of others. So for long vectors it tends to 2.5·Sβ, not to 2·Sβ: with 64 segments (α = γ = 0)
2.50·Sβ for n = 8, 2.58 for n = 64. A ``window`` of 2 blocks under way (NCCL has one, too) mends that: 2.03·Sβ and
2.13·Sβ, where 2(n−1)/n·Sβ, 1.75 and 1.97, is the bound.
"""

from __future__ import annotations

import numpy as np

from simcomm import goals
from simcomm.closed_forms import Claim, Seconds, Traffic, Vector
from simcomm.collectives.base import Collective
from simcomm.collectives.two_trees import TREES, collision, degrees, edges, halves, sends
from simcomm.recorder import Recorder
from simcomm.schedule import Schedule


def build(workers: int) -> Schedule:
    """Double binary tree all-reduce: each half of the vector goes up a tree, is added up, and comes back down."""
    trees = Recorder(workers, len(TREES))
    both = edges(np.arange(workers))
    for tree, child, parent in both:
        trees.reduce(child, parent, tree)
    for tree, child, parent in reversed(both):
        trees.copy(parent, child, tree)
    return trees.schedule()


def claim(n: int, vector: Vector) -> Claim:
    """Every edge of a tree is used twice: one half, S/2, goes to the parent, and from it comes the sum."""

    def share(rank: int) -> Traffic:
        return halves(vector, *(sum(degrees(n, rank, tree)) for tree in TREES))

    def time(alpha: Seconds, beta: Seconds, gamma: Seconds) -> Seconds:
        half = vector.largest_chunk(2)
        late = collision(n, alpha, half * beta, behind=0)
        return 2 * (n.bit_length() - 1) * alpha + sends(n) * half * (2 * beta + gamma) + late

    return Claim(
        total=halves(vector, 2 * (n - 1), 2 * (n - 1)),
        steps=2 * (n.bit_length() - 1),
        sent=share,
        received=share,
        time=time if vector.is_cut_evenly(2) else None,
    )


double_binary_tree_all_reduce = Collective(
    "double_binary_tree_all_reduce",
    goals.ALL_REDUCE,
    build,
    claim,
    source="Sanders, Speck and Träff, Two-tree algorithms for full bandwidth broadcast, reduction and scan, Parallel "
    "Computing 2009; Jeaugey, Massively scale your deep learning training with NCCL 2.4, 2019",
    variants=({}, {"segments": 8}),
    tuning=lambda n: {"window": (0, 1, 2, 4, 8)},
)
