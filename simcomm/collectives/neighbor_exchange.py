"""Neighbour exchange all-gather: every worker talks to its two neighbours in turn, in half as many steps as a ring.

Workers 2j and 2j+1 exchange their chunks. From then on these travel in pairs: in every further step a worker exchanges
the pair that it got last (at first its own) with the neighbour of the other side. For even n, the time where all chunks
have the same size:

    n messages of S/n and n(n/2 − 1) of 2S/n,  (n−1)S bytes,  n/2 steps,  n/2·α + (n−1)/n·S·β

A pair never goes past the last chunk: it is one range. For odd n there is always a worker without a neighbour to talk
to: refused.
"""

from __future__ import annotations

import numpy as np

from simcomm.closed_forms import Claim, Traffic, Vector, one_message
from simcomm.collectives.base import Collective
from simcomm.errors import InputError
from simcomm.goals import ALL_GATHER
from simcomm.recorder import Recorder
from simcomm.schedule import Schedule


def ranks(workers: int) -> int:
    """As many as workers, if these are pairs (or one alone)."""
    if workers % 2 and workers > 1:
        raise InputError(f"workers: {workers}; neighbours exchange in pairs, expected an even number")
    return workers


def build(workers: int) -> Schedule:
    """Neighbour exchange all-gather: every worker exchanges two chunks with its left and right neighbour in turn.

    The number of workers must be even.
    """
    n, rank = workers, np.arange(workers)
    record = Recorder(n, n)
    if n == 1:
        return record.schedule()
    record.copy(src=rank, dst=rank ^ 1, chunk=rank)
    held, way = rank // 2, np.where(rank % 2, 1, -1)
    for _ in range(n // 2 - 1):
        neighbour = (rank + way) % n
        record.copy(src=rank, dst=neighbour, chunk=2 * held, count=2)
        held, way = held[neighbour], -way
    return record.schedule()


def claim(n: int, vector: Vector) -> Claim:
    """A worker sends S/n, its own, then 2S/n, every pair but the one that it gets last: that from across the ring."""
    pairs = [one_message(vector, n, first, first + 2) for first in range(0, n - 1, 2)]
    nothing = Traffic(0, 0)
    whole = sum(pairs, start=nothing)

    def but(left_out: Traffic) -> Traffic:
        """All pairs but this one."""
        return Traffic(whole.messages - left_out.messages, whole.bytes - left_out.bytes)

    def sent(rank: int) -> Traffic:
        last = rank // 2 + (-1) ** rank * (len(pairs) // 2)
        return one_message(vector, n, rank, rank + 1) + but(pairs[last % len(pairs)])

    def received(rank: int) -> Traffic:
        return one_message(vector, n, rank ^ 1, (rank ^ 1) + 1) + but(pairs[rank // 2])

    return Claim(
        total=Traffic(vector.filled(n) + (n - 2) * whole.messages, (n - 1) * vector.bytes) if pairs else nothing,
        steps=n // 2,
        sent=sent if pairs else lambda rank: nothing,
        received=received if pairs else lambda rank: nothing,
        time=(lambda alpha, beta, gamma: n // 2 * alpha + (n - 1) * vector.largest_chunk(n) * beta)
        if vector.is_cut_evenly(n)
        else None,
        chunks_sent=n * (n - 1),
    )


neighbor_exchange_all_gather = Collective(
    "neighbor_exchange_all_gather",
    ALL_GATHER,
    build,
    claim,
    source="Chen et al., Performance evaluation of allgather algorithms on terascale Linux cluster "
    "with fast Ethernet, HPC Asia 2005",
    ranks=ranks,
)
