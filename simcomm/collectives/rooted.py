"""What collectives with a root share: which ranks can be it, and who is how far from it."""

from __future__ import annotations

from collections.abc import Mapping

from simcomm.errors import InputError

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
