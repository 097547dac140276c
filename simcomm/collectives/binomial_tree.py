"""The binomial tree: rank v from the root on is the parent of v + 1, v + 2, v + 4, … up to its own lowest bit."""

from __future__ import annotations

import numpy as np

from simcomm.closed_forms import Claim, TimeFormula, Traffic, Vector
from simcomm.recorder import Recorder


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
