"""What a goal demands of every schedule: by its operation's name, or, where vectors stay apart, by asking the goal."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from simcomm.averaging import Averaging
from simcomm.closed_forms import Demand, Vector, demand
from simcomm.goals import Goal, Ints

#: A goal is asked about so many workers, and so many (rank, chunk, vector), at most; of larger ones less is known.
MOST_WORKERS, MOST_QUESTIONS = 1024, 50_000_000


def demand_of(goal: Goal, workers: int, vector: Vector, chunks: int) -> Demand | None:
    """What has to be done for ``goal`` on vectors that are cut into so many ``chunks`` each; None if nobody knows.

    Of vectors that stay apart, whatever a worker needs of another one's must leave that one and enter it. Who averages
    must hear something as large as the vector, however many it hears of.

    >>> from simcomm.goals import ALL_TO_ALL
    >>> demand_of(ALL_TO_ALL, 4, Vector(8, 1), 4) == demand("all_to_all", 4, Vector(8, 1))
    True
    """
    known = demand(goal.operation, workers, vector, goal.root)
    if known is None and isinstance(goal.multiplicity, Averaging):  # all ranks are alike
        heard = np.count_nonzero(goal.multiplicity.kernel)
        each = vector.bytes if heard > 1 else 0
        return Demand(workers * each, each, rounds=(int(heard) - 1).bit_length() if each else 0)
    if known is not None or not goal.apart:
        return known
    if goal.operation == "shift":  # the same for every rank
        came = int(np.count_nonzero(goal.needs(np.array(0), np.array(0), np.arange(1, workers))))
        known = Demand(
            workers * came * vector.bytes, came * vector.bytes, rounds=came.bit_length() if vector.bytes else 0
        )
        chunks = 1
    if workers > MOST_WORKERS or workers * workers * chunks > MOST_QUESTIONS or vector.bytes * workers**2 >= 2**63:
        return known
    between = _between(goal, workers, vector, chunks)
    return replace(known or _of(between), between=between)


def _between(goal: Goal, workers: int, vector: Vector, chunks: int) -> Ints:
    """How many bytes of vector v worker r needs, as [v, r]; nothing of its own has to be sent."""
    size_bytes = np.array([vector.chunk_bytes(chunk, chunks) for chunk in range(chunks)], dtype=np.int64)
    rank, chunk = np.arange(workers)[:, None], np.arange(chunks)
    needed = np.zeros((workers, workers), np.int64)
    for v in range(workers):
        needed[v] = np.where(goal.needs(rank, chunk, np.array(v)), size_bytes, 0).sum(axis=1)
    np.fill_diagonal(needed, 0)
    return needed


def _of(needed: Ints) -> Demand:
    """What the bytes from each to each demand."""
    leaves, enters = needed.sum(axis=1), needed.sum(axis=0)
    busiest = np.maximum(leaves, enters)
    worker, most = int(busiest.min()), int(np.argmax(busiest))
    partners = max(int(np.count_nonzero(needed, axis=axis).max()) for axis in (0, 1))
    known = Demand(int(needed.sum()), worker, rounds=partners.bit_length())
    if busiest[most] == worker:  # no one more than another
        return known
    return replace(known, root=int(busiest[most]), at=most, entering=bool(enters[most] > leaves[most]))
