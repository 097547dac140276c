"""Reduce by reduce-scatter and gather, Rabenseifner's: for long vectors.

A ring reduce-scatter, so that everybody has the sum of one chunk of n; then a binomial tree gathers them at the root.
The ring has n(n−1) messages of S/n, the tree n − 1. For n = 2^k and chunks of the same size:

    n² − 1 messages,  k + n−1 steps,  (k + n−1)α + (n−1)/n·S(2β + γ)

For other n there are ⌊lg n⌋ + n−1 steps, and the time is exact, too, but a recursion along the bits of n − 1: the last
subtree of a parent is smaller than its place allows and comes early, where it can be in the way. For chunks of
different sizes, and for segments, the engine answers alone. Rabenseifner halves recursively instead of using a ring.
"""

from __future__ import annotations

import numpy as np

from simcomm.closed_forms import Claim, Seconds, Traffic, Vector, chunks_except
from simcomm.collectives.base import Collective
from simcomm.collectives.rooted import ROOTS, reduce, rooted
from simcomm.collectives.scatter_all_gather import of_children, of_subtree, tree_of
from simcomm.recorder import Recorder
from simcomm.schedule import Schedule


def build(workers: int, *, root: int = 0) -> Schedule:
    """Rabenseifner's reduce: a ring reduce-scatter; then the root gathers the sums up a binomial tree.

    Chunk v is that of the rank v ranks after the root.
    """
    n, record = workers, Recorder(workers, workers)
    rank, step = np.arange(n), np.arange(n - 1)[:, None]
    record.reduce(src=(rank + root) % n, dst=(rank + 1 + root) % n, chunk=(rank - 1 - step) % n)
    for bit in range((n - 1).bit_length()):
        child = np.arange(1 << bit, n, 2 << bit)
        subtree = np.minimum(1 << bit, n - child)
        record.copy((child + root) % n, (child - (1 << bit) + root) % n, child, count=subtree)
    return record.schedule()


def claim(n: int, vector: Vector, *, root: int = 0) -> Claim:
    """n(n−1) of S/n, then one for every subtree: rank v sends all chunks but its own, then all of its subtree."""
    tree, carried = tree_of(vector, n)
    c = vector.largest_chunk(n)

    def time(alpha: Seconds, beta: Seconds, gamma: Seconds) -> Seconds:
        """The ring; then, when a parent has all: child 2^p comes p(α) + (2^p − 1)cβ + α later, a last one earlier."""
        done, size = 0 * alpha, 1
        for bit in range(n.bit_length()):
            if (n - 1) >> bit & 1:
                come = [(done + alpha, size), *(((p + 1) * alpha + (2**p - 1) * c * beta, 2**p) for p in range(bit))]
                done = max(at + c * beta * sum(more for other, more in come if other >= at) for at, _ in come)
                size += 1 << bit
        return done + (n - 1) * (alpha + c * (beta + gamma))

    return Claim(
        total=tree + Traffic((n - 1) * vector.filled(n), (n - 1) * vector.bytes),
        steps=n.bit_length() - 1 + n - 1,
        sent=lambda rank: chunks_except(vector, n, rank - root) + of_subtree(vector, n, (rank - root) % n),
        received=lambda rank: chunks_except(vector, n, rank - root - 1) + of_children(vector, n, (rank - root) % n),
        time=time if vector.is_cut_evenly(n) else None,
        chunks_sent=carried + n * (n - 1),
    )


reduce_scatter_gather_reduce = Collective(
    "reduce_scatter_gather_reduce",
    reduce,
    build,
    claim,
    source="Rabenseifner, Optimization of collective reduction operations, ICCS 2004; Thakur, Rabenseifner and Gropp, "
    "Optimization of collective communication operations in MPICH, IJHPCA 2005",
    ranks=rooted,
    variants=ROOTS,
)
