"""Bruck's all-to-all of blocks: ⌈lg n⌉ steps instead of n − 1, for which most blocks travel several times.

A block that is to go i workers further takes the steps of i's binary digits: in step k every worker r sends to worker
r + 2^k all that it has whose i has bit k. With B = Σ_{i<n} (ones in i), which is n/2·lg n for n = 2^k:

    n·⌈lg n⌉ messages of about S/2,  B·S bytes,  ⌈lg n⌉ steps,  ⌈lg n⌉·α + B·S/n·β  where all blocks have the same size

For short blocks. The blocks of a step have no order in which they are ranges in every step, so a message is packed: it
carries a list of them. Here a block has the place that it ends in; a worker of the paper turns its blocks round in its
memory before the first step and after the last, which takes no time here. Nothing leaves before all of the step before
has come, also where what it carries was there before.
"""

from __future__ import annotations

import numpy as np

from simcomm.arguments import After
from simcomm.closed_forms import Claim, Traffic, Vector
from simcomm.collectives.base import Collective
from simcomm.goals import ALL_TO_ALL
from simcomm.orbit import everyone
from simcomm.recorder import Recorder
from simcomm.schedule import Schedule


def build(workers: int) -> Schedule:
    """Bruck's all-to-all of blocks: in step k a block moves on by 2^k if its way has that binary digit."""
    record = Recorder(workers, chunks=workers**2, vectors=workers)
    rank, way = everyone(workers), np.arange(workers)
    ready: After = None
    for step in range((workers - 1).bit_length()):
        hop = 1 << step
        moved = way[way & hop > 0][:, None]
        done = moved % hop  # how far it has come, and then how far it still has to go
        source, target = (rank - done) % workers, (rank + moved - done) % workers
        sent = record.copy(rank, (rank + hop) % workers, target, vector=source, after=ready, packed=True)
        ready = sent[(rank - hop) % workers]
    return record.schedule()


def claim(n: int, vector: Vector) -> Claim:
    """⌈lg n⌉ messages of about S/2 of each worker; a block that goes i further is in as many of them as i has ones.

    What worker r sends of worker r + o's blocks, o an odd multiple of 2^k, is sent in step k, on every way that has o
    above its last k digits: lowbit(o) of them, or fewer if n ends before. The receiver is 2^k nearer.
    """
    trips = sum(way.bit_count() for way in range(n))
    steps = (n - 1).bit_length()

    def step_of(rank: int, step: int, apart: int) -> Traffic:
        """The message of this step from the worker ``apart`` hops before."""
        hop = 1 << step
        offsets = range(hop, n, 2 * hop)
        blocks = [(min(hop, n - o), vector.chunk_bytes((rank + o - apart * hop) % n, n)) for o in offsets]
        carried = sum(many * size for many, size in blocks)
        return Traffic((carried > 0) * 1, carried)

    def traffic(rank: int, apart: int) -> Traffic:
        return sum((step_of(rank, step, apart) for step in range(steps)), start=Traffic(0, 0))

    def messages() -> int:
        return n * steps if vector.filled(n) == n else sum(traffic(rank, 0).messages for rank in range(n))

    return Claim(
        total=Traffic(messages(), trips * vector.bytes),
        steps=steps,
        sent=lambda rank: traffic(rank, 0),
        received=lambda rank: traffic(rank, 1),
        time=(lambda alpha, beta, gamma: steps * alpha + trips * vector.largest_chunk(n) * beta)
        if vector.is_cut_evenly(n)
        else None,
        chunks_sent=n * trips,
    )


bruck_all_to_all = Collective(
    "bruck_all_to_all",
    ALL_TO_ALL,
    build,
    claim,
    source="Bruck, Ho, Kipnis, Upfal and Weathersby, Efficient algorithms for all-to-all communications in multiport "
    "message-passing systems, TPDS 1997",
)
