"""The programs of a schedule's kinds of messages, as tables: what the loop of the max-plus engine runs.

A kind is a size, a route (those of equal links are one) and whether it reduces; the model's ``lower`` writes each once.
Which of its two ends a program asks for is read off the numbers of the places, so that it holds for any pair of ranks.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from simcomm.networks.base import NetworkModel
from simcomm.networks.programs import DELAY, END, OF_RANKS, TURN, Batch, Floats, Places, Programs, RouteTable
from simcomm.orbit import Group
from simcomm.quotient import Sizes
from simcomm.schedule import COMPUTE, REDUCE, Ints, Schedule
from simcomm.topology.routes import Route
from simcomm.topology.ways import Routes

#: More kinds than this are not lowered for a schedule whose messages are not written down one by one.
MOST_KINDS = 1 << 21
#: No program of more instructions: a shape is a number of as many digits, to the base of 12, of 63 bits.
MOST_INSTRUCTIONS = 16


class Refused(Exception):
    """The engine does not do this run, and why."""


class Columns(NamedTuple):
    """A schedule as classes: those of its quotient, or every operation a class of its own."""

    group: Group
    ranks: int
    kind: npt.NDArray[np.int8]
    src: Ints
    dst: Ints
    chunk: Ints  # within its vector
    after_start: Ints
    after_class: Ints
    after_shift: Ints

    @classmethod
    def of(cls, schedule: Schedule, folded: bool) -> Columns:
        """Those of the quotient if there is one and it is wanted."""
        q = schedule.quotient if folded else None
        if q is None:
            s, none = schedule, np.zeros(len(schedule.after), np.int64)
            owner = np.repeat(np.arange(len(s)), np.diff(s.after_start))
            if (s.after >= owner).any():
                raise Refused(f"operation {owner[s.after >= owner][0]} waits for one with a higher number")
            ends = s.src.astype(np.int64), s.dst.astype(np.int64)
            group = Group("rotation", 1)
            return cls(group, s.ranks, s.kind, *ends, none[:0], s.after_start, s.after.astype(np.int64), none)
        before, shift = np.divmod(q.after, q.group.order)
        ends = q.src.astype(np.int64), q.dst.astype(np.int64)
        chunk = q.chunk.astype(np.int64) % (q.chunks // q.vectors)
        return cls(q.group, q.group.order, q.kind, *ends, chunk, q.after_start, before, shift)


@dataclass(frozen=True)
class Kinds:
    """Which kind every operation is of: ``of_class`` for all elements; of those that differ −1, and how to find it.

    Then it is ``number[base + of_chunk[chunk] + of_route[displacement, sender]]``, as far as there are such.
    """

    of_class: Ints
    number: Ints
    base: Ints
    displacement: Ints
    of_chunk: Ints
    of_route: Ints


@dataclass(frozen=True)
class Tables:
    """Programs, one row each: those of the kinds, the empty one, and that of computations (which has no length)."""

    length: Ints
    shape: Ints
    is_simple: npt.NDArray[np.bool_]
    turns: Ints
    code: Ints
    place: Ints
    is_far: npt.NDArray[np.bool_]
    is_weak: npt.NDArray[np.bool_]
    amount: Floats
    costs: tuple[Floats, ...]
    #: The kinds of places that are used, as the number of a place has them.
    places: tuple[str, ...]
    #: The shortest time between a turn and what comes next.
    least_s: float

    def name(self, place: int, ranks: int) -> tuple[str, int]:
        """The place of that number, as the log has it."""
        return self.places[place // ranks], place % ranks


class _Sorts(NamedTuple):
    """The routes that differ, each with a pair of ranks that has it, and who has which."""

    pairs: Ints
    routes: list[Route]
    of_class: Ints
    of_pair: Ints  # [displacement, sender]
    displacement: Ints  # the row of ``of_pair`` that a class has, −1: it has one for all elements


def lower(
    columns: Columns, sizes: Sizes, model: NetworkModel, routes: Mapping[tuple[int, int], Route] | Route
) -> tuple[Kinds, Tables]:
    """The programs of all messages, and who has which; Refused if they are made of more than turns and delays."""
    if not hasattr(model, "lower"):
        raise Refused("the network model has no programs (lower)")
    sorts, message = _sorts(columns, routes), columns.kind != COMPUTE
    of_class, of_chunk = sizes.of_class, np.empty(0, np.int64) if sizes.of_chunk is None else sizes.of_chunk
    values = np.unique(np.concatenate([of_class[message], of_chunk]))
    if len(values) <= 1:
        of_chunk = of_chunk[:0]
    size = np.searchsorted(values, of_class).clip(0, max(len(values) - 1, 0))
    stride = 2 * max(len(values), 1)
    base = (columns.kind == REDUCE) + (0 if len(of_chunk) else 2 * size) + stride * sorts.of_class
    unlike = message & ((sorts.displacement >= 0) | (len(of_chunk) > 0))
    total = stride * len(sorts.routes) if unlike.any() else 0
    if total > MOST_KINDS:
        raise Refused(f"{total:,} kinds of messages; expected no more than {MOST_KINDS:,}")
    used = np.union1d(np.arange(total), base[message])
    sent = used[values[used % stride // 2] > 0] if len(used) else used
    sort, reduces = sent // stride, sent % 2 == 1
    table = RouteTable.of(sorts.routes)
    ends = sorts.pairs[sort, 0], sorts.pairs[sort, 1]
    batch = Batch(*ends, values[sent % stride // 2], reduces, sort, table, Places(columns.ranks, table.every_link))
    tables = _tables(batch, model.lower(batch), columns.ranks)
    empty = len(sent)
    number = np.full(total, empty)
    number[sent[sent < total]] = np.flatnonzero(sent < total)
    at = np.searchsorted(sent, base).clip(0, max(empty - 1, 0))
    program = np.where(message & (sent[at] == base), at, empty) if empty else np.full(len(base), empty)
    program[unlike] = -1
    chunk = 2 * np.searchsorted(values, of_chunk)
    return Kinds(program, number, base, sorts.displacement, chunk, stride * sorts.of_pair), tables


def _sorts(columns: Columns, routes: Mapping[tuple[int, int], Route] | Route) -> _Sorts:
    """Routes are alike if their links have equal latencies and bandwidths, one after the other."""
    none, apart = np.zeros(len(columns.kind), np.int64), np.full(len(columns.kind), -1)
    nowhere = np.zeros((0, columns.ranks), np.int64)
    if isinstance(routes, Route):
        return _Sorts(np.array([[0, min(1, columns.ranks - 1)]]), [routes], none, nowhere, apart)
    pairs, found = _alike(routes, columns.ranks)
    _, first = np.unique(found, return_index=True)
    some = (pairs[first], [routes[src, dst] for src, dst in pairs[first].tolist()])
    if len(first) <= 1:
        return _Sorts(*some, none, nowhere, apart)
    if columns.group.order == 1:
        keys = pairs[:, 0] * columns.ranks + pairs[:, 1]
        order = np.argsort(keys)
        at = np.searchsorted(keys[order], columns.src * columns.ranks + columns.dst).clip(0, len(keys) - 1)
        return _Sorts(*some, found[order][at], nowhere, apart)
    values, row = np.unique(columns.group.minus(columns.dst, columns.src), return_inverse=True)
    of_pair = np.zeros((len(values), columns.ranks), np.int64)
    by = columns.group.minus(pairs[:, 1], pairs[:, 0])
    at = np.searchsorted(values, by).clip(0, len(values) - 1)
    ours = values[at] == by
    of_pair[at[ours], pairs[ours, 0]] = found[ours]
    return _Sorts(*some, none, of_pair, row.astype(np.int64))


def _alike(routes: Mapping[tuple[int, int], Route], ranks: int) -> tuple[Ints, Ints]:
    """All pairs, and a number for each: that of its links' latencies and bandwidths."""
    number: dict[tuple[Any, ...], int] = {}
    if not isinstance(routes, Routes):
        sort = [number.setdefault(tuple([link[2:] for link in route.links]), len(number)) for route in routes.values()]
        return np.array(list(routes), dtype=np.int64).reshape(-1, 2), np.array(sort, dtype=np.int64)
    of_link = np.array([number.setdefault(link[2:], len(number)) for link in routes.links], dtype=np.int64)
    first, links = routes.ways.first, routes.ways.links
    hops = np.diff(first)
    found = hops
    for hop in range(int(hops.max(initial=0)) if len(number) > 1 else 0):
        here = np.zeros(len(hops), np.int64)
        longer = np.flatnonzero(hops > hop)
        here[longer] = of_link[links[first[longer] + hop]]
        _, found = np.unique(found * len(number) + here, return_inverse=True)
    return np.stack(np.divmod(routes.pairs, ranks), axis=1), found


