"""GOAL: the text format of LogGOPSim, so that anyone can run the same schedule there.

A message becomes ``send`` at one rank and ``recv`` at the other, with its operation's number as the tag; a computation
becomes ``calc``, in nanoseconds; what an operation waits for becomes ``requires``. What GOAL has no word for (what is
added and what replaced, chunks, numbers of operations; messages of no byte, and joins of 0 s, which take no time here
and would take a turn at the CPU there) stands in comments that begin with ``//simcomm``, each on a line of its own,
since LogGOPSim's reader takes none behind a statement. With them a file is read as the schedule that it was; without
them (LogGOPSim's own files) as messages of bytes, of which nobody knows what they carry, so that nothing can be proven.

Who waits until a message of their own rank has arrived (rounds of exchanges do) requires its ``send``: to LogGOPSim an
eager send has ended as soon as it has started. A time that is no whole number of nanoseconds is rounded to the nearest.

Hoefler, Schneider and Lumsdaine, LogGOPSim: simulating large-scale applications in the LogGOPS model, LSAP 2010.
"""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from itertools import zip_longest
from pathlib import Path
from typing import Final

from simcomm.closed_forms import Vector
from simcomm.errors import InputError
from simcomm.formats.base import Imported
from simcomm.formats.goal_text import parse
from simcomm.formats.programs import Step, programs, schedule_of
from simcomm.formats.rows import header, imported, read_header, row
from simcomm.goals import Goal
from simcomm.schedule import Ints, Schedule
from simcomm.tables import write_file

_OURS: Final = "//simcomm "
_LABEL: Final = {"send": "s", "recv": "r", "calc": "c"}


def dump(schedule: Schedule, path: Path, *, workers: int, name: str, goal: Goal | None, vector: Vector | None) -> None:
    """Write a schedule of this vector to a file; InputError without one, and for what GOAL cannot say."""
    if vector is None:
        raise InputError(f"{path}: GOAL has bytes and not chunks; expected a vector that is cut into the chunks")
    first = header(schedule, workers, name, goal, vector)
    write_file(path, text(schedule, first, schedule.sizes_bytes(vector)).encode())


def text(schedule: Schedule, first: str, size_bytes: Ints) -> str:
    """A schedule as GOAL, with ``first`` as the header of its comments.

    >>> import numpy as np
    >>> from simcomm.schedule import Operation
    >>> swap = [Operation("reduce", 0, 1, 0), Operation("copy", 1, 0, 0, after=(0,))]
    >>> print(text(Schedule.of(2, 1, swap), "{}", np.array([8, 8])))
    //simcomm {}
    num_ranks 2
    rank 0 {
    //simcomm 0 reduce 0 -> 1 chunk 0 count 1
    s0: send 8b to 1 tag 0
    r1: recv 8b from 1 tag 1
    }
    rank 1 {
    r0: recv 8b from 0 tag 0
    //simcomm 1 copy 1 -> 0 chunk 0 count 1 after 0
    s1: send 8b to 0 tag 1
    s1 requires r0
    }
    <BLANKLINE>
    """
    return "\n".join([_OURS + first, f"num_ranks {schedule.ranks}", *_ranks(schedule, size_bytes), ""])


def _ranks(schedule: Schedule, size_bytes: Ints) -> Iterator[str]:
    steps = programs(schedule, size_bytes)
    src, dst, sizes = schedule.src.tolist(), schedule.dst.tolist(), size_bytes.tolist()
    written = {step.operation for of_rank in steps for step in of_rank}
    only_said: list[list[int]] = [[] for _ in steps]
    for number in range(len(schedule)):
        if number not in written:
            only_said[src[number]].append(number)
    for rank, of_rank in enumerate(steps):
        yield f"rank {rank} {{"
        yield from (_OURS + row(number, schedule[number]) for number in only_said[rank])
        for step in of_rank:
            if step.role != "recv":
                yield _OURS + row(step.operation, schedule[step.operation])
            yield _statement(step, src, dst, sizes, schedule)
        yield from (
            f"{_label(step.operation, step.role)} requires {_label(*waited)}"
            for step in of_rank
            for waited in step.after
        )
        yield "}"


def _label(operation: int, role: str) -> str:
    return f"{_LABEL[role]}{operation}"


def _statement(step: Step, src: list[int], dst: list[int], sizes: list[int], schedule: Schedule) -> str:
    number, label = step.operation, _label(step.operation, step.role)
    if step.role == "calc":
        return f"{label}: calc {round(Fraction(float(schedule.seconds[number])) * 10**9)}"
    ends = f"to {dst[number]}" if step.role == "send" else f"from {src[number]}"
    return f"{label}: {step.role} {sizes[number]}b {ends} tag {number}"


def load(path: Path) -> Imported:
    """The schedule of a file: as simcomm wrote it, or of messages of bytes; InputError with file, line and column."""
    try:
        written = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{path}: {getattr(error, 'strerror', None) or error}; expected a GOAL file") from None
    return loads(written, path)


def loads(written: str, path: Path) -> Imported:
    """What :func:`load` makes of a file with this text."""
    lines = [(f"{path}:{number}", line.strip()) for number, line in enumerate(written.split("\n"), 1)]
    ours = [(where, line.removeprefix(_OURS)) for where, line in lines if line.startswith(_OURS)]
    if ours:
        blocks, ranks = sum(line.startswith("rank ") for _, line in lines), read_header(*ours[0])["ranks"]
        if blocks != ranks:
            raise InputError(f"{path}: blocks of {blocks} ranks; the comments of simcomm say {ranks}")
        found = imported(ours[0], ours[1:], path)
        _check_same([line for line in lines if line[1]], found, ours[0][1])
        return found
    program = parse(written, str(path))
    schedule, size_bytes = schedule_of(program.ranks, program.nodes, sends_end_with_arrival=False)
    return Imported(schedule, schedule.ranks, path.stem, str(path), size_bytes=size_bytes)


def _check_same(lines: list[tuple[str, str]], found: Imported, first: str) -> None:
    """The statements must be those of the schedule in the comments."""
    if found.vector is None:  # pragma: no cover - the lines always have one
        return
    expected = text(found.schedule, first, found.schedule.sizes_bytes(found.vector)).split("\n")[:-1]
    for (where, line), wanted in zip_longest(lines, expected, fillvalue=("", "")):
        if line != wanted:
            place = where or f"{found.source}: at its end"
            raise InputError(
                f"{place}: {line!r}; the comments of simcomm in this file say {wanted!r}. "
                "Without the comments the statements are read alone"
            )
