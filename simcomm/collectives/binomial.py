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
root's port is what it waits for, and that has ⌈lg n⌉·S to send.
"""

from __future__ import annotations

import numpy as np

from simcomm import goals
from simcomm.closed_forms import Claim, Seconds, TimeFormula, Traffic, Vector
from simcomm.collectives.base import Collective
from simcomm.collectives.rooted import ROOTS, rooted
from simcomm.recorder import Recorder
from simcomm.schedule import Schedule


def add_up(tree: Recorder, n: int, root: int) -> None:
    """Record a reduction to the root."""
    for bit in range((n - 1).bit_length()):
        child = np.arange(1 << bit, n, 2 << bit)
        tree.reduce(src=(child + root) % n, dst=(child - (1 << bit) + root) % n)


def spread(tree: Recorder, n: int, root: int) -> None:
    """Record a broadcast from the root."""
    for bit in reversed(range((n - 1).bit_length())):
        child = np.arange(1 << bit, n, 2 << bit)
        tree.copy(src=(child - (1 << bit) + root) % n, dst=(child + root) % n)


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


def claim_of_edges(n: int, vector: Vector, root: int, down: int, up: int, time: TimeFormula) -> Claim:
    """Over each of n − 1 links go ``down`` messages to the child and ``up`` to the parent."""
    edge = Traffic(vector.filled(1), vector.bytes)
    lg = n.bit_length() - 1

    def share(rank: int, to_children: int, to_parent: int) -> Traffic:
        """A rank has a child for every bit below its lowest one, if that is not past the end."""
        v = (rank - root) % n
        lowest = (v & -v).bit_length() - 1 if v else lg + 1
        times = min(lowest, (n - 1 - v).bit_length()) * to_children + (v > 0) * to_parent
        return Traffic(times * edge.messages, times * edge.bytes)

    return Claim(
        total=Traffic((n - 1) * (down + up) * edge.messages, (n - 1) * (down + up) * edge.bytes),
        steps=lg * (down + up),
        sent=lambda rank: share(rank, down, up),
        received=lambda rank: share(rank, up, down),
        time=time,
    )


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
    """Every rank but the root receives once; those of even distance send, the root ⌈lg n⌉ times."""
    return claim_of_edges(n, vector, root, down=1, up=0, time=time_of_broadcast(n, vector))


def claim_reduce(n: int, vector: Vector, *, root: int = 0) -> Claim:
    """Every rank but the root sends once."""
    return claim_of_edges(n, vector, root, down=0, up=1, time=time_of_reduce(n, vector))


_THAKUR = "Thakur, Rabenseifner and Gropp, Optimization of collective communication operations in MPICH, IJHPCA 2005"
binomial_broadcast = Collective(
    "binomial_broadcast",
    lambda workers, *, root=0: goals.broadcast(root),
    build_broadcast,
    claim_broadcast,
    source=_THAKUR,
    ranks=rooted,
    variants=ROOTS,
    segmented_time=time_of_broadcast,
)
binomial_reduce = Collective(
    "binomial_reduce",
    lambda workers, *, root=0: goals.reduce(root),
    build_reduce,
    claim_reduce,
    source=_THAKUR,
    ranks=rooted,
    variants=ROOTS,
)
