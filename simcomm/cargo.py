"""Cargo: which chunks operations carry, where some carry chunks that are no range.

An operation carries ``cargo[chunk : chunk + count]``. The cargo begins with every chunk in order, so that a range
stands for itself, and a schedule of ranges alone needs none (None). Behind them are the lists of the packed messages,
each in order, as they come in the schedule. So there is one way to say what a schedule carries, and schedules that do
the same have the same columns.
"""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from simcomm.closed_forms import Vector
from simcomm.errors import InputError
from simcomm.order import expand

Ints: TypeAlias = npt.NDArray[np.int64]
Cargo: TypeAlias = npt.NDArray[np.int32]
Whole: TypeAlias = npt.NDArray[Any]


def stow(chunks: int, chunk: Whole, count: Whole, listed: Ints) -> tuple[Whole, Cargo | None]:
    """The column ``chunk`` and the cargo of operations that carry the ``listed`` chunks, ``count`` each, in order.

    ``chunk`` is kept where none is carried.

    >>> column, cargo = stow(4, np.zeros(3, int), np.array([2, 0, 2]), np.array([1, 2, 0, 3]))
    >>> column.tolist(), cargo.tolist()
    ([1, 0, 4], [0, 1, 2, 3, 0, 3])
    """
    end = np.cumsum(count)
    some = np.flatnonzero(count > 0)
    first, last = listed[end[some] - count[some]], listed[end[some] - 1]
    column = np.array(chunk, dtype=np.int64)
    column[some] = first
    packed = some[last - first + 1 != count[some]]
    if not len(packed):
        return column.astype(np.int32), None
    column[packed] = chunks + np.cumsum(count[packed]) - count[packed]
    lists = listed[expand(end[packed] - count[packed], count[packed])]
    return column.astype(np.int32), np.concatenate([np.arange(chunks), lists]).astype(np.int32)


def carried(cargo: Cargo | None, chunk: Whole, count: Whole) -> Ints:
    """The chunks that operations carry, one operation after the other.

    >>> carried(None, np.array([1, 5]), np.array([2, 1])).tolist()
    [1, 2, 5]
    >>> carried(np.array([0, 1, 2, 0, 2], np.int32), np.array([1, 3]), np.array([2, 2])).tolist()
    [1, 2, 0, 2]
    """
    places = expand(chunk, count)
    return places if cargo is None else cargo[places].astype(np.int64)


def range_bytes(vector: Vector, per_vector: int, chunk: Whole, count: Whole) -> Ints:
    """Bytes of ``count`` chunks from ``chunk`` on, where every vector is cut into ``per_vector`` chunks.

    Chunk i of C covers elements ⌊iE/C⌋ … ⌊(i+1)E/C⌋ − 1. Exact while the vector, or what the longest range has of
    several, is below 2⁶³ bytes; raises InputError above.
    """
    if vector.bytes * -(-int(count.max(initial=1)) // per_vector) >= 2**63:
        raise InputError(f"a vector of {vector.bytes} bytes is too large; expected less than 2**63 bytes")
    whole, rest = divmod(vector.elements, per_vector)
    index = np.arange(per_vector + 1, dtype=np.int64)
    edges = (index * whole + index * rest // per_vector) * vector.itemsize
    (first, begin), (last, end) = (np.divmod(c, per_vector) for c in (chunk, chunk + count))
    return np.asarray((last - first).astype(np.int64) * vector.bytes + edges[end] - edges[begin])


def list_bytes(vector: Vector, per_vector: int, cargo: Cargo, first: Whole, count: Whole) -> Ints:
    """Bytes of ``count`` chunks of the ``cargo`` from place ``first`` on, exact as :func:`range_bytes` is."""
    if vector.largest_chunk(per_vector) * int(count.max(initial=1)) >= 2**63:
        raise InputError(f"a vector of {vector.bytes} bytes is too large; expected less than 2**63 bytes a message")
    each = range_bytes(vector, per_vector, cargo, np.ones(len(cargo), np.int32))
    before = np.concatenate([[0], np.cumsum(each)])  # modulo 2^64, as are the differences: these are small enough
    return np.asarray(before[first + count] - before[first])
