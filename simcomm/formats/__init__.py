"""Schedules in and out: the formats of other programs, one file each, one line here.

The module of a format has::

    load(path: Path) -> Imported
    dump(schedule: Schedule, path: Path, *, workers: int, name: str, goal: Goal | None, vector: Vector | None) -> None

and, if it reads more files than the one that is named, ``files(path: Path) -> tuple[Path, ...]``. ``dump`` raises
InputError for what the format cannot say, and for a goal or vector that it needs and that is None; ``load`` for what is
wrong in a file, naming the place in it. What is dumped and loaded again is the same schedule, in all its columns.
"""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any, Final

from simcomm.errors import InputError, did_you_mean

if TYPE_CHECKING:
    from simcomm.formats.base import Imported
    from simcomm.schedule import Schedule

#: name -> module; a module is imported when its format is asked for.
FORMATS: Final[dict[str, str]] = {
    "chakra": "simcomm.formats.chakra",
    "goal": "simcomm.formats.goal",
    "msccl": "simcomm.formats.msccl",
}

#: The ending of a file's name -> name of its format.
SUFFIXES: Final[dict[str, str]] = {
    ".et": "chakra",
    ".goal": "goal",
    ".xml": "msccl",
}


def names() -> tuple[str, ...]:
    """The names of all formats."""
    return tuple(FORMATS)


def format_of(path: str | Path) -> str:
    """The name of the format of a file, by the ending of its name; InputError for an unknown ending.

    >>> format_of("ring.xml")
    'msccl'
    """
    suffix = Path(path).suffix.lower()
    if suffix not in SUFFIXES:
        known = ", ".join(f"{ending} ({name})" for ending, name in SUFFIXES.items())
        raise InputError(f"{path}: no format has the ending {suffix!r}; expected {known}")
    return SUFFIXES[suffix]


def load(path: str | Path, format: str | None = None) -> Imported:
    """The schedule in a file; by default the ending of its name says in which ``format``.

    Raises InputError naming the file, the place in it, and what is wrong there.
    """
    loaded: Imported = _module(format or format_of(path)).load(Path(path))
    return loaded


def dump(
    schedule: Schedule,
    path: str | Path,
    format: str | None = None,
    *,
    workers: int | None = None,
    name: str = "schedule",
    goal: Any = None,
    vector: Any = None,
) -> None:
    """Write a schedule to a file; by default the ending of its name says in which ``format``.

    ``workers`` are the first so many ranks (all), ``goal`` is what they are to reach and ``vector`` what is cut into
    the schedule's chunks. InputError for what a format cannot say, or needs and is not given.
    """
    from simcomm.goals import UNKNOWN

    module, known = _module(format or format_of(path)), None if goal is UNKNOWN else goal
    module.dump(schedule, Path(path), workers=workers or schedule.ranks, name=name, goal=known, vector=vector)


def files(path: str | Path, format: str | None = None) -> tuple[Path, ...]:
    """The files whose content :func:`load` reads for this one."""
    module = _module(format or format_of(path))
    found: tuple[Path, ...] = module.files(Path(path)) if hasattr(module, "files") else (Path(path),)
    return found


def _module(name: str) -> ModuleType:
    if name not in FORMATS:
        raise InputError(f"unknown format {name!r}; expected one of {', '.join(FORMATS)}{did_you_mean(name, FORMATS)}")
    return import_module(FORMATS[name])
