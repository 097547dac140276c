"""From a schedule on a network to programs in flat arrays: what the compiled engine runs.

Messages that are alike (same ends, size and kind) share a program. A model that has ``lower`` writes the programs of
all of them at once; the ``transmit`` of any other is driven once for each, against a run that only takes notes.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from simcomm.networks.base import Cost, Message, NetworkModel
from simcomm.networks.programs import (
    AND,
    CAP,
    DELAY,
    END,
    HOLD,
    JOIN,
    SHARE,
    SPAWN,
    TURN,
    WEIGHT,
    Batch,
    Places,
    Programs,
    RouteTable,
)
from simcomm.schedule import Ints, Schedule

if TYPE_CHECKING:
    from simcomm.engines.timeline import Times
    from simcomm.topology.routes import Link, Route


@dataclass(frozen=True)
class Lowered:
    """What is to be run: ``begin[program[i]]`` is where the program of operation i begins."""

    programs: Programs
    begin: Ints
    program: Ints
    places: Places
    kinds: Ints
    costs: tuple[Times, ...]
    table: RouteTable

    @cached_property
    def work(self) -> tuple[int, int]:
        """How many places are asked for, and how many tokens are spawned, in the whole run."""
        return self._counted(np.isin(self.programs.code, (TURN, HOLD, AND)).astype(np.int64))

    @cached_property
    def shares(self) -> tuple[int, int]:
        """How many flows there are in the whole run, and how many links they cross (and caps)."""
        flows = (self.programs.code == SHARE).astype(np.int64)
        crossed = np.where(flows > 0, self.table.hops[self.programs.what * flows] + 1, 0) if flows.any() else flows
        return self._counted(flows)[0], self._counted(crossed)[0]

    def _counted(self, each: Ints) -> tuple[int, int]:
        """The sum over all instructions that are run, of a number of each; how many tokens are spawned."""
        code, amount = self.programs.code, self.programs.amount
        asks = np.cumsum(np.concatenate([[0], each]))
        ends = np.flatnonzero(code == END)
        own = asks[ends[np.searchsorted(ends, self.begin)]] - asks[self.begin]
        spawns = np.flatnonzero(code == SPAWN)
        if not len(spawns):
            return int(own[self.program].sum()), 0
        caller = np.searchsorted(self.begin, spawns, side="right") - 1
        times = np.bincount(self.program, minlength=len(self.begin))[caller] * amount[spawns].astype(np.int64)
        if np.isin(self.programs.what[spawns], caller).any():
            raise NotImplementedError("programs that spawn programs that spawn")
        inside = int((times * own[self.programs.what[spawns]]).sum())
        return int(own[self.program].sum()) + inside, int(times.sum())


def lower(
    schedule: Schedule,
    size_bytes: Ints,
    model: NetworkModel,
    routes: Mapping[tuple[int, int], Route],
    compute_s: Times,
    by_model: bool = True,
) -> Lowered:
    """The programs of all operations; with ``by_model`` from the model's own ``lower``, if it has one."""
    from simcomm.engines.kernel.alike import kinds

    pair = schedule.src.astype(np.int64) * schedule.ranks + schedule.dst
    sends = schedule.is_message & (size_bytes > 0)
    of, first = kinds(pair, size_bytes, schedule.kind, sends)
    pairs, route = np.unique(pair[first], return_inverse=True)
    table = RouteTable.of([routes[divmod(key, schedule.ranks)] for key in pairs.tolist()])
    places = Places(schedule.ranks, table.every_link)
    reduces = schedule.kind[first] == 1
    batch = Batch(schedule.src[first], schedule.dst[first], size_bytes[first], reduces, route, table, places)
    write: Callable[[Batch], Programs] | None = getattr(model, "lower", None) if by_model else None
    written = record(model, batch) if write is None else write(batch)
    computing = np.flatnonzero((schedule.kind == 2) & (compute_s != 0))
    programs, begin = _with_computations(
        written, places, schedule.src[computing].astype(np.int64), compute_s[computing]
    )
    program = np.where(of >= 0, of, len(begin) - 1)
    program[computing] = len(written.start) + np.arange(len(computing))
    return Lowered(programs, begin, program, places, of, written.costs, table)


