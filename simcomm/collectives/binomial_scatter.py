"""Binomial scatter: who has a range of chunks sends half of it to a worker of that half, until each has its own.

The root keeps the half that it is in and sends the other to that half's first worker, and so on with what is left; so
does everybody who was sent something. Halves are cut at multiples of 2^j (see :mod:`simcomm.collectives.halves`): every
message is one range, whatever the root. For n = 2^k, the time where all chunks have the same size:

    n−1 messages of S/2, S/4, …, S/n,  k/2·S bytes,  k steps,  k·α + (n−1)/n·S·β

For other n there are ⌊lg n⌋ steps from root 0, and not ⌈lg n⌉: a step is a message that waits for another, and what the
root sends second waits for its port alone. The time is exact for every n, size and root, by a recursion: whoever has a
block sends one half after the other, and α after the first byte was sent the next holder is being served.
"""

from __future__ import annotations

from simcomm.closed_forms import Claim, Seconds, Vector
from simcomm.collectives.base import Collective
from simcomm.collectives.direct_rooted import goal_of_scatter, ranks
from simcomm.collectives.halves import Halves, levels
from simcomm.recorder import Recorder
from simcomm.schedule import Schedule


def build(workers: int, *, root: int = 0) -> Schedule:
    """Binomial scatter: who has a range of chunks sends half of it to a worker of that half, the largest first."""
    record = Recorder(workers, workers)
    for holder, other, end in levels(workers, root):
        record.copy(src=holder, dst=other, chunk=other, count=end - other)
    return record.schedule()


def claim(n: int, vector: Vector, *, root: int = 0) -> Claim:
    """n−1 messages of 2^j·S/n: a worker is sent its largest block, and gives away all of it but its own chunk."""
    tree = Halves(n, root, vector)

    def spread(holder: int, level: int, alpha: Seconds, beta: Seconds) -> Seconds:
        """How long until all have their chunks, once the holder has them all."""
        sent, last = 0 * beta, 0 * alpha
        for block in tree.others(holder, level):
            sent += tree.bytes(*block) * beta
            last = max(last, sent + alpha + spread(*block, alpha, beta)) if tree.bytes(*block) else last
        return last

    return Claim(
        total=tree.total,
        steps=tree.steps,
        sent=tree.given,
        received=tree.own,
        time=lambda alpha, beta, gamma: spread(root, tree.depth, alpha, beta),
        chunks_sent=tree.chunks,
    )


binomial_scatter = Collective(
    "binomial_scatter",
    goal_of_scatter,
    build,
    claim,
    source="Thakur, Rabenseifner and Gropp, Optimization of collective communication operations in MPICH, IJHPCA 2005",
    ranks=ranks,
    variants=({}, {"root": 1}, {"root": 3}),
)
