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
