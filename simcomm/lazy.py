"""Sequences whose elements are made when somebody looks."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Sequence
from typing import Any, Generic, TypeVar, overload

T_co = TypeVar("T_co", covariant=True)


class Lazy(Sequence[T_co]):
    """A sequence that knows its length, and makes an element each time that it is asked for.

    A slice is a tuple, and it is equal to the tuple of its elements; to pickle it makes them all.
    """

    @abstractmethod
    def make(self, index: int) -> T_co:
        """The element of that index, from 0 on."""

    @overload
    def __getitem__(self, index: int) -> T_co: ...
    @overload
    def __getitem__(self, index: slice) -> tuple[T_co, ...]: ...
    def __getitem__(self, index: int | slice) -> T_co | tuple[T_co, ...]:
        if isinstance(index, slice):
            return tuple(map(self.make, range(len(self))[index]))
        return self.make(range(len(self))[index])

    def __eq__(self, other: object) -> bool:
        return tuple(self) == tuple(other) if isinstance(other, (tuple, Lazy)) else NotImplemented

    def __hash__(self) -> int:
        return hash(tuple(self))

    def __reduce__(self) -> tuple[Any, ...]:
        return tuple, (tuple(self),)


class Made(Lazy[T_co], Generic[T_co]):
    """Elements that a function makes.

    >>> squares = Made(4, lambda index: index**2)
    >>> squares[-1], squares[1:], 4 in squares
    (9, (1, 4, 9), True)
    """

    def __init__(self, length: int, make: Callable[[int], T_co]) -> None:
        self._length, self._make = length, make

    def __len__(self) -> int:
        return self._length

    def make(self, index: int) -> T_co:
        """What the function makes of the index."""
        return self._make(index)
