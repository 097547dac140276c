"""Binomial gather: two neighbours put their chunks together, then two pairs, four and four, until the root has all.

The binomial scatter backwards: whoever has all chunks of its block sends them to the holder of the block that it is
half of (see :mod:`simcomm.collectives.halves`). Every message is one range, whatever the root. For n = 2^k, the time
where all chunks have the same size:

    n−1 messages of S/n, …, S/4, S/2,  k/2·S bytes,  k steps,  k·α + (n−1)/n·S·β

As in the scatter there are ⌊lg n⌋ steps to root 0 for other n, and the time is exact for every n, size and root by a
recursion: a holder's port takes the other halves as they come, and it sends all of them on when it has the last.
"""

from __future__ import annotations

from simcomm.closed_forms import Claim, Seconds, Vector
from simcomm.collectives.base import Collective
from simcomm.collectives.direct_rooted import goal_of_gather, ranks
from simcomm.collectives.halves import Halves, levels
from simcomm.recorder import Recorder
from simcomm.schedule import Schedule


def build(workers: int, *, root: int = 0) -> Schedule:
    """Binomial gather: neighbours put their chunks together, then pairs, then fours, until the root has all."""
    record = Recorder(workers, workers)
    for holder, other, end in reversed(list(levels(workers, root))):
        record.copy(src=other, dst=holder, chunk=other, count=end - other)
    return record.schedule()


def claim(n: int, vector: Vector, *, root: int = 0) -> Claim:
    """n−1 messages of 2^j·S/n: a worker sends its largest block, all of which but its own chunk it was given."""
    tree = Halves(n, root, vector)

    def collected(holder: int, level: int, alpha: Seconds, beta: Seconds) -> Seconds:
        """When the holder has all chunks of its block."""
        blocks = [block for block in tree.others(holder, level) if tree.bytes(*block)]
        taken = 0 * beta
        for comes, size in sorted((alpha + collected(*block, alpha, beta), tree.bytes(*block)) for block in blocks):
            taken = max(taken, comes) + size * beta
        return taken

    return Claim(
        total=tree.total,
        steps=tree.steps,
        sent=tree.own,
        received=tree.given,
        time=lambda alpha, beta, gamma: collected(root, tree.depth, alpha, beta),
        chunks_sent=tree.chunks,
    )


binomial_gather = Collective(
    "binomial_gather",
    goal_of_gather,
    build,
    claim,
    source="Thakur, Rabenseifner and Gropp, Optimization of collective communication operations in MPICH, IJHPCA 2005",
    ranks=ranks,
    variants=({}, {"root": 1}, {"root": 3}),
)
