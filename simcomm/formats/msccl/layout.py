"""What the buffers of a GPU hold: which chunk lies where at the start, and must lie where at the end.

Chunks are those of simcomm: of one vector, of which every worker has its version, or (all-to-all) of the vectors of all
workers, laid end to end. Input ``i``, output ``o``; in place the smaller of the two lies within the other.

==============  ==========================  ==================================  ===================================
coll            goal                        input of GPU r                      output of GPU r
==============  ==========================  ==================================  ===================================
allreduce       all_reduce                  the vector                          the vector, summed
allgather       all_gather                  block r                             the vector
reducescatter   reduce_scatter              the vector                          block r, summed
alltoall        all_to_all (of blocks)      its own vector                      block r of every vector
broadcast       broadcast from ``root``     the vector (at the root)            the vector
reduce          reduce to ``root``          the vector                          the vector, summed (at the root)
scatter         scatter from ``root``       the vector (at the root)            block r
gather          gather to ``root``          block r                             the vector (at the root)
custom          none: nothing to prove      the vector                          the vector
==============  ==========================  ==================================  ===================================

A vector has ``nchunksperloop`` chunks; a block is the n-th part of them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np

from simcomm import goals
from simcomm.errors import InputError, did_you_mean
from simcomm.goals import Goal

#: What MSCCL calls it -> what the field calls it; the first name of two is the one that is written.
OPERATIONS: Final[Mapping[str, str]] = {
    "allreduce": "all_reduce",
    "allgather": "all_gather",
    "reducescatter": "reduce_scatter",
    "reduce_scatter": "reduce_scatter",
    "alltoall": "all_to_all",
    "broadcast": "broadcast",
    "reduce": "reduce",
    "scatter": "scatter",
    "gather": "gather",
    "custom": "",
}

#: Operations whose blocks are given or taken by number.
_BLOCKS: Final = ("all_gather", "reduce_scatter", "all_to_all", "scatter", "gather")

#: What lies in every place of a buffer is kept track of: so many chunks on all GPUs together.
MOST_CHUNKS: Final = 2**20

Place = tuple[str, int]


@dataclass(frozen=True)
class Layout:
    """The buffers of every GPU for one operation on vectors of ``chunks`` chunks."""

    operation: str
    ranks: int
    chunks: int
    root: int = 0
    in_place: bool = False

    def __post_init__(self) -> None:
        """Refuse what would take too much memory."""
        if self.chunks * self.ranks > MOST_CHUNKS:
            raise InputError(
                f"{self.chunks} chunks on each of {self.ranks} gpus; expected at most {MOST_CHUNKS} in all"
            )

    @classmethod
    def of(cls, coll: str, ranks: int, chunks: int, root: int, in_place: bool) -> Layout:
        """Of a collective by MSCCL's name for it; InputError if simcomm does not know it, or its chunks do not fit."""
        if coll not in OPERATIONS:
            known = ", ".join(OPERATIONS)
            raise InputError(f"coll: {coll!r}; expected one of {known}{did_you_mean(coll, OPERATIONS)}")
        layout = cls(OPERATIONS[coll], ranks, chunks, root, in_place)
        if layout.operation in _BLOCKS and chunks % ranks:
            raise InputError(f"nchunksperloop: {chunks}; expected a multiple of ngpus, {ranks}: {coll} gives blocks")
        return layout

    @property
    def block(self) -> int:
        """Chunks of a block."""
        return self.chunks // self.ranks

    @property
    def vectors(self) -> int:
        """How many vectors the schedule's chunks divide."""
        return self.ranks if self.operation == "all_to_all" else 1

    @property
    def goal(self) -> Goal | None:
        """What is to be proven."""
        plain = (goals.ALL_REDUCE, goals.REDUCE_SCATTER, goals.ALL_GATHER, goals.ALL_TO_ALL)
        rooted = (goals.broadcast, goals.reduce, goals.scatter, goals.gather)
        every = [*plain, *(of_root(self.root) for of_root in rooted)]
        goal = {goal.operation: goal for goal in every}.get(self.operation)
        if goal is None or self.operation not in _BLOCKS or self.block == 1:
            return goal
        return goal.of_pieces(self.block)

    def inputs(self, rank: int) -> dict[Place, int]:
        """What a GPU starts with: place -> chunk."""
        if self.operation in ("all_gather", "gather"):
            return {("i", k): rank * self.block + k for k in range(self.block)}
        if self.operation in ("broadcast", "scatter") and rank != self.root:
            return {}
        first = rank * self.chunks if self.operation == "all_to_all" else 0
        return {("i", k): first + k for k in range(self.chunks)}

    def outputs(self, rank: int) -> dict[Place, int]:
        """What a GPU must end with: place -> chunk."""
        if self.operation in ("reduce_scatter", "scatter"):
            return {("o", k): rank * self.block + k for k in range(self.block)}
        if self.operation in ("reduce", "gather") and rank != self.root:
            return {}
        if self.operation == "all_to_all":
            each = [(v, k) for v in range(self.ranks) for k in range(self.block)]
            return {("o", v * self.block + k): v * self.chunks + rank * self.block + k for v, k in each}
        return {("o", k): k for k in range(self.chunks)}

    def place(self, rank: int, buffer: str, offset: int) -> Place:
        """One name for every place: in place, input and output lie in each other."""
        if not self.in_place or buffer == "s":
            return buffer, offset
        if self.operation in ("all_gather", "gather"):
            return ("o", rank * self.block + offset) if buffer == "i" else (buffer, offset)
        shift = rank * self.block if self.operation in ("reduce_scatter", "scatter") else 0
        return ("i", shift + offset) if buffer == "o" else (buffer, offset)

    def contributes(self, rank: int, chunk: int) -> bool:
        """Whether a GPU has a contribution of its own to a chunk."""
        if self.operation == "all_to_all":
            return chunk // self.chunks == rank
        goal = self.goal
        return goal is None or bool(goal.has(np.array(rank), np.array(chunk), np.array(0)))


def of_goal(goal: Goal | None, ranks: int, chunks: int) -> tuple[str, int]:
    """MSCCL's name for a goal, and its root; InputError if MSCCL has none.

    >>> of_goal(goals.gather(2), 4, 4)
    ('gather', 2)
    """
    if goal is None:
        return "custom", 0
    names = {operation: name for name, operation in reversed([*OPERATIONS.items()])}
    name = names.get(goal.operation)
    for root in range(ranks) if goal.operation not in _BLOCKS or chunks % ranks == 0 else ():
        if name is not None and _same(Layout(goal.operation, ranks, chunks, root).goal, goal, ranks, chunks):
            return name, root
    what = f"the goal {goal.operation!r} of {chunks} chunks"
    raise InputError(f"MSCCL has no word for {what}; expected {', '.join(sorted(names)[1:])}, of equal blocks")


def _same(one: Goal | None, other: Goal, ranks: int, chunks: int) -> bool:
    """Whether two goals say the same of every rank and chunk."""
    if one is None or one.apart != other.apart:
        return False
    rank, chunk, none = np.arange(ranks)[:, None], np.arange(chunks), np.zeros(1, np.int64)
    return all(
        bool((a(rank, chunk, none) == b(rank, chunk, none)).all())
        for a, b in ((one.has, other.has), (one.needs, other.needs))
    )
