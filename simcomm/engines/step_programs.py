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

#: More kinds than this are not lowered for a schedule whose messages are not written down one by one.
MOST_KINDS = 1 << 21
#: No program of more instructions: the numbers of shapes would not fit into 64 bits.
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
    def of(cls, schedule: Schedule) -> Columns:
        """Those of the quotient if there is one."""
        q = schedule.quotient
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


def lower(
    columns: Columns, sizes: Sizes, model: NetworkModel, routes: Mapping[tuple[int, int], Route] | Route
) -> tuple[Kinds, Tables]:
    """The programs of all messages, and who has which; Refused if there are other instructions than turns and delays."""
    if not hasattr(model, "lower"):
        raise Refused("the network model has no programs (lower)")
    sorts, of_class, of_pair, displacement = _sorts(columns, routes)
    message = columns.kind != COMPUTE
    every = np.concatenate(
        [sizes.of_class[message], np.empty(0, np.int64) if sizes.of_chunk is None else sizes.of_chunk]
    )
    values, _ = np.unique(every, return_inverse=True)
    by_chunk = sizes.of_chunk is not None and len(values) > 1
    reduces = (columns.kind == REDUCE).astype(np.int64)
    size = np.searchsorted(values, sizes.of_class).clip(0, max(len(values) - 1, 0))
    base = reduces + (0 if by_chunk else 2 * size) + 2 * len(values) * of_class
    unlike = message & (by_chunk | (displacement >= 0))
    total = 2 * len(values) * len(sorts)
    if unlike.any():
        if total > MOST_KINDS:
            raise Refused(f"{total:,} kinds of messages; expected no more than {MOST_KINDS:,}")
        used = np.arange(total)
    else:
        used = np.unique(base[message])
    sent = used[values[used // 2 % len(values)] > 0] if len(used) else used
    table = RouteTable.of([route for _, route in sorts])
    src, dst = (
        np.array([pair[end] for pair, _ in sorts], dtype=np.int64)[sent // (2 * len(values) or 1)] for end in (0, 1)
    )
    places = Places(columns.ranks, table.every_link)
    route = sent // (2 * len(values) or 1)
    batch = Batch(src, dst, values[sent // 2 % len(values)] if len(sent) else sent, sent % 2 == 1, route, table, places)
    tables = _tables(
        batch, model.lower(batch) if len(batch) else Programs.with_room(np.zeros(0, np.int64)), columns.ranks
    )
    number = np.full(total if unlike.any() else 0, len(sent))
    if unlike.any():
        number[sent] = np.arange(len(sent))
    program = np.full(len(columns.kind), len(sent))
    alike = message & ~unlike
    at = np.searchsorted(sent, base[alike])
    known = np.append(sent, -1)[at] == base[alike]
    program[alike] = np.where(known, at, len(sent))
    program[unlike] = -1
    chunk = (
        2 * np.searchsorted(values, sizes.of_chunk)
        if by_chunk and sizes.of_chunk is not None
        else np.empty(0, np.int64)
    )
    kinds = Kinds(program, number, base, displacement, chunk, of_pair * (2 * len(values)))
    return kinds, tables


def _sorts(columns: Columns, routes: Mapping[tuple[int, int], Route] | Route) -> tuple[list[Any], Ints, Ints, Ints]:
    """The routes that differ, each with a pair of ranks that has it; which one every class has, or every displacement.

    Routes are alike if their links have equal latencies and bandwidths, one after the other.
    """
    none, apart = np.zeros(len(columns.kind), np.int64), np.full(len(columns.kind), -1)
    nowhere = np.zeros((0, columns.ranks), np.int64)
    if isinstance(routes, Route):
        return [((0, min(1, columns.ranks - 1)), routes)], none, nowhere, apart
    number: dict[tuple[Any, ...], int] = {}
    sorts: list[tuple[tuple[int, int], Route]] = []
    found = []
    for pair, route in routes.items():
        key = tuple([link[2:] for link in route.links])
        if key not in number:
            number[key] = len(sorts)
            sorts.append((pair, route))
        found.append(number[key])
    if len(sorts) <= 1:
        return sorts, none, nowhere, apart
    pairs, sort = np.array(list(routes), dtype=np.int64).reshape(-1, 2), np.array(found, dtype=np.int64)
    if columns.group.order == 1:
        keys = pairs[:, 0] * columns.ranks + pairs[:, 1]
        order = np.argsort(keys)
        at = np.searchsorted(keys[order], columns.src * columns.ranks + columns.dst).clip(0, len(keys) - 1)
        return sorts, sort[order][at], nowhere, apart
    by = columns.group.minus(columns.dst, columns.src)
    values, row = np.unique(by, return_inverse=True)
    of_pair = np.zeros((len(values), columns.ranks), np.int64)
    here = columns.group.minus(pairs[:, 1], pairs[:, 0])
    at = np.searchsorted(values, here).clip(0, len(values) - 1)
    ours = values[at] == here
    of_pair[at[ours], pairs[ours, 0]] = sort[ours]
    return sorts, none, of_pair, row.astype(np.int64)


def _tables(batch: Batch, written: Programs, ranks: int) -> Tables:
    """Programs one after the other as rows of equal length."""
    count = len(batch)
    start, ends = written.start[:count], np.flatnonzero(written.code == END)
    own = ends[np.searchsorted(ends, start)] - start if count else start
    longest = int(own.max(initial=1))
    if longest > MOST_INSTRUCTIONS:
        raise Refused(f"programs of {longest} instructions; expected no more than {MOST_INSTRUCTIONS}")
    inside = np.arange(longest) < own[:, None]
    at = np.where(inside, start[:, None] + np.arange(longest), 0)
    code, what, amount = (np.where(inside, column[at], 0) for column in (written.code, written.what, written.amount))
    if not np.isin(code, (END, DELAY, TURN)).all():
        raise Refused("the network model asks for more than turns and delays")
    turn = code == TURN
    kind, rank = np.divmod(what, ranks)
    if (kind[turn] >= len(OF_RANKS)).any():
        raise Refused("messages queue up for links")
    far = turn & (rank == batch.dst[:, None])
    if (turn & ~far & (rank != batch.src[:, None])).any():
        raise Refused("a message asks for a place of neither of its ends")
    used = sorted({*np.unique(kind[turn]).tolist(), OF_RANKS.index("compute")})
    place = np.where(turn, np.searchsorted(used, kind), 0)
    digits = np.where(turn, 2 + 2 * place + far, code)
    keys = (
        (digits * (2 + 2 * len(used)) ** np.arange(longest)).sum(axis=1)
        if longest * np.log2(2 + 2 * len(used)) < 62
        else None
    )
    if keys is None:
        raise Refused(f"programs of {longest} instructions at {len(used)} kinds of places")
    shapes, first, shape = np.unique(np.append(keys, 0), return_index=True, return_inverse=True)
    rows = [np.where(turn, place, -1), np.full((1, longest), -1)]
    simple = [len(set(row[row >= 0])) == (row >= 0).sum() for row in np.concatenate(rows)[first]]
    weak, least_s = _weak(turn, code, amount)
    by_shape = np.zeros((len(shapes), longest), np.bool_)
    np.logical_or.at(by_shape, shape[:-1], weak)

    def rowed(values: Any) -> Any:
        """Two more: the empty program, and that of computations."""
        return np.concatenate([values, np.zeros((2, *values.shape[1:]), values.dtype)])

    places = rowed(place * ranks).astype(np.int64)
    places[-1] = used.index(OF_RANKS.index("compute")) * ranks
    return Tables(
        length=rowed(own).astype(np.int64),
        shape=np.append(shape, shape[-1]).astype(np.int64),
        is_simple=np.array(simple, dtype=np.bool_),
        turns=rowed(turn.sum(axis=1)).astype(np.int64),
        code=rowed(code).astype(np.int64),
        place=places,
        is_far=rowed(far),
        is_weak=rowed(by_shape[shape[:-1]]),
        amount=rowed(amount.astype(np.float64)),
        costs=tuple(rowed(np.asarray(cost, dtype=np.float64)) for cost in written.costs or [np.zeros(0)] * 5),
        places=tuple(OF_RANKS[number] for number in used),
        least_s=least_s,
    )


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
