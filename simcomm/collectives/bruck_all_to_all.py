"""Bruck's all-to-all of blocks: ⌈lg n⌉ steps instead of n − 1, for which most blocks travel several times.

A block that is to go i workers further takes the steps of i's binary digits: in step k every worker r sends to worker
r + 2^k all that it has whose i has bit k. With B = Σ_{i<n} (ones in i), which is n/2·lg n for n = 2^k:

    n·⌈lg n⌉ messages of about S/2,  B·S bytes,  ⌈lg n⌉ steps,  ⌈lg n⌉·α + B·S/n·β  where all blocks have the same size

For short blocks. In a real library the blocks of one step are packed into one message. Messages of simcomm carry one
range of chunks, and no order of the n² blocks makes the blocks of all steps ranges (each has other neighbours in every
step), so here **every block is a message of its own**: n·B of them are counted and not n·⌈lg n⌉. They leave back to
back, and none before all of the step before has come, just as the one message would. Latency being on the wire, they
share one α: bytes, steps and the time above are those of Bruck's algorithm exactly. What is not is what a model charges
for a message: with an overhead o or a gap g in LogGP this schedule pays it once a block.
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
    """Bruck's all-to-all of blocks: in step k a block moves on by 2^k if its way has that binary digit.

    A message is one block; those of one step leave together.
    """
    record = Recorder(workers, chunks=workers**2, vectors=workers)
    rank, way = everyone(workers), np.arange(workers)
    ready: After = None
    for step in range((workers - 1).bit_length()):
        hop = 1 << step
        moved = way[way & hop > 0][:, None]
        done = moved % hop  # how far it has come, and then how far it still has to go
        source, target = (rank - done) % workers, (rank + (moved - done)) % workers
        sent = record.copy(src=rank, dst=(rank + hop) % workers, vector=source, chunk=target, after=ready)
        if 2 * hop < workers:
            ready = record.compute(rank, 0, after=tuple(sent[i][(rank - hop) % workers] for i in range(len(moved))))
    return record.schedule()


def claim(n: int, vector: Vector) -> Claim:
    """n·B messages of S/n: a block that goes i further is sent as often as i has ones.

    What worker r sends of worker r + o's blocks, o an odd multiple of 2^k, is sent in step k, on every way that has o
    above its last k digits: lowbit(o) of them, or fewer if n ends before. The receiver is 2^k nearer.
    """
    trips = sum(way.bit_count() for way in range(n))
    steps = (n - 1).bit_length()
    ways = {offset: min(offset & -offset, n - offset) for offset in range(1, n)}

    def of_blocks(times: dict[int, int], rank: int) -> Traffic:
        blocks = [((rank + offset) % n, many) for offset, many in times.items()]
        return Traffic(
            sum(many * vector.is_filled(block, n) for block, many in blocks),
            sum(many * vector.chunk_bytes(block, n) for block, many in blocks),
        )

    nearer: dict[int, int] = {}
    for offset, many in ways.items():
        left = offset & (offset - 1)
        nearer[left] = nearer.get(left, 0) + many
    return Claim(
        total=Traffic(trips * vector.filled(n), trips * vector.bytes),
        steps=steps,
        sent=lambda rank: of_blocks(ways, rank),
        received=lambda rank: of_blocks(nearer, rank),
        time=(lambda alpha, beta, gamma: steps * alpha + trips * vector.largest_chunk(n) * beta)
        if vector.is_cut_evenly(n)
        else None,
    )


bruck_all_to_all = Collective(
    "bruck_all_to_all",
    ALL_TO_ALL,
    build,
    claim,
    source="Bruck, Ho, Kipnis, Upfal and Weathersby, Efficient algorithms for all-to-all communications in multiport "
    "message-passing systems, TPDS 1997",
)
