"""The recorder: how a collective is written down, a whole step in one line."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from simcomm.arguments import After, Given, Items, broadcast, check_range, refuse_twice, seconds_of, whole
from simcomm.cargo import stow
from simcomm.errors import InputError
from simcomm.folding import Folding
from simcomm.orbit import Orbit
from simcomm.order import expand, rows
from simcomm.quotient import Quotient
from simcomm.schedule import COMPUTE, COPY, KINDS, REDUCE, Ints, Schedule
from simcomm.writers import Pairs, Writers

#: Numbers of operations: as many as the call has items; those of an orbit are an orbit.
Numbers: TypeAlias = Any

_NONE: Pairs = (np.empty(0, np.int64), np.empty(0, np.int64))


class Recorder:
    """Writes a :class:`Schedule`, inferring who waits for whom.

    Every argument is a number or an array; arrays are broadcast against each other and one call records a whole step:
    all its messages read what was there before the call. Arrays of two dimensions are several steps, row after row.
    A message waits for the last writers of what it reads: a copy
    replaces earlier writers, a reduction joins them. Where several operations wrote what is read, they are joined once
    by a computation of 0 s, so that m writers and k readers cost m + k dependencies and not m·k.

    While every call is made of :func:`~simcomm.orbit.everyone` and what is reckoned from it, one operation per step is
    recorded and stands for all, and the schedule has a ``quotient``. The first other call makes rows of all of them.
    With ``vectors`` > 1, ``vector`` says whose vector a chunk is of: the chunks divide all vectors, laid end to end.

    Raises InputError, where it is written, for a rank or chunk out of range, a message to oneself, two copies to the
    same place in one call, or numbers that are not whole.

    >>> from simcomm.orbit import everyone
    >>> record = Recorder(ranks=3, chunks=3)
    >>> rank, step = everyone(3), np.array([[0], [1]])
    >>> _ = record.reduce(src=rank, dst=(rank + 1) % 3, chunk=(rank - step) % 3)
    >>> print(record.schedule())
    step 0
          0  reduce 0 -> 1  chunk 0
          1  reduce 1 -> 2  chunk 1
          2  reduce 2 -> 0  chunk 2
    step 1
          3  reduce 0 -> 1  chunk 2, after 2
          4  reduce 1 -> 2  chunk 0, after 0
          5  reduce 2 -> 0  chunk 1, after 1
    """

    def __init__(self, ranks: int, chunks: int = 1, vectors: int = 1) -> None:
        ranks_, chunks_, vectors_ = whole("Recorder", ranks, chunks, vectors)
        if ranks_.size != 1 or ranks_[0] < 1 or chunks_[0] < 1:
            raise InputError(f"{ranks} ranks and {chunks} chunks; expected at least one of each")
        if vectors_[0] < 1 or chunks_[0] % vectors_[0]:
            raise InputError(f"{chunks} chunks of {vectors} vectors; expected as many chunks of each")
        self.ranks, self.chunks, self.vectors = int(ranks_[0]), int(chunks_[0]), int(vectors_[0])
        self._folding: Folding | None = Folding(self.ranks, self.chunks, self.vectors)
        #: What was recorded as orbits, to be recorded again if one call is none.
        self._calls: list[tuple[int, Given, Any, bool, bool]] = []
        self._clear()

    def _clear(self) -> None:
        self._writers = Writers(self.chunks * (1 if self._folding else self.ranks))
        self._size = 0
        # Of every call: kind, src, dst, chunk, count, seconds and how many operations each one waits for.
        self._pieces: list[tuple[npt.NDArray[Any], ...]] = []
        # Of every call: the chunks that it packed; None if it carries ranges.
        self._listed: list[Ints | None] = []
        self._after: list[Ints] = []

    def copy(self, src: npt.ArrayLike, dst: npt.ArrayLike, chunk: npt.ArrayLike = 0, **more: Any) -> Numbers:
        """``src`` sends chunks to ``dst``, which stores them; takes what :meth:`reduce` takes."""
        return self._send(COPY, src, dst, chunk, **more)

    def reduce(self, src: npt.ArrayLike, dst: npt.ArrayLike, chunk: npt.ArrayLike = 0, **more: Any) -> Numbers:
        """``src`` sends chunks to ``dst``, which adds them to what it has; returns the operations' numbers.

        ``count`` is how many chunks from ``chunk`` on (1), ``vector`` whose (0); ``packed=True`` puts what the rows of
        a column say into one message. ``own=True`` sends the sender's own gradient, whatever it has received since.
        ``after`` are further operations to wait for: one per message (−1 for none), or a tuple of such arrays; of one
        that wrote the chunk at the sender, the message also takes what it wrote.
        """
        return self._send(REDUCE, src, dst, chunk, **more)

    def compute(
        self,
        rank: npt.ArrayLike,
        seconds: npt.ArrayLike,
        chunk: npt.ArrayLike = 0,
        count: npt.ArrayLike = 0,
        after: After = None,
        vector: npt.ArrayLike = 0,
    ) -> Numbers:
        """``rank`` is busy for ``seconds``; with a ``count`` of chunks it waits for them and later readers for it.

        With 0 s and ``after`` it is a plain "wait until": messages that are recorded with ``after`` it are held back
        without taking anything from what it waited for.
        """
        given = Given.of(rank, rank, chunk, count, vector, after)
        return self._record(COMPUTE, given, seconds_of(seconds), own=False)

    def schedule(self) -> Schedule:
        """What was recorded so far, as an immutable schedule."""

        def column(index: int, dtype: type[np.generic]) -> npt.NDArray[Any]:
            pieces = [piece[index] for piece in self._pieces]
            return np.concatenate([np.empty(0, dtype), *pieces], dtype=dtype, casting="unsafe")

        types: tuple[type[np.generic], ...] = (np.int8, np.int32, np.int32, np.int32, np.int32, np.float64)
        kind, src, dst, chunk, count, seconds = (column(index, dtype) for index, dtype in enumerate(types))
        after_start = np.concatenate([np.zeros(1, np.int64), np.cumsum(column(6, np.int64))])
        after = np.concatenate([np.empty(0, np.int64), *self._after])
        cargo = None
        if any(listed is not None for listed in self._listed):
            pairs = zip(self._pieces, self._listed, strict=True)
            every = [expand(*piece[3:5]) if listed is None else listed for piece, listed in pairs]
            chunk, cargo = stow(self.chunks, chunk, count, np.concatenate(every))
        columns = (kind, src, dst, chunk, count, seconds, after_start)
        if self._folding is not None and len(kind):
            group, moves = self._folding.group, bool(self._folding.moves)
            return Schedule.unfolding(Quotient(group, self.chunks, self.vectors, moves, *columns, after, cargo))
        return Schedule(self.ranks, self.chunks, *columns, after.astype(np.int32), self.vectors, cargo, _checked=True)

    def _send(
        self,
        kind: int,
        src: npt.ArrayLike,
        dst: npt.ArrayLike,
        chunk: npt.ArrayLike,
        count: npt.ArrayLike = 1,
        own: bool = False,
        after: After = None,
        vector: npt.ArrayLike = 0,
        packed: bool = False,
    ) -> Numbers:
        return self._record(kind, Given.of(src, dst, chunk, count, vector, after), np.zeros(()), own, packed)

    def _record(
        self, kind: int, given: Given, seconds: npt.NDArray[np.float64], own: bool, packed: bool = False
    ) -> Numbers:
        """Check everything first: a call that is refused leaves nothing behind."""
        folding = self._folding
        if folding is not None and not folding.takes(given, seconds):
            self._spread()
            folding = None
        what, plain = KINDS[kind], given.arrays() if folding is None else given.representative()
        *columns, vector, _ = whole(what, *plain[:5], np.zeros(seconds.shape, np.int64))
        items = Items(*columns)
        check_range(what, items.flat(), vector.ravel(), self.ranks, self.chunks // self.vectors, self.vectors)
        items = replace(items, chunk=vector * (self.chunks // self.vectors) + items.chunk)
        if packed:
            items = items.packed(what)
        waits = self._after_of(what, plain.after, items)
        busy = np.ascontiguousarray(broadcast(what, seconds, items.src)[0])
        if folding is not None:
            self._calls.append((kind, given, seconds, own, packed))
            numbers = self._append_rows(kind, items, busy, waits, own)
            column = items.src.ndim == 2
            base = numbers[:, None] if column else numbers[0]
            return Orbit(self.ranks, np.zeros((len(numbers), 1) if column else (), np.int64), folding.kind, base=base)
        return self._append_rows(kind, items, busy, waits, own).reshape(items.src.shape)

    def _spread(self) -> None:
        """One call is no orbit: record all again, rank by rank."""
        calls, self._calls, self._folding = self._calls, [], None
        self._clear()
        for kind, given, seconds, own, packed in calls:
            self._record(kind, given.arrays(), seconds, own, packed)

    def _append_rows(self, kind: int, items: Items, seconds: Any, waits: list[Ints], own: bool) -> Ints:
        """Add one step after the other, all in one go where they are orbits and nobody reads what several wrote."""
        if items.rows == 1:
            return self._append_step(kind, items.flat(), seconds.ravel(), [w.ravel() for w in waits], own)
        if self._folding is not None and kind != COMPUTE and not waits:
            flat = items.flat()
            reads = _NONE if own else self._read_in_turn(kind, flat)
            if reads is not None:
                numbers = self._append(kind, flat, seconds.ravel(), reads)
                self._write(flat, numbers, adds=kind == REDUCE)
                return numbers
        if not len(items):
            return np.empty(0, np.int64)
        steps = zip(items.each_row(), seconds, *waits, strict=True)
        return np.concatenate([self._append_step(kind, step, busy, [*w], own) for step, busy, *w in steps])

    def _append_step(
        self, kind: int, items: Items, seconds: Any, waits: list[Ints], own: bool, joins: bool = False
    ) -> Ints:
        if kind != REDUCE and not joins:
            refuse_twice(KINDS[kind], self._cells(items)[1], self.chunks)
        given = [(np.flatnonzero(numbers >= 0), numbers[numbers >= 0]) for numbers in waits]
        if kind == COMPUTE:
            reads = self._moved(items, self._writers.all(*self._cells(items)))
        else:
            reads = _NONE if own else self._read(items)
        numbers = self._append(kind, items, seconds, _join(*given, reads))
        self._write(items, numbers, adds=kind == REDUCE)
        return numbers

    def _read(self, items: Items) -> Pairs:
        """Who waits for what, after joining what has several writers: one join per range that is read."""
        here = items.at_senders() if self._folding is None else self._folding.home(items.at_senders())
        item, cells = self._cells(here)
        several, reads = self._writers.last(item, cells)
        if len(several):
            wanted, which = here.some(several), np.arange(len(several))
            if wanted.listed is None:
                ranges = np.stack([wanted.src, wanted.chunk, wanted.count])
                (rank, chunk, count), which = np.unique(ranges, axis=1, return_inverse=True)
                wanted = Items(rank, rank, chunk, count)
            joins = self._append_step(COMPUTE, wanted, np.zeros(len(wanted)), [], own=False, joins=True)
            alone = ~np.isin(reads[0], several)
            operations = np.concatenate([reads[1][alone], joins[which.ravel()]])
            reads = np.concatenate([reads[0][alone], several]), operations
        return self._moved(items, reads)

    def _read_in_turn(self, kind: int, items: Items) -> Pairs | None:
        """What :meth:`_read` says of step after step, one item each; None where one reads what several wrote."""
        assert self._folding is not None
        rounds = np.arange(len(items))
        if (items.count != 1).any():
            return None
        read, write = self._folding.home(items.at_senders()).chunk, self._folding.home(items).chunk
        order = np.argsort(write, kind="stable")
        writes = write[order] * len(items) + order
        place = np.searchsorted(writes, read * len(items) + rounds)
        here = place - np.searchsorted(writes, read * len(items))  # how many of these wrote it before
        several, (reader, found) = self._writers.last(rounds, read)
        last = np.full(len(items), -1)
        last[reader] = found
        before = np.zeros(len(items), np.int64)
        before[reader], before[several] = 1, 2
        if ((here + before if kind == REDUCE else np.where(here > 0, 1, before)) > 1).any():
            return None
        numbers = (self._size + rounds) * self.ranks
        own = self._folding.move(numbers, self._folding.group.minus(0, items.dst))
        last = np.where(here > 0, own[order[place - 1]], last)
        return self._moved(items, (rounds[last >= 0], last[last >= 0]))

    def _moved(self, items: Items, reads: Pairs) -> Pairs:
        """Of orbits, who wrote what the senders read instead of who wrote it at rank 0."""
        if self._folding is None or not items.src.any():
            return reads
        return reads[0], self._folding.move(reads[1], items.src[reads[0]])

    def _write(self, items: Items, numbers: Ints, adds: bool) -> None:
        item, cells = self._cells(items)
        if self._folding is not None:
            numbers = self._folding.move(numbers, self._folding.group.minus(0, items.dst))
        self._writers.write(cells, numbers[item], adds)

    def _append(self, kind: int, items: Items, seconds: Any, waits: Pairs) -> Ints:
        """Add operations; ``waits`` are pairs (item, operation) in any order."""
        size = len(items)
        numbers = np.arange(self._size, self._size + size) * (self.ranks if self._folding else 1)
        counts, after = rows(*waits, size)
        self._pieces.append((np.full(size, kind), *items, seconds, counts))
        self._listed.append(items.listed)
        self._after.append(after)
        self._size += size
        return numbers

    def _cells(self, items: Items) -> tuple[Ints, Ints]:
        """Every (rank, chunk) that is written, as one number each, with the item that it belongs to."""
        if self._folding is not None:
            items = self._folding.home(items)
        first = items.dst * self.chunks
        return np.repeat(np.arange(len(items)), items.count), np.repeat(first, items.count) + items.chunks

    def _after_of(self, what: str, after: tuple[Any, ...], items: Items) -> list[Ints]:
        """The author's own dependencies, one per item each."""
        found, recorded = [], self._size * (self.ranks if self._folding else 1)
        for given in after:
            (numbers,) = whole(f"{what}: after", given)
            numbers = broadcast(f"{what}: after", numbers, items.src)[0] if len(items) else numbers[:0]
            wrong = (numbers < -1) | (numbers >= recorded)
            if wrong.any():
                known = f"expected the number of a recorded operation, 0..{recorded - 1}, or -1 for none"
                known = known if recorded else "nothing is recorded yet"
                raise InputError(f"{what}: after: there is no operation {numbers[wrong][0]}; {known}")
            found.append(numbers)
        return found


def _join(*pairs: Pairs) -> Pairs:
    items, operations = zip(*pairs, strict=True)
    return np.concatenate(items), np.concatenate(operations)
