"""An operation of a schedule as one row, to be read and written by people."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from simcomm.errors import InputError

COPY, REDUCE, COMPUTE = 0, 1, 2
KINDS = ("copy", "reduce", "compute")


@dataclass(frozen=True, slots=True)
class Operation:
    """One row of a schedule. ``after`` are the operations that it waits for; a computation has ``src == dst``.

    It carries ``count`` chunks from ``chunk`` on; of a packed message, whose chunks are no range, ``packed`` has them
    all, and ``chunk`` is the first.

    >>> print(Operation("reduce", 0, 1, 2))
    reduce 0 -> 1  chunk 2
    >>> print(Operation("compute", 3, 3, 0, 0, 0.5, (7,)))
    compute at 3 for 0.5 s, after 7
    >>> print(Operation.of_chunks("copy", 0, 1, [4, 5, 9]))
    copy 0 -> 1  chunks 4..5, 9
    """

    kind: str
    src: int
    dst: int
    chunk: int
    count: int = 1
    seconds: float = 0.0
    after: tuple[int, ...] = ()
    packed: tuple[int, ...] = ()

    @classmethod
    def of_chunks(cls, kind: str, src: int, dst: int, chunks: Iterable[int], **more: Any) -> Operation:
        """The operation on these chunks, in any order: a range, or packed."""
        listed = sorted(chunks)
        is_range = not listed or listed[-1] - listed[0] + 1 == len(listed)
        packed = () if is_range else tuple(listed)
        return cls(kind, src, dst, listed[0] if listed else 0, len(listed), packed=packed, **more)

    @property
    def chunks(self) -> Sequence[int]:
        """The chunks that it carries, in order."""
        return self.packed or range(self.chunk, self.chunk + self.count)

    def __str__(self) -> str:
        chunks = f"chunk{'s' * (self.count > 1)} {in_words(self.chunks)}" if self.count > 0 else "no chunk"
        if self.kind != "compute":
            what = f"{self.kind} {self.src} -> {self.dst}  {chunks}"
        else:
            what = f"join at {self.src}" if self.seconds == 0 else f"compute at {self.src} for {self.seconds:g} s"
            what += f"  {chunks}" if self.count > 0 else ""
        return what + (f", after {', '.join(map(str, self.after))}" if self.after else "")


def in_words(chunks: Sequence[int], to: str = "..") -> str:
    """Numbers in order, those that follow each other as a range.

    >>> in_words([3]), in_words([0, 2, 3, 4, 7, 8])
    ('3', '0, 2..4, 7..8')
    """
    runs: list[list[int]] = []
    for chunk in chunks:
        if runs and chunk == runs[-1][1] + 1:
            runs[-1][1] = chunk
        else:
            runs.append([chunk, chunk])
    return ", ".join(str(first) if first == last else f"{first}{to}{last}" for first, last in runs)


def check_rows(rows: Sequence[Operation]) -> None:
    """InputError naming the first row that is of no kind, or holds what is no number of a rank, chunk or operation."""
    for index, row in enumerate(rows):
        if row.kind not in KINDS:
            raise InputError(f"operation {index}: unknown kind {row.kind!r}; expected one of {', '.join(KINDS)}")
        for name in ("src", "dst", "chunk", "count"):
            _check_whole(getattr(row, name), f"operation {index}: {name}")
        for waited in row.after:
            _check_whole(waited, f"operation {index}: after")
        for chunk in row.packed:
            _check_whole(chunk, f"operation {index}: packed")
        if row.packed and (row.chunk, row.count) != (row.packed[0], len(row.packed)):
            raise InputError(
                f"operation {index}: {row.count} chunks from {row.chunk} on, but packed are {in_words(row.packed)}; "
                "expected the first of them and how many they are"
            )


def _check_whole(value: object, where: str) -> None:
    if not isinstance(value, int | np.integer) or isinstance(value, bool) or not -(2**31) <= value < 2**31:
        raise InputError(f"{where} is {value!r}; expected a whole number below 2**31")
