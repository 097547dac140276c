"""Hierarchical all-reduce in two tiers: fast links inside the nodes carry the whole vector, the network 1/g of it.

n = m nodes of g ranks, rank = node·g + local. Inside every node a ring reduce-scatter, after which local rank l has the
node's sum of shard l; between the nodes an all-reduce of each shard by the ranks of the same local number, all g at
once; inside the nodes a ring all-gather. With rings between the nodes, too, it is a torus of two sides:

    2n(g−1) messages of S/g + 2n(m−1) of S/n,  2(n−1)S bytes (the conservation law),  2(g+m−2) steps,
    2(g−1)(α₁ + S/g·β₁) + 2(m−1)(α₂ + S/n·β₂)  (+ (n−1)/n·S·γ)

for α₁, β₁ inside a node and α₂, β₂ between nodes. With recursive doubling between the nodes few latencies and more
bytes: for m = 2^k  2(g−1)(α₁ + S/g·β₁) + k(α₂ + S/g·β₂), and k·m·S bytes between nodes instead of 2(m−1)S, which is
against the law for k > 1. For other m see :mod:`simcomm.collectives.recursive_doubling`.

The times, for α₁ = α₂ and β₁ = β₂, hold where all shards (with rings: all chunks) have the same size.
"""

from __future__ import annotations

from typing import Literal

import numpy as np

from simcomm.closed_forms import Claim, TimeFormula, Traffic, Vector
from simcomm.collectives import recursive_doubling as doubling
from simcomm.collectives.base import Collective
from simcomm.collectives.factors import Group, group_of
from simcomm.collectives.grid import messages, rings_along, rounds, share
from simcomm.collectives.lockstep import Rounds, lockstep
from simcomm.proof import ALL_REDUCE
from simcomm.recorder import Recorder
from simcomm.schedule import Ints, Schedule

Between = Literal["ring", "recursive_doubling"]


def ranks(workers: int, *, group: Group = "squarest", **_: object) -> int:
    """The workers; they must make whole nodes."""
    return workers // group_of(workers, group) * group_of(workers, group)


def _double(record: Recorder, g: int, m: int) -> None:
    """Recursive doubling between the nodes, of shard l by all ranks of local number l."""
    lg, extra, core = doubling.folded(m)
    local = np.arange(g)

    def all_of(nodes: Ints) -> Ints:
        return (nodes[:, None] * g + local).ravel()

    stand_in = core[:extra]
    record.reduce(src=all_of(stand_in - 1), dst=all_of(stand_in), chunk=np.tile(local, extra))
    for bit in range(lg):
        partner = core[np.arange(len(core)) ^ (1 << bit)]
        record.reduce(src=all_of(core), dst=all_of(partner), chunk=np.tile(local, len(core)))
    record.copy(src=all_of(stand_in), dst=all_of(stand_in - 1), chunk=np.tile(local, extra))


def build(workers: int, *, group: Group = "squarest", between: Between = "ring") -> Schedule:
    """Two-tier all-reduce: reduce-scatter inside every node, all-reduce of the shards between nodes, all-gather inside.

    ``group`` is how many ranks a node has ("squarest": as near to √n as divides n), ``between`` how the nodes' shards
    are added up.
    """
    g = group_of(workers, group)
    m = workers // g
    record = Recorder(workers, workers if between == "ring" else g)
    inside, across = rings_along(workers, [(g, 1), (m, g)], 0, record.chunks)
    inside.reduce_scatter(record)
    if between == "ring":
        across.reduce_scatter(record)
        across.all_gather(record)
    else:
        _double(record, g, m)
    inside.all_gather(record)
    return record.schedule()


def segmented_time(
    n: int, vector: Vector, segments: int, *, group: Group = "squarest", between: Between = "ring"
) -> TimeFormula | None:
    """Every segment goes the same way; with recursive doubling between any number of nodes there is one for k = 1."""
    g = group_of(n, group)
    m = n // g
    if between == "ring":
        even = vector.is_cut_evenly(segments * n)
        return lockstep(segments, rounds(vector, [g, m], segments)) if even else None
    if not vector.is_cut_evenly(segments * g):
        return None
    inside, shard = rounds(vector, [g], segments), Vector(vector.elements // (segments * g), vector.itemsize)
    if m & (m - 1) == 0:
        exchanges = Rounds(m.bit_length() - 1, shard.bytes, adds=True)
        return lockstep(segments, [inside[0], exchanges, inside[1]])
    there_and_back, across = lockstep(1, inside), doubling.claim(m, shard).time
    return (lambda a, b, c: there_and_back(a, b, c) + across(a, b, c)) if across and segments == 1 else None


def claim(n: int, vector: Vector, *, group: Group = "squarest", between: Between = "ring") -> Claim:
    """Inside every node 2(g−1) messages of each rank, between the nodes an all-reduce of every shard."""
    g = group_of(n, group)
    m, sides = n // g, [(g, 1), (n // g, g)]
    exchanges = doubling.claim(m, Vector(1, 1))

    def each(rank: int, way: int) -> Traffic:
        if between == "ring":
            return share(vector, rank, sides)[way]
        shard, times = vector.chunk_bytes(rank % g, g), exchanges.sent(rank // g).messages
        return share(vector, rank, sides[:1])[way] + Traffic(times * (shard > 0), times * shard)

    ring, across = between == "ring", exchanges.total.messages
    inside = messages(n, vector, [g, m] if ring else [g])
    return Claim(
        total=Traffic(inside, 2 * (n - 1) * vector.bytes)
        if ring
        else Traffic(inside + across * vector.filled(g), (2 * m * (g - 1) + across) * vector.bytes),
        steps=2 * (g - 1) + (2 * (m - 1) if ring else exchanges.steps),
        sent=lambda rank: each(rank, 0),
        received=lambda rank: each(rank, 1),
        time=segmented_time(n, vector, 1, group=group, between=between),
        chunks_sent=2 * n * (n - 1) if ring else None,
    )


hierarchical_all_reduce = Collective(
    "hierarchical_all_reduce",
    ALL_REDUCE,
    build,
    claim,
    source="Ueno and Yokota, Exhaustive study of hierarchical AllReduce patterns for large messages between GPUs, "
    "CCGrid 2019",
    ranks=ranks,
    variants=({}, {"group": 2}, {"group": 4, "between": "recursive_doubling"}),
)
