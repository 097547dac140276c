"""The recorder: how a collective is written down, a whole step in one line."""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from simcomm.errors import InputError
from simcomm.order import expand, rows
from simcomm.schedule import COMPUTE, COPY, KINDS, REDUCE, Ints, Schedule
from simcomm.writers import Pairs, Writers

#: Operations to wait for: none, one per item, or several such arrays.
After: TypeAlias = npt.ArrayLike | tuple[npt.ArrayLike, ...] | None

#: Who reads or writes which chunks: rank, first chunk and number of chunks, one of each per item of a call.
Ranges: TypeAlias = tuple[Ints, Ints, Ints]

_NONE: Pairs = (np.empty(0, np.int64), np.empty(0, np.int64))


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
        ranks_, chunks_ = _whole("Recorder", ranks, chunks)
        if ranks_.size != 1 or ranks_[0] < 1 or chunks_[0] < 1:
            raise InputError(f"{ranks} ranks and {chunks} chunks; expected at least one of each")
        self.ranks, self.chunks = int(ranks_[0]), int(chunks_[0])
        self._writers = Writers(self.ranks * self.chunks)
        self._size = 0
        # Of every call: kind, src, dst, chunk, count, seconds and how many operations each one waits for.
        self._pieces: list[tuple[npt.NDArray[Any], ...]] = []
        self._after: list[npt.NDArray[np.int32]] = []

    def copy(self, src: npt.ArrayLike, dst: npt.ArrayLike, chunk: npt.ArrayLike = 0, **more: Any) -> Ints:
        """``src`` sends chunks to ``dst``, which stores them; takes what :meth:`reduce` takes."""
        return self._send(COPY, src, dst, chunk, **more)

    def reduce(self, src: npt.ArrayLike, dst: npt.ArrayLike, chunk: npt.ArrayLike = 0, **more: Any) -> Ints:
        """``src`` sends chunks to ``dst``, which adds them to what it has; returns the operations' numbers.

        ``count`` is how many chunks from ``chunk`` on (1). ``own=True`` sends the sender's own gradient, whatever it
        has received since. ``after`` are further operations to wait for: one per message (−1 for none), or a tuple of
        such arrays; of one that wrote the chunk at the sender, the message also takes what it wrote.
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
        busy = _seconds(seconds)
        place, first, many, _ = _whole("compute", rank, chunk, count, np.zeros(busy.shape, np.int64))
        busy = _broadcast("compute", busy, place)[0].ravel()
        self._in_range("compute", place, place, first, many)
        _, cells = self._cells((place, first, many))
        self._refuse_twice("compute", cells)
        return self._compute((place, first, many), busy, self._after_of("compute", after, len(place)))

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
        """Check everything first: a call that is refused leaves nothing behind."""
        what = KINDS[kind]
        sender, receiver, first, many = _whole(what, src, dst, chunk, count)
        self._in_range(what, sender, receiver, first, many)
        item, cells = self._cells((receiver, first, many))
        if kind == COPY:
            self._refuse_twice(what, cells)
        waits = self._after_of(what, after, len(sender))
        reads = _NONE if own else self._read((sender, first, many))
        numbers = self._append(kind, sender, receiver, (first, many), np.zeros(len(sender)), _join(waits, reads))
        self._writers.write(cells, numbers[item], adds=kind == REDUCE)
        return numbers

    def _compute(self, ranges: Ranges, seconds: npt.NDArray[np.float64], waits: Pairs) -> Ints:
        place, first, many = ranges
        item, cells = self._cells(ranges)
        waits = _join(waits, self._writers.all(item, cells))
        numbers = self._append(COMPUTE, place, place, (first, many), seconds, waits)
        self._writers.write(cells, numbers[item], adds=False)
        return numbers

    def _read(self, ranges: Ranges) -> Pairs:
        """Who waits for what, after joining what has several writers: one join per range that is read."""
        item, cells = self._cells(ranges)
        several, reads = self._writers.last(item, cells)
        if not len(several):
            return reads
        joined, which = np.unique(np.stack(ranges)[:, several], axis=1, return_inverse=True)
        joins = self._compute((joined[0], joined[1], joined[2]), np.zeros(joined.shape[1]), _NONE)
        alone = ~np.isin(reads[0], several)
        return np.concatenate([reads[0][alone], several]), np.concatenate([reads[1][alone], joins[which.ravel()]])

    def _append(self, kind: int, src: Ints, dst: Ints, chunks: tuple[Ints, Ints], seconds: Any, waits: Pairs) -> Ints:
        """Add operations; ``waits`` are pairs (item, operation) in any order."""
        numbers = np.arange(self._size, self._size + len(src))
        counts, after = rows(*waits, len(src))
        self._pieces.append((np.full(len(src), kind), src, dst, *chunks, seconds, counts))
        self._after.append(after)
        self._size += len(src)
        return numbers

    def _cells(self, ranges: Ranges) -> tuple[Ints, Ints]:
        """Every (rank, chunk) in the ranges, as one number each, with the item that it belongs to."""
        rank, first, count = ranges
        return np.repeat(np.arange(len(rank)), count), expand(rank * self.chunks + first, count)

    def _after_of(self, what: str, after: After, size: int) -> Pairs:
        """The author's own dependencies as pairs (item, operation)."""
        items, operations = [_NONE[0]], [_NONE[1]]
        for given in () if after is None else after if isinstance(after, tuple) else (after,):
            if given is None:
                continue
            (numbers,) = _whole(f"{what}: after", given)
            numbers = _broadcast(f"{what}: after", numbers, np.empty(size))[0].ravel() if size else numbers[:0]
            wrong = (numbers < -1) | (numbers >= self._size)
            if wrong.any():
                known = f"expected the number of a recorded operation, 0..{self._size - 1}, or -1 for none"
                known = known if self._size else "nothing is recorded yet"
                raise InputError(f"{what}: after: there is no operation {numbers[wrong][0]}; {known}")
            items.append(np.flatnonzero(numbers >= 0))
            operations.append(numbers[numbers >= 0])
        return np.concatenate(items), np.concatenate(operations)

    def _in_range(self, what: str, src: Ints, dst: Ints, chunk: Ints, count: Ints) -> None:
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
                more = f" and {count[i] - 1} more" if count[i] > 1 else ""
                where = f"{src[i]} -> {dst[i]}, chunk {chunk[i]}{more}"
                raise InputError(f"{what}: {why} in item {i} of this call ({where})")

    def _refuse_twice(self, what: str, cells: Ints) -> None:
        cells = np.sort(cells)
        twice = cells[1:][cells[1:] == cells[:-1]]
        if len(twice):
            rank, chunk = divmod(int(twice[0]), self.chunks)
            several = "two copies" if what == "copy" else "two computations"
            raise InputError(
                f"{what}: {several} to rank {rank}, chunk {chunk} in one call; which one stays is undefined"
            )


