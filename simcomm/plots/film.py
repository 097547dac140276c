"""A film of a run: which chunks are on their way when, and what every rank holds; for GIF and HTML alike."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from simcomm.engines.timeline import Timeline
from simcomm.errors import InputError
from simcomm.goals import Goal
from simcomm.operation import COMPUTE, REDUCE, in_words
from simcomm.sums import Sums
from simcomm.units import format_time

#: What one can still see.
MOST_WORKERS, MOST_RANKS, MOST_CELLS, MOST_MESSAGES = 16, 32, 256, 5_000

#: Letters that name the chunks of a message under way.
_LONGEST_SIGN = 11

#: Every worker's gradient is one digit of a number of this many bits per digit.
_BITS = 32


class Move(NamedTuple):
    """A message of a step under way; ``whose`` says for each of its chunks whose gradients it carries."""

    step: int
    src: int
    dst: int
    chunks: tuple[int, ...]
    adds: bool
    start_s: float
    end_s: float
    whose: tuple[str, ...]

    @property
    def sign(self) -> str:
        """What stands on it: whether it adds or stores, and its chunks or, if they are too many, how many.

        >>> [Move(0, 0, 1, chunks, True, 0.0, 1.0, ()).sign for chunks in [(3,), (0, 1, 4), (1, 3, 5, 7, 9, 11)]]
        ['+3', '+0-1, 4', '+6 chunks']
        """
        chunks = in_words(self.chunks, to="-")
        return ("+" if self.adds else "=") + (chunks if len(chunks) <= _LONGEST_SIGN else f"{len(self.chunks)} chunks")


class Held(NamedTuple):
    """From ``time_s`` on a rank holds this share of what there is of a chunk: the gradients named in ``whose``."""

    time_s: float
    rank: int
    chunk: int
    share: float
    whose: str


@dataclass(frozen=True)
class Film:
    """All that moves and all that is held, in the order of time; chunks are numbered through all vectors.

    ``others`` is what the ranks after the workers are: "server" or "switch".
    """

    title: str
    workers: int
    ranks: int
    chunks: int
    vectors: int
    makespan_s: float
    moves: tuple[Move, ...]
    held: tuple[Held, ...]
    others: str = "server"

    def name(self, rank: int) -> str:
        """What a rank is called."""
        return f"{'rank' if rank < self.workers else self.others} {rank}"

    def holdings(self, time_s: float) -> dict[tuple[int, int], Held]:
        """What every (rank, chunk) holds at that time."""
        return {(one.rank, one.chunk): one for one in self.held if one.time_s <= time_s}

    def under_way(self, time_s: float) -> list[tuple[Move, float]]:
        """What is under way at that time, and which part of its way is behind it."""
        return [
            (move, (time_s - move.start_s) / (move.end_s - move.start_s))
            for move in self.moves
            if move.start_s <= time_s < move.end_s
        ]

    def words(self, time_s: float) -> str:
        """Which steps' messages are under way at that time, and how many have arrived."""
        steps = sorted({move.step for move, _ in self.under_way(time_s)})
        several = f"steps {steps[0]} to {steps[-1]}" if len(steps) > 1 else f"step {steps[0]}" if steps else ""
        now = several or ("end" if time_s >= self.makespan_s else "nothing under way")
        arrived = sum(move.end_s <= time_s for move in self.moves)
        return f"{now}, t = {format_time(time_s)}, {arrived} of {len(self.moves)} messages have arrived"


def film(timeline: Timeline, goal: Goal, workers: int, title: str, others: str = "server") -> Film:
    """The film of a run with its timeline; InputError if there is more than one could see.

    >>> from simcomm.simulation import simulate
    >>> link = {"bandwidth": "1 B/s", "latency": "0 s"}
    >>> ran = simulate("ring_all_reduce", 2, parameters=2, dtype="int8", link=link, timeline=True)
    >>> from simcomm.goals import ALL_REDUCE
    >>> [(move.chunks, move.whose) for move in film(ran.timeline, ALL_REDUCE, 2, "ring").moves]
    [((1,), ('0',)), ((0,), ('1',)), ((0,), ('0+1',)), ((1,), ('0+1',))]
    """
    schedule = timeline.schedule
    _check(workers, schedule.ranks, schedule.chunks, schedule.messages)
    sums = Sums(schedule, goal, [1 << (_BITS * worker) for worker in range(workers)])
    moves = [
        Move(
            int(schedule.step[index]),
            row.src,
            row.dst,
            tuple(row.chunks),
            bool(schedule.kind[index] == REDUCE),
            float(timeline.start_s[index]),
            float(timeline.end_s[index]),
            tuple(whose(sums.carried[index, chunk]) for chunk in row.chunks),
        )
        for index, row in enumerate(sums.rows)
        if schedule.kind[index] != COMPUTE
    ]
    held = [
        one
        for rank in range(schedule.ranks)
        for chunk in range(schedule.chunks)
        for one in _held(sums, timeline, rank, chunk)
    ]
    return Film(
        title,
        workers,
        schedule.ranks,
        schedule.chunks,
        schedule.vectors,
        float(timeline.makespan_s),
        tuple(sorted(moves, key=lambda move: move.start_s)),
        tuple(sorted(held)),
        others,
    )


def whose(number: int) -> str:
    """Whose gradients a sum is of.

    >>> whose(0), whose(1 + (1 << 64)), whose(3 << 32)
    ('', '0+2', '3·1')
    """
    digits = [(number >> shift) % 2**_BITS for shift in range(0, number.bit_length(), _BITS)]
    return "+".join(f"{times}·{w}" if times > 1 else str(w) for w, times in enumerate(digits) if times)


def _held(sums: Sums, timeline: Timeline, rank: int, chunk: int) -> list[Held]:
    """What a rank holds of a chunk at first, and after everything that was written there."""
    writers = [i for i, row in enumerate(sums.rows) if row.dst == rank and (i, chunk) in sums.carried]
    ends = timeline.end_s[writers]
    moments = [0.0, *np.unique(ends[[sums.rows[i].kind != "compute" for i in writers]]).tolist()] if writers else [0.0]
    everyone = max(_people(sums.right(rank, chunk)), 1)
    found = []
    for time_s in moments:
        value = sums.held(rank, chunk, [i for i, end in zip(writers, ends, strict=True) if end <= time_s])
        found.append(Held(float(time_s), rank, chunk, min(_people(value) / everyone, 1.0), whose(value)))
    return found


def _people(number: int) -> int:
    """How many gradients a sum is of."""
    return sum((number >> shift) % 2**_BITS > 0 for shift in range(0, number.bit_length(), _BITS))


def _check(workers: int, ranks: int, chunks: int, messages: int) -> None:
    for found, most, what in (
        (workers, MOST_WORKERS, "workers"),
        (ranks, MOST_RANKS, "ranks"),
        (chunks, MOST_CELLS, "chunks"),
        (messages, MOST_MESSAGES, "messages"),
    ):
        if found > most:
            raise InputError(f"a film of {found} {what}; expected at most {most}, more cannot be seen")
