"""What every operation of a schedule carries, and who reads it: what a file must have its buffers hold."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from typing import Final

from simcomm.errors import InputError
from simcomm.formats.msccl.layout import Layout
from simcomm.schedule import Operation, Schedule

#: A GPU's own contribution, among numbers of operations.
OWN: Final = -1
#: The end, as a reader.
END: Final = -1

Sum = frozenset[int]


class Carried:
    """Of every operation and chunk what it carries, and of every (rank, chunk) its readers with what they read."""

    def __init__(self, schedule: Schedule, layout: Layout) -> None:
        self.layout = layout
        self.rows: list[Operation] = list(schedule)
        level = schedule.level.tolist()
        #: The operations, each after those that it waits for.
        self.order = sorted(range(len(self.rows)), key=lambda number: (level[number], number))
        writers: dict[tuple[int, int], list[int]] = defaultdict(list)
        for number, row in enumerate(self.rows):
            for chunk in row.chunks:
                writers[row.dst, chunk].append(number)
        self.reads: dict[tuple[int, int], Sum] = {}
        self.readers: dict[tuple[int, int], list[tuple[int, Sum]]] = defaultdict(list)
        for number, row in enumerate(self.rows):
            for waited in row.after:
                if self.rows[waited].dst != row.src:
                    there = f"operation {waited}, which ends at rank {self.rows[waited].dst}"
                    raise InputError(f"{name(number, row)} waits for {there}; MSCCL waits for what is at the same rank")
            for chunk in row.chunks:
                what = self._sum(row.src, chunk, row.after)
                if not what:
                    raise InputError(f"{name(number, row)} carries chunk {chunk}, of which rank {row.src} has nothing")
                self.reads[number, chunk] = what
                self.readers[row.src, chunk].append((number, what))
        self.ends: dict[tuple[int, int], Sum] = {}
        for rank in range(layout.ranks):
            for chunk in layout.outputs(rank).values():
                what = self._sum(rank, chunk, writers[rank, chunk])
                if not what:
                    raise InputError(f"rank {rank} ends without chunk {chunk}; expected a schedule that is proven")
                self.ends[rank, chunk] = what
                self.readers[rank, chunk].append((END, what))

    def _sum(self, rank: int, chunk: int, writers: Iterable[int]) -> Sum:
        found = {OWN} if self.layout.contributes(rank, chunk) else set[int]()
        for number in sorted(writers):
            row = self.rows[number]
            if row.dst == rank and chunk in row.chunks:
                if row.kind == "reduce" and not found:
                    what = f"adds to chunk {chunk} of rank {rank}, which has nothing of it; MSCCL has no empty buffer"
                    raise InputError(f"{name(number, row)} {what}")
                found = {*found, number} if row.kind == "reduce" else {number}
        return frozenset(found)


def name(number: int, row: Operation) -> str:
    """An operation in an error."""
    return f"operation {number} ({' '.join(str(row).split(', after')[0].split())})"
