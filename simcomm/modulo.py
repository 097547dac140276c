"""What a proof needs of a quotient instead of the whole schedule.

Chunks never mix. Where the group moves them, what happens to one chunk happens, moved, to all: of every class just one
operation carries it (or one for each chunk that is packed), and these are a schedule of their own. Where chunks stay,
what happens at rank 0 happens, moved, at every rank: contribution sets are those of element 0, and one that comes from
element s is moved by s.
"""

from __future__ import annotations

import numpy as np

from simcomm.order import expand, rows
from simcomm.quotient import Quotient
from simcomm.schedule import REDUCE, Ints, Schedule

#: Contributions that are looked at before a proof modulo a group is given up.
MOST_CONTRIBUTIONS = 50_000_000


def of_one_chunk(quotient: Quotient) -> tuple[Schedule, Ints]:
    """All that is sent of one chunk (of several vectors: of vector 0), and which chunks these are; if chunks move.

    For every chunk that a class carries there is one operation: that of the class which carries it there.
    """
    q, group = quotient, quotient.group
    per_vector = q.chunks // q.vectors
    of_class = np.repeat(np.arange(len(q)), q.count)
    element = group.minus(0, q.carried // per_vector if q.vectors > 1 else q.carried)
    chunk = q.moved(q.carried, element)
    within, each = (chunk, per_vector) if q.vectors > 1 else (0 * chunk, 1)
    keys = (of_class * group.order + element) * each + within
    waits = np.diff(q.after_start)[of_class]
    reader = np.repeat(np.arange(len(of_class)), waits)
    writer, shift = np.divmod(q.after[expand(q.after_start[of_class], waits)], group.order)
    wanted = (writer * group.order + group.add(element[reader], shift)) * each + within[reader]
    order = np.argsort(keys)
    place = np.searchsorted(keys, wanted, sorter=order)
    found = np.append(order, 0)[place]
    same = (place < len(keys)) & (np.append(keys, -1)[found] == wanted)
    counts, after = rows(reader[same], found[same], len(of_class))
    schedule = Schedule(
        ranks=group.order,
        chunks=q.chunks,
        kind=q.kind[of_class],
        src=group.add(q.src[of_class], element).astype(np.int32),
        dst=group.add(q.dst[of_class], element).astype(np.int32),
        chunk=chunk.astype(np.int32),
        count=np.ones(len(of_class), np.int32),
        seconds=q.seconds[of_class],
        after_start=np.concatenate([[0], np.cumsum(counts)]),
        after=after.astype(np.int32),
        vectors=q.vectors,
        _checked=True,
    )
    return schedule, np.arange(per_vector if q.vectors > 1 else 1)


def each_has_all(quotient: Quotient) -> bool:
    """Whether every rank ends with the contribution of each rank, once, if there is one chunk.

    False as well if it would take too long to say.
    """
    q, group = quotient, quotient.group
    read = read_by_class(q)
    sets: dict[int, Ints] = {}
    room = MOST_CONTRIBUTIONS
    for index in read:
        found = _union(q, sets, *read[index], own=int(q.src[index]))
        room -= 0 if found is None else len(found)
        if found is None or room < 0:
            return False
        sets[index] = found
    wrote = np.flatnonzero(q.count > 0)
    at_end = _union(q, sets, wrote, group.minus(0, q.dst[wrote]), own=0)
    return at_end is not None and len(at_end) == group.order


def read_by_class(q: Quotient) -> dict[int, tuple[Ints, Ints]]:
    """Of every class that hands on what others wrote: which (class, element) wrote it at the sender of element 0."""
    reader = np.repeat(np.arange(len(q)), np.diff(q.after_start))
    writer, shift = np.divmod(q.after, q.group.order)
    passes = (q.group.add(q.dst[writer], shift) == q.src[reader]) & (q.count[reader] > 0) & (q.count[writer] > 0)
    reader, writer, shift = reader[passes], writer[passes], shift[passes]
    cuts = np.flatnonzero(np.diff(reader, prepend=-1, append=len(q)))
    return {
        int(reader[a]): (writer[a:b], shift[a:b]) for a, b in zip(cuts[:-1].tolist(), cuts[1:].tolist(), strict=True)
    }


def _union(q: Quotient, sets: dict[int, Ints], writer: Ints, shift: Ints, own: int) -> Ints | None:
    """All that was written, behind the last copy or computation, and the rank's own; None if anything came twice."""
    replaces = np.flatnonzero(q.kind[writer] != REDUCE)
    if len(replaces):
        writer, shift = writer[replaces[-1] :], shift[replaces[-1] :]
    handed_on = np.isin(writer, np.fromiter(sets, np.int64, len(sets))) if sets else np.zeros(len(writer), np.bool_)
    alone = q.group.add(q.src[writer[~handed_on]], shift[~handed_on])
    moved = [q.group.add(sets[int(w)], s) for w, s in zip(writer[handed_on], shift[handed_on], strict=True)]
    found = np.concatenate([np.zeros(0, np.int64) if len(replaces) else np.array([own]), alone, *moved])
    many = len(found) > q.group.order // 16
    times = np.bincount(found) if many else np.unique(found, return_counts=True)[1]
    return None if (times > 1).any() else found
