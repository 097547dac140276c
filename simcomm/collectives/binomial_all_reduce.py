"""Binomial all-reduce: the sum of all vectors goes up a binomial tree to rank 0, then down to all; for short ones.

    2(n−1) messages of S,  2(n−1)S bytes,  2⌊lg n⌋ steps,  n = 2^k: 2k(α + Sβ) + k·Sγ

The times of the two halves (:mod:`~simcomm.collectives.binomial`) add up for every n: nothing goes down before rank 0
has everything. The literature's 2⌈lg n⌉ counts rounds; the longest chain of messages has 2⌊lg n⌋, the same for n = 2^k.
In segments one goes up while another goes down; then the engine answers alone.
"""

from __future__ import annotations

from simcomm import goals
from simcomm.closed_forms import Claim, Vector
from simcomm.collectives.base import Collective
from simcomm.collectives.binomial import time_of_broadcast, time_of_reduce
from simcomm.collectives.binomial_tree import add_up, claim_of_edges, spread
from simcomm.recorder import Recorder
from simcomm.schedule import Schedule


def build(workers: int) -> Schedule:
    """Binomial all-reduce: the sum goes up a binomial tree and comes back down the same way."""
    tree = Recorder(workers)
    add_up(tree, workers, root=0)
    spread(tree, workers, root=0)
    return tree.schedule()


def claim(n: int, vector: Vector) -> Claim:
    """S once up and once down every edge: nothing goes down before the root has it all."""
    up, down = time_of_reduce(n, vector), time_of_broadcast(n, vector)
    return claim_of_edges(n, vector, 0, down=1, up=1, time=lambda a, b, g: up(a, b, g) + down(a, b, g))


binomial_all_reduce = Collective(
    "binomial_all_reduce",
    goals.ALL_REDUCE,
    build,
    claim,
    source="Thakur, Rabenseifner and Gropp, Optimization of collective communication operations in MPICH, IJHPCA 2005",
)
