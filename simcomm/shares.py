"""Messages and bytes of every rank, or of every pair of ranks: exact integers in columns."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, overload

import numpy as np
import numpy.typing as npt

from simcomm.closed_forms import Traffic
from simcomm.quotient import Quotient, Sizes
from simcomm.schedule import COMPUTE, Ints, Schedule

#: A closed form is asked rank by rank up to so many ranks, and for all ranks at once above, if it can answer that.
FEW_RANKS = 64


@dataclass(frozen=True, eq=False)
class Shares(Sequence[Traffic]):
    """The traffic of rank 0, 1, …; ``bytes`` are of int64, or Python's integers where those are too small.

    >>> Shares(np.array([1, 2]), np.array([8, 16]))[1]
    Traffic(messages=2, bytes=16)
    """

    messages: Ints
    bytes: npt.NDArray[Any]

    def __len__(self) -> int:
        return len(self.messages)

    @overload
    def __getitem__(self, index: int) -> Traffic: ...
    @overload
    def __getitem__(self, index: slice) -> Shares: ...
    def __getitem__(self, index: int | slice) -> Traffic | Shares:
        if isinstance(index, slice):
            return Shares(self.messages[index], self.bytes[index])
        return Traffic(int(self.messages[index]), int(self.bytes[index]))

    def __iter__(self) -> Iterator[Traffic]:
        return map(Traffic, self.messages.tolist(), self.bytes.tolist())

    def __eq__(self, other: object) -> bool:
        if isinstance(other, Shares):
            return np.array_equal(self.messages, other.messages) and np.array_equal(self.bytes, other.bytes)
        return isinstance(other, Sequence) and tuple(self) == tuple(other)

    __hash__ = None  # type: ignore[assignment]  # columns can be written to

    @property
    def total(self) -> Traffic:
        """Of all ranks together."""
        return Traffic(sum(self.messages.tolist()), sum(self.bytes.tolist()))


def claimed(of_rank: Callable[[Any], Traffic], ranks: int, largest: int) -> Shares:
    """What a closed form says of every rank; ``largest`` bounds the numbers that it computes with."""
    if ranks > FEW_RANKS:
        rank = np.arange(ranks, dtype=np.int64 if largest < 2**62 else object)
        try:
            every = of_rank(rank)
            messages, carried = (np.broadcast_to(np.asarray(x), ranks) for x in (every.messages, every.bytes))
        except (TypeError, ValueError):  # it asks "if rank …", which an array cannot answer
            pass
        else:
            found = Shares(messages.astype(np.int64), carried)
            if all(found[r] == of_rank(r) for r in (0, ranks // 2, ranks - 1)):
                return found
    rows = [of_rank(rank) for rank in range(ranks)]
    few = all(-(2**63) <= row.bytes < 2**63 for row in rows)
    carried = np.array([row.bytes for row in rows], dtype=np.int64 if few else object)
    return Shares(np.array([row.messages for row in rows], dtype=np.int64), carried)


class Pairs(NamedTuple):
    """Messages and bytes from ``src`` to ``dst``, one row for every pair that sends something, in their order."""

    src: Ints
    dst: Ints
    messages: Ints
    bytes: npt.NDArray[Any]


def per_rank(rank: npt.NDArray[Any], size_bytes: Ints, ranks: int) -> Shares:
    """Sums per rank. Sizes are cut into pieces of 21 bits, whose sums a float64 holds exactly for 2³¹ messages."""
    messages = np.bincount(rank, minlength=ranks)
    few = int(size_bytes.max(initial=0)) * len(size_bytes) < 2**63
    total = np.zeros(ranks, dtype=np.int64 if few else object)
    for shift in (0, 21, 42):
        piece = np.bincount(rank, (size_bytes >> shift) & (2**21 - 1), minlength=ranks)
        total += piece.astype(np.int64).astype(total.dtype) * 2**shift
    return Shares(messages, total)


def modulo(quotient: Quotient, sizes: Sizes, end: npt.NDArray[np.int32], classes: Ints | None = None) -> Shares:
    """The same for a quotient, or for some of its classes, at their ``end``: its column ``src`` or ``dst``."""
    q, n = quotient, quotient.group.order
    which = np.flatnonzero(np.not_equal(q.kind, COMPUTE)) if classes is None else classes
    if sizes.of_chunk is None:
        sent = sizes.of_class[which]
        return Shares(np.full(n, np.count_nonzero(sent)), _exact(n, sum(sent.tolist())))
    within = q.chunk[which] % (q.chunks // q.vectors)
    ahead = q.group.minus(within, end[which])  # rank r handles the chunk r moved by this
    times = np.bincount(ahead, minlength=n)
    usual = int(np.bincount(times).argmax())
    of_chunk = sizes.of_chunk
    large = sum(of_chunk.tolist()) * (int(times.max(initial=0)) + 1) >= 2**62
    carried = of_chunk.astype(object) if large else of_chunk
    filled = (of_chunk > 0).astype(np.int64)
    messages, total = np.full(n, usual * filled.sum()), np.full(n, usual * carried.sum(), dtype=carried.dtype)
    for shift in np.flatnonzero(times != usual).tolist():
        more = int(times[shift]) - usual
        messages += more * np.roll(filled, -shift)
        total += more * np.roll(carried, -shift)
    return Shares(messages, total)


def pairs(schedule: Schedule, size_bytes: Ints) -> Pairs:
    """What goes from whom to whom."""
    sends = np.flatnonzero(size_bytes > 0)
    keys = schedule.src[sends].astype(np.int64) * schedule.ranks + schedule.dst[sends]
    found, which = np.unique(keys, return_inverse=True)
    total = per_rank(which, size_bytes[sends], len(found))
    return Pairs(*np.divmod(found, schedule.ranks), total.messages, total.bytes)


def pairs_modulo(quotient: Quotient, sizes: Sizes) -> Pairs:
    """The same for a quotient."""
    q, rank = quotient, np.arange(quotient.group.order)
    sends = np.flatnonzero(np.not_equal(q.kind, COMPUTE))
    apart = q.group.minus(q.dst, q.src)[sends]
    by = np.argsort(apart, kind="stable")
    cuts = np.flatnonzero(np.diff(apart[by], prepend=-1, append=q.group.order))
    found = []
    for a, b in zip(cuts[:-1].tolist(), cuts[1:].tolist(), strict=True):
        one = modulo(q, sizes, q.src, sends[by[a:b]])
        found.append((rank, q.group.add(rank, int(apart[by[a]])), one.messages, one.bytes))
    src, dst, messages, carried = (np.concatenate(column) for column in zip(*found, strict=True))
    order = np.lexsort((dst, src))
    order = order[messages[order] > 0]
    return Pairs(src[order], dst[order], messages[order], carried[order])


def _exact(size: int, value: int) -> npt.NDArray[Any]:
    return np.full(size, value, dtype=np.int64 if value < 2**63 else object)
