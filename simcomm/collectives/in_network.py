"""In-network all-reduce: the switches add up what comes from below, and the sum comes down the same tree.

Further ranks stand on the switches of a tree that is fitted to the cluster; every worker sends its gradient once and
receives the sum once. With t switches that is one message each way for each of the n + t − 1 links of the tree. On a
star (t = 1) and in general, D the links from the root to the furthest worker and k equal segments:

    2n messages of S,            2nS bytes (all on the hosts' links),   2 steps,   2α + 2Sβ;  2α + (1 + 1/k)·Sβ
    2(n + t − 1) messages of S,  2(n + t − 1)·S bytes,                  2D steps,  2Dα + (S + (2D − 1)·⌈S/k⌉)·β

A switch has a port per link and adds at line rate (no γ). Not modelled: what it can remember and how it numbers sums
(SwitchML's slots, SHARP's buffers), and that switches add fixed-point numbers. Without a graph the tree is a star.

busbw: nccl-tests' factor, 2(n−1)/n, is for ranks that send that many times S. Here each sends S, and busbw goes up to
2(n−1)/n times the bandwidth of a link. Another factor in use, (n−1)/(n+1), is disputed by its own authors.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from simcomm.closed_forms import Claim, TimeFormula, Traffic, Vector
from simcomm.collectives.base import Collective, Fitted
from simcomm.errors import InputError
from simcomm.goals import ALL_REDUCE
from simcomm.recorder import Recorder
from simcomm.schedule import Schedule

Parents = tuple[int, ...]


def fit(graph: Any, hosts: Sequence[Any], workers: int, options: Mapping[str, Any]) -> Fitted:
    """The tree of fewest hops over the graph's switches; ranks on these."""
    from simcomm.topology.aggregation import aggregation_tree

    parents, switches = aggregation_tree(graph, hosts)
    return Fitted({"parents": parents}, switches)


def ranks(workers: int, parents: Parents = ()) -> int:
    """The workers and the switches of the tree; InputError unless the workers are its leaves."""
    if parents and {*parents} != {-1, *range(workers, len(parents))}:
        raise InputError(f"parents: a tree whose leaves are not {workers} workers; expected one that is fitted to them")
    return len(parents) or workers + 1


def _depths(workers: int, parents: Parents) -> tuple[Parents, list[int]]:
    """The tree (of none the star), and how many links every rank is from the root."""
    up = parents or (workers,) * workers + (-1,)
    depths = [0] * len(up)
    for rank in (*range(workers, len(up)), *range(workers)):  # a switch is behind its parent
        depths[rank] = 0 if up[rank] < 0 else depths[up[rank]] + 1
    return up, depths


def build(workers: int, parents: Parents = ()) -> Schedule:
    """In-network all-reduce: switches add up the gradients on their way up a tree; the sum comes down again.

    ``parents`` has the rank above every rank, −1 of the root.
    """
    up, depths = map(np.array, _depths(workers, parents))
    record = Recorder(len(up))
    levels = [np.flatnonzero(depths == depth) for depth in range(1, depths.max() + 1)]
    for level in reversed(levels):
        record.reduce(src=level, dst=up[level])
    for level in levels:
        record.copy(src=up[level], dst=level)
    return record.schedule()


def claim(n: int, vector: Vector, parents: Parents = ()) -> Claim:
    """One message of S up and one down each link of the tree: a rank sends to its parent and to its children."""
    up, depths = _depths(n, parents)
    filled, S = vector.filled(1), vector.bytes

    def links(rank: int) -> Traffic:
        neighbours = (up[rank] >= 0) + up.count(rank)
        return Traffic(neighbours * filled, neighbours * S)

    return Claim(
        total=Traffic(2 * (len(up) - 1) * filled, 2 * (len(up) - 1) * S),
        steps=2 * max(depths),
        sent=links,
        received=links,
        time=lambda alpha, beta, gamma: 2 * max(depths) * (alpha + S * beta),
    )


def segmented_time(n: int, vector: Vector, segments: int, parents: Parents = ()) -> TimeFormula:
    """Every link of the longest way serves all segments, one after the other: the largest one also fills the pipe."""
    hops = 2 * max(_depths(n, parents)[1])
    return lambda alpha, beta, gamma: hops * alpha + (vector.bytes + (hops - 1) * vector.largest_chunk(segments)) * beta


in_network_all_reduce = Collective(
    "in_network_all_reduce",
    ALL_REDUCE,
    build,
    claim,
    source="Graham et al., Scalable hierarchical aggregation protocol (SHArP), COMHPC 2016; Sapio et al., Scaling "
    "distributed machine learning with in-network aggregation (SwitchML), NSDI 2021",
    ranks=ranks,
    segmented_time=segmented_time,
    fitted=fit,
)
