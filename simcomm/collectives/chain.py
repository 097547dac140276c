"""Chain: the vector goes from rank to rank, through all of them; cut into segments it is the classic pipeline.

Rank v (counted from the root) talks to v − 1 and v + 1 only. In one piece that is the slowest of all trees:

    n−1 messages of S,  (n−1)S bytes,  n−1 steps,  (n−1)(α + S·β), and for a reduction (n−1)(α + S(β + γ))

In k segments all links of the chain are busy at once. With s the largest segment, ⌈p/k⌉ parameters,

    (n−1)k messages of S/k,  n−1 steps,  (n−1)α + (S + (n−2)·s)·β, and for a reduction the same with β + γ

whatever the segments' sizes: a flow shop of n − 1 machines, on each of which a job takes as long.
With many segments that is Sβ, the least for long vectors, at the price of n − 1 latencies. Published formulas have
(n−2+k)(α + S/k·β), which holds where a port is held during α; here α is on the wire, and more segments cost nothing.
"""

from __future__ import annotations

import numpy as np

from simcomm.closed_forms import Claim, TimeFormula, Traffic, Vector
from simcomm.collectives.base import Collective
from simcomm.collectives.rooted import broadcast, reduce, rooted
from simcomm.recorder import Recorder
from simcomm.schedule import Schedule


def build_broadcast(workers: int, *, root: int = 0) -> Schedule:
    """Chain broadcast: the root's vector goes to the next rank, from that to the next, to the last."""
    chain = Recorder(workers)
    step = np.arange(workers - 1)[:, None]
    chain.copy(src=(root + step) % workers, dst=(root + step + 1) % workers)
    return chain.schedule()


def build_reduce(workers: int, *, root: int = 0) -> Schedule:
    """Chain reduce: a partial sum goes from the last rank to the one before, to the root; every rank adds its own."""
    chain = Recorder(workers)
    step = np.arange(workers - 1, 0, -1)[:, None]
    chain.reduce(src=(root + step) % workers, dst=(root + step - 1) % workers)
    return chain.schedule()


def _claim(n: int, vector: Vector, first: int, last: int, time: TimeFormula) -> Claim:
    """One message over each of n − 1 links; the ``first`` rank receives none, the ``last`` sends none."""
    filled, S = vector.filled(1), vector.bytes
    return Claim(
        total=Traffic((n - 1) * filled, (n - 1) * S),
        steps=n - 1,
        sent=lambda rank: Traffic((rank != last % n) * filled, (rank != last % n) * S),
        received=lambda rank: Traffic((rank != first % n) * filled, (rank != first % n) * S),
        time=time,
    )


def time_of_broadcast(n: int, vector: Vector, segments: int = 1, *, root: int = 0) -> TimeFormula:
    """(n−1)α + (S + (n−2)·s)·β."""
    held = vector.bytes + (n - 2) * vector.largest_chunk(segments)
    return lambda alpha, beta, gamma: (n - 1) * alpha + (held if n > 1 else 0) * beta


def time_of_reduce(n: int, vector: Vector, segments: int = 1, *, root: int = 0) -> TimeFormula:
    """(n−1)α + (S + (n−2)·s)(β + γ): a port that adds is held for so long, and no sender is slower."""
    copied = time_of_broadcast(n, vector, segments)
    return lambda alpha, beta, gamma: copied(alpha, beta + gamma, gamma)


def claim_broadcast(n: int, vector: Vector, *, root: int = 0) -> Claim:
    """All but the last rank send S once, all but the root receive it."""
    return _claim(n, vector, first=root, last=root - 1, time=time_of_broadcast(n, vector))


def claim_reduce(n: int, vector: Vector, *, root: int = 0) -> Claim:
    """All but the root send S once, all but the last rank receive it."""
    return _claim(n, vector, first=root - 1, last=root, time=time_of_reduce(n, vector))


_SOURCE = "Pjesivac-Grbovic et al., Performance analysis of MPI collective operations, Cluster Computing 2007"
chain_broadcast = Collective(
    "chain_broadcast",
    broadcast,
    build_broadcast,
    claim_broadcast,
    source=_SOURCE,
    ranks=rooted,
    variants=({}, {"root": 1, "segments": 8}),
    segmented_time=time_of_broadcast,
)
chain_reduce = Collective(
    "chain_reduce",
    reduce,
    build_reduce,
    claim_reduce,
    source=_SOURCE,
    ranks=rooted,
    variants=({}, {"root": 1, "segments": 8}),
    segmented_time=time_of_reduce,
)
