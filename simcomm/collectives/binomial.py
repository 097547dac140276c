"""Binomial broadcast and reduce: whole vectors from a root, or to it; for short ones.

Rank v (counted from the root) is the parent of v + 1, v + 2, v + 4, … up to its own lowest bit, as long as those are
ranks: of n = 8, 0 has the children 4, 2, 1; 4 has 6, 5; 2 has 3; 6 has 7. A broadcast serves the largest subtree first:

    broadcast  n−1 messages of S,  ⌊lg n⌋ steps,  ⌊lg n⌋α + ⌈lg n⌉·Sβ
    reduce     n−1 messages of S,  ⌊lg n⌋ steps,  n = 2^k: k(α + S(β + γ)), and for other n see below

The literature counts ⌈lg n⌉ rounds of one message per rank. A step here is a message in a chain of messages that wait
for each other, and the longest has ⌊lg n⌋, the most ones that a number below n can have as bits; for n = 2^k these are
the same. In a reduction every parent serves its children in the order in which they come. If n is no power of two, the
subtree of a last child is smaller than its place allows; it comes early and can be in the way: the time is exact for
every n, but a recursion along the bits of n − 1. Cut into segments, a broadcast takes as long as in one piece: the
root's port is what it waits for, and that has ⌈lg n⌉·S to send. For a reduction in segments the engine answers alone:
leaves send all of theirs at once, and what inner nodes have added up meets them at the ports of the next.
"""

from __future__ import annotations

from simcomm.closed_forms import Claim, Seconds, TimeFormula, Vector
from simcomm.collectives.base import Collective
from simcomm.collectives.binomial_tree import add_up, claim_of_edges, spread
from simcomm.collectives.rooted import ROOTS, broadcast, reduce, rooted
from simcomm.recorder import Recorder
from simcomm.schedule import Schedule


def build_broadcast(workers: int, *, root: int = 0) -> Schedule:
    """Binomial broadcast: all who have the vector send it to one more each, 1, 2, 4, … at a time."""
    tree = Recorder(workers)
    spread(tree, workers, root)
    return tree.schedule()


def build_reduce(workers: int, *, root: int = 0) -> Schedule:
    """Binomial reduce: half of those who still have a sum give it to the other half, until the root has them all."""
    tree = Recorder(workers)
    add_up(tree, workers, root)
    return tree.schedule()


def time_of_broadcast(n: int, vector: Vector, segments: int = 1, *, root: int = 0) -> TimeFormula:
    """⌊lg n⌋α + ⌈lg n⌉·Sβ: the last rank that the root serves is a leaf, or as deep as any."""
    return lambda alpha, beta, gamma: (n.bit_length() - 1) * alpha + (n - 1).bit_length() * vector.bytes * beta


def time_of_reduce(n: int, vector: Vector) -> TimeFormula:
    """When a parent has all: children p = 0, 1, … come at p(α + c) + α, c = S(β + γ), and one when its subtree is."""

    def time(alpha: Seconds, beta: Seconds, gamma: Seconds) -> Seconds:
        c, done = vector.bytes * (beta + gamma), 0 * alpha
        for bit in range(n.bit_length()):
            if (n - 1) >> bit & 1:
                come = [done + alpha, *(p * (alpha + c) + alpha for p in range(bit))]
                done = max(at + c * sum(other >= at for other in come) for at in come)
        return done

    return time


def claim_broadcast(n: int, vector: Vector, *, root: int = 0) -> Claim:
    """Every rank but the root receives S once; those of even distance send, the root ⌈lg n⌉ times."""
    return claim_of_edges(n, vector, root, down=1, up=0, time=time_of_broadcast(n, vector))


def claim_reduce(n: int, vector: Vector, *, root: int = 0) -> Claim:
    """Every rank but the root sends S once."""
    return claim_of_edges(n, vector, root, down=0, up=1, time=time_of_reduce(n, vector))


_THAKUR = "Thakur, Rabenseifner and Gropp, Optimization of collective communication operations in MPICH, IJHPCA 2005"
binomial_broadcast = Collective(
    "binomial_broadcast",
    broadcast,
    build_broadcast,
    claim_broadcast,
    source=_THAKUR,
    ranks=rooted,
    variants=ROOTS,
    segmented_time=time_of_broadcast,
)
binomial_reduce = Collective(
    "binomial_reduce",
    reduce,
    build_reduce,
    claim_reduce,
    source=_THAKUR,
    ranks=rooted,
    variants=ROOTS,
)
