"""A schedule modulo a group that moves every rank: one operation of each orbit, and how to unfold it to all of them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from simcomm.cargo import Cargo, carried, list_bytes, range_bytes, stow
from simcomm.closed_forms import Vector
from simcomm.orbit import Group, Ints
from simcomm.order import depths_in_order, expand


class Sizes(NamedTuple):
    """Bytes of the messages of every class: ``of_class`` those of element 0 (computations: 0).

    If chunks move and differ, ``of_chunk`` has the bytes of every chunk of a vector, and element g of a class whose
    chunk has the number c in its vector sends those of chunk c moved by g. Else all elements send the same.
    """

    of_class: Ints
    of_chunk: Ints | None


@dataclass(frozen=True, eq=False)
class Quotient:
    """Class i is n operations, n the order of the group; the columns have the one of element 0.

    Operation g of class i has the number i·n + g. It goes from rank ``src[i]`` moved by g to ``dst[i]`` moved by g.
    Its chunks are those of element 0, of which the number within the vector is moved by g if ``moves``, and that of the
    vector if there are several; ``cargo`` has those of packed messages (see :mod:`~simcomm.cargo`). ``after`` has the
    numbers that the operation of element 0 waits for: j·n + s stands for operation s moved by g of class j; always
    j < i.
    """

    group: Group
    chunks: int
    vectors: int
    moves: bool
    kind: npt.NDArray[np.int8]
    src: npt.NDArray[np.int32]
    dst: npt.NDArray[np.int32]
    chunk: Ints
    count: npt.NDArray[np.int32]
    seconds: npt.NDArray[np.float64]
    after_start: Ints
    after: Ints
    cargo: Cargo | None = None

    def __len__(self) -> int:
        return len(self.kind)

    @property
    def operations(self) -> int:
        """How many operations it unfolds to."""
        return len(self) * self.group.order

    @cached_property
    def depths(self) -> tuple[Ints, Ints]:
        """Level and step of every class: those of each of its operations."""
        return depths_in_order(self.after_start, self.after // self.group.order, np.not_equal(self.kind, 2))

    @property
    def packs(self) -> bool:
        """Whether messages may be packed: also one that is a range at element 0 may be none where it is moved to."""
        return self.cargo is not None or ((self.moves or self.vectors > 1) and bool((self.count > 1).any()))

    @cached_property
    def carried(self) -> Ints:
        """The chunks of the operations of element 0, ``count`` each, one class after the other."""
        return carried(self.cargo, self.chunk, self.count)

    def moved(self, chunk: Ints, elements: Ints) -> Ints:
        """What operation g carries where that of element 0 carries ``chunk``."""
        if not self.moves and self.vectors == 1:
            return chunk
        vector, within = np.divmod(chunk, self.chunks // self.vectors)
        if self.moves:
            within = self.group.add(within, elements)
        if self.vectors > 1:
            vector = self.group.add(vector, elements)
        return np.asarray(vector * (self.chunks // self.vectors) + within)

    def sizes_bytes(self, vector: Vector) -> Sizes | None:
        """What :meth:`simcomm.schedule.Schedule.sizes_bytes` says of all operations; None if classes do not say it.

        That is, if packed messages of one class differ in size.
        """
        per_vector = self.chunks // self.vectors
        alike = not self.moves or vector.is_cut_evenly(per_vector)
        if self.packs and not alike:
            return None
        if self.cargo is None:
            of_class = range_bytes(vector, per_vector, self.chunk, self.count)
        else:
            of_class = list_bytes(vector, per_vector, self.cargo, self.chunk, self.count)
        of_class[np.equal(self.kind, 2)] = 0
        if alike:
            return Sizes(of_class, None)
        return Sizes(of_class, range_bytes(vector, per_vector, np.arange(per_vector), np.ones(per_vector, np.int32)))

    def unfolded(self, sizes: Sizes, chunk: npt.NDArray[np.int32]) -> Ints:
        """The bytes of all operations, whose chunks these are."""
        of_class, of_chunk = sizes
        if of_chunk is None:
            return np.repeat(of_class, self.group.order)
        sends = np.repeat(np.not_equal(self.kind, 2), self.group.order)
        return np.where(sends, of_chunk[chunk % np.int32(len(of_chunk))], 0)

    def unfold(self) -> dict[str, npt.NDArray[np.generic] | None]:
        """The columns of the schedule, in vectors."""
        n, m = self.group.order, len(self)
        elements = np.arange(n)
        each = np.repeat(np.arange(m), n) if self.moves or self.vectors > 1 else None
        cargo = None
        if self.packs:
            chunk, cargo = stow(self.chunks, np.repeat(self.chunk, n), np.repeat(self.count, n), self._unfold_carried())
        else:
            chunk = np.repeat(self.chunk, n) if each is None else self.moved(self.chunk[each], np.tile(elements, m))
        counts = np.diff(self.after_start)
        return {
            "kind": np.repeat(self.kind, n),
            "src": self._everywhere(self.src),
            "dst": self._everywhere(self.dst),
            "chunk": chunk.astype(np.int32),
            "count": np.repeat(self.count, n),
            "seconds": np.repeat(self.seconds, n),
            "after_start": np.concatenate([[0], np.cumsum(np.repeat(counts, n))]).astype(np.int64),
            "after": self._unfold_after(counts),
            "cargo": cargo,
        }

    def _unfold_carried(self) -> Ints:
        """The chunks of all operations, each one's in order."""
        n, count = self.group.order, np.repeat(self.count, self.group.order)
        which = expand(np.repeat(np.cumsum(self.count) - self.count, n), count)
        element = np.repeat(np.tile(np.arange(n), len(self)), count)
        keys = np.repeat(np.arange(len(count)), count) * self.chunks + self.moved(self.carried[which], element)
        return np.asarray(np.sort(keys) % self.chunks)

    def _everywhere(self, rank: npt.NDArray[np.int32]) -> npt.NDArray[np.int32]:
        moved = self.group.add(rank[:, None], np.arange(self.group.order, dtype=np.int32))
        return np.asarray(moved, dtype=np.int32).ravel()

    def _unfold_after(self, counts: Ints) -> npt.NDArray[np.int32]:
        n = self.group.order
        before, shift = (part.astype(np.int32) for part in np.divmod(self.after, n))
        if counts.max(initial=0) <= 1:
            return (before[:, None] * n + self._everywhere(shift).reshape(-1, n)).ravel().astype(np.int32)
        which = expand(np.repeat(self.after_start[:-1], n), np.repeat(counts, n))
        element = np.repeat(np.tile(np.arange(n, dtype=np.int32), len(self)), np.repeat(counts, n))
        after = before[which] * n + self.group.add(shift[which], element)
        if (np.diff(before) == 0).any():  # two of one class: which comes first hangs on the element
            owner = np.repeat(np.arange(len(self) * n), np.repeat(counts, n))
            after = after[np.lexsort((after, owner))]
        return np.asarray(after, dtype=np.int32)
