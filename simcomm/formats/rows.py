"""A schedule as lines of text, for formats that leave room for what they cannot say.

The first line is JSON: the numbers of a schedule, its vector, and its goal if that has a name. Every other line is one
operation, whole:

    17 reduce 0 -> 1 chunk 2 count 1 after 9 12
    18 compute 1 -> 1 chunk 0 count 4 seconds 0.001 after 17
    19 copy 1 -> 0 chunks 0 2 5 after 18

A file that has them is read from them; its own statements must be those that the schedule would be written as, so that
neither can be changed without the other.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Final

from simcomm import goals
from simcomm.closed_forms import Vector
from simcomm.errors import InputError, did_you_mean
from simcomm.formats.base import Imported
from simcomm.goals import Goal
from simcomm.schedule import KINDS, Operation, Schedule

#: What a schedule must have to be written as lines: how they are read may change with this.
VERSION: Final = 1

#: Into so many chunks a vector may be cut: places and proofs of more would fill the memory.
MOST_CHUNKS: Final = 2**20

_FIELDS: Final = (
    "simcomm",
    "name",
    "ranks",
    "workers",
    "chunks",
    "vectors",
    "operations",
    "elements",
    "itemsize",
    "goal",
)
_MANY: Final = r"\d+(?: \d+)*"
_CHUNKS: Final = rf"chunk (\d+) count (\d+)|chunks ({_MANY})"
_ROW: Final = re.compile(
    rf"(\d+) ({'|'.join(KINDS)}) (\d+) -> (\d+) (?:{_CHUNKS})(?: seconds (\S+))?(?: after ({_MANY}))?"
)


def header(schedule: Schedule, workers: int, name: str, goal: Goal | None, vector: Vector) -> str:
    """The first line; InputError for more chunks than can be read again."""
    if schedule.chunks_per_vector > MOST_CHUNKS:
        raise InputError(f"{schedule.chunks_per_vector} chunks of a vector; expected at most {MOST_CHUNKS}")
    numbers = (VERSION, name, schedule.ranks, workers, schedule.chunks, schedule.vectors, len(schedule))
    values = (*numbers, vector.elements, vector.itemsize, goal_word(goal))
    return json.dumps(dict(zip(_FIELDS, values, strict=True)))


def row(number: int, operation: Operation) -> str:
    """The line of one operation; what it waits for stands in order, as it does in a schedule that is read.

    >>> row(7, Operation("reduce", 0, 1, 2, after=(5, 3)))
    '7 reduce 0 -> 1 chunk 2 count 1 after 3 5'
    """
    o = operation
    chunks = f"chunks {_words(o.packed)}" if o.packed else f"chunk {o.chunk} count {o.count}"
    seconds = f" seconds {o.seconds!r}" if o.seconds else ""
    after = f" after {_words(sorted(o.after))}" if o.after else ""
    return f"{number} {o.kind} {o.src} -> {o.dst} {chunks}{seconds}{after}"


def _words(numbers: Iterable[int]) -> str:
    return " ".join(map(str, numbers))


def imported(first: tuple[str, str], rows: Iterable[tuple[str, str]], source: Path) -> Imported:
    """The schedule of lines, each with the place where it stands; InputError names the one that is wrong."""
    where, text = first
    said = read_header(where, text)
    found: dict[int, Operation] = {}
    for place, line in rows:
        number, operation = _operation(place, line)
        if number in found or number >= said["operations"]:
            unique = "is there twice" if number in found else f"is one of {said['operations']}"
            raise InputError(f"{place}: operation {number} {unique}; expected 0 to {said['operations'] - 1}, each once")
        found[number] = operation
    missing = next((number for number in range(said["operations"]) if number not in found), None)
    if missing is not None:
        raise InputError(f"{where}: {said['operations']} operations, but operation {missing} is nowhere in the file")
    try:
        operations = [found[number] for number in range(len(found))]
        schedule = Schedule.of(said["ranks"], said["chunks"], operations, said["vectors"])
        vector = Vector(said["elements"], said["itemsize"])
        schedule.sizes_bytes(vector)  # refuses one that is too large
    except InputError as error:
        raise InputError(f"{source}: {error}") from None
    goal = goal_of(where, said["goal"])
    return Imported(schedule, said["workers"], said["name"], str(source), goal=goal, vector=vector)


def read_header(where: str, text: str) -> dict[str, Any]:
    """What the first line says; InputError if it is none."""
    try:
        said = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise InputError(f"{where}: not readable as JSON ({error})") from None
    if not isinstance(said, Mapping) or sorted(said) != sorted(_FIELDS):
        near = [did_you_mean(key, _FIELDS) for key in said if key not in _FIELDS] if isinstance(said, Mapping) else []
        raise InputError(f"{where}: expected {', '.join(_FIELDS)}{''.join(near[:1])}")
    if said["simcomm"] != VERSION:
        raise InputError(f"{where}: written as of version {said['simcomm']!r}; expected {VERSION}")
    for field in _FIELDS[2:-1]:
        if type(said[field]) is not int or said[field] < 0:
            raise InputError(f"{where}: {field}: {said[field]!r}; expected a whole number")
    if said["chunks"] > MOST_CHUNKS * max(1, said["vectors"]):
        raise InputError(f"{where}: {said['chunks']} chunks; expected at most {MOST_CHUNKS} of a vector")
    if not isinstance(said["name"], str) or not 1 <= said["workers"] <= said["ranks"]:
        raise InputError(f"{where}: expected a name, and workers of 1 to ranks ({said['ranks']})")
    return dict(said)


def _operation(where: str, text: str) -> tuple[int, Operation]:
    match = _ROW.fullmatch(text)
    try:
        if match is None:
            raise ValueError
        number, kind, src, dst, chunk, count, listed, seconds, after = match.groups()
        packed, waits = (tuple(map(int, (text or "").split())) for text in (listed, after))
        first, many = (packed[0], len(packed)) if packed else (int(chunk), int(count))
        return int(number), Operation(kind, int(src), int(dst), first, many, float(seconds or 0), waits, packed)
    except ValueError:
        example = row(7, Operation("reduce", 0, 1, 2, after=(3, 5)))
        raise InputError(f"{where}: {text!r} is no operation; expected the like of {example!r}") from None


def goal_word(goal: Goal | None) -> str | None:
    """The name of a goal that all schedules may have, with its root if it has one; None for any other.

    >>> goal_word(goals.ALL_REDUCE), goal_word(goals.broadcast(3)), goal_word(None)
    ('all_reduce', 'broadcast 3', None)
    """
    if goal is None:
        return None
    roots = [rule.root for rule in (goal.has, goal.needs) if isinstance(rule, goals.OnlyRank)]
    word = " ".join([goal.operation, *map(str, roots)])
    return word if goal == _known(word) else None


def goal_of(where: str, word: object) -> Goal | None:
    """The goal of a name; InputError for one that is not known."""
    goal = _known(word) if isinstance(word, str) else None
    if goal is None and word is not None:
        raise InputError(f"{where}: goal: {word!r}; expected null or one of {', '.join((*_ALL, *_ROOTED))}")
    return goal


_ALL: Final = {g.operation: g for g in (goals.ALL_REDUCE, goals.REDUCE_SCATTER, goals.ALL_GATHER, goals.ALL_TO_ALL)}
_ROOTED: Final = {rule.__name__: rule for rule in (goals.broadcast, goals.reduce, goals.scatter, goals.gather)}


def _known(word: str) -> Goal | None:
    name, _, root = word.partition(" ")
    if name in _ROOTED and root.isdecimal():
        return _ROOTED[name](int(root))
    return _ALL.get(word)
