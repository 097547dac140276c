"""Binomial scatter and gather: half of a range of chunks is handed over, then half of each half, down to single ones.

Scatter: the root keeps the half that it is in and sends the other to that half's first worker, and so on with what is
left; so does everybody who was sent something. Gather: all of that backwards. Halves are cut at multiples of 2^j (see
:mod:`simcomm.collectives.halves`): every message is one range, whatever the root. For n = 2^k, the time where all
chunks have the same size:

    n−1 messages of S/2, S/4, …, S/n,  k/2·S bytes,  k steps,  k·α + (n−1)/n·S·β

For other n there are ⌊lg n⌋ steps with root 0, and not ⌈lg n⌉: a step is a message that waits for another, and what the
root sends second waits for its port alone. The times are exact for every n, size and root, by recursions: who scatters
a block sends one half after the other, and α after the first byte was sent the next holder is being served; who gathers
one takes the other halves as they come, and sends all of them on when it has the last.
"""

from __future__ import annotations

from simcomm.closed_forms import Claim, Seconds, Vector
from simcomm.collectives.base import Collective
from simcomm.collectives.halves import Halves, levels
from simcomm.collectives.rooted import gather, rooted, scatter
from simcomm.recorder import Recorder
from simcomm.schedule import Schedule


def build_scatter(workers: int, *, root: int = 0) -> Schedule:
    """Binomial scatter: who has a range of chunks sends half of it to a worker of that half, the largest first."""
    record = Recorder(workers, workers)
    for holder, other, end in levels(workers, root):
        record.copy(src=holder, dst=other, chunk=other, count=end - other)
    return record.schedule()


def build_gather(workers: int, *, root: int = 0) -> Schedule:
    """Binomial gather: neighbours put their chunks together, then pairs, then fours, until the root has all."""
    record = Recorder(workers, workers)
    for holder, other, end in reversed(list(levels(workers, root))):
        record.copy(src=other, dst=holder, chunk=other, count=end - other)
    return record.schedule()


def claim_scatter(n: int, vector: Vector, *, root: int = 0) -> Claim:
    """n−1 messages of 2^j·S/n: a worker is sent its largest block, and gives away all of it but its own chunk."""
    tree = Halves(n, root, vector)

    def spread(holder: int, level: int, alpha: Seconds, beta: Seconds) -> Seconds:
        """How long until all have their chunks, once the holder has them all."""
        sent, last = 0 * beta, 0 * alpha
        for block in tree.others(holder, level):
            sent += tree.bytes(*block) * beta
            last = max(last, sent + alpha + spread(*block, alpha, beta)) if tree.bytes(*block) else last
        return last

    return tree.claim(down=True, time=lambda alpha, beta, gamma: spread(root, tree.depth, alpha, beta))


def claim_gather(n: int, vector: Vector, *, root: int = 0) -> Claim:
    """n−1 messages of 2^j·S/n: a worker sends its largest block, all of which but its own chunk it was given."""
    tree = Halves(n, root, vector)

    def collected(holder: int, level: int, alpha: Seconds, beta: Seconds) -> Seconds:
        """When the holder has all chunks of its block."""
        blocks = [block for block in tree.others(holder, level) if tree.bytes(*block)]
        taken = 0 * beta
        for comes, size in sorted((alpha + collected(*block, alpha, beta), tree.bytes(*block)) for block in blocks):
            taken = max(taken, comes) + size * beta
        return taken

    return tree.claim(down=False, time=lambda alpha, beta, gamma: collected(root, tree.depth, alpha, beta))


_THAKUR = "Thakur, Rabenseifner and Gropp, Optimization of collective communication operations in MPICH, IJHPCA 2005"
_ROOTS: tuple[dict[str, int], ...] = ({}, {"root": 1}, {"root": 3})
binomial_scatter = Collective(
    "binomial_scatter",
    scatter,
    build_scatter,
    claim_scatter,
    source=_THAKUR,
    ranks=rooted,
    variants=_ROOTS,
)
binomial_gather = Collective(
    "binomial_gather",
    gather,
    build_gather,
    claim_gather,
    source=_THAKUR,
    ranks=rooted,
    variants=_ROOTS,
)
