"""The recorder: how a collective is written down, a whole step in one line."""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from simcomm.errors import InputError
from simcomm.schedule import COMPUTE, COPY, KINDS, REDUCE, Ints, Schedule, expand

#: Operations to wait for: none, one per item, or several such arrays.
After: TypeAlias = npt.ArrayLike | tuple[npt.ArrayLike, ...] | None


class Recorder:
    """Writes a :class:`Schedule`, inferring who waits for whom.

    Every argument is a number or an array; arrays are broadcast against each other and one call records a whole step:
    all its messages read what was there before the call. A message waits for the last writers of what it reads: a copy
    replaces earlier writers, a reduction joins them. Where several operations wrote what is read, they are joined once
    by a computation of 0 s, so that m writers and k readers cost m + k dependencies and not m·k.

    Raises InputError, where it is written, for a rank or chunk out of range, a message to oneself, two copies to the
    same place in one call, or numbers that are not whole.

    >>> record = Recorder(ranks=3, chunks=3)
    >>> ranks = np.arange(3)
    >>> for step in range(2):
    ...     _ = record.reduce(src=ranks, dst=(ranks + 1) % 3, chunk=(ranks - step) % 3)
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

    def __init__(self, ranks: int, chunks: int = 1) -> None:
        if ranks < 1 or chunks < 1:
            raise InputError(f"{ranks} ranks and {chunks} chunks; expected at least one of each")
        self.ranks = ranks
        self.chunks = chunks
        self._size = 0
        # Of every call: kind, src, dst, chunk, count, seconds and how many operations each one waits for.
        self._pieces: list[tuple[npt.NDArray[Any], ...]] = []
        self._after: list[Ints] = []
        # The last writers of every (rank, chunk): a linked list of (operation, writer before it), -1 ends it.
        self._last = np.full(ranks * chunks, -1, dtype=np.int32)
        self._writer = np.zeros(1024, dtype=np.int32)
        self._before = np.full(1024, -1, dtype=np.int32)
        self._writes = 0

    def copy(self, src: npt.ArrayLike, dst: npt.ArrayLike, chunk: npt.ArrayLike = 0, **more: Any) -> Ints:
        """``src`` sends chunks to ``dst``, which stores them; takes what :meth:`reduce` takes."""
        return self._send(COPY, src, dst, chunk, **more)

    def reduce(self, src: npt.ArrayLike, dst: npt.ArrayLike, chunk: npt.ArrayLike = 0, **more: Any) -> Ints:
        """``src`` sends chunks to ``dst``, which adds them to what it has; returns the operations' numbers.

        ``count`` is how many chunks from ``chunk`` on (1). ``own=True`` sends the sender's own gradient, whatever it
        has received since. ``after`` are further operations to wait for: one per message (−1 for none), or a tuple of
        such arrays.
        """
        return self._send(REDUCE, src, dst, chunk, **more)

    def compute(
        self,
        rank: npt.ArrayLike,
        seconds: npt.ArrayLike,
        chunk: npt.ArrayLike = 0,
        count: npt.ArrayLike = 0,
        after: After = None,
    ) -> Ints:
        """``rank`` is busy for ``seconds``; with a ``count`` of chunks it waits for them and later readers for it.

        With 0 s and ``after`` it is a plain "wait until": messages that are recorded with ``after`` it are held back
        without taking anything from what it waited for.
        """
        if not np.all(np.isfinite(np.asarray(seconds, dtype=float)) & (np.asarray(seconds, dtype=float) >= 0)):
            raise InputError(f"compute: {np.asarray(seconds)} s; expected a time of 0 s or more")
        place, first, many = self._places("compute", rank, chunk, count)
        busy = np.broadcast_to(
            np.asarray(seconds, dtype=np.float64), np.broadcast_shapes(place.shape, np.shape(seconds))
        )
        place, first, many, busy = (np.array(a).ravel() for a in np.broadcast_arrays(place, first, many, busy))
        self._in_range("compute", (place, place, first, many))
        reader, cells = self._cells(place, first, many)
        waits = self._with(after, *self._writers(reader, cells), len(place))
        numbers = self._append(COMPUTE, (place, place, first, many), busy, *waits)
        self._write(COMPUTE, cells, numbers[reader])
        return numbers

    def schedule(self) -> Schedule:
        """What was recorded so far, as an immutable schedule."""

        def column(index: int, dtype: type[np.generic]) -> npt.NDArray[Any]:
            pieces = [piece[index] for piece in self._pieces]
            return np.concatenate([np.empty(0, dtype), *pieces], dtype=dtype, casting="unsafe")

        waits = column(6, np.int64)
        return Schedule(
            ranks=self.ranks,
            chunks=self.chunks,
            kind=column(0, np.int8),
            src=column(1, np.int32),
            dst=column(2, np.int32),
            chunk=column(3, np.int32),
            count=column(4, np.int32),
            seconds=column(5, np.float64),
            after_start=np.concatenate([np.zeros(1, np.int64), np.cumsum(waits)]),
            after=np.concatenate([np.empty(0, np.int32), *self._after]),
            _checked=True,
        )

    def _send(
        self,
        kind: int,
        src: npt.ArrayLike,
        dst: npt.ArrayLike,
        chunk: npt.ArrayLike,
        count: npt.ArrayLike = 1,
        own: bool = False,
        after: After = None,
    ) -> Ints:
        message = self._places(KINDS[kind], src, dst, chunk, count)
        self._in_range(KINDS[kind], message)
        sender, receiver, first, many = message
        reads = (np.empty(0, np.int64), np.empty(0, np.int64)) if own else self._read(sender, first, many)
        waits = self._with(after, *reads, len(sender))
        numbers = self._append(kind, message, np.zeros(len(sender)), *waits)
        written_by, cells = self._cells(receiver, first, many)
        self._write(kind, cells, numbers[written_by])
        return numbers

    def _places(self, what: str, *values: npt.ArrayLike) -> tuple[Ints, ...]:
        arrays = [np.asarray(value) for value in values]
        for array in arrays:
            if array.dtype.kind not in "iu":
                raise InputError(
                    f"{what}: {array.tolist()!r} is not a whole number; expected ranks and chunks as integers"
                )
        return tuple(np.array(a, dtype=np.int64).ravel() for a in np.broadcast_arrays(*arrays))

    def _in_range(self, what: str, operation: tuple[Ints, ...]) -> None:
        src, dst, chunk, count = operation
        least = 0 if what == "compute" else 1
        for wrong, why in (
            ((src < 0) | (src >= self.ranks), f"sender out of range 0..{self.ranks - 1}"),
            ((dst < 0) | (dst >= self.ranks), f"receiver out of range 0..{self.ranks - 1}"),
            ((src == dst) & (what != "compute"), "a message to oneself"),
            ((chunk < 0) | (chunk + count > self.chunks), f"chunk out of range 0..{self.chunks - 1}"),
            (count < least, f"{least} chunks or more expected"),
        ):
            if wrong.any():
                i = int(np.argmax(wrong))
                where = f"{src[i]} -> {dst[i]}, chunk {chunk[i]}" + (
                    f" and {count[i] - 1} more" if count[i] > 1 else ""
                )
                raise InputError(f"{what}: {why} in item {i} of this call ({where})")

    def _cells(self, rank: Ints, first: Ints, count: Ints) -> tuple[Ints, Ints]:
        """Every (rank, chunk) that is touched, as one number each, with the item that touches it."""
        return np.repeat(np.arange(len(rank)), count), expand(rank * self.chunks + first, count)

    def _read(self, rank: Ints, first: Ints, count: Ints) -> tuple[Ints, Ints]:
        """Who waits for what, as pairs (item of this call, operation), after joining what has several writers."""
        reader, cells = self._cells(rank, first, count)
        last = self._last[cells]
        several = (last >= 0) & (self._before[last] >= 0)
        if not several.any():
            found = last >= 0
            return reader[found], self._writer[last[found]].astype(np.int64)
        joined = np.unique(reader[several])
        ranges, which = np.unique(np.stack([rank, first, count])[:, joined], axis=1, return_inverse=True)
        join = self.compute(ranges[0], 0.0, ranges[1], ranges[2])
        found = (last >= 0) & ~np.isin(reader, joined)
        return (
            np.concatenate([reader[found], joined]),
            np.concatenate([self._writer[last[found]], join[which.ravel()]]).astype(np.int64),
        )

    def _writers(self, reader: Ints, cells: Ints) -> tuple[Ints, Ints]:
        """All the last writers of the cells, as pairs (item, operation): one round per writer of the busiest cell."""
        readers, writers = [np.empty(0, np.int64)], [np.empty(0, np.int64)]
        link = self._last[cells]
        while len(link):
            reader, link = reader[link >= 0], link[link >= 0]
            readers.append(reader)
            writers.append(self._writer[link].astype(np.int64))
            link = self._before[link]
        return np.concatenate(readers), np.concatenate(writers)

    def _with(self, after: After, item: Ints, waits_for: Ints, size: int) -> tuple[Ints, Ints]:
        """Pairs (item, operation) sorted and each once, with the author's own ``after`` among them."""
        for operations in after if isinstance(after, tuple) else (after,):
            extra = np.broadcast_to(np.asarray(-1 if operations is None else operations, dtype=np.int64), (size,))
            if (extra >= self._size).any():
                raise InputError(f"after: operation {extra.max()} is not recorded yet; expected less than {self._size}")
            given = np.flatnonzero(extra >= 0)
            item, waits_for = np.concatenate([item, given]), np.concatenate([waits_for, extra[given]])
        pairs = item * np.int64(2**31) + waits_for
        if len(pairs) > 1 and not (pairs[1:] > pairs[:-1]).all():
            pairs = np.unique(pairs)
        return np.bincount(pairs >> 31, minlength=size), pairs & (2**31 - 1)

    def _append(self, kind: int, places: tuple[Ints, ...], seconds: Any, waits: Ints, after: Ints) -> Ints:
        numbers = np.arange(self._size, self._size + len(places[0]))
        self._pieces.append((np.full(len(numbers), kind), *places, seconds, waits))
        self._after.append(after.astype(np.int32))
        self._size += len(numbers)
        return numbers

    def _write(self, kind: int, cells: Ints, operation: Ints) -> None:
        """Make ``operation`` a last writer of ``cells``: the only one, or one more if it is a reduction."""
        order = np.argsort(cells, kind="stable")
        cells, operation = cells[order], operation[order]
        same = np.concatenate([[False], cells[1:] == cells[:-1]])
        if kind == COPY and same.any():
            rank, chunk = divmod(int(cells[np.argmax(same)]), self.chunks)
            raise InputError(
                f"copy: two copies to rank {rank}, chunk {chunk} in one call; which one stays is undefined"
            )
        new = np.arange(self._writes, self._writes + len(cells), dtype=np.int32)
        self._grow(self._writes + len(cells))
        self._writer[new] = operation
        before = np.where(same, new - 1, self._last[cells])
        self._before[new] = before if kind == REDUCE else -1
        self._last[cells] = new
        self._writes += len(cells)

    def _grow(self, size: int) -> None:
        if size > len(self._writer):
            room = max(size, 2 * len(self._writer), 1024)
            self._writer = np.resize(self._writer, room)
            self._before = np.resize(self._before, room)