def _whole(what: str, *values: npt.ArrayLike) -> tuple[Ints, ...]:
    """The values as arrays of one length; InputError unless they are whole numbers of shapes that fit each other."""
    try:
        arrays = [np.asarray(value) for value in values]
    except ValueError:
        raise InputError(f"{what}: a list of lists of different lengths; expected numbers or plain lists") from None
    for array in arrays:
        if array.size and array.dtype.kind not in "iu":
            raise InputError(f"{what}: {array.tolist()!r} is not a whole number; expected integers")
    return tuple(np.array(array, dtype=np.int64).ravel() for array in _broadcast(what, *arrays))


def _seconds(seconds: npt.ArrayLike) -> npt.NDArray[np.float64]:
    try:
        busy = np.asarray(seconds, dtype=np.float64)
    except (TypeError, ValueError):
        raise InputError(f"compute: {seconds!r} is not a number of seconds") from None
    if not np.all(np.isfinite(busy) & (busy >= 0)):
        raise InputError(f"compute: {busy} s; expected a time of 0 s or more")
    return busy


def _broadcast(what: str, *arrays: npt.NDArray[Any]) -> tuple[npt.NDArray[Any], ...]:
    try:
        return tuple(np.broadcast_arrays(*arrays))
    except ValueError:
        shapes = ", ".join(str(array.shape) for array in arrays)
        raise InputError(f"{what}: arrays of shapes {shapes} do not fit; expected one length") from None


def _join(some: Pairs, more: Pairs) -> Pairs:
    return np.concatenate([some[0], more[0]]), np.concatenate([some[1], more[1]])
