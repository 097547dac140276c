"""The last writers of every place: what a recorder needs to know to say who waits for whom."""

from __future__ import annotations

from typing import TypeAlias

import numpy as np

from simcomm.schedule import Ints

#: Items and the operations that they wait for, as two arrays of one length.
Pairs: TypeAlias = tuple[Ints, Ints]


class Writers:
    """For each of ``places``, the operations that wrote it last, as a linked list: -1 ends it.

    >>> writers = Writers(2)
    >>> writers.write(np.array([1, 1]), np.array([10, 11]), adds=True)
    >>> [column.tolist() for column in writers.all(np.array([0, 1]), np.array([0, 1]))]
    [[1, 1], [11, 10]]
    """

    def __init__(self, places: int) -> None:
        self._last = np.full(places, -1, dtype=np.int32)
        self._operation = np.zeros(1024, dtype=np.int64)
        self._before = np.full(1024, -1, dtype=np.int32)
        self._size = 0

    def write(self, places: Ints, operations: Ints, adds: bool) -> None:
        """Make each operation a last writer of its place: one more if it ``adds``, else the only one."""
        order = np.argsort(places, kind="stable")
        places, operations = places[order], operations[order]
        new = np.arange(self._size, self._size + len(places), dtype=np.int32)
        self._grow(self._size + len(places))
        self._operation[new] = operations
        again = np.concatenate([[False], places[1:] == places[:-1]])
        self._before[new] = np.where(again, new - 1, self._last[places]) if adds else -1
        self._last[places] = new
        self._size += len(places)

    def last(self, items: Ints, places: Ints) -> tuple[Ints, Pairs]:
        """Which items read a place of several writers, and, as pairs, the newest writer of every place."""
        last = self._last[places]
        written = last >= 0
        several = written & (self._before[last] >= 0)
        return np.unique(items[several]), (items[written], self._operation[last[written]])

    def all(self, items: Ints, places: Ints) -> Pairs:
        """All writers of the places, as pairs with the item that reads it: one round per writer of the busiest."""
        found: list[Pairs] = []
        link = self._last[places]
        while len(link):
            items, link = items[link >= 0], link[link >= 0]
            found.append((items, self._operation[link]))
            link = self._before[link]
        empty = np.empty(0, np.int64)
        return (
            np.concatenate([empty, *(item for item, _ in found)]),
            np.concatenate([empty, *(operation for _, operation in found)]),
        )

    def _grow(self, size: int) -> None:
        if size > len(self._operation):
            room = max(size, 2 * len(self._operation))
            self._operation = np.resize(self._operation, room)
            self._before = np.resize(self._before, room)
