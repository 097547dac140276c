"""Rabenseifner's all-reduce: a reduce-scatter by recursive halving, then an all-gather by recursive doubling.

Partners exchange halves of what they still work on and each adds up one half: S/2 with the partner at distance 1, S/4
at distance 2, S/8 at distance 4, …, until each has the sum of one chunk of n. Then the same exchanges in reverse order,
of sums, without adding. As few bytes as a ring, in 2 lg n steps. For n = 2^k and chunks of the same size:

    2n·k messages,  2(n−1)S bytes,  2k steps,  2kα + 2(n−1)/n·S·β + (n−1)/n·S·γ

For other n, n′ = 2^⌊lg n⌋ and r = n − n′: the even ones of the first 2r workers give their gradients to their
neighbours before and get the sum from them after. That makes 2n′ lg n′ + 2r messages, again 2(n−1)S bytes, and at least

    (2 lg n′ + 2)α + (2(n′−1)/n′ + 2)Sβ + (1 + (n′−1)/n′)Sγ

which is exact if of the first partners one always stands in, r ≥ n′ − d for partners at distance d: after that exchange
nobody is more than α behind anybody else, so that no message comes before its receiver has what it had to wait for
until then, and so it stays. Else a worker that stands nobody in sends early, and what comes early can be in the way of
what is waited for. Segments follow each other in step for n = 2^k (:mod:`simcomm.collectives.lockstep`). For all else,
and for chunks of different sizes, the engine answers alone.

``farthest_first`` takes the partners at distance n′/2, …, 2, 1, as a textbook's recursive halving does. The default
is Rabenseifner's own order, and MPICH's: the large messages go to the near partners, so that on a ring, in a tree or
between machines the long ways and the few links between groups carry the small ones.
"""

from __future__ import annotations

import numpy as np

from simcomm.closed_forms import Claim, TimeFormula, Traffic, Vector
from simcomm.collectives.base import Collective
from simcomm.collectives.halves import exchanged
from simcomm.collectives.lockstep import Rounds, lockstep
from simcomm.collectives.recursive_doubling import folded
from simcomm.goals import ALL_REDUCE
from simcomm.recorder import Recorder
from simcomm.schedule import Schedule


def build(workers: int, *, farthest_first: bool = False) -> Schedule:
    """Rabenseifner's all-reduce: halves are exchanged and added up, then the sums exchanged the same ways back.

    ``farthest_first``: the halves of the vector go to the partner at the largest distance, not to the next worker.
    """
    lg, extra, core = folded(workers)
    chunks, index = 2**lg, np.arange(2**lg)
    record = Recorder(workers, chunks)
    record.reduce(src=core[:extra] - 1, dst=core[:extra], count=chunks)
    exchanges = []
    first = np.zeros(chunks, dtype=np.int64)
    for step in range(lg):
        bit, half = (lg - 1 - step if farthest_first else step), chunks >> (step + 1)
        upper = index >> bit & 1
        kept, given = first + half * upper, first + half * (1 - upper)
        record.reduce(src=core, dst=core[index ^ (1 << bit)], chunk=given, count=half)
        exchanges.append((core[index ^ (1 << bit)], kept, half))
        first = kept
    for partner, kept, half in reversed(exchanges):
        record.copy(src=core, dst=partner, chunk=kept, count=half)
    record.copy(src=core[:extra], dst=core[:extra] - 1, count=chunks)
    return record.schedule()


def claim(n: int, vector: Vector, *, farthest_first: bool = False) -> Claim:
    """2n′ lg n′ + 2r messages, 2(n−1)S bytes: of every exchange a worker sends one half first and the other at last."""
    lg = n.bit_length() - 1
    extra = n - 2**lg
    messages = sum(2 ** (lg - step) * vector.filled(2**step) for step in range(1, lg + 1)) + extra * vector.filled(1)

    def share(rank: int) -> Traffic:
        stands_back = rank < 2 * extra and rank % 2 == 0
        core = rank // 2 if rank < 2 * extra else rank - extra
        halves = [] if stands_back else [*exchanged(core, lg, farthest_first)]
        pieces = [*halves, (0, 1)] if rank < 2 * extra else halves
        return sum((Traffic(int(vector.is_filled(*p)), vector.chunk_bytes(*p)) for p in pieces), start=Traffic(0, 0))

    return Claim(
        total=Traffic(2 * messages, 2 * (n - 1) * vector.bytes),
        steps=2 * lg + 2 * (extra > 0),
        sent=share,
        received=share,
        time=segmented_time(n, vector, 1, farthest_first=farthest_first),
        chunks_sent=2 * (n - 1) * 2**lg,
    )


def segmented_time(n: int, vector: Vector, segments: int, *, farthest_first: bool = False) -> TimeFormula | None:
    """S/2, S/4, … there and back, and S before and behind if any worker stands back."""
    lg = n.bit_length() - 1
    extra, first_hop = n - 2**lg, 2**lg // 2 if farthest_first else 1
    if not vector.is_cut_evenly(2**lg * segments) or (extra and (segments > 1 or extra < 2**lg - first_hop)):
        return None
    sizes = [(1, vector.largest_chunk(segments << step), vector.largest_chunk(1 << step)) for step in range(1, lg + 1)]
    exchanges = lockstep([*(Rounds(*each, adds=True) for each in sizes), *(Rounds(*each) for each in reversed(sizes))])
    if not extra:
        return exchanges
    return lambda alpha, beta, gamma: 2 * alpha + vector.bytes * (2 * beta + gamma) + exchanges(alpha, beta, gamma)


rabenseifner = Collective(
    "rabenseifner",
    ALL_REDUCE,
    build,
    claim,
    source="Rabenseifner, Optimization of collective reduction operations, ICCS 2004; Thakur, Rabenseifner and Gropp, "
    "Optimization of collective communication operations in MPICH, IJHPCA 2005",
    variants=({}, {"farthest_first": True}),
    segmented_time=segmented_time,
)
