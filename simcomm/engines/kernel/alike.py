"""What is alike, and how often there is what: messages by kind, durations, places that are asked for, dependents."""

from __future__ import annotations

from typing import Any

import numpy as np

from simcomm.jit import jit, jit_with_arrays
from simcomm.networks.programs import AND, DELAY, SPAWN, TURN


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
def lengths(code: Any, amount: Any, bits: Any, late: Any) -> tuple[Any, Any]:
    """The number of every instruction's duration (SPAWN: how often) and, behind them, of those ``late``; and all bits.

    ``bits`` are those of ``amount``, and so are ``late``: numbers are equal where these are.
    """
    of = np.zeros(len(code) + len(late), np.int32)
    first = np.empty(len(of), np.int64)
    mask, found = 1023, 0
    table = np.full(mask + 1, -1, np.int32)
    for row in range(len(of)):
        if row < len(code):
            if code[row] == SPAWN:
                of[row] = amount[row]
            if not DELAY <= code[row] <= AND:
                continue
        value = bits[row] if row < len(code) else late[row - len(code)]
        slot = value * 0x9E3779B1
        slot = (slot ^ (slot >> 32)) & mask
        while table[slot] >= 0 and first[table[slot]] != value:
            slot = (slot + 1) & mask
        if table[slot] < 0:
            table[slot] = found
            first[found] = value
            found += 1
        of[row] = table[slot]
        if 2 * found > mask:
            mask = 4 * mask + 3
            table = np.full(mask + 1, -1, np.int32)
            for number in range(found):
                slot = first[number] * 0x9E3779B1
                slot = (slot ^ (slot >> 32)) & mask
                while table[slot] >= 0:
                    slot = (slot + 1) & mask
                table[slot] = number
    return of, first[:found].copy()


@jit_with_arrays
def times(instructions: Any, begin: Any, runs: Any) -> Any:
    """How often each of these instructions is run, which are in order; of every program it is known."""
    found = np.empty(len(instructions), np.int64)
    program = 0
    for row in range(len(instructions)):
        while program + 1 < len(begin) and begin[program + 1] <= instructions[row]:
            program += 1
        found[row] = runs[program]
    return found


@jit_with_arrays
def asks(code: Any, begin: Any, runs: Any) -> int:
    """How many places all programs ask for, run so often."""
    total = 0
    for program in range(len(begin)):
        last = begin[program + 1] if program + 1 < len(begin) else len(code)
        for row in range(begin[program], last):
            if TURN <= code[row] <= AND:
                total += runs[program]
    return total


@jit_with_arrays
def dependents(after_start: Any, after: Any) -> tuple[Any, Any]:
    """Who waits for every operation: ``Schedule.dependents``, counted instead of sorted."""
    size = len(after_start) - 1
    start = np.zeros(size + 1, np.int32)
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
    other = size_bytes[row] * 0x85EBCA77 + kind[row]
    slot: int = (pair[row] + (other ^ (other >> 21))) & mask  # pairs come in order: so do their slots
    step = pair[row] * 0x9E3779B1 + other
    step = (step ^ (step >> 21)) & mask | 1
    while table[slot] >= 0:
        other = first[table[slot]]
        if pair[other] == pair[row] and size_bytes[other] == size_bytes[row] and kind[other] == kind[row]:
            break
        slot = (slot + step) & mask  # of each its own step: those in order are dense
    return slot