def _with_computations(written: Programs, places: Places, rank: Ints, seconds: Times) -> tuple[Programs, Ints]:
    """Behind the messages' programs those of computations, and last the empty one."""
    rest = Programs.with_room(np.append(np.full(len(rank), 2), 0))
    rest.put(rest.start[:-1], TURN, places.of_rank("compute", rank), seconds)
    rest.put(rest.start[:-1] + 1, DELAY, 0, seconds)
    code = np.concatenate([written.code, rest.code])
    what = np.concatenate([written.what, rest.what])
    amount = np.concatenate([written.amount, rest.amount])
    begin = np.concatenate([written.start, rest.start + len(written.code)])
    return Programs(begin, code, what, amount), begin


class _Notes:
    """A run that does nothing but write down what it is asked for."""

    def __init__(self, batch: Batch) -> None:
        self.places = batch.places
        self.rows: list[list[tuple[int, int, Any]]] = []
        self.current: list[tuple[int, int, Any]] = []
        self.route = -1  # that of the message which is driven

    def turn(self, place: Hashable, message: Message, seconds: Any) -> None:
        self.current.append((TURN, self.places.number(place), seconds))

    def delay(self, seconds: Any) -> None:
        self.current.append((DELAY, 0, seconds))

    def hold(self, places: Mapping[Hashable, Any], message: Message) -> None:
        for position, (place, seconds) in enumerate(places.items()):
            self.current.append((AND if position else HOLD, self.places.number(place), seconds))

    def share(self, links: Sequence[Link], message: Message, weight: Any, cap_Bps: Any | None) -> None:
        if tuple(links) != message.route.links:
            raise NotImplementedError("flows over other links than those of the message's route")
        self.current.append((SHARE, self.route, message.size_bytes))
        self.current.append((WEIGHT, 0, weight))
        if cap_Bps is not None:
            self.current.append((CAP, 0, cap_Bps))

    def each(self, pieces: Iterable[Iterator[Any]]) -> None:
        here = self.current
        for piece in pieces:
            here.append((SPAWN, self.program(piece), 1))
        self.current = here
        here.append((JOIN, 0, 0))

    def program(self, steps: Iterator[Any]) -> int:
        """Drive a generator to its end; the number of its program."""
        mine: list[tuple[int, int, Any]] = []
        number = len(self.rows)
        self.rows.append(mine)
        before, self.current = self.current, mine
        for _ in steps:
            self.current = mine
        self.current = before
        return number


def record(model: NetworkModel, batch: Batch) -> Programs:
    """The programs of any model: its ``transmit``, driven once for each message that is unlike the others.

    Right if what ``transmit`` asks for hangs on the message alone. The number of the message's operation is not known.
    """
    notes, costs = _Notes(batch), [Cost(0.0, 0.0, 0.0, 0.0, 0.0)] * len(batch)
    notes.rows = [[] for _ in range(len(batch))]
    for number, message in enumerate(batch.messages()):
        costs[number] = model.cost(message)
        notes.current = mine = notes.rows[number]
        notes.route = int(batch.route[number])
        for _ in model.transmit(message, notes):
            notes.current = mine
    programs = Programs.with_room(np.array([len(rows) for rows in notes.rows], dtype=np.int64))
    for begin, rows in zip(programs.start.tolist(), notes.rows, strict=True):
        for at, (code, what, amount) in enumerate(rows, begin):
            programs.code[at], programs.what[at], programs.amount[at] = code, what, amount
    programs.costs = tuple(np.array(costs, dtype=np.float64).reshape(-1, 5).T)
    return programs
