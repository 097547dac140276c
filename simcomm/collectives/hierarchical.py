"""Hierarchical all-reduce in two tiers: fast links inside the nodes carry the whole vector, the network 1/g of it.

n = m nodes of g ranks, rank = node·g + local. Inside every node a ring reduce-scatter, after which local rank l has the
node's sum of shard l; between the nodes an all-reduce of each shard by the ranks of the same local number, all g at
once; inside the nodes a ring all-gather. With rings between the nodes, too, a torus of two sides:

    2n(g−1) messages of S/g + 2n(m−1) of S/n,  2(n−1)S bytes (the conservation law),  2(g+m−2) steps,
    2(g−1)(α₁ + S/g·β₁) + 2(m−1)(α₂ + S/n·β₂)  (+ (n−1)/n·S·γ)

for α₁, β₁ inside a node and α₂, β₂ between nodes. Recursive doubling between them takes fewer latencies and more bytes:
k(α₂ + S/g·β₂) and, against the law, k·m·S for m = 2^k (other m: :mod:`~simcomm.collectives.recursive_doubling`). The
times, for α₁ = α₂ and β₁ = β₂, hold where all shards (with rings: all chunks) have the same size.
"""

from __future__ import annotations

import math
from typing import Literal

import numpy as np

from simcomm.closed_forms import Claim, TimeFormula, Traffic, Vector
from simcomm.collectives.base import Collective
from simcomm.collectives.factors import Group, divisors, group_of, whole_groups
from simcomm.collectives.grid import Side, messages, rings_along, share, time_along
from simcomm.collectives.lockstep import Rounds
from simcomm.collectives.recursive_doubling import claim as claim_doubling
from simcomm.collectives.recursive_doubling import double
from simcomm.goals import ALL_REDUCE
from simcomm.recorder import Recorder
from simcomm.schedule import Schedule

Between = Literal["ring", "recursive_doubling"]


def build(workers: int, *, group: Group = "squarest", between: Between = "ring") -> Schedule:
    """Two-tier all-reduce: reduce-scatter inside every node, all-reduce of the shards between nodes, all-gather inside.

    ``group`` ranks are a node ("squarest": as near to √n as divides n); ``between`` is how shards are added up.
    """
    g, m = group_of(workers, group), workers // group_of(workers, group)
    record = Recorder(workers, workers if between == "ring" else g)
    inside, across = rings_along(workers, [(g, 1), (m, g)], 0, record.chunks)
    inside.reduce_scatter(record)
    if between == "ring":
        across.reduce_scatter(record)
        across.all_gather(record)
    else:
        double(record, np.arange(workers).reshape(m, g), np.arange(g))
    inside.all_gather(record)
    return record.schedule()


def _tiers(n: int, group: Group, between: Between) -> tuple[int, list[Side], int]:
    """Ranks of a node, along which sides there are rings, and how many nodes double."""
    g = group_of(n, group)
    rings = [(g, 1), (n // g, g)]
    return (g, rings, 1) if between == "ring" else (g, rings[:1], n // g)


def segmented_time(
    n: int, vector: Vector, segments: int, *, group: Group = "squarest", between: Between = "ring"
) -> TimeFormula | None:
    """Every segment goes the same way; known for one segment if 2^k nodes are not what double."""
    g, rings, doubling = _tiers(n, group, between)
    shard = Vector(vector.elements // (segments * g), vector.itemsize)
    sides, lg = [side for side, _ in rings], doubling.bit_length() - 1
    if doubling == 2**lg:
        across = Rounds(lg, shard.bytes, segments * shard.bytes, adds=True)
        return time_along(vector, sides, segments, [across] if lg else [])
    inside, doubled = time_along(vector, sides), claim_doubling(doubling, shard).time
    if segments > 1 or inside is None or doubled is None or not vector.is_cut_evenly(g):
        return None
    return lambda alpha, beta, gamma: inside(alpha, beta, gamma) + doubled(alpha, beta, gamma)


def claim(n: int, vector: Vector, *, group: Group = "squarest", between: Between = "ring") -> Claim:
    """2n(g−1) messages of S/g inside the nodes; between the nodes an all-reduce of every shard."""
    g, rings, doubling = _tiers(n, group, between)
    sides, doubled = [side for side, _ in rings], claim_doubling(doubling, Vector(1, 1))
    across = doubled.total.messages

    def each(rank: int, way: int) -> Traffic:
        shard, times = vector.chunk_bytes(rank % g, g), doubled.sent(rank // g).messages
        return share(vector, rank, rings)[way] + Traffic(times * (shard > 0), times * shard)

    sends, times_S = messages(n, vector, sides) + across * vector.filled(g), 2 * (n - n // math.prod(sides)) + across
    return Claim(
        total=Traffic(sends, times_S * vector.bytes),
        steps=sum(2 * (side - 1) for side in sides) + doubled.steps,
        sent=lambda rank: each(rank, 0),
        received=lambda rank: each(rank, 1),
        time=segmented_time(n, vector, 1, group=group, between=between),
        chunks_sent=2 * n * (n - 1) if between == "ring" else None,
    )


hierarchical_all_reduce = Collective(
    "hierarchical_all_reduce",
    ALL_REDUCE,
    build,
    claim,
    source="Ueno and Yokota, Exhaustive study of hierarchical AllReduce patterns for large messages between GPUs, "
    "CCGrid 2019",
    ranks=whole_groups,
    segmented_time=segmented_time,
    tuning=lambda n: {"group": divisors(n), "between": ["ring", "recursive_doubling"]},
    variants=({}, {"between": "recursive_doubling"}),
)
