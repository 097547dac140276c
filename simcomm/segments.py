"""Segments: any collective, pipelined.

A vector is cut into k segments and each goes through a copy of the schedule of its own, which waits for no other; of
two segments at one port the earlier goes first. While one segment crosses the second link the next crosses the first:
a chain of n − 1 links takes (n − 2 + k)(α + S/k·β) with α in every step, and not (n − 1)(α + Sβ).

All segments are ready at once: at links that are first come, first served those that are handed on wait behind all
that have only begun, and flows that share are all equally late. A window of w holds each message back until the same
one of the w-th segment before has arrived, as the slots of a channel do in NCCL: that is ⌊(k−1)/w⌋ steps more.

Messages, bytes and steps are those of the collective on every segment. Where the goal does not say which worker has or
needs which chunk, segment j is the j-th part of the vector. Otherwise every worker's block is cut into k pieces, and
segment j is the j-th piece of every block: worker r still ends with block r, and a message that carries several blocks
carries a piece of each, packed.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from simcomm.cargo import Whole, stow
from simcomm.closed_forms import Claim, Traffic, Vector
from simcomm.errors import InputError
from simcomm.schedule import Schedule


@dataclass(frozen=True)
class Segment(Vector):
    """Part ``number`` of ``segments`` of the ``whole``, which a closed form takes for a vector of its own.

    Chunk i of C is the whole's chunk number·C + i of k·C; with ``blocks``, which must be C, its chunk i·k + number.

    >>> parts = [segment_of(Vector(10, 1), number, 2) for number in range(2)]
    >>> [[part.chunk_bytes(i, 2) for i in range(2)] for part in parts]
    [[2, 3], [2, 3]]
    """

    whole: Vector = field(kw_only=True)
    number: int = field(kw_only=True)
    segments: int = field(kw_only=True)
    blocks: int | None = field(kw_only=True, default=None)

    def chunk_bytes(self, chunk: Any, chunks: int) -> Any:
        """Size of chunk number ``chunk`` of ``chunks``, a number or an array of them."""
        if isinstance(chunk, np.ndarray):
            chunk = chunk.astype(object)  # whole numbers without a limit
        if self.blocks not in (None, chunks):
            raise InputError(f"{chunks} chunks of pieces of {self.blocks} blocks; expected {self.blocks}")
        place = self.number * chunks + chunk if self.blocks is None else chunk * self.segments + self.number
        return self.whole.chunk_bytes(place, self.segments * chunks)

    def range_bytes(self, first: int, end: int, chunks: int) -> int:
        """Size of the chunks from number ``first`` of ``chunks`` up to ``end``, which is left out."""
        if self.blocks is not None:
            return sum(self.chunk_bytes(chunk, chunks) for chunk in range(first, end))
        before = self.number * chunks
        return self.whole.range_bytes(before + first, before + end, self.segments * chunks)

    def largest_chunk(self, chunks: int) -> int:
        """The size of its largest chunk: they differ by one element at most."""
        least = self.whole.elements // (self.segments * chunks)
        return (least + (self.elements > least * chunks)) * self.itemsize

    def filled(self, chunks: int) -> int:
        """How many of its chunks hold anything."""
        return chunks if self.whole.elements >= self.segments * chunks else self.elements

    def is_cut_evenly(self, chunks: int) -> bool:
        """Whether all of its chunks have the same size."""
        return self.elements * self.itemsize == self.largest_chunk(chunks) * chunks


def segment_of(whole: Vector, number: int, segments: int, blocks: int | None = None) -> Segment:
    """One segment: a part of the vector, or of each of its ``blocks``."""
    cuts = segments * (blocks or 1)
    places = [number] if blocks is None else [block * segments + number for block in range(blocks)]
    size_bytes = sum(whole.chunk_bytes(place, cuts) for place in places)
    elements = size_bytes // whole.itemsize
    return Segment(elements, whole.itemsize, whole=whole, number=number, segments=segments, blocks=blocks)


def segmented(schedule: Schedule, segments: int, by_block: bool, window: int = 0) -> Schedule:
    """``segments`` copies of a schedule, one behind the other, each of its own chunks.

    ``by_block`` cuts every chunk into pieces. With a ``window`` a message also waits for the same one of the
    ``window``-th segment before.
    """
    s, size = schedule, len(schedule)

    def moved(chunk: Whole, number: Whole) -> Whole:
        """These chunks in the segments of these numbers."""
        if by_block:
            return chunk * segments + number
        vector, within = np.divmod(chunk, s.chunks_per_vector)
        return np.asarray((vector * segments + number) * s.chunks_per_vector + within)

    number, count = np.repeat(np.arange(segments), size), np.tile(s.count, segments)
    chunk, cargo = np.tile(s.chunk.astype(np.int64), segments), None
    if s.cargo is None and not (by_block and (s.count > 1).any()):
        chunk = moved(chunk, number)
    else:
        listed = moved(np.tile(s.carried, segments), np.repeat(number, count))
        chunk, cargo = stow(s.chunks * segments, chunk, count, listed)
    first = np.repeat(np.arange(segments), len(s.after)) * size
    waits = np.tile(np.diff(s.after_start), segments)
    after = np.tile(s.after, segments) + first
    if window:
        late = np.flatnonzero(np.tile(s.is_message, segments))
        late = late[late >= window * size]
        after = np.insert(after, np.cumsum(waits)[late], late - window * size)
        waits[late] += 1
    return Schedule(
        s.ranks,
        s.chunks * segments,
        np.tile(s.kind, segments),
        np.tile(s.src, segments),
        np.tile(s.dst, segments),
        chunk.astype(np.int32),
        count,
        np.tile(s.seconds, segments),
        np.concatenate([[0], np.cumsum(waits)]),
        after.astype(np.int32),
        s.vectors,
        cargo,
    )


def claim_of(of_part: Callable[[Vector], Claim], whole: Vector, segments: int, blocks: int | None) -> Claim:
    """The claim on the whole, from that on every segment; it says no time."""
    parts = [of_part(segment_of(whole, number, segments, blocks)) for number in range(segments)]

    def add_up(traffic: Callable[[Claim], Traffic]) -> Traffic:
        return sum((traffic(part) for part in parts[1:]), start=traffic(parts[0]))

    several = [part.total.messages if part.chunks_sent is None else part.chunks_sent for part in parts]
    return replace(
        parts[0],
        total=add_up(lambda part: part.total),
        steps=max(part.steps for part in parts),
        sent=lambda rank: add_up(lambda part: part.sent(rank)),
        received=lambda rank: add_up(lambda part: part.received(rank)),
        time=None,
        chunks_sent=None if all(part.chunks_sent is None for part in parts) else sum(several),
    )
