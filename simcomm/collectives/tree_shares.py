"""Recording a vector whose shares go over trees of their own, and trees for where there is no graph."""

from __future__ import annotations

from collections import defaultdict

import numpy as np

from simcomm.recorder import Recorder
from simcomm.schedule import Schedule

#: The parent of every worker, −1 of the root.
Parents = tuple[int, ...]
#: For every tree its copies, and its parents on the way in and on the way out; () for no way in.
Trees = tuple[tuple[int, Parents, Parents], ...]


def recorded(workers: int, trees: Trees) -> Schedule:
    """Every share comes in to its root, added up on the way, and goes out from there; all trees take a step at once."""
    record = Recorder(workers, sum(copies for copies, _, _ in trees))
    into: dict[int, list[tuple[int, ...]]] = defaultdict(list)
    out: dict[int, list[tuple[int, ...]]] = defaultdict(list)
    first = 0
    for copies, inwards, outwards in trees:
        begin = 0
        if inwards:
            heights = _heights(inwards)
            begin = heights[inwards.index(-1)]
            for rank, parent in enumerate(inwards):
                if parent >= 0:
                    into[heights[rank]].append((rank, parent, first, copies))
        for rank, parent in enumerate(outwards):
            if parent >= 0:
                out[begin + _links_above(outwards, parent)].append((parent, rank, first, copies))
        first += copies
    for step in range(1 + max((*into, *out), default=-1)):
        for send, messages in ((record.reduce, into[step]), (record.copy, out[step])):
            if messages:
                src, dst, chunk, count = np.array(messages).T
                send(src, dst, chunk, count=count)
    return record.schedule()


def _heights(parents: Parents) -> list[int]:
    """How far each rank is above the furthest one below it."""
    heights = [0] * len(parents)
    for rank in sorted(range(len(parents)), key=lambda rank: -_links_above(parents, rank)):
        if parents[rank] >= 0:
            heights[parents[rank]] = max(heights[parents[rank]], heights[rank] + 1)
    return heights


def _links_above(parents: Parents, rank: int) -> int:
    count = 0
    while parents[rank] >= 0:
        rank, count = parents[rank], count + 1
    return count


def star(workers: int, root: int) -> Parents:
    """All others are the root's children.

    >>> star(3, 1)
    (1, -1, 1)
    """
    return tuple(-1 if rank == root else root for rank in range(workers))


def two_levels(workers: int, root: int) -> Trees:
    """A tree for every worker but the root: it receives a share and hands it to the others.

    >>> two_levels(3, 0)
    ((1, (), (-1, 0, 1)), (1, (), (-1, 2, 0)))
    """
    others = [rank for rank in range(workers) if rank != root]
    trees = (tuple({root: -1, first: root}.get(rank, first) for rank in range(workers)) for first in others)
    return tuple((1, (), tree) for tree in trees) or ((1, (), (-1,)),)
