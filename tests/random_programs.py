"""Random programs for a recorder, and what they must give, in plain Python."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from hypothesis import strategies as st

from simcomm.recorder import Recorder
from simcomm.schedule import Operation, Schedule

#: (src, dst, first chunk, how many); a computation has src == dst.
Item = tuple[int, int, int, int]


@dataclass(frozen=True)
class Call:
    """One call of a recorder. ``after`` are wishes: taken modulo what is recorded by then, which may give "none".

    With a ``stride`` of more than one its messages are packed: of ``count`` chunks that are so far apart.
    """

    kind: str
    items: tuple[Item, ...]
    own: bool = False
    after: tuple[int, ...] | None = None
    seconds: float = 0.0
    stride: int = 1

    def chunks(self, item: Item) -> range:
        """The chunks of one of its messages."""
        return range(item[2], item[2] + item[3] * self.stride, self.stride)

    def one_by_one(self) -> list[Call]:
        wishes = self.after or (0,) * len(self.items)
        return [
            replace(self, items=(item,), after=None if self.after is None else (wish,))
            for item, wish in zip(self.items, wishes, strict=True)
        ]


@dataclass(frozen=True)
class Program:
    ranks: int
    chunks: int
    calls: tuple[Call, ...]


class NaiveRecorder:
    """The recorder's rules, one message at a time: a dictionary says who wrote every (rank, chunk) last."""

    def __init__(self) -> None:
        self.rows: list[Operation] = []
        self.writers: dict[tuple[int, int], list[int]] = defaultdict(list)

    def call(self, call: Call) -> None:
        wishes = self.wishes(call)
        reads: list[list[int]] = [[]] * len(call.items)
        if not call.own:
            reads = [self.read(item[0], call.chunks(item)) for item in call.items]
        if call.kind != "compute" and not call.own:
            joins = self._join(call)
            places = [(item[0], call.chunks(item)) for item in call.items]
            reads = [[joins[place]] if place in joins else read for place, read in zip(places, reads, strict=True)]
        waits = [{*read, wish} - {-1} for read, wish in zip(reads, wishes, strict=True)]
        first = len(self.rows)
        for item, needed in zip(call.items, waits, strict=True):
            self.rows.append(row(call.kind, *item[:2], call.chunks(item), tuple(sorted(needed)), call.seconds))
        for number, item in enumerate(call.items, first):
            for place in [(item[1], c) for c in call.chunks(item)]:
                self.writers[place] = [*(self.writers[place] if call.kind == "reduce" else []), number]

    def wishes(self, call: Call) -> list[int]:
        return [wish % (len(self.rows) + 1) - 1 for wish in call.after or (0,) * len(call.items)]

    def read(self, rank: int, chunks: range) -> list[int]:
        return [writer for c in chunks for writer in self.writers[rank, c]]

    def _join(self, call: Call) -> dict[tuple[int, range], int]:
        """Join what has several writers: once for every range of chunks that is read, or for every packed message."""
        places = [(item[0], call.chunks(item)) for item in call.items]
        several = [(rank, chunks) for rank, chunks in places if any(len(self.writers[rank, c]) > 1 for c in chunks)]
        if call.stride == 1:
            several = sorted(set(several), key=lambda place: (place[0], place[1].start, place[1].stop))
        joins = {place: len(self.rows) + i for i, place in enumerate(several)}
        self.rows += [row("compute", r, r, chunks, tuple(sorted(set(self.read(r, chunks))))) for r, chunks in several]
        for (rank, chunks), number in joins.items():
            self.writers.update({(rank, c): [number] for c in chunks})
        return joins


def row(kind: str, src: int, dst: int, chunks: range, after: tuple[int, ...], seconds: float = 0.0) -> Operation:
    """An operation; one on no chunk keeps the number of the first."""
    if not chunks:
        return Operation(kind, src, dst, chunks.start, 0, seconds, after)
    return Operation.of_chunks(kind, src, dst, chunks, seconds=seconds, after=after)


