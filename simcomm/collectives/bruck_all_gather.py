"""Bruck's all-gather: ⌈lg n⌉ steps for every n.

In step i worker r sends the first min(2^i, n − 2^i) chunks that it has, those from r on, to worker r − 2^i, until
everybody has all n:

    n·⌈lg n⌉ messages,  (n−1)S bytes,  ⌈lg n⌉ steps,  ⌈lg n⌉·α + (n−1)/n·S·β  where all chunks have the same size

A worker of the paper keeps its own chunk first and turns the vector round in its memory at the end. Here chunks have
the places that they end in, so a range that goes past chunk n − 1 goes on at chunk 0: it is two messages, the second
right behind the first. They leave together, when all of the step before has come: latencies, bytes and the time are
those of one message. The n−1 chunks that a worker is sent make n − 1 − ⌈lg n⌉ further messages in all.
"""

from __future__ import annotations

import numpy as np

from simcomm.arguments import After
from simcomm.closed_forms import Claim, Traffic, Vector, one_message
from simcomm.collectives.base import Collective
from simcomm.goals import ALL_GATHER
from simcomm.recorder import Recorder
from simcomm.schedule import Schedule


def build(workers: int) -> Schedule:
    """Bruck's all-gather: in step i every worker sends up to 2^i chunks to the worker 2^i before it."""
    n, rank = workers, np.arange(workers)
    record = Recorder(n, n)
    ready: After = None
    for step in range((n - 1).bit_length()):
        hop = 1 << step
        width = min(hop, n - hop)
        wraps = np.flatnonzero(rank + width > n)
        src = np.concatenate([rank, wraps])
        first = np.concatenate([rank, np.zeros_like(wraps)])
        count = np.concatenate([np.minimum(width, n - rank), wraps + width - n])
        waits = None if ready is None else np.asarray(ready)[src]
        sent = record.copy(src=src, dst=(src - hop) % n, chunk=first, count=count, after=waits)
        further = np.full(n, -1)
        further[wraps] = sent[n:]
        sender = (rank + hop) % n
        if step + 1 < (n - 1).bit_length():
            ready = record.compute(rank, seconds=0, after=(sent[sender], further[sender]))
    return record.schedule()


def _ranges(n: int, sender: int, hop: int) -> list[tuple[int, int]]:
    """What a worker sends over so many workers: chunks from … to …, in one piece or two."""
    end = sender + min(hop, n - hop)
    return [(sender, min(end, n)), (0, end - n)] if end > n else [(sender, end)]


def _messages(n: int, elements: int, width: int) -> int:
    """How many ranges of ``width`` chunks, begun at each of n and cut at the last, hold anything.

    Chunks that hold something are ⌊n/E⌋ or ⌈n/E⌉ apart, the last of all among them: a range that fits between two
    of them is empty, and so is one before the first.
    """
    apart, longer = divmod(n, elements)
    empty = longer * max(0, apart - width + 1) + (elements - longer) * max(0, apart - width)
    return n - empty + max(0, width + n // -elements)


def claim(n: int, vector: Vector) -> Claim:
    """n ranges of 2^i·S/n in step i of ⌈lg n⌉, some in two pieces; a worker sends and receives n − 1 chunks in them."""
    hops = [1 << step for step in range((n - 1).bit_length())]
    elements = vector.elements

    def traffic(rank: int, apart: int) -> Traffic:
        """Sent by the worker that stands ``apart`` hops after this one."""
        pieces = (piece for hop in hops for piece in _ranges(n, (rank + apart * hop) % n, hop))
        return sum((one_message(vector, n, *piece) for piece in pieces), start=Traffic(0, 0))

    return Claim(
        total=Traffic(sum(_messages(n, elements, min(h, n - h)) for h in hops if elements), (n - 1) * vector.bytes),
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
    segmentable=False,
)
