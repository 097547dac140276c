"""A machine that runs an MSCCL file on numbers, its threadblocks in any order; it shares no code with simcomm.

It does what the runtime's interpreter does: a threadblock waits until the flag of another has reached a step, which is
only raised by steps with hasdep="1"; a send waits for room in its connection, a receive for what comes first in it.
"""

from __future__ import annotations

from collections import defaultdict, deque
from pathlib import Path
from random import Random
from typing import Any
from xml.etree import ElementTree

ATTRIBUTES = {"s", "type", "srcbuf", "srcoff", "dstbuf", "dstoff", "cnt", "depid", "deps", "hasdep"}


class Stuck(Exception):
    """No threadblock can go on."""


class Machine:
    def __init__(self, path: Path, capacity: int = 2, seed: int = 0) -> None:
        self.algo = ElementTree.parse(path).getroot()
        self.ranks, self.chunks = int(self.algo.get("ngpus")), int(self.algo.get("nchunksperloop"))
        self.coll, self.root = self.algo.get("coll"), int(self.algo.get("root", "0"))
        self.in_place = self.algo.get("inplace") == "1" and self.algo.get("outofplace", "0") == "0"
        self.block = self.chunks // self.ranks
        self.capacity, self.random = capacity, Random(seed)
        self.memory: list[dict[tuple[str, int], int]] = [{} for _ in range(self.ranks)]
        self.queues: dict[tuple[int, int, int], deque[list[int]]] = defaultdict(deque)
        self.flags: dict[tuple[int, int], int] = defaultdict(lambda: -1)
        self.blocks = [(int(g.get("id")), tb) for g in self.algo for tb in g]
        self.at = [0] * len(self.blocks)

    def gradient(self, rank: int, chunk: int) -> int:
        """Chunk of the vector of a rank (all-to-all: of its own vector)."""
        return Random(rank * 10_007 + chunk).getrandbits(60)

    def address(self, rank: int, buffer: str, offset: int) -> tuple[str, int]:
        if self.in_place and buffer != "s":
            if self.coll in ("allgather", "gather"):
                return "o", offset + (rank * self.block if buffer == "i" else 0)
            return "o", offset + (rank * self.block if buffer == "o" and "scatter" in self.coll else 0)
        return buffer, offset

    def inputs(self, rank: int) -> dict[int, int]:
        """Offset in the input -> chunk."""
        if self.coll in ("allgather", "gather"):
            return {k: rank * self.block + k for k in range(self.block)}
        if self.coll in ("broadcast", "scatter") and rank != self.root:
            return {}
        return {k: k for k in range(self.chunks)}

    def expected(self, rank: int) -> dict[int, int]:
        """Offset in the output -> what must be there."""
        every, own = range(self.ranks), range(rank * self.block, (rank + 1) * self.block)
        total = [sum(self.gradient(r, c) for r in every) for c in range(self.chunks)]
        if self.coll == "allreduce" or (self.coll == "reduce" and rank == self.root):
            return dict(enumerate(total))
        if self.coll in ("reducescatter", "reduce_scatter"):
            return {k: total[c] for k, c in enumerate(own)}
        if self.coll == "allgather" or (self.coll == "gather" and rank == self.root):
            return {c: self.gradient(c // self.block, c) for c in range(self.chunks)}
        if self.coll == "alltoall":
            return {v * self.block + k: self.gradient(v, c) for v in every for k, c in enumerate(own)}
        if self.coll == "broadcast":
            return {c: self.gradient(self.root, c) for c in range(self.chunks)}
        if self.coll == "scatter":
            return {k: self.gradient(self.root, c) for k, c in enumerate(own)}
        return {}

    def run(self) -> None:
        """Run to the end, whoever can go on goes on at random; Stuck if nobody can."""
        for rank, memory in enumerate(self.memory):
            for offset, chunk in self.inputs(rank).items():
                memory[self.address(rank, "i", offset)] = self.gradient(rank, chunk)
        ready = list(range(len(self.blocks)))
        while ready:
            index = self.random.choice(ready)
            if self.step(index):
                ready = [i for i, (_, tb) in enumerate(self.blocks) if self.at[i] < len(tb)]
            else:
                ready.remove(index)
        left = [i for i, (_, tb) in enumerate(self.blocks) if self.at[i] < len(tb)]
        if left:
            raise Stuck([self.blocks[i][1][self.at[i]].attrib for i in left])

    def output(self, rank: int) -> dict[int, int]:
        return {k: self.memory[rank].get(self.address(rank, "o", k), -1) for k in self.expected(rank)}

    def is_right(self) -> bool:
        return all(self.output(rank) == self.expected(rank) for rank in range(self.ranks))

    def step(self, index: int) -> bool:
        """One step of a threadblock, if it can be done now."""
        rank, tb = self.blocks[index]
        if self.at[index] >= len(tb):
            return False
        step = tb[self.at[index]]
        get: Any = step.get
        kind, count, memory = get("type"), int(get("cnt")), self.memory[rank]
        if int(get("depid")) >= 0 and self.flags[rank, int(get("depid"))] < int(get("deps")):
            return False
        channel = int(tb.get("chan"))
        into = self.queues[rank, int(tb.get("send")), channel]
        out_of = self.queues[int(tb.get("recv")), rank, channel]
        if kind in ("r", "rcs", "rrc", "rrs", "rrcs") and not out_of:
            return False
        if kind in ("s", "rcs", "rrs", "rrcs") and len(into) >= self.capacity:
            return False
        source, target = (
            [self.address(rank, get(f"{end}buf"), int(get(f"{end}off")) + k) for k in range(count)]
            for end in ("src", "dst")
        )
        if kind != "nop":
            values = [0] * count
            if kind.startswith("r") and kind != "re":
                values = out_of.popleft()
                assert len(values) == count
            if kind in ("s", "rrc", "rrs", "rrcs", "cpy", "re"):
                values = [value + memory[place] for value, place in zip(values, source, strict=True)]
            if kind == "re":
                values = [value + memory[place] for value, place in zip(values, target, strict=True)]
            if kind in ("r", "rcs", "rrc", "rrcs", "cpy", "re"):
                memory.update(zip(target, values, strict=True))
            if kind in ("s", "rcs", "rrs", "rrcs"):
                into.append(values)
        if get("hasdep") == "1":
            self.flags[rank, int(tb.get("id"))] = self.at[index]
        self.at[index] += 1
        return True


def runs_right(path: Path, seeds: int = 3, capacity: int = 2) -> bool:
    """Whether every GPU ends with what it must, in every order that was tried."""
    for seed in range(seeds):
        machine = Machine(path, capacity, seed)
        machine.run()
        if not machine.is_right():
            return False
    return True


def broken_rules(path: Path) -> list[str]:
    """What the runtime's parser would refuse."""
    found = []
    for gpu in ElementTree.parse(path).getroot():
        sizes = {buffer: int(gpu.get(f"{buffer}_chunks")) for buffer in "ios"}
        for number, tb in enumerate(gpu):
            if int(tb.get("id")) != number or gpu.get("id") in (tb.get("send"), tb.get("recv")):
                found.append(f"tb {tb.attrib}")
            waits = False
            for index, step in enumerate(tb):
                if not set(step.attrib) >= ATTRIBUTES or int(step.get("s")) != index:
                    found.append(f"step {step.attrib}")
                depends = int(step.get("depid")) >= 0
                if step.get("type") != "nop" and waits and not depends:
                    found.append(f"a chain of waits that does not end in a step that waits: {step.attrib}")
                waits = step.get("type") == "nop" and (waits or depends)
                if step.get("type") == "nop" and step.get("hasdep") == "1":
                    found.append(f"somebody waits for a step that does nothing: {step.attrib}")
                if step.get("type") in ("s", "cpy", "re") and int(step.get("srcoff")) >= max(
                    1, sizes[step.get("srcbuf")]
                ):
                    found.append(f"out of bounds: {step.attrib}")
            if waits:
                found.append(f"tb {tb.attrib} ends with a wait")
    return found