def _tables(batch: Batch, written: Programs, ranks: int) -> Tables:
    """Programs one after the other as rows of equal length."""
    own, code, what, amount = _rows(written, len(batch))
    turn = code == TURN
    kind, rank = np.divmod(what, ranks)
    if (kind[turn] >= len(OF_RANKS)).any():
        raise Refused("messages queue up for links")
    far = turn & (rank == batch.dst[:, None])
    if (turn & ~far & (rank != batch.src[:, None])).any():
        raise Refused("a message asks for a place of neither of its ends")
    compute = OF_RANKS.index("compute")
    used = sorted({*np.unique(kind[turn]).tolist(), compute})
    place = np.where(turn, np.searchsorted(used, kind), 0)
    shape, simple = _shapes(np.where(turn, 2 + 2 * place + far, code), 2 + 2 * len(used))
    weak, least_s = _weak(turn, code, amount)
    by_shape = np.zeros((len(simple), code.shape[1]), np.bool_)
    np.logical_or.at(by_shape, shape[:-1], weak)

    def with_two_more(values: Any) -> Any:
        """The empty program, and that of computations."""
        return np.concatenate([values, np.zeros((2, *values.shape[1:]), values.dtype)])

    places = with_two_more(place * ranks)
    places[-1] = used.index(compute) * ranks
    return Tables(
        length=with_two_more(own),
        shape=np.append(shape, shape[-1]),
        is_simple=simple,
        turns=with_two_more(turn.sum(axis=1)),
        code=with_two_more(code),
        place=places,
        is_far=with_two_more(far),
        is_weak=with_two_more(by_shape[shape[:-1]]),
        amount=with_two_more(amount),
        costs=tuple(with_two_more(np.asarray(cost, dtype=np.float64)) for cost in written.costs),
        places=tuple(OF_RANKS[number] for number in used),
        least_s=least_s,
    )


