"""Hierarchical ring all-reduce: only the leader of every node talks to other nodes.

n = m nodes of g ranks, rank = node·g + local, local rank 0 leads. Inside every node the gradients are added up along a
chain g−1 → … → 1 → 0; the m leaders do a ring all-reduce; the sum goes back along the chain. With L = ⌈p/m⌉ parameters:

    2m(g−1) messages of S + 2m(m−1) of S/m,  2(n−1)S bytes (the conservation law),  2(g+m−2) steps,
    2(g−1)(α₁ + S·β₁) + 2(m−1)(α₂ + L·β₂)  (+ ((g−1)S + (m−1)L)·γ)

for α₁, β₁ inside a node and α₂, β₂ between nodes. Few messages between nodes, and of g network cards one is used; the
chains carry the whole vector, 2g times as much as rings would, unless it is cut into segments, which follow each other.
The time, for α₁ = α₂ and β₁ = β₂, holds for every n and size. In segments the engine answers alone: those that come up
the chain and those that go round meet at the leaders' ports.
"""

from __future__ import annotations

import numpy as np

from simcomm.closed_forms import Claim, Traffic, Vector
from simcomm.collectives.base import Collective
from simcomm.collectives.factors import Group, divisors, group_of, whole_groups
from simcomm.collectives.ring import claim_all_reduce
from simcomm.goals import ALL_REDUCE
from simcomm.recorder import Recorder
from simcomm.schedule import Schedule


def build(workers: int, *, group: Group = "squarest") -> Schedule:
    """Hierarchical ring all-reduce: a chain to every node's leader, a ring of the leaders, a chain back.

    ``group`` is how many ranks a node has ("squarest": as near to √n as divides n).
    """
    g = group_of(workers, group)
    leaders = np.arange(0, workers, g)
    m = len(leaders)
    record = Recorder(workers, m)
    for local in range(g - 1, 0, -1):
        record.reduce(src=leaders + local, dst=leaders + local - 1, count=m)
    index, step, following = np.arange(m), np.arange(m - 1)[:, None], np.roll(leaders, -1)
    record.reduce(src=leaders, dst=following, chunk=(index - 1 - step) % m)
    record.copy(src=leaders, dst=following, chunk=(index - step) % m)
    for local in range(1, g):
        record.copy(src=leaders + local - 1, dst=leaders + local, count=m)
    return record.schedule()


def claim(n: int, vector: Vector, *, group: Group = "squarest") -> Claim:
    """2m(g−1) messages of S along the chains, there and back, and a ring of m = n/g."""
    g = group_of(n, group)
    m, filled, S, L = n // g, vector.filled(1), vector.bytes, vector.largest_chunk(n // g)
    ring = claim_all_reduce(m, vector)

    def each(rank: int, of_ring: Traffic) -> Traffic:
        """To the rank before it and after it in the chain one vector each, if there is one."""
        in_chain = (rank % g > 0) + (rank % g < g - 1)
        return Traffic(in_chain * filled, in_chain * S) + (Traffic(0, 0) if rank % g else of_ring)

    return Claim(
        total=ring.total + Traffic(2 * m * (g - 1) * filled, 2 * m * (g - 1) * S),
        steps=2 * (g - 1) + ring.steps,
        sent=lambda rank: each(rank, ring.sent(rank // g)),
        received=lambda rank: each(rank, ring.received(rank // g)),
        time=lambda a, b, c: (g - 1) * (2 * (a + S * b) + S * c) + 2 * (m - 1) * (a + L * b) + (m - 1) * L * c,
        chunks_sent=2 * m * m * (g - 1) + 2 * m * (m - 1),
    )


hierarchical_ring_all_reduce = Collective(
    "hierarchical_ring_all_reduce",
    ALL_REDUCE,
    build,
    claim,
    source="Jia et al., Highly scalable deep learning training system with mixed-precision: training ImageNet in four "
    "minutes, 2018",
    ranks=whole_groups,
    tuning=lambda n: {"group": divisors(n)},
)
