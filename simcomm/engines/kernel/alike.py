"""Which messages are alike: a hash table from what a message is to the first of its kind."""

from __future__ import annotations

from typing import Any

import numpy as np

from simcomm.jit import jit, jit_with_arrays


@jit_with_arrays
def kinds(pair: Any, size_bytes: Any, kind: Any, sends: Any) -> tuple[Any, Any]:
    """Of every operation the number of its kind (−1 if it sends nothing), and of every kind the first operation."""
    of = np.full(len(pair), -1, np.int32)
    first = np.empty(len(pair), np.int64)
    mask, found = 1023, 0
    table = np.full(mask + 1, -1, np.int32)
    for row in range(len(pair)):
        if not sends[row]:
            continue
        slot = _slot(table, mask, first, pair, size_bytes, kind, row)
        if table[slot] < 0:
            table[slot] = found
            first[found] = row
            found += 1
            of[row] = table[slot]
            if 2 * found > mask:
                mask = 4 * mask + 3
                table = np.full(mask + 1, -1, np.int32)
                for number in range(found):
                    table[_slot(table, mask, first, pair, size_bytes, kind, first[number])] = number
        else:
            of[row] = table[slot]
    return of, first[:found].copy()


@jit_with_arrays
def numbered(values: Any) -> tuple[Any, Any]:
    """Of every one of these 64 bits a number, equal where they are equal, and where each number is met first."""
    of = np.empty(len(values), np.int32)
    first = np.empty(len(values), np.int64)
    mask, found = 1023, 0
    table = np.full(mask + 1, -1, np.int32)
    for row in range(len(values)):
        slot = values[row] * 0x9E3779B1
        slot = (slot ^ (slot >> 32)) & mask
        while table[slot] >= 0 and values[first[table[slot]]] != values[row]:
            slot = (slot + 1) & mask
        if table[slot] < 0:
            table[slot] = found
            first[found] = row
            found += 1
        of[row] = table[slot]
        if 2 * found > mask:
            mask = 4 * mask + 3
            table = np.full(mask + 1, -1, np.int32)
            for number in range(found):
                slot = values[first[number]] * 0x9E3779B1
                slot = (slot ^ (slot >> 32)) & mask
                while table[slot] >= 0:
                    slot = (slot + 1) & mask
                table[slot] = number
    return of, first[:found].copy()


@jit_with_arrays
def dependents(after_start: Any, after: Any) -> tuple[Any, Any]:
    """Who waits for every operation: ``Schedule.dependents``, counted instead of sorted."""
    size = len(after_start) - 1
    start = np.zeros(size + 1, np.int64)
    for row in range(len(after)):
        start[after[row] + 1] += 1
    for row in range(size):
        start[row + 1] += start[row]
    free, waiting = start[:-1].copy(), np.empty(len(after), np.int32)
    for owner in range(size):
        for row in range(after_start[owner], after_start[owner + 1]):
            waiting[free[after[row]]] = owner
            free[after[row]] += 1
    return start, waiting


@jit
def _slot(table: Any, mask: int, first: Any, pair: Any, size_bytes: Any, kind: Any, row: int) -> int:
    """Where the table has the kind of this row, or would have it."""
    slot: int = (pair[row] * 0x9E3779B1 + size_bytes[row] * 0x85EBCA77 + kind[row]) & 0x7FFFFFFFFFFF
    slot = (slot ^ (slot >> 21)) & mask
    while table[slot] >= 0:
        other = first[table[slot]]
        if pair[other] == pair[row] and size_bytes[other] == size_bytes[row] and kind[other] == kind[row]:
            break
        slot = (slot + 1) & mask
    return slot
