"""How contributions flow through a schedule: the graph on which the proof is done.

A node is what one operation carries of one chunk, or what one worker holds of one chunk at the end; an edge says
whose value goes into whose. Chunks never mix, so the nodes of some chunks are a flow of their own.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt

from simcomm.order import expand
from simcomm.schedule import REDUCE, Ints, Schedule

Flags = npt.NDArray[np.bool_]
#: Says for ranks and chunks (arrays that broadcast) whether something holds.
Predicate = Callable[[Ints, Ints], Flags]


@dataclass(frozen=True)
class Flow:
    """Nodes with their rank, chunk, operation (−1: held at the end) and whether they hold their rank's own gradient.

    Edges run from ``source`` to ``target``, sorted by the target's level: ``level_start`` cuts them into levels, each
    of which needs only the levels before it.
    """

    operation: Ints
    rank: Ints
    chunk: Ints
    own: Flags
    source: Ints
    target: Ints
    level_start: Ints

    def propagate(self, values: npt.NDArray[np.uint64], add: np.ufunc) -> None:
        """Add to every node's own value, in place, the values that flow into it; ``add`` is + or bitwise or."""
        for begin, end in pairwise(self.level_start.tolist()):
            target = self.target[begin:end]
            starts = _starts(target)
            arriving: Any = add.reduceat(values[self.source[begin:end]], starts, axis=0)
            values[target[starts]] = add(values[target[starts]], arriving)

    def used(self) -> Flags:
        """Which nodes flow into what is held at the end."""
        used = self.operation < 0
        for begin, end in reversed(list(pairwise(self.level_start.tolist()))):
            source, target = self.source[begin:end], self.target[begin:end]
            used[source[used[target]]] = True
        return used

    def only(self, chunks: Ints) -> Flow:
        """The flow of some chunks."""
        keep = np.isin(self.chunk, chunks)
        number = np.cumsum(keep) - 1
        edges = keep[self.target]
        return Flow(
            self.operation[keep],
            self.rank[keep],
            self.chunk[keep],
            self.own[keep],
            number[self.source[edges]],
            number[self.target[edges]],
            np.unique(np.concatenate([[0], np.cumsum(edges)])[self.level_start]),
        )


def flow_of(schedule: Schedule, workers: int, has: Predicate, needs: Predicate) -> Flow:
    """The flow of ``schedule``: worker r contributes to chunk c if ``has(r, c)`` and must end with it if ``needs``.

    Chunks are numbered within their vector. Of several vectors a worker contributes to its own and needs of each.
    """
    s, per_vector = schedule, schedule.chunks_per_vector
    operation, chunk = np.repeat(np.arange(len(s)), s.count), expand(s.chunk, s.count)
    held_by, needed = np.nonzero(
        np.broadcast_to(needs(np.arange(workers)[:, None], np.arange(per_vector)), (workers, per_vector))
    )
    places = np.sort(np.add.outer(held_by * s.chunks + needed, per_vector * np.arange(s.vectors)), axis=None)
    held_by, held = np.divmod(places, s.chunks)
    rank = np.concatenate([s.src[operation], held_by])
    chunks = np.concatenate([chunk, held])
    between, at_end = _edges(s), _edges_to_the_end(s, operation, chunk, places)
    source, target = (np.concatenate(pair) for pair in zip(between, at_end, strict=True))
    level = np.concatenate([s.level[operation], np.full(len(held), s.level.max(initial=0) + 1)])
    order = np.argsort(level[target] * len(level) + target, kind="stable")
    source, target = source[order], target[order]
    mine = (s.vectors == 1) | (chunks // per_vector == rank)
    own = np.asarray(has(rank, chunks % per_vector) & mine & (rank < workers))
    source, target, replaced = _after_last_copy(source, target, s.kind[operation] != REDUCE)
    own[replaced] = False
    levels = level[target]
    cuts = np.concatenate([np.flatnonzero(np.diff(levels, prepend=-1)), [len(levels)]])
    return Flow(np.concatenate([operation, np.full(len(held), -1)]), rank, chunks, own, source, target, cuts)


def _starts(sorted_values: Ints) -> Ints:
    """Where each run of equal values begins."""
    return np.flatnonzero(np.diff(sorted_values, prepend=-1))


def _edges(s: Schedule) -> tuple[Ints, Ints]:
    """From the chunks that a dependency wrote to the same chunks of the operation that reads them at that rank."""
    node = np.cumsum(s.count, dtype=np.int64) - s.count
    reader, writer = np.repeat(np.arange(len(s)), np.diff(s.after_start)), s.after
    first = np.maximum(s.chunk[reader], s.chunk[writer])
    end = np.minimum(s.chunk[reader] + s.count[reader], s.chunk[writer] + s.count[writer])
    shared = np.where(s.dst[writer] == s.src[reader], np.maximum(end - first, 0), 0)
    return (
        expand(node[writer] + first - s.chunk[writer], shared),
        expand(node[reader] + first - s.chunk[reader], shared),
    )


def _edges_to_the_end(s: Schedule, operation: Ints, chunk: Ints, places: Ints) -> tuple[Ints, Ints]:
    """From everything that is written to one of the ``places`` where the goal looks at the end to that place's node."""
    written = s.dst[operation].astype(np.int64) * s.chunks + chunk
    place = np.searchsorted(places, written)
    source = np.flatnonzero(np.append(places, -1)[place] == written)
    return source, len(operation) + place[source]


def _after_last_copy(source: Ints, target: Ints, replaces: Flags) -> tuple[Ints, Ints, Ints]:
    """Drop what a later copy or computation replaces; also return the nodes whose own gradient is replaced."""
    if not len(source):
        return source, target, source
    starts = _starts(target)
    position = np.arange(len(source))
    last = np.maximum.reduceat(np.where(replaces[source], position, -1), starts)
    keep = position >= np.repeat(last, np.diff(starts, append=len(source)))
    return source[keep], target[keep], target[starts[last >= 0]]