def _rows(written: Programs, count: int) -> tuple[Ints, Ints, Ints, Floats]:
    """The first ``count`` programs as rows: their lengths, codes, places, amounts; 0 behind the end."""
    start, ends = written.start[:count], np.flatnonzero(written.code == END)
    own = (ends[np.searchsorted(ends, start)] if count else start) - start
    longest = int(own.max(initial=1))
    if longest > MOST_INSTRUCTIONS:
        raise Refused(f"programs of {longest} instructions; expected no more than {MOST_INSTRUCTIONS}")
    columns = np.arange(longest)
    inside = columns < own[:, None]
    at = np.where(inside, start[:, None] + columns, 0)
    if count == 0:
        nothing = np.zeros((0, longest), np.int64)
        return own, nothing, nothing, nothing.astype(np.float64)
    code, what = (np.where(inside, column[at], 0).astype(np.int64) for column in (written.code, written.what))
    if not np.isin(code, (END, DELAY, TURN)).all():
        raise Refused("the network model asks for more than turns and delays")
    return own, code, what, np.where(inside, written.amount[at], 0.0)


def _shapes(digits: Ints, base: int) -> tuple[Ints, npt.NDArray[np.bool_]]:
    """Which programs have the same digits, the empty one behind them; of each shape whether no place is in it twice."""
    keys = np.zeros(len(digits) + 1, np.int64)
    for column in digits.T:
        keys[:-1] = keys[:-1] * base + column
    _, first, shape = np.unique(keys, return_index=True, return_inverse=True)
    rows = np.concatenate([digits, np.zeros((1, digits.shape[1]), np.int64)])[first] // 2 - 1
    simple = [len(set(row[row >= 0].tolist())) == np.count_nonzero(row >= 0) for row in rows]
    return shape.astype(np.int64), np.array(simple, dtype=np.bool_)


def _weak(turn: Any, code: Any, amount: Any) -> tuple[Any, float]:
    """Which turns may be asked for when the one before them begins, and the shortest time between what comes later."""
    weak = np.zeros(turn.shape, np.bool_)
    pause, before = np.zeros(len(turn)), np.zeros(len(turn), np.bool_)
    least_s = np.inf
    for k in range(turn.shape[1]):
        here = turn[:, k]
        weak[:, k] = here & before & (pause == 0)
        least_s = min(least_s, pause[here & before & (pause > 0)].min(initial=np.inf))
        pause = np.where(here, 0.0, np.maximum(pause, np.where(code[:, k] == DELAY, amount[:, k], 0.0)))
        before |= here
    if (before & (pause == 0)).any():
        raise Refused("a message ends at the instant at which it has its last turn")
    return weak, float(min(least_s, pause[before].min(initial=np.inf)))
