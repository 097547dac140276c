"""Random programs for a recorder, and what they must give, in plain Python."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import Any

from hypothesis import strategies as st

from simcomm.recorder import Recorder
from simcomm.schedule import Operation, Schedule

#: (src, dst, first chunk, how many); a computation has src == dst.
Item = tuple[int, int, int, int]


@dataclass(frozen=True)
class Call:
    """One call of a recorder. ``after`` are wishes: taken modulo what is recorded by then, which may give "none"."""

    kind: str
    items: tuple[Item, ...]
    own: bool = False
    after: tuple[int, ...] | None = None
    seconds: float = 0.0

    def one_by_one(self) -> list[Call]:
        wishes = self.after or (0,) * len(self.items)
        return [
            Call(self.kind, (item,), self.own, None if self.after is None else (wish,), self.seconds)
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
            reads = [self.read((src, chunk, count)) for src, _, chunk, count in call.items]
        if call.kind != "compute" and not call.own:
            joins = self._join(call)
            places = [(src, chunk, count) for src, _, chunk, count in call.items]
            reads = [[joins[place]] if place in joins else read for place, read in zip(places, reads, strict=True)]
        waits = [{*read, wish} - {-1} for read, wish in zip(reads, wishes, strict=True)]
        first = len(self.rows)
        for item, needed in zip(call.items, waits, strict=True):
            self.rows.append(Operation(call.kind, *item, call.seconds, tuple(sorted(needed))))
        for number, (_, dst, chunk, count) in enumerate(call.items, first):
            for c in range(chunk, chunk + count):
                self.writers[dst, c] = [*(self.writers[dst, c] if call.kind == "reduce" else []), number]

    def wishes(self, call: Call) -> list[int]:
        return [wish % (len(self.rows) + 1) - 1 for wish in call.after or (0,) * len(call.items)]

    def read(self, place: tuple[int, int, int]) -> list[int]:
        rank, chunk, count = place
        return [writer for c in range(chunk, chunk + count) for writer in self.writers[rank, c]]

    def _join(self, call: Call) -> dict[tuple[int, int, int], int]:
        """Join what has several writers: once for every range of chunks that is read."""
        ranges = sorted(
            {
                (src, chunk, count)
                for src, _, chunk, count in call.items
                if any(len(self.writers[src, c]) > 1 for c in range(chunk, chunk + count))
            }
        )
        joins = {place: len(self.rows) + i for i, place in enumerate(ranges)}
        self.rows += [
            Operation("compute", r, r, c, n, 0.0, tuple(sorted(set(self.read((r, c, n)))))) for r, c, n in ranges
        ]
        for (rank, chunk, count), number in joins.items():
            self.writers.update({(rank, c): [number] for c in range(chunk, chunk + count)})
        return joins


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
        items = {}
        for src, shift, chunk, more in draw(st.lists(place, min_size=1, max_size=5)):
            count = 1 + more % (chunks - chunk)
            dst = src if kind == "compute" else (src + shift) % ranks
            cells = frozenset((dst, c) for c in range(chunk, chunk + count))
            if kind == "reduce":
                cells = frozenset({len(items)})
            if all(cells.isdisjoint(other) for other in items):
                items[cells] = (src, dst, chunk, count)
        after = draw(st.none() | st.lists(st.integers(0, 1000), min_size=len(items), max_size=len(items)).map(tuple))
        own = kind != "compute" and draw(st.booleans())
        calls.append(Call(kind, tuple(items.values()), own, after, 0.5 if kind == "compute" else 0.0))
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
        src, chunk = draw(st.integers(0, ranks - 1)), draw(st.integers(0, chunks - 1))
        dst = src if kind == "compute" else (src + draw(st.integers(1, ranks - 1))) % ranks
        count = draw(st.integers(kind != "compute", chunks - chunk))
        after = tuple(sorted(draw(st.sets(st.sampled_from(order[:position]))))) if position else ()
        rows[number] = Operation(kind, src, dst, chunk, count, 0.25 * (kind == "compute"), after)
    return Schedule.of(ranks, chunks, [rows[number] for number in range(size)])
