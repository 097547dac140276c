"""Bruck's all-gather: ⌈lg n⌉ steps for every n.

In step i worker r sends the first min(2^i, n − 2^i) chunks that it has, those from r on, to worker r − 2^i, until
everybody has all n:

    n·⌈lg n⌉ messages,  (n−1)S bytes,  ⌈lg n⌉ steps,  ⌈lg n⌉·α + (n−1)/n·S·β  where all chunks have the same size

A worker of the paper keeps its own chunk first and turns the vector round in its memory at the end. Here chunks have
the places that they end in, so a range that goes past chunk n − 1 goes on at chunk 0: such a message is packed. It
leaves when all of the step before has come, also if what it carries was there before.
"""

from __future__ import annotations

import numpy as np

from simcomm.arguments import After
from simcomm.closed_forms import Claim, Traffic, Vector
from simcomm.collectives.base import Collective
from simcomm.goals import ALL_GATHER
from simcomm.orbit import everyone
from simcomm.recorder import Recorder
from simcomm.schedule import Schedule


def build(workers: int) -> Schedule:
    """Bruck's all-gather: in step i every worker sends up to 2^i chunks to the worker 2^i before it."""
    n, rank = workers, everyone(workers)
    record = Recorder(n, n)
    ready: After = None
    for step in range((n - 1).bit_length()):
        hop = 1 << step
        chunks = (rank + np.arange(min(hop, n - hop))[:, None]) % n
        sent = record.copy(src=rank, dst=(rank - hop) % n, chunk=chunks, after=ready, packed=True)
        ready = sent[(rank + hop) % n]
    return record.schedule()


def claim(n: int, vector: Vector) -> Claim:
    """A message of 2^i·S/n in step i of ⌈lg n⌉; a worker sends and receives n − 1 chunks in them."""
    hops = [1 << step for step in range((n - 1).bit_length())]

    def one(sender: int, hop: int) -> Traffic:
        """What a worker sends over so many workers: one range, or its rest at the front."""
        end = sender + min(hop, n - hop)
        carried = vector.range_bytes(sender, min(end, n), n) + vector.range_bytes(0, max(end - n, 0), n)
        return Traffic((carried > 0) * 1, carried)

    def traffic(rank: int, apart: int) -> Traffic:
        """Sent by the worker that stands ``apart`` hops after this one."""
        return sum((one((rank + apart * hop) % n, hop) for hop in hops), start=Traffic(0, 0))

    def messages() -> int:
        return n * len(hops) if vector.filled(n) == n else sum(traffic(rank, 0).messages for rank in range(n))

    return Claim(
        total=Traffic(messages(), (n - 1) * vector.bytes),
        steps=len(hops),
        sent=lambda rank: traffic(rank, 0),
        received=lambda rank: traffic(rank, 1),
        time=(lambda alpha, beta, gamma: len(hops) * alpha + (n - 1) * vector.largest_chunk(n) * beta)
        if vector.is_cut_evenly(n)
        else None,
        chunks_sent=n * (n - 1),
    )


bruck_all_gather = Collective(
    "bruck_all_gather",
    ALL_GATHER,
    build,
    claim,
    source="Bruck, Ho, Kipnis, Upfal and Weathersby, Efficient algorithms for all-to-all communications in multiport "
    "message-passing systems, TPDS 1997",
)
