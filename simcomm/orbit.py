"""All ranks at once: what is the same for every rank, but for who it is, written down and reckoned with once.

Many a step of a collective is one message that every rank sends: rank r to (r + 1) mod n, or to r XOR 4. Renaming all
ranks by r → r + g (a rotation), or r → r XOR g, maps such a step to itself: it is one orbit of a group that moves every
rank, and one of its messages says it all. An :class:`Orbit` stands for the array of all n numbers, knows only the one
of element 0 of the group, and remains an orbit under what commutes with the group; anything else makes it the array.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
from numpy.lib.mixins import NDArrayOperatorsMixin

Ints = npt.NDArray[np.int64]
Kind = Literal["rotation", "xor"]


@dataclass(frozen=True)
class Group:
    """Numbers 0 … ``order`` − 1 under addition modulo ``order`` (rotation), or under XOR (a power of two of them).

    >>> Group("rotation", 5).add(3, 4), Group("xor", 8).minus(3, 5)
    (2, 6)
    """

    kind: Kind
    order: int

    def add(self, one: Any, other: Any) -> Any:
        """``one`` moved by ``other``; numbers or arrays."""
        if self.kind == "xor":
            return one ^ other
        total = one + other
        return np.where(total >= self.order, total - self.order, total) if np.ndim(total) else total % self.order

    def minus(self, one: Any, other: Any) -> Any:
        """What ``other`` has to be moved by to become ``one``."""
        return one ^ other if self.kind == "xor" else (one - other) % self.order


class Orbit(NDArrayOperatorsMixin):
    """The n numbers ``base`` + (``offset`` moved by g), g = 0 … n − 1; or several rows of them, one per row of offset.

    It is what ``np.arange(n)`` is to a builder: ``(rank + 1) % n``, ``(rank - step) % n`` with a column of steps,
    ``rank ^ 4``, and ``numbers[rank]`` for numbers that the recorder returned. All else works as on the array.

    >>> rank = everyone(4)
    >>> np.asarray((rank - 1) % 4).tolist(), np.asarray(rank ^ 2).tolist()
    ([3, 0, 1, 2], [2, 3, 0, 1])
    >>> ((rank + np.array([[1], [2]])) % 4).offset.tolist()
    [[1], [2]]
    >>> (rank < 2).tolist()
    [True, True, False, False]
    """

    def __init__(self, order: int, offset: Ints, kind: Kind | None = None, wrapped: bool = True, base: Any = 0) -> None:
        self.order, self.offset, self.kind, self.wrapped, self.base = order, offset, kind, wrapped, base

    @property
    def shape(self) -> tuple[int, ...]:
        """That of the array."""
        return (*self.offset.shape[:-1], self.order)

    @property
    def group(self) -> Group:
        """The group that it is an orbit of; every group's, as long as it has not been moved."""
        return Group(self.kind or "rotation", self.order)

    def __len__(self) -> int:
        return self.shape[0]

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> npt.NDArray[Any]:
        elements = np.arange(self.order)
        values = self.group.add(self.offset, elements) if self.wrapped else self.offset + elements
        return np.asarray(self.base + values, dtype=dtype)

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **more: Any) -> Any:
        if method == "__call__" and not more and len(inputs) == 2:
            moved = self._moved(ufunc, *inputs)
            if moved is not None:
                return moved
        return getattr(ufunc, method)(*(np.asarray(i) if isinstance(i, Orbit) else i for i in inputs), **more)

    def __getitem__(self, index: Any) -> Any:
        if isinstance(index, int) and self.offset.ndim == 2:
            base = np.broadcast_to(self.base, self.offset.shape)[index, 0]
            return Orbit(self.order, self.offset[index, 0], self.kind, self.wrapped, base)
        if isinstance(index, Orbit) and index.wrapped and not np.any(index.base) and self.offset.ndim == 0:
            kind = _common(self.kind, index.kind)
            if kind is not None and index.order == self.order:
                offset = Group(kind or "rotation", self.order).add(self.offset, index.offset)
                return Orbit(self.order, np.asarray(offset), kind or None, True, self.base)
        return np.asarray(self)[np.asarray(index) if isinstance(index, Orbit) else index]

    def _moved(self, ufunc: Any, one: Any, other: Any) -> Orbit | None:
        """What +, −, % and ^ by numbers, or by a column of them, make of it; None if that is no orbit."""
        if isinstance(other, Orbit):
            if isinstance(one, Orbit) or ufunc not in (np.add, np.bitwise_xor):
                return None
            one, other = other, one
        by = np.asarray(other)
        column = by.ndim == 0 or (by.ndim == 2 and by.shape[1] == 1)
        if not column or by.dtype.kind not in "iu":
            return None
        if ufunc is np.remainder and by.ndim == 0 and by == self.order and self.kind != "xor":
            based = np.any(self.base)
            offset = np.asarray((self.offset + self.base) % self.order if based else self.offset % self.order)
            return Orbit(self.order, offset, "rotation" if based else self.kind, True)
        if np.any(self.base):
            return None
        if ufunc in (np.add, np.subtract) and self.kind != "xor":
            return self._shifted(ufunc(0, by.astype(np.int64)))
        power = self.order & (self.order - 1) == 0
        if ufunc is np.bitwise_xor and self.kind != "rotation" and power and np.all((by >= 0) & (by < self.order)):
            return Orbit(self.order, self.offset ^ by.astype(np.int64), "xor", True)
        return None

    def _shifted(self, by: Ints) -> Orbit:
        """``by`` added: not to be wrapped again before somebody says so, nor to be unwrapped if it has been."""
        if self.wrapped and np.any(self.offset % self.order):
            offset = np.broadcast_to(self.offset, np.broadcast_shapes(self.offset.shape, by.shape))
            return Orbit(self.order, offset, "rotation", True, by)
        return Orbit(self.order, self.offset + by, "rotation", False)


def everyone(ranks: int) -> Orbit:
    """All ranks 0 … ``ranks`` − 1: what a builder should begin with instead of ``np.arange(ranks)``."""
    return Orbit(ranks, np.zeros((), np.int64))


def _common(one: Kind | None, other: Kind | None) -> Kind | Literal[""] | None:
    """The kind of both ("": of any group), or None if they are of different ones."""
    if one is not None and other is not None and one != other:
        return None
    return one or other or ""


def common_kind(orbits: list[Orbit], kind: Kind | None) -> Kind | Literal[""] | None:
    """The one kind of group that has all these orbits and ``kind``; "" if any has, None if none."""
    found: Kind | Literal[""] | None = kind or ""
    for orbit in orbits:
        found = None if found is None else _common(found or None, orbit.kind)
    return found
