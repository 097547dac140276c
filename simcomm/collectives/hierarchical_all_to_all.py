"""Hierarchical all-to-all of blocks: first within every node, then between the workers of one number on all nodes.

With ``group`` = g workers on each of m = n/g nodes, worker r is number r mod g on node ⌊r/g⌋. Within its node it gives
number l all its blocks for the numbers l of all nodes; then it sends, to its own number on every other node, what the
whole node has for that worker. Between nodes a worker talks to m − 1 others and not to n − g; on a rail-optimised
network no message leaves its rail. A block crosses the network up to twice:

    n(g−1) messages of S/g, then n(m−1) of g·S/n,  (2n − g − m)·S bytes,  2 steps
    2α + (2n − g − m)·S/n·β  where all blocks have the same size (one step and its α less if g or m is 1)

The blocks of one of those messages are every g-th of a vector, or of several vectors: it is packed. Those of the second
step leave when all of the first has come.
"""

from __future__ import annotations

import numpy as np

from simcomm.arguments import After
from simcomm.closed_forms import Claim, Traffic, Vector
from simcomm.collectives.base import Collective
from simcomm.collectives.factors import Group, divisors, group_of, whole_groups
from simcomm.goals import ALL_TO_ALL
from simcomm.recorder import Recorder
from simcomm.schedule import Schedule


def build(workers: int, *, group: Group = "squarest") -> Schedule:
    """Hierarchical all-to-all of blocks: an exchange within every node, then one between nodes.

    ``group`` workers are a node ("squarest": as near to √n as divides n).
    """
    n, g = workers, group_of(workers, group)
    rank, m = np.arange(n), n // g
    node, number = np.divmod(rank, g)
    record = Recorder(n, chunks=n * n, vectors=n)
    ready: After = None
    came = []
    for shift in range(1, g):
        to, back = ((number + way) % g for way in (shift, -shift))
        of_nodes = np.arange(m)[:, None] * g + to
        sent = record.copy(src=rank, dst=node * g + to, vector=rank, chunk=of_nodes, packed=True)
        came.append(sent[node * g + back])
    if came and m > 1:
        ready = record.compute(rank, seconds=0, after=tuple(came))
    for shift in range(1, m):
        there = (node + shift) % m * g + number
        everyone = node * g + np.arange(g)[:, None]
        record.copy(src=rank, dst=there, vector=everyone, chunk=there, after=ready, packed=True)
    return record.schedule()


def claim(n: int, vector: Vector, *, group: Group = "squarest") -> Claim:
    """S/n is sent to d by every worker of another number, g times that by each of its number on another node."""
    g = group_of(n, group)
    m = n // g
    trips, steps = 2 * n - g - m, (g > 1) + (m > 1)

    def within(number: int) -> Traffic:
        """What a worker has for all of one number."""
        carried = sum(vector.chunk_bytes(d, n) for d in range(number, n, g))
        return Traffic((carried > 0) * 1, carried)

    def between(rank: int) -> Traffic:
        """What a node has for one worker."""
        return Traffic(vector.is_filled(rank, n) * 1, g * vector.chunk_bytes(rank, n))

    def sent(rank: int) -> Traffic:
        others = [within(number) for number in range(g) if number != rank % g]
        return sum(others + [between(d) for d in range(rank % g, n, g) if d != rank], start=Traffic(0, 0))

    def received(rank: int) -> Traffic:
        return sum([within(rank % g)] * (g - 1) + [between(rank)] * (m - 1), start=Traffic(0, 0))

    messages = m * (g - 1) * sum(within(number).messages for number in range(g)) + (m - 1) * vector.filled(n)
    return Claim(
        total=Traffic(messages, trips * vector.bytes),
        steps=steps,
        sent=sent,
        received=received,
        time=(lambda alpha, beta, gamma: steps * alpha + trips * vector.largest_chunk(n) * beta)
        if vector.is_cut_evenly(n)
        else None,
        chunks_sent=n * trips,
    )


hierarchical_all_to_all = Collective(
    "hierarchical_all_to_all",
    ALL_TO_ALL,
    build,
    claim,
    source="Rajbhandari et al., DeepSpeed-MoE, ICML 2022; Hwang et al., Tutel: adaptive mixture-of-experts at scale, "
    "MLSys 2023",
    ranks=whole_groups,
    variants=({}, {"group": 2}, {"group": 4}),
    tuning=lambda n: {"group": divisors(n)},
)
