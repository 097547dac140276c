"""Where the traces of all ranks are: ``name.et`` stands for ``name.0.et``, ``name.1.et``, …"""

from __future__ import annotations

import re
from pathlib import Path

from simcomm.errors import InputError


def file_of(path: Path, rank: int) -> Path:
    """The trace of a rank; ``path`` is that of any, or of none.

    >>> str(file_of(Path("ring.et"), 3)), str(file_of(Path("ring.0.et"), 3))
    ('ring.3.et', 'ring.3.et')
    """
    return path.with_name(f"{re.sub(r'([.][0-9]+)?[.]et$', '', path.name)}.{rank}.et")


def files_of(path: Path) -> tuple[Path, ...]:
    """The traces of ranks 0, 1, … that are there; InputError if one is missing between them, or there is none."""
    ranks = ranks_of(path)
    if not ranks:
        names = f"{file_of(path, 0).name}, {file_of(path, 1).name}, …"
        raise InputError(f"{path}: no trace {file_of(path, 0).name}; expected one for every rank: {names}")
    missing = [rank for rank in range(ranks[-1]) if rank not in ranks]
    if missing:
        name = file_of(path, missing[0]).name
        raise InputError(f"{path}: no trace {name}; expected one for every rank, 0 to {ranks[-1]}")
    return tuple(file_of(path, rank) for rank in ranks)


def ranks_of(path: Path) -> list[int]:
    """The ranks whose traces are there."""
    name = file_of(path, 0).name.removesuffix("0.et")
    others = path.parent.iterdir() if path.parent.is_dir() else ()
    numbers = (other.name.removeprefix(name).removesuffix(".et") for other in others if other.name.startswith(name))
    ranks = sorted(int(number) for number in numbers if number.isdecimal() and str(int(number)) == number)
    return [rank for rank in ranks if file_of(path, rank).is_file()]
