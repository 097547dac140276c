"""Recursive halving reduce-scatter: lg n exchanges of halves with partners at distance n/2, n/4, …, 1.

Of what both still work on, each gives one half and adds up the other, until worker r has the sum of chunk r. For
n = 2^k, the time where all chunks have the same size:

    n·k messages of S/2, S/4, …, S/n,  (n−1)S bytes,  k steps,  k·α + (n−1)/n·S·(β + γ)

For other n the workers fold as MPICH's do: n′ = 2^⌊lg n⌋, r = n − n′. The even ones of the first 2r send their whole
gradient to the next worker, which works on the chunks of both from then on and gives one back at the end:

    n′·k + 2r messages,  (n−1)S bytes and the chunks 0, 2, …, 2r−2 once more,  max(k + 1, ⌈lg r⌉ + 2) steps

Chunks stay in their order, so every message is one contiguous range. With chunks of one size b = S/n and r > n′/4
worker 1's port takes S and then what its exchanges leave it, which is most since it works on two chunks; besides the
latency of every step that is (found by runs of up to 1000 workers; the tests hold it to that)

    (n + 3n′/2 − 2 + min(n′/2, r))·b·(β + γ) + b·β

With fewer folded workers no formula holds, nor where chunks differ in size: workers that stand in for nobody send
early, and what is early is in the way of what is awaited.
"""

from __future__ import annotations

import numpy as np

from simcomm.closed_forms import Claim, Traffic, Vector, one_message
from simcomm.collectives.base import Collective
from simcomm.collectives.recursive_doubling import folded
from simcomm.goals import REDUCE_SCATTER
from simcomm.recorder import Recorder
from simcomm.schedule import Schedule


def build(workers: int) -> Schedule:
    """Recursive halving reduce-scatter: halves are exchanged with partners at distance n/2, n/4, …, and added up."""
    lg, extra, core = folded(workers)
    index = np.arange(2**lg)
    first_chunk = np.minimum(np.arange(2**lg + 1), extra) + np.arange(2**lg + 1)
    record = Recorder(workers, workers)
    record.reduce(src=core[:extra] - 1, dst=core[:extra], count=workers)
    for bit in reversed(range(lg)):
        given = (index >> bit ^ 1) << bit
        chunk, end = first_chunk[given], first_chunk[given + (1 << bit)]
        record.reduce(src=core, dst=core[index ^ (1 << bit)], chunk=chunk, count=end - chunk)
    record.copy(src=core[:extra], dst=core[:extra] - 1, chunk=core[:extra] - 1)
    return record.schedule()


def claim(n: int, vector: Vector) -> Claim:
    """A worker sends S/2, S/4, …: its partner's half of what both have; of two that are folded, one sends S first."""
    lg = n.bit_length() - 1
    extra = n - 2**lg
    whole = one_message(vector, n, 0, n)

    def half(block: int, bit: int) -> Traffic:
        """The chunks that 2^bit neighbours of the n′ end with, of which the first ``extra`` have two."""
        ends = (block << bit, (block + 1) << bit)
        return one_message(vector, n, *(index + min(index, extra) for index in ends))

    def traffic(rank: int, sends: bool) -> Traffic:
        folds = rank < 2 * extra
        chunk = one_message(vector, n, rank // 2 * 2, rank // 2 * 2 + 1)
        if folds and rank % 2 == 0:
            return whole if sends else chunk
        core = rank // 2 if folds else rank - extra
        halves = sum((half(core >> bit ^ sends, bit) for bit in range(lg)), start=Traffic(0, 0))
        return halves + (chunk if sends else whole) if folds else halves

    steps = max(lg + 1, (extra - 1).bit_length() + 2) if extra else lg
    taken = n + 3 * 2**lg // 2 - 2 + min(2**lg // 2, extra) if extra else n - 1
    returned = sum((one_message(vector, n, 2 * i, 2 * i + 1) for i in range(extra)), start=Traffic(0, 0))
    exchanged = sum(half(block, bit).messages << bit for bit in range(lg) for block in range(2 ** (lg - bit)))
    return Claim(
        total=Traffic(extra * whole.messages + exchanged, (n - 1) * vector.bytes) + returned,
        steps=steps,
        sent=lambda rank: traffic(rank, sends=True),
        received=lambda rank: traffic(rank, sends=False),
        time=(lambda a, b, g: steps * a + vector.largest_chunk(n) * (taken * (b + g) + min(extra, 1) * b))
        if (not extra or 4 * extra > 2**lg) and vector.is_cut_evenly(n)
        else None,
        chunks_sent=(n - 1) * n + extra,
    )


recursive_halving_reduce_scatter = Collective(
    "recursive_halving_reduce_scatter",
    REDUCE_SCATTER,
    build,
    claim,
    source="Thakur, Rabenseifner and Gropp, Optimization of collective communication operations in MPICH, IJHPCA 2005",
)