def play(recorder: Recorder, naive: NaiveRecorder, call: Call, scalars: bool = False) -> None:
    """Record one call with both; with ``scalars`` all arguments of the one message are numbers."""
    wishes = naive.wishes(call)
    src, dst, chunk, count = ([item[i] for item in call.items] for i in range(4))
    given: list[Any] = [src, dst, chunk, count, None if call.after is None else wishes]
    if scalars:
        given = [value if value is None else value[0] for value in given]
    if call.kind == "compute":
        recorder.compute(given[0], call.seconds, given[2], given[3], after=given[4])
    else:
        record = recorder.copy if call.kind == "copy" else recorder.reduce
        if call.stride > 1:
            pieces = np.array(chunk) + call.stride * np.arange(count[0])[:, None]
            record(given[0], given[1], pieces, own=call.own, after=given[4], packed=True)
        else:
            record(given[0], given[1], given[2], count=given[3], own=call.own, after=given[4])
    naive.call(call)


@st.composite
def programs(draw: st.DrawFn, most_ranks: int = 4, most_chunks: int = 3) -> Program:
    ranks, chunks = draw(st.integers(2, most_ranks)), draw(st.integers(1, most_chunks))
    place = st.tuples(
        st.integers(0, ranks - 1), st.integers(1, ranks - 1), st.integers(0, chunks - 1), st.integers(0, chunks - 1)
    )
    calls = []
    for kind in draw(st.lists(st.sampled_from(["copy", "reduce", "reduce", "compute"]), max_size=6)):
        stride = 2 if kind != "compute" and draw(st.booleans()) else 1
        items: dict[frozenset[tuple[int, ...]], Item] = {}
        for src, shift, chunk, more in draw(st.lists(place, min_size=1, max_size=5)):
            count = 1 + more % (chunks - chunk)
            if stride > 1:
                chunk, count = chunk % 2, (chunks + 1 - chunk % 2) // 2
            dst = src if kind == "compute" else (src + shift) % ranks
            cells = frozenset((dst, c) for c in range(chunk, chunk + count * stride, stride))
            if kind == "reduce":
                cells = frozenset({(len(items),)})
            if (
                stride > 1
                and items
                and (count != next(iter(items.values()))[3] or src in [i[0] for i in items.values()])
            ):
                continue
            if count and all(cells.isdisjoint(other) for other in items):
                items[cells] = (src, dst, chunk, count)
        many = len(items)
        after = draw(st.none() | st.lists(st.integers(0, 1000), min_size=many, max_size=many).map(tuple))
        own = kind != "compute" and draw(st.booleans())
        seconds = 0.5 if kind == "compute" else 0.0
        if items:
            calls.append(Call(kind, tuple(items.values()), own, after, seconds, stride))
    return Program(ranks, chunks, tuple(calls))


@st.composite
def trees(draw: st.DrawFn, most_workers: int = 5) -> tuple[int, Schedule]:
    """(workers, a right all-reduce): every chunk goes up and down a random tree of the workers and some servers."""
    workers = draw(st.integers(1, most_workers))
    ranks, chunks = workers + draw(st.integers(0, 2)), draw(st.integers(1, 3))
    record = Recorder(ranks, chunks)
    for chunk in range(chunks):
        order = draw(st.permutations(range(ranks)))
        parents = [order[draw(st.integers(0, i - 1))] for i in range(1, ranks)]
        for child, parent in reversed(list(zip(order[1:], parents, strict=True))):
            record.reduce(child, parent, chunk)
        for child, parent in zip(order[1:], parents, strict=True):
            record.copy(parent, child, chunk)
    return workers, record.schedule()


@st.composite
def graphs(draw: st.DrawFn, most: int = 8) -> Schedule:
    """Any operations whatever, waiting for any that do not wait for them; the numbers say nothing about the order."""
    ranks, chunks, size = draw(st.integers(2, 4)), draw(st.integers(1, 3)), draw(st.integers(0, most))
    order = draw(st.permutations(range(size)))
    rows = {}
    for position, number in enumerate(order):
        kind = draw(st.sampled_from(["copy", "reduce", "compute"]))
        src = draw(st.integers(0, ranks - 1))
        dst = src if kind == "compute" else (src + draw(st.integers(1, ranks - 1))) % ranks
        carried = draw(st.sets(st.integers(0, chunks - 1), min_size=kind != "compute"))
        after = tuple(sorted(draw(st.sets(st.sampled_from(order[:position]))))) if position else ()
        seconds = 0.25 * (kind == "compute")
        rows[number] = Operation.of_chunks(kind, src, dst, carried, seconds=seconds, after=after)
    return Schedule.of(ranks, chunks, [rows[number] for number in range(size)])
