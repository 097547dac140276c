"""What collectives with a root share: which ranks can be it, who has and who needs what, and roots worth showing."""

from __future__ import annotations

from collections.abc import Mapping

from simcomm import goals
from simcomm.errors import InputError
from simcomm.goals import Goal

#: The sets of options worth showing and testing: the usual root, and another one where there is one.
ROOTS: tuple[Mapping[str, int], ...] = ({}, {"root": 1})


def rooted(workers: int, *, root: int = 0) -> int:
    """As many ranks as workers, one of which is the root.

    >>> rooted(4, root=4)
    Traceback (most recent call last):
    simcomm.errors.InputError: root: 4; expected one of the ranks 0..3
    """
    if not 0 <= root < workers:
        raise InputError(f"root: {root}; expected one of the ranks 0..{workers - 1}")
    return workers


def broadcast(workers: int, *, root: int = 0, **_: object) -> Goal:
    """Everybody ends with the root's vector."""
    return goals.broadcast(root)


def reduce(workers: int, *, root: int = 0) -> Goal:
    """The root ends with the sum of all vectors."""
    return goals.reduce(root)


def scatter(workers: int, *, root: int = 0) -> Goal:
    """Worker r ends with chunk r of the root's vector."""
    return goals.scatter(root)


def gather(workers: int, *, root: int = 0) -> Goal:
    """The root ends with chunk r of every worker r."""
    return goals.gather(root)
