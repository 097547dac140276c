"""What a file of another program says: a schedule, and whatever else stands in it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from simcomm.closed_forms import Vector
from simcomm.errors import InputError, ProofError
from simcomm.goals import UNKNOWN, Goal
from simcomm.proof import Proof, prove
from simcomm.schedule import Ints, Schedule


@dataclass(frozen=True, eq=False)
class Imported:
    """A schedule from a file: ranks 0 … workers − 1 are the workers, those above are servers.

    ``goal`` is what the file says that it is for, None where its format has no word for that: then there is nothing
    to prove. ``size_bytes``, one per operation (computations: 0), is there where the format has bytes and not chunks;
    ``vector`` is the vector that they are of, if the file says so. ``source`` is the file, and ``places`` where in it
    every operation stands (empty if the format does not say), for messages.
    """

    schedule: Schedule
    workers: int
    name: str
    source: str
    goal: Goal | None = None
    size_bytes: Ints | None = None
    vector: Vector | None = None
    places: tuple[str, ...] = ()

    def check_chunks(self) -> None:
        """InputError if the messages have bytes of their own, and so can be no other size and no other format."""
        if self.size_bytes is not None:
            what = "messages of so many bytes, of which nobody knows whose vector they are"
            raise InputError(
                f"{self.source}: {what}; expected a schedule of chunks (simcomm import shows and times it)"
            )

    def prove(self) -> Proof:
        """Prove that it reaches its goal; ProofError naming the culprit, and where it is in the file.

        Without a goal nothing is proven, of no place.
        """
        return prove_in_file(self.schedule, self.goal or UNKNOWN, self.workers, self.places)


def prove_in_file(schedule: Schedule, goal: Goal, workers: int, places: Sequence[str]) -> Proof:
    """Prove that a schedule reaches its goal; an error also says where that is in the file, if ``places`` say it.

    That is: where the operations stand that it names, and the last one that wrote what it complains of.
    """
    try:
        return prove(schedule, goal, workers)
    except ProofError as error:
        found = dict.fromkeys(int(number) for number in re.findall(r"operation (\d+) \(", str(error)))
        lines = [f"operation {number} is {places[number]}" for number in found if number < len(places)]
        wrong = re.match(r"rank (\d+), chunk (\d+):", str(error))
        if wrong and places:
            rank, chunk = map(int, wrong.groups())
            writers = np.repeat(np.arange(len(schedule)), schedule.count)
            wrote = writers[(schedule.dst[writers] == rank) & (schedule.carried == chunk)]
            last = places[int(wrote[-1])] if len(wrote) else "nothing in the file"
            lines.append(f"the last that wrote chunk {chunk} of rank {rank} is {last}")
        raise ProofError("\n".join([str(error), *lines])) from None
