"""A schedule from a file as a collective, to be run and swept like any other: proven where the file says its goal.

It has no closed form: what it sends is counted, and there is nothing to compare the counts with.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

from simcomm import collectives, formats
from simcomm.collectives.base import Collective
from simcomm.common import content_hash
from simcomm.errors import InputError
from simcomm.goals import UNKNOWN
from simcomm.schedule import Schedule


def collective_in(path: Path) -> Collective:
    """The collective in a file, under the file's name; InputError for what is wrong in it.

    It is for as many workers as the file says; the vector of each may have any size, which is cut into the chunks of
    the file. ``segments`` cut it once more, as those of any collective do.
    """
    return _loaded(path, tuple(content_hash(file) for file in formats.files(path)))


def chosen(name: str | None, file: Path | None, own: Mapping[str, Collective]) -> Collective:
    """The collective by that name, which may be one of the user's ``own``, or the one in a file."""
    if file is not None:
        return collective_in(file)
    return own.get(name or "") or collectives.get(name or "")


@lru_cache(maxsize=16)
def _loaded(path: Path, _hashes: tuple[str, ...]) -> Collective:
    """Read once for all points of a sweep, for as long as the files stay as they are."""
    found = formats.load(path)
    found.check_chunks()

    def build(workers: int) -> Schedule:
        return found.schedule

    def ranks(workers: int, **options: Any) -> int:
        if workers != found.workers:
            raise InputError(f"{path.name} is for {found.workers} workers, not for {workers}")
        return found.schedule.ranks

    build.__doc__ = f"The schedule {found.name} of {path.name}."
    return Collective(
        path.name,
        found.goal or UNKNOWN,
        build,
        None,
        source=f"the file {path.name}",
        ranks=ranks,
        only_workers=found.workers,
        places=found.places,
    )
