"""Whether the columns of a schedule fit each other."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from simcomm.errors import InputError
from simcomm.operation import KINDS

if TYPE_CHECKING:
    from simcomm.schedule import Schedule


def check(schedule: Schedule) -> None:
    """Refuse columns that do not fit each other, naming the first operation that is wrong."""
    s, size = schedule, len(schedule.kind)
    if s.ranks < 1 or s.chunks < 1:
        raise InputError(f"a schedule of {s.ranks} ranks and {s.chunks} chunks; expected at least one of each")
    if s.vectors < 1 or s.chunks % s.vectors:
        raise InputError(f"{s.chunks} chunks of {s.vectors} vectors; expected as many chunks of each")
    if any(len(column) != size for column in (s.src, s.dst, s.chunk, s.count, s.seconds)):
        raise InputError("the columns of a schedule differ in length")
    if len(s.after_start) != size + 1 or s.after_start[0] != 0 or s.after_start[-1] != len(s.after):
        raise InputError("after_start does not cover the column after; expected one start per operation and the end")
    if (np.diff(s.after_start) < 0).any():
        raise InputError("after_start goes back; expected every operation to start where the one before it ends")
    unknown = (s.kind < 0) | (s.kind >= len(KINDS))
    if unknown.any():
        raise InputError(f"operation {np.argmax(unknown)}: kind {s.kind[np.argmax(unknown)]}; expected 0, 1 or 2")
    message, places = s.is_message, s.chunks if s.cargo is None else len(s.cargo)
    for wrong, why in (
        ((s.src < 0) | (s.src >= s.ranks), f"sender out of range 0..{s.ranks - 1}"),
        ((s.dst < 0) | (s.dst >= s.ranks), f"receiver out of range 0..{s.ranks - 1}"),
        (message & (s.src == s.dst), "a message to oneself"),
        (~message & (s.src != s.dst), "a computation at two ranks"),
        ((s.chunk < 0) | (s.chunk.astype(np.int64) + s.count > places), f"chunk out of range 0..{s.chunks - 1}"),
        ((s.count < 0) | (message & (s.count < 1)), "no chunk to send"),
        (~np.isfinite(s.seconds) | (s.seconds < 0), "not a time of 0 s or more"),
    ):
        if wrong.any():
            index = int(np.argmax(wrong))
            raise InputError(f"operation {index} ({s.row(index, ranges=True)}): {why}")
    _check_cargo(s)
    owner = np.repeat(np.arange(size), np.diff(s.after_start))
    unknown = (s.after < 0) | (s.after >= size) | (s.after == owner)
    if unknown.any():
        index = int(owner[np.argmax(unknown)])
        raise InputError(f"operation {index} ({s[index]}) waits for itself or for an operation that does not exist")


def _check_cargo(s: Schedule) -> None:
    """A cargo begins with every chunk; what an operation carries of it are chunks that there are, each once."""
    if s.cargo is None:
        return
    if not np.array_equal(s.cargo[: s.chunks], np.arange(s.chunks)):
        raise InputError(f"a cargo that does not begin with the chunks 0..{s.chunks - 1}, in order")
    operation, chunk = np.repeat(np.arange(len(s)), s.count), s.carried
    wrong = (chunk < 0) | (chunk >= s.chunks)
    wrong[1:] |= (operation[1:] == operation[:-1]) & (chunk[1:] <= chunk[:-1])
    if wrong.any():
        index = int(operation[np.argmax(wrong)])
        raise InputError(f"operation {index} ({s[index]}): expected chunks of 0..{s.chunks - 1}, in order, each once")
