"""What a file of another program says: a schedule, and whatever else stands in it."""

from __future__ import annotations

from dataclasses import dataclass

from simcomm.closed_forms import Vector
from simcomm.goals import Goal
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
