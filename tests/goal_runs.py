"""LogGOPSim, read again: its text and its rules, with nothing of simcomm in it.

The reader knows no more than the files need: a statement is a line, words are parted by blanks. The run is one event at
a time, in the order of (time, moment of insertion): what a rank may start is inserted for when its CPU (and, for a
send, its NIC) is free; a message, for when its first byte is there; what finds the place taken is tried again later. A
receive has ended when its message was taken in or, if it is posted later, at once; an eager send as soon as it started.
"""

from __future__ import annotations

import heapq
from collections import defaultdict
from typing import Any, NamedTuple

SEND, RECV, CALC = 1, 2, 3


class Op(NamedTuple):
    rank: int
    kind: int
    size: int
    peer: int
    tag: int


def read(text: str) -> tuple[int, list[Op], list[tuple[int, int, bool]]]:
    """Ranks, statements, and who waits for whom: (index, for index, only for its start)."""
    ranks, rank, ops, waits, labels = 0, -1, [], [], {}
    for line in text.split("\n"):
        words = line.replace(":", " ").split()
        if not words or words[0].startswith("//") or words == ["}"]:
            continue
        if words[0] == "num_ranks":
            ranks = int(words[1])
        elif words[0] == "rank":
            rank, labels = int(words[1]), {}
        elif words[1] in ("requires", "irequires"):
            waits.append((labels[words[0]], labels[words[2]], words[1] == "irequires"))
        else:
            label, what, size, *more = words
            labels[label] = len(ops)
            kind = {"send": SEND, "recv": RECV, "calc": CALC}[what]
            peer, tag = (int(more[1]), int(more[3]) if len(more) > 2 else 0) if more else (-1, 0)
            ops.append(Op(rank, kind, int(size.removesuffix("b")), peer, tag))
    return ranks, ops, waits


class Run:
    """One run; ``finish`` is when the last CPU is free."""

    def __init__(self, text: str, L: int, o: int, g: int, G: int, O: int) -> None:  # noqa: E741
        ranks, self.ops, waits = read(text)
        self.L, self.o, self.g, self.G, self.O = L, o, g, G, O
        self.cpu, self.nic_send, self.nic_recv = ([0] * ranks for _ in range(3))
        self.missing = [0] * len(self.ops)
        self.on_start: Any = defaultdict(list)
        self.on_end: Any = defaultdict(list)
        for waiting, waited, start_only in waits:
            (self.on_start if start_only else self.on_end)[waited].append(waiting)
            self.missing[waiting] += 1
        self.posted: Any = defaultdict(list)
        self.there: Any = defaultdict(list)
        self.ended = 0
        self.moment = 0
        self.events: list[tuple[int, int, bool, int]] = []
        for rank in range(ranks):
            self.free([i for i, op in enumerate(self.ops) if op.rank == rank and not self.missing[i]])
        while self.events:
            self.step(*heapq.heappop(self.events))
        assert self.ended == len(self.ops), "the schedule stands still"
        self.finish = max(self.cpu)

    def insert(self, time: int, arrives: bool, index: int) -> None:
        heapq.heappush(self.events, (time, self.moment, arrives, index))
        self.moment += 1

    def free(self, indices: list[int]) -> None:
        for index in sorted(indices, key=lambda i: self.ops[i].kind):
            op = self.ops[index]
            busy = self.nic_send[op.rank] if op.kind == SEND else 0
            self.insert(max(self.cpu[op.rank], busy), False, index)

    def release(self, waiting: list[int]) -> None:
        for index in waiting:
            self.missing[index] -= 1
        self.free(sorted({index for index in waiting if not self.missing[index]}))

    def end(self, index: int, started: bool) -> None:
        self.ended += 1
        self.release([*(self.on_start[index] if started else []), *self.on_end[index]])

    def step(self, time: int, moment: int, arrives: bool, index: int) -> None:
        op = self.ops[index]
        host = op.peer if arrives else op.rank
        nic = self.nic_recv if arrives else self.nic_send
        if arrives or op.kind != RECV:
            free = max(self.cpu[host], nic[host] if op.kind == SEND else 0)
            if free > time:
                heapq.heappush(self.events, (free, moment, arrives, index))
                return
        rest, meets = op.size - 1, (op.rank, op.peer, op.tag) if op.kind == SEND else (op.peer, op.rank, op.tag)
        if arrives:
            self.cpu[host] = time + self.o + max(rest * self.O, rest * self.G)
            nic[host] = time + self.g + rest * self.G
            if self.posted[meets]:
                self.end(self.posted[meets].pop(0), False)
            else:
                self.there[meets].append(index)
        elif op.kind == SEND:
            self.cpu[host] = time + self.o + rest * self.O
            nic[host] = time + self.g + rest * self.G
            self.insert(time + self.o + self.L, True, index)
            self.end(index, True)
        elif op.kind == CALC:
            self.cpu[host] = time + op.size
            self.end(index, True)
        else:
            self.release(self.on_start[index])
            if self.there[meets]:
                self.there[meets].pop(0)
                self.end(index, False)
            else:
                self.posted[meets].append(index)
