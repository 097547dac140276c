"""Flat tree: the root deals with every other rank itself; nobody else does anything.

    n−1 messages of S,  (n−1)S bytes,  1 step,  α + (n−1)·Sβ, and for a reduction α + (n−1)·S(β + γ)

One latency, and all bytes through one port: the fastest there is for the shortest vectors, the slowest for long ones.
In segments it takes as long: the root's port is busy from the first byte to the last.
"""

from __future__ import annotations

import numpy as np

from simcomm.closed_forms import Claim, TimeFormula, Traffic, Vector
from simcomm.collectives.base import Collective
from simcomm.collectives.rooted import ROOTS, broadcast, reduce, rooted
from simcomm.recorder import Recorder
from simcomm.schedule import Schedule


def build_broadcast(workers: int, *, root: int = 0) -> Schedule:
    """Direct broadcast: the root sends its vector to every other rank, to the next one first."""
    tree = Recorder(workers)
    tree.copy(src=root, dst=(root + np.arange(1, workers)) % workers)
    return tree.schedule()


def build_reduce(workers: int, *, root: int = 0) -> Schedule:
    """Direct reduce: every rank sends its vector to the root, which adds them up."""
    tree = Recorder(workers)
    tree.reduce(src=(root + np.arange(1, workers)) % workers, dst=root)
    return tree.schedule()


def _share(n: int, vector: Vector, rank: int, root: int, roots: int, others: int) -> Traffic:
    """The root handles ``roots`` vectors, every other rank ``others``."""
    times = others + (rank == root) * (roots - others)
    return Traffic(times * vector.filled(1), times * vector.bytes)


def time_of_broadcast(n: int, vector: Vector, segments: int = 1, *, root: int = 0) -> TimeFormula:
    """α + (n−1)·Sβ: all through the root's port, in whatever pieces."""
    return lambda alpha, beta, gamma: min(n - 1, 1) * alpha + (n - 1) * vector.bytes * beta


def time_of_reduce(n: int, vector: Vector, segments: int = 1, *, root: int = 0) -> TimeFormula:
    """α + (n−1)·S(β + γ): all through the root's port, which adds."""
    return lambda alpha, beta, gamma: min(n - 1, 1) * alpha + (n - 1) * vector.bytes * (beta + gamma)


def claim_broadcast(n: int, vector: Vector, *, root: int = 0) -> Claim:
    """The root sends n − 1 vectors of S, every other rank receives one."""
    return Claim(
        total=Traffic((n - 1) * vector.filled(1), (n - 1) * vector.bytes),
        steps=min(n - 1, 1),
        sent=lambda rank: _share(n, vector, rank, root, n - 1, 0),
        received=lambda rank: _share(n, vector, rank, root, 0, 1),
        time=time_of_broadcast(n, vector),
    )


def claim_reduce(n: int, vector: Vector, *, root: int = 0) -> Claim:
    """Every rank but the root sends one vector of S; the root receives them."""
    return Claim(
        total=Traffic((n - 1) * vector.filled(1), (n - 1) * vector.bytes),
        steps=min(n - 1, 1),
        sent=lambda rank: _share(n, vector, rank, root, 0, 1),
        received=lambda rank: _share(n, vector, rank, root, n - 1, 0),
        time=time_of_reduce(n, vector),
    )


_SOURCE = "Pjesivac-Grbovic et al., Performance analysis of MPI collective operations, Cluster Computing 2007"
direct_broadcast = Collective(
    "direct_broadcast",
    broadcast,
    build_broadcast,
    claim_broadcast,
    source=_SOURCE,
    ranks=rooted,
    variants=ROOTS,
    segmented_time=time_of_broadcast,
)
direct_reduce = Collective(
    "direct_reduce",
    reduce,
    build_reduce,
    claim_reduce,
    source=_SOURCE,
    ranks=rooted,
    variants=ROOTS,
    segmented_time=time_of_reduce,
)
