"""Somebody else's collective, written with the public names of simcomm only.

A scenario names it by ``plugins: [examples.my_collectives:tree_all_reduce]``.
"""

from __future__ import annotations

from simcomm import ALL_REDUCE, Claim, Collective, Recorder, Schedule, Traffic, Vector


def children(rank: int, workers: int) -> list[int]:
    """Rank 0 hears from 1, 2, 4, …; rank r from r + 1, r + 2, … below its own lowest bit.

    >>> children(0, 6), children(4, 6), children(5, 6)
    ([1, 2, 4], [5], [])
    """
    bits = [1 << bit for bit in range(workers.bit_length())]
    lowest = rank & -rank or 2 * workers
    return [rank + bit for bit in bits if bit < lowest and rank + bit < workers]


def build(workers: int) -> Schedule:
    """Binomial tree: gradients are added up on the way to worker 0, and the sum goes the same ways back."""
    tree = Recorder(workers)
    for rank in reversed(range(workers)):
        for child in children(rank, workers):
            tree.reduce(src=child, dst=rank)
    for rank in range(workers):
        for child in reversed(children(rank, workers)):
            tree.copy(src=rank, dst=child)
    return tree.schedule()


def claim(n: int, vector: Vector) -> Claim:
    """2(n−1) messages of S; for n = 2^k in 2k steps and 2k(α + Sβ) + k·Sγ, no formula for other n."""
    filled, deepest = vector.filled(1), max(rank.bit_count() for rank in range(n))

    def share(rank: int) -> Traffic:
        neighbours = len(children(rank, n)) + (rank > 0)
        return Traffic(neighbours * filled, neighbours * vector.bytes)

    return Claim(
        total=Traffic(2 * (n - 1) * filled, 2 * (n - 1) * vector.bytes),
        steps=2 * deepest,
        sent=share,
        received=share,
        time=(lambda alpha, beta, gamma: deepest * (2 * (alpha + vector.bytes * beta) + vector.bytes * gamma))
        if n.bit_count() == 1
        else None,
    )


tree_all_reduce = Collective(
    "tree_all_reduce",
    ALL_REDUCE,
    build,
    claim,
    source="Thakur, Rabenseifner and Gropp, Optimization of collective communication operations in MPICH, 2005",
)
