"""What everything adds up to, one whole number at a time, in plain Python: slow, and sharing no code with the proof."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

from simcomm.goals import Goal
from simcomm.schedule import Schedule


class Sums:
    """What every message of a schedule carries if worker w's gradient is the number ``gradient[w]``, for each chunk.

    >>> from simcomm.goals import ALL_REDUCE
    >>> from simcomm.schedule import Operation
    >>> swap = [Operation("reduce", 0, 1, 0), Operation("copy", 1, 0, 0, after=(0,))]
    >>> sums = Sums(Schedule.of(2, 1, swap), ALL_REDUCE, [1, 10])
    >>> sums.carried, sums.held(1, 0), sums.held(1, 0, [])
    ({(0, 0): 1, (1, 0): 11}, 11, 10)
    """

    def __init__(self, schedule: Schedule, goal: Goal, gradient: Sequence[int]) -> None:
        self.schedule, self.goal, self.gradient = schedule, goal, gradient
        self.rows = list(schedule)
        self.carried: dict[tuple[int, int], int] = {}
        level = schedule.level.tolist()
        for index in sorted(range(len(self.rows)), key=level.__getitem__):
            row = self.rows[index]
            for chunk in row.chunks:
                self.carried[index, chunk] = self.held(row.src, chunk, row.after)

    def begins(self, rank: int, chunk: int) -> int:
        """What a rank has of a chunk (numbered through all vectors) before anything was sent."""
        vector, within = divmod(chunk, self.schedule.chunks_per_vector)
        own = rank < len(self.gradient) and (self.schedule.vectors == 1 or vector == rank)
        return self.gradient[rank] if own and bool(self.goal.has(*map(np.array, (rank, within, vector)))) else 0

    def held(self, rank: int, chunk: int, writers: Iterable[int] | None = None) -> int:
        """What a rank has of a chunk when these operations have ended, in the order of their numbers (all of them)."""
        value = self.begins(rank, chunk)
        for writer in range(len(self.rows)) if writers is None else writers:
            if self.rows[writer].dst == rank and (writer, chunk) in self.carried:
                arrived = self.carried[writer, chunk]
                value = value + arrived if self.rows[writer].kind == "reduce" else arrived
        return value

    def is_needed(self, rank: int, chunk: int) -> bool:
        """Whether the goal asks for the chunk at this rank."""
        vector, within = divmod(chunk, self.schedule.chunks_per_vector)
        return rank < len(self.gradient) and bool(self.goal.needs(*map(np.array, (rank, within, vector))))

    def right(self, rank: int, chunk: int) -> int:
        """What a rank that needs the chunk must have: every contribution once, or as often as the goal says."""
        often = self.goal.multiplicity or (lambda rank, worker: np.array(1))
        workers = range(len(self.gradient))
        return sum(int(often(np.array(rank), np.array(w))) * self.begins(w, chunk) for w in workers)
