"""What a recorder is called with, as whole numbers in arrays of one shape, or refused."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any, NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt

from simcomm.errors import InputError
from simcomm.orbit import Orbit
from simcomm.order import expand
from simcomm.schedule import Ints

#: Operations to wait for: none, one per item, or several such arrays.
After: TypeAlias = npt.ArrayLike | Orbit | tuple[npt.ArrayLike | Orbit | None, ...] | None


class Given(NamedTuple):
    """The arguments of one call."""

    src: Any
    dst: Any
    chunk: Any
    count: Any
    vector: Any
    after: tuple[Any, ...]

    @classmethod
    def of(cls, src: Any, dst: Any, chunk: Any, count: Any, vector: Any, after: After) -> Given:
        """``after`` as a tuple of those that are something."""
        every = after if isinstance(after, tuple) else (after,)
        return cls(src, dst, chunk, count, vector, tuple(given for given in every if given is not None))

    def representative(self) -> Given:
        """Element 0 of every orbit."""
        return self._each(lambda part: part.base + part.offset)

    def arrays(self) -> Given:
        """Every orbit as an array."""
        return self._each(np.asarray)

    def _each(self, make: Callable[[Orbit], Any]) -> Given:
        src, dst, chunk, count, vector, *after = (
            make(part) if isinstance(part, Orbit) else part for part in (*self[:5], *self.after)
        )
        return Given(src, dst, chunk, count, vector, tuple(after))


@dataclass(frozen=True)
class Items:
    """Who sends which chunks to whom, one value per item; chunks are numbered through all vectors.

    Of packed items ``listed`` has all chunks, ``count`` of each item, in order; else they are ranges (None).
    """

    src: Ints
    dst: Ints
    chunk: Ints
    count: Ints
    listed: Ints | None = None

    def __len__(self) -> int:
        return self.src.size

    def __iter__(self) -> Iterator[Ints]:
        return iter((self.src, self.dst, self.chunk, self.count))

    @property
    def rows(self) -> int:
        """How many steps these are, one after the other."""
        return len(self.src) if self.src.ndim == 2 else 1

    def flat(self) -> Items:
        """Of one row."""
        return Items(self.src.ravel(), self.dst.ravel(), self.chunk.ravel(), self.count.ravel(), self.listed)

    def each_row(self) -> Iterator[Items]:
        """Row after row."""
        return (Items(*row) for row in zip(*self, strict=True))

    @property
    def chunks(self) -> Ints:
        """All chunks, ``count`` of each item, one item after the other."""
        return expand(self.chunk, self.count) if self.listed is None else self.listed

    def some(self, which: Ints) -> Items:
        """Items of one row, by their numbers."""
        listed = self.listed
        if listed is not None:
            end = np.cumsum(self.count)
            listed = listed[expand(end[which] - self.count[which], self.count[which])]
        return Items(self.src[which], self.dst[which], self.chunk[which], self.count[which], listed)

    def packed(self, what: str) -> Items:
        """One item for every column, which carries what all rows say; InputError if they are no one message's."""
        src, dst, chunk, count = (np.atleast_2d(column) for column in self)
        if (src != src[:1]).any() or (dst != dst[:1]).any():
            raise InputError(f"{what}: pieces of one message with several senders or receivers; expected one of each")
        item = np.repeat(np.tile(np.arange(src.shape[1]), len(src)), count.ravel())
        listed = expand(chunk.ravel(), count.ravel())
        order = np.lexsort((listed, item))
        item, listed = item[order], listed[order]
        twice = (item[1:] == item[:-1]) & (listed[1:] == listed[:-1])
        if twice.any():
            at = np.argmax(twice)
            where = f"{src[0, item[at]]} -> {dst[0, item[at]]}"
            raise InputError(f"{what}: chunk {listed[at]} is packed twice into {where}; expected once")
        return Items(src[0], dst[0], chunk.min(axis=0), count.sum(axis=0), listed)

    def at_senders(self) -> Items:
        """The chunks where they are read."""
        return replace(self, dst=self.src)


def whole(what: str, *values: npt.ArrayLike) -> tuple[Ints, ...]:
    """The values as arrays of one shape, of one dimension or two; InputError unless they are whole numbers that fit."""
    try:
        arrays = [np.asarray(value) for value in values]
    except ValueError:
        raise InputError(f"{what}: a list of lists of different lengths; expected numbers or plain lists") from None
    for array in arrays:
        if array.size and array.dtype.kind not in "iu":
            raise InputError(f"{what}: {array.tolist()!r} is not a whole number; expected integers")
    together = (np.array(array, dtype=np.int64) for array in broadcast(what, *arrays))
    return tuple(array if array.ndim == 2 else array.ravel() for array in together)


def seconds_of(seconds: npt.ArrayLike) -> npt.NDArray[np.float64]:
    """Times of 0 s or more, or InputError."""
    try:
        busy = np.asarray(seconds, dtype=np.float64)
    except (TypeError, ValueError):
        raise InputError(f"compute: {seconds!r} is not a number of seconds") from None
    if not np.all(np.isfinite(busy) & (busy >= 0)):
        raise InputError(f"compute: {busy} s; expected a time of 0 s or more")
    return busy


def broadcast(what: str, *arrays: npt.NDArray[Any]) -> tuple[npt.NDArray[Any], ...]:
    """The arrays, all of the shape of the largest; InputError if they do not fit."""
    try:
        return tuple(np.broadcast_arrays(*arrays))
    except ValueError:
        shapes = ", ".join(str(array.shape) for array in arrays)
        raise InputError(f"{what}: arrays of shapes {shapes} do not fit; expected one length") from None


def check_range(what: str, items: Items, vector: Ints, ranks: int, chunks: int, vectors: int) -> None:
    """InputError for ranks, chunks of a vector, or vectors that there are not."""
    src, dst, chunk, count = items
    least = 0 if what == "compute" else 1
    for wrong, why in (
        ((src < 0) | (src >= ranks), f"sender out of range 0..{ranks - 1}"),
        ((dst < 0) | (dst >= ranks), f"receiver out of range 0..{ranks - 1}"),
        ((src == dst) & (what != "compute"), "a message to oneself"),
        ((vector < 0) | (vector >= vectors), f"vector out of range 0..{vectors - 1}"),
        ((chunk < 0) | (chunk + count > chunks), f"chunk out of range 0..{chunks - 1}"),
        (count < least, f"{least} chunks or more expected"),
    ):
        if wrong.any():
            i = int(np.argmax(wrong))
            more = f" and {count[i] - 1} more" if count[i] > 1 else ""
            where = f"{src[i]} -> {dst[i]}, chunk {chunk[i]}{more}"
            raise InputError(f"{what}: {why} in item {i} of this call ({where})")


def refuse_twice(what: str, cells: Ints, chunks: int) -> None:
    """InputError where two items of a call overwrite the same chunk at the same rank."""
    cells = np.sort(cells)
    twice = cells[1:][cells[1:] == cells[:-1]]
    if len(twice):
        rank, chunk = divmod(int(twice[0]), chunks)
        several = "two copies" if what == "copy" else "two computations"
        raise InputError(f"{what}: {several} to rank {rank}, chunk {chunk} in one call; which one stays is undefined")
