"""Broadcast by scatter and all-gather, van de Geijn's: for long vectors.

The vector is cut into n chunks. A binomial tree scatters them from the root (half of them to the rank n/2 further, half
of those on to n/4, …), and a ring all-gather gives all to all. The ring has n(n−1) messages of S/n, the tree n − 1.
For every n, with chunks of the same size:

    n² − 1 messages,  ⌊lg n⌋ + n−1 steps,  (⌊lg n⌋ + n−1)α + 2(n−1)/n·Sβ

so the root's port has 2S to send, not ⌈lg n⌉·S as in a binomial tree. As in MPICH, the ring does not spare those who
have a chunk from the scatter already. For chunks of different sizes, and for segments, the engine answers alone.
"""

from __future__ import annotations

import numpy as np

from simcomm.closed_forms import Claim, Traffic, Vector, chunks_except
from simcomm.collectives.base import Collective
from simcomm.collectives.rooted import ROOTS, broadcast, rooted
from simcomm.recorder import Recorder
from simcomm.schedule import Schedule


def build(workers: int, *, root: int = 0) -> Schedule:
    """Van de Geijn's broadcast: the root scatters chunks down a binomial tree; a ring all-gather brings them together.

    Chunk v is that of the rank v ranks after the root.
    """
    n, record = workers, Recorder(workers, workers)
    for bit in reversed(range((n - 1).bit_length())):
        child = np.arange(1 << bit, n, 2 << bit)
        subtree = np.minimum(1 << bit, n - child)
        record.copy((child - (1 << bit) + root) % n, (child + root) % n, child, count=subtree)
    rank, step = np.arange(n), np.arange(n - 1)[:, None]
    record.copy(src=(rank + root) % n, dst=(rank + 1 + root) % n, chunk=(rank - step) % n)
    return record.schedule()


def chunk_range(vector: Vector, n: int, first: int, behind: int) -> Traffic:
    """One message of chunks ``first`` … ``behind`` − 1, if they hold anything."""
    size_bytes = sum(vector.chunk_bytes(chunk, n) for chunk in range(first, behind))
    return Traffic(int(size_bytes > 0), size_bytes)


def of_subtree(vector: Vector, n: int, v: int) -> Traffic:
    """Between a rank at distance v and its parent; the root has none."""
    return chunk_range(vector, n, v, min(v + (v & -v), n))


def of_children(vector: Vector, n: int, v: int) -> Traffic:
    """Between a rank at distance v and all its children."""
    bits = range(((v & -v) or n).bit_length())
    children = [v + (1 << bit) for bit in bits if not v or 1 << bit < v & -v]
    return sum((of_subtree(vector, n, child) for child in children if child < n), start=Traffic(0, 0))


def tree_of(vector: Vector, n: int) -> tuple[Traffic, int]:
    """All that the tree carries, and how many chunks: one message to everybody but the root, of its whole subtree."""
    messages = [of_subtree(vector, n, v) for v in range(1, n)]
    return sum(messages, start=Traffic(0, 0)), sum(min(v & -v, n - v) for v in range(1, n))


def claim(n: int, vector: Vector, *, root: int = 0) -> Claim:
    """A message for every subtree, then n(n−1) of S/n: rank v sends all chunks but its successor's."""
    tree, carried = tree_of(vector, n)
    lg, c = n.bit_length() - 1, vector.largest_chunk(n)
    steps = lg + n - 1
    return Claim(
        total=tree + Traffic((n - 1) * vector.filled(n), (n - 1) * vector.bytes),
        steps=steps,
        sent=lambda rank: of_children(vector, n, (rank - root) % n) + chunks_except(vector, n, rank - root + 1),
        received=lambda rank: of_subtree(vector, n, (rank - root) % n) + chunks_except(vector, n, rank - root),
        time=(lambda alpha, beta, gamma: steps * alpha + 2 * (n - 1) * c * beta) if vector.is_cut_evenly(n) else None,
        chunks_sent=carried + n * (n - 1),
    )


scatter_all_gather_broadcast = Collective(
    "scatter_all_gather_broadcast",
    broadcast,
    build,
    claim,
    source="Barnett et al., Interprocessor collective communication library (InterCom), SHPCC 1994; Thakur, "
    "Rabenseifner and Gropp, Optimization of collective communication operations in MPICH, IJHPCA 2005",
    ranks=rooted,
    variants=ROOTS,
)
