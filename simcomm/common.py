"""What the points of a sweep have in common, made once: schedules with their proofs, graphs, routes, cuts.

Code that makes such a thing says so with :func:`once`. Inside ``with keeping(Kept())`` the thing is kept for whoever
asks with the same key; elsewhere it is made every time. What is kept must never be changed.
"""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterator
from contextlib import AbstractContextManager, contextmanager
from contextvars import ContextVar
from pathlib import Path
from typing import Any, Final, TypeVar, cast

from simcomm.errors import InputError

_Made = TypeVar("_Made")

#: Bytes that are kept in one process, as estimated by those who make them.
MOST_BYTES: Final = 128 * 2**20


def content_hash(file: Path) -> str:
    """SHA-256 of the content of a file, whatever it is called; InputError if it cannot be read."""
    try:
        return hashlib.sha256(file.read_bytes()).hexdigest()
    except OSError as error:
        raise InputError(f"{file}: cannot be read: {error.strerror}") from error


class Kept:
    """What was made last, together of at most ``most_bytes``.

    >>> kept = Kept(most_bytes=10)
    >>> kept.get("a", lambda: 1, bytes_of=lambda _: 6), kept.get("a", lambda: 2, bytes_of=lambda _: 6)
    (1, 1)
    >>> kept.get("b", lambda: 3, bytes_of=lambda _: 6), kept.get("a", lambda: 4, bytes_of=lambda _: 6)
    (3, 4)
    """

    def __init__(self, most_bytes: int = MOST_BYTES) -> None:
        self.most_bytes = most_bytes
        self.total_bytes = 0
        self._things: OrderedDict[Hashable, tuple[Any, int]] = OrderedDict()

    def get(self, key: Hashable, make: Callable[[], _Made], bytes_of: Callable[[_Made], int]) -> _Made:
        """What was made with an equal key, or what ``make`` makes now; what was not asked for longest goes first."""
        found = self._things.get(key)
        if found is not None:
            self._things.move_to_end(key)
            return cast(_Made, found[0])
        made = make()
        size = bytes_of(made)
        if size <= self.most_bytes:
            self._things[key] = made, size
            self.total_bytes += size
        while self.total_bytes > self.most_bytes:
            _, (_, gone) = self._things.popitem(last=False)
            self.total_bytes -= gone
        return made


_kept: ContextVar[Kept | None] = ContextVar("kept", default=None)


@contextmanager
def keeping(kept: Kept) -> Iterator[None]:
    """Have all that is made inside with :func:`once` kept there."""
    token = _kept.set(kept)
    try:
        yield
    finally:
        _kept.reset(token)


def keeping_on() -> AbstractContextManager[None]:
    """The same, with what is kept already where there is a place for it."""
    return keeping(_kept.get() or Kept())


def once(key: Hashable, make: Callable[[], _Made], bytes_of: Callable[[_Made], int]) -> _Made:
    """What ``make`` makes; kept, where there is a place for it, for the next time that the same key is asked for.

    ``key`` has all that the thing depends on, its kind first; ``bytes_of`` estimates what it takes in memory.
    """
    kept = _kept.get()
    return make() if kept is None else kept.get(key, make, bytes_of)
