"""How contributions flow through a schedule: the graph on which the proof is done.

A node is what one operation carries of one chunk, or what one worker holds of one chunk at the end; an edge says
whose value goes into whose. Chunks never mix, so the nodes of some chunks are a flow of their own.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from simcomm import jit, loops
from simcomm.goals import Flags, Predicate, own_chunk
from simcomm.order import expand
from simcomm.schedule import REDUCE, Ints, Schedule

#: Places that a goal is asked about at once: of many workers and many chunks it needs few.
MOST_PLACES = 2**22


@dataclass(frozen=True)
class Flow:
    """Nodes with their rank, chunk, operation (−1: held at the end) and whether they hold their rank's own gradient.

    Edges run from ``source`` to ``target``, those into one node together, and none before those into its source.
    """

    operation: Ints
    rank: Ints
    chunk: Ints
    own: Flags
    source: Ints
    target: Ints

    def add_up(self, numbers: npt.NDArray[np.uint64] | npt.NDArray[np.float64]) -> None:
        """Add to every node's own number, in place (of whole ones modulo 2⁶⁴), those that flow into it."""
        with np.errstate(over="ignore"):
            jit.large(loops.add_along, len(self.source))(self.source, self.target, numbers)

    def join(self, sets: npt.NDArray[np.uint64]) -> None:
        """Add to every node's own set of bits, a row each, in place, those that flow into it."""
        jit.large(loops.join_along, sets.shape[1] * len(self.source))(self.source, self.target, sets)

    def used(self) -> Flags:
        """Which nodes flow into what is held at the end."""
        used = self.operation < 0
        jit.large(loops.mark_back, len(self.source))(self.source, self.target, used)
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
        )


def flow_of(schedule: Schedule, workers: int, has: Predicate, needs: Predicate, ends: Ints | None = None) -> Flow:
    """The flow of ``schedule``: worker r contributes to chunk c if ``has(r, c, v)`` and must end with it if ``needs``.

    Chunks are numbered within their vector. Of several vectors a worker contributes to its own and needs of each.
    ``ends`` are the chunks, numbered through all vectors, of which what is held at the end is looked at (all).
    """
    s, per_vector = schedule, schedule.chunks_per_vector
    operation, chunk = np.repeat(np.arange(len(s)), s.count), s.carried
    places = _places(s, workers, needs, np.arange(s.chunks) if ends is None else ends)
    held_by, held = np.divmod(places, s.chunks)
    rank = np.concatenate([s.src[operation], held_by])
    chunks = np.concatenate([chunk, held])
    between, at_end = _edges(s), _edges_to_the_end(s, operation, chunk, places)
    source, target = (np.concatenate(pair) for pair in zip(between, at_end, strict=True))
    if s.waits_for_earlier:
        order = np.argsort(target, kind="stable")
    else:
        level = np.concatenate([s.level[operation], np.full(len(held), s.level.max(initial=0) + 1)])
        order = np.argsort(level[target] * len(level) + target, kind="stable")
    source, target = source[order], target[order]
    mine = (s.vectors == 1) | (chunks // per_vector == rank)
    own = np.asarray(has(rank, chunks % per_vector, chunks // per_vector) & mine & (rank < workers))
    source, target, replaced = _after_last_copy(source, target, s.kind[operation] != REDUCE)
    own[replaced] = False
    return Flow(np.concatenate([operation, np.full(len(held), -1)]), rank, chunks, own, source, target)


def _places(s: Schedule, workers: int, needs: Predicate, ends: Ints) -> Ints:
    """Where the goal looks at the end: rank · chunks + chunk, in order."""
    vector, chunk = np.divmod(ends, s.chunks_per_vector)
    if needs is own_chunk:  # the answer is known, and there are workers · chunks to ask about
        held = chunk < workers
        return np.sort(chunk[held] * s.chunks + ends[held])
    found, batches = [], min(-(-workers * len(ends) // MOST_PLACES), workers)
    for some in np.array_split(np.arange(workers)[:, None], max(batches, 1)):
        needed = np.broadcast_to(needs(some, chunk, vector), (len(some), len(ends)))
        found.append((some * s.chunks + ends)[needed])
    return np.concatenate(found)


def _starts(sorted_values: Ints) -> Ints:
    """Where each run of equal values begins."""
    return np.flatnonzero(np.diff(sorted_values, prepend=-1))


def _edges(s: Schedule) -> tuple[Ints, Ints]:
    """From the chunks that a dependency wrote to the same chunks of the operation that reads them at that rank."""
    node = np.cumsum(s.count, dtype=np.int64) - s.count
    reader, writer = np.repeat(np.arange(len(s)), np.diff(s.after_start)), s.after
    if s.cargo is not None:
        here = s.dst[writer] == s.src[reader]
        return _shared(s, node, writer[here], reader[here])
    first = np.maximum(s.chunk[reader], s.chunk[writer])
    end = np.minimum(s.chunk[reader] + s.count[reader], s.chunk[writer] + s.count[writer])
    shared = np.where(s.dst[writer] == s.src[reader], np.maximum(end - first, 0), 0)
    return (
        expand(node[writer] + first - s.chunk[writer], shared),
        expand(node[reader] + first - s.chunk[reader], shared),
    )


def _shared(s: Schedule, node: Ints, writer: Ints, reader: Ints) -> tuple[Ints, Ints]:
    """The nodes of the chunks that both carry, of every pair: those of a list are in order, so the keys are."""
    found = []
    for operation in (writer, reader):
        nodes = expand(node[operation], s.count[operation])
        pair = np.repeat(np.arange(len(operation)), s.count[operation])
        found.append((nodes, pair * s.chunks + s.carried[nodes]))
    (written, there), (read, here) = found
    place = np.searchsorted(there, here)
    same = np.flatnonzero(np.append(there, -1)[place] == here)
    return written[place[same]], read[same]


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
