"""Recursive doubling all-reduce: whole gradients are exchanged with partners that are twice as far every time.

After the exchange with partner r XOR 2^i a worker has the sum of 2^(i+1) gradients. For n = 2^k:

    n·k messages of S,  n·k·S bytes,  k steps,  k(α + S·(β + γ))

Few latencies, many bytes: for short vectors. For other n, n′ = 2^⌊lg n⌋ and r = n − n′: the even ones of the first 2r
workers give their gradients to their neighbours before and get the sum from them after, which is 2r messages more. It
is not always two steps more, as the literature counts, since workers that stand nobody in send early; exactly it is

    k = ⌊lg n⌋:  max(k + 1, ⌈lg r⌉ + 2) steps,  (k+1)·S·(β + γ) + max((k+1)·α, (⌈lg r⌉ + 2)·α + S·β)

The port of a stand-in takes k + 1 messages, then it sends one: with r > n′/2, (k + 2)(α + S·β) + (k + 1)·S·γ in all.
Segments, of whatever size, follow each other in step for n = 2^k (:mod:`simcomm.collectives.lockstep`); for other n the
engine answers alone.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from simcomm.closed_forms import Claim, TimeFormula, Traffic, Vector
from simcomm.collectives.base import Collective
from simcomm.collectives.lockstep import blocks_in_step
from simcomm.goals import ALL_REDUCE
from simcomm.orbit import everyone
from simcomm.recorder import Recorder
from simcomm.schedule import Ints, Schedule


def folded(n: int) -> tuple[int, int, Ints]:
    """⌊lg n⌋, r, and the n′ workers that remain when the even ones of the first 2r stand back, the stand-ins first.

    >>> folded(6)
    (2, 2, array([1, 3, 4, 5]))
    """
    lg = n.bit_length() - 1
    extra = n - 2**lg
    return lg, extra, np.concatenate([np.arange(1, 2 * extra, 2), np.arange(2 * extra, n)])


def double(record: Recorder, ranks: Ints, chunk: Ints) -> None:
    """The ranks of every column of ``ranks`` exchange their chunk: recursive doubling in all columns at once."""
    lg, extra, core = folded(len(ranks))

    def send(how: Callable[..., object], src: Ints, dst: Ints) -> None:
        how(src=ranks[src].ravel(), dst=ranks[dst].ravel(), chunk=np.tile(chunk, len(src)))

    send(record.reduce, core[:extra] - 1, core[:extra])
    for bit in range(lg):
        send(record.reduce, core, core[np.arange(len(core)) ^ (1 << bit)])
    send(record.copy, core[:extra], core[:extra] - 1)


def build(workers: int) -> Schedule:
    """Recursive doubling all-reduce: whole gradients are exchanged with partners at distance 1, 2, 4, ….

    Of n that is no power of two, the first workers stand back in pairs.
    """
    record = Recorder(workers)
    lg = workers.bit_length() - 1
    if workers == 2**lg:
        rank = everyone(workers)
        record.reduce(src=rank, dst=rank ^ (1 << np.arange(lg)[:, None]))
        return record.schedule()
    double(record, np.arange(workers)[:, None], np.zeros(1, np.int64))
    return record.schedule()


def claim(n: int, vector: Vector) -> Claim:
    """n′ lg n′ + 2r messages of S: every worker sends as many as it receives."""
    lg, extra = n.bit_length() - 1, n - 2 ** (n.bit_length() - 1)
    filled, S = vector.filled(1), vector.bytes
    messages = 2**lg * lg + 2 * extra
    to_and_fro = (extra - 1).bit_length() + 2  # the longest chain from one of a pair through the others and back

    def share(rank: int) -> Traffic:
        in_pair = (rank < 2 * extra) * 1
        exchanges = in_pair + lg * (1 - in_pair * (rank % 2 == 0))
        return Traffic(exchanges * filled, exchanges * S)

    return Claim(
        total=Traffic(messages * filled, messages * S),
        steps=max(lg + 1, to_and_fro) if extra else lg,
        sent=share,
        received=share,
        time=(lambda a, b, g: (lg + 1) * S * (b + g) + max((lg + 1) * a, to_and_fro * a + S * b))
        if extra
        else (lambda a, b, g: lg * (a + S * (b + g))),
    )


def segmented_time(n: int, vector: Vector, segments: int) -> TimeFormula | None:
    """lg n rounds in step, if nobody stands back."""
    return None if n & (n - 1) else blocks_in_step(vector, 1, segments, n.bit_length() - 1, adds=True)


recursive_doubling = Collective(
    "recursive_doubling",
    ALL_REDUCE,
    build,
    claim,
    segmented_time=segmented_time,
    source="Thakur, Rabenseifner and Gropp, Optimization of collective communication operations in MPICH, IJHPCA 2005",
)
