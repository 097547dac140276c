"""Recursive doubling all-gather: partners at distance 1, 2, 4, … exchange all that they have.

After the exchange with rank XOR 2^i a worker has the 2^(i+1) chunks of its neighbours, a contiguous range. For n = 2^k,
the time where all chunks have the same size:

    n·k messages of S/n, 2S/n, …, S/2,  (n−1)S bytes,  k steps,  k·α + (n−1)/n·S·β

Other n are refused: a worker without a partner would leave holes in the ranges, and to fill them costs up to k steps
more. MPICH takes Bruck's algorithm there, which needs ⌈lg n⌉ steps for any n.
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
    """As many as workers, if these are a power of two."""
    if workers & (workers - 1):
        raise InputError(
            f"workers: {workers}; the partner of a rank is rank XOR 2^i, expected a power of two (bruck_all_gather "
            "takes any number)"
        )
    return workers


def build(workers: int) -> Schedule:
    """Recursive doubling all-gather: all that two partners have is exchanged, at distance 1, 2, 4, ….

    The number of workers must be a power of two.
    """
    record, rank = Recorder(workers, workers), np.arange(workers)
    for bit in range(workers.bit_length() - 1):
        record.copy(src=rank, dst=rank ^ (1 << bit), chunk=rank >> bit << bit, count=1 << bit)
    return record.schedule()


def claim(n: int, vector: Vector) -> Claim:
    """n messages of 2^i·S/n in step i of k: as many chunks as a worker has for as many of its partner."""
    lg = n.bit_length() - 1

    def block(number: int, bit: int) -> Traffic:
        """The chunks of 2^bit neighbours."""
        return one_message(vector, n, number << bit, (number + 1) << bit)

    def exchanged(rank: int, sends: bool) -> Traffic:
        """Of every exchange the one range or the other."""
        return sum((block(rank >> bit ^ (not sends), bit) for bit in range(lg)), start=Traffic(0, 0))

    def messages(bit: int) -> int:
        """Each block is sent by all 2^bit workers that have it."""
        return sum(block(number, bit).messages for number in range(n >> bit)) << bit

    return Claim(
        total=Traffic(sum(map(messages, range(lg))), (n - 1) * vector.bytes),
        steps=lg,
        sent=lambda rank: exchanged(rank, sends=True),
        received=lambda rank: exchanged(rank, sends=False),
        time=(lambda alpha, beta, gamma: lg * alpha + (n - 1) * vector.largest_chunk(n) * beta)
        if vector.is_cut_evenly(n)
        else None,
        chunks_sent=n * (n - 1),
    )


recursive_doubling_all_gather = Collective(
    "recursive_doubling_all_gather",
    ALL_GATHER,
    build,
    claim,
    source="Thakur, Rabenseifner and Gropp, Optimization of collective communication operations in MPICH, IJHPCA 2005",
    ranks=ranks,
)
