"""LogGOPSim's loop once more: a heap of (time, moment of first insertion); who finds a host busy is put back.

An attempt that fails is put back with the same moment, for the time at which the CPU and the NIC are both free.
Computations that take time are left out: LogGOPSim does them on the same CPU.
"""

from __future__ import annotations

import heapq
import itertools
from collections import deque
from typing import Any

from random_runs import ZERO, Case


class OneCpu:
    """Start and end of every operation."""

    def __init__(self, case: Case) -> None:
        self.case = case
        count = len(case.rows)
        self.start: list[Any] = [None] * count
        self.end: list[Any] = [None] * count
        self.missing = [len(set(row.after)) + 1 for row in case.rows]
        self.free = {(kind, rank): ZERO for kind in ("cpu", "out", "in") for rank in range(len(case.ready_s))}
        self.heap: list[tuple[Any, int, int, int, int, tuple[int, ...]]] = []
        self.sequence = itertools.count()
        self.moments = itertools.count(1)

    def run(self) -> tuple[list[Any], list[Any]]:
        late = {rank: next(self.moments) for rank, ready_s in enumerate(self.case.ready_s) if ready_s}
        first = [index for index, row in enumerate(self.case.rows) if row.src not in late]
        self._insert(ZERO, 0, -1, 0, tuple(first))
        for rank, moment in late.items():
            ours = tuple(index for index, row in enumerate(self.case.rows) if row.src == rank)
            self._insert(self.case.ready_s[rank], moment, -1, 0, ours)
        while self.heap:
            now, moment, _, operation, side, released = heapq.heappop(self.heap)
            if operation < 0:
                self._release(now, moment, released)
            elif side == len(self._sides(operation)):
                self.end[operation] = now
                self._release(now, moment, self._waiting_for(operation))
            else:
                self._try(now, moment, operation, side)
        return self.start, self.end

    def _insert(self, time: Any, moment: int, operation: int, side: int, released: tuple[int, ...] = ()) -> None:
        heapq.heappush(self.heap, (time, moment, next(self.sequence), operation, side, released))

    def _waiting_for(self, operation: int) -> tuple[int, ...]:
        return tuple(index for index, row in enumerate(self.case.rows) if operation in row.after)

    def _release(self, now: Any, moment: int, released: tuple[int, ...]) -> None:
        """One thing less for each to wait for; joins and messages of no byte end at once, and release others."""
        to_do = deque(released)
        while to_do:
            index = to_do.popleft()
            self.missing[index] -= 1
            if not self.missing[index]:
                if self.case.size_bytes[index]:
                    self._insert(now, moment, index, 0)
                else:
                    self.start[index] = self.end[index] = now
                    to_do.extend(self._waiting_for(index))

    def _sides(self, operation: int) -> list[tuple[str, int, Any, Any, Any]]:
        """Of every side that a message passes: NIC, host, seconds of the CPU, of the NIC, and until the next side."""
        case, row, m = self.case, self.case.rows[operation], self.case.model
        o, g, L = m.overhead_s, m.gap_s, case.routes[row.src, row.dst].latency_s
        asks_first = m.rendezvous_above_bytes is not None and case.size_bytes[operation] > m.rendezvous_above_bytes
        crossings = [(row.src, row.dst, ZERO, ZERO, ZERO), (row.dst, row.src, ZERO, ZERO, ZERO)] if asks_first else []
        crossings.append((row.src, row.dst, case.wire(operation), case.cpu(operation), case.adding(operation)))
        sides = []
        for src, dst, wire, cpu, adding in crossings:
            received = o + max(cpu, wire + adding)
            sides.append(("out", src, o + cpu, g + wire, o + L))
            sides.append(("in", dst, received, g + wire, received))
        return sides

    def _try(self, now: Any, moment: int, operation: int, side: int) -> None:
        nic, host, cpu_s, nic_s, next_s = self._sides(operation)[side]
        free = max(self.free["cpu", host], self.free[nic, host])
        if free > now:
            self._insert(free, moment, operation, side)
            return
        self.free["cpu", host], self.free[nic, host] = now + cpu_s, now + nic_s
        if self.start[operation] is None:
            self.start[operation] = now
        self._insert(now + next_s, next(self.moments), operation, side + 1)
