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

from simcomm.errors import EngineError
from simcomm.networks.base import OF_PORTS, Message, NetworkModel, Workers
from simcomm.networks.programs import (
    AND,
    CAP,
    DELAY,
    HOLD,
    JOIN,
    OF_RANKS,
    SHARE,
    SPAWN,
    TURN,
    WEIGHT,
    Batch,
    Places,
    Programs,
    RouteTable,
)
from simcomm.order import ranked
from simcomm.schedule import Ints, Schedule
from simcomm.topology.ways import Routes

if TYPE_CHECKING:
    from simcomm.engines.timeline import Times
    from simcomm.topology.routes import Link, Route


_Row = tuple[int, int, Any]


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
        from simcomm.engines.kernel.alike import asks

        code, amount = self.programs.code, self.programs.amount
        spawns = np.flatnonzero(code == SPAWN)
        return asks(code, self.begin, self._runs), int((self.times(spawns) * amount[spawns]).sum())

    def times(self, instructions: Ints) -> Ints:
        """How often each of these is run; they are in order."""
        from simcomm.engines.kernel.alike import times

        found: Ints = times(instructions, self.begin, self._runs)
        return found

    @cached_property
    def _runs(self) -> Ints:
        """How often every program is run: by operations, and by those that spawn it."""
        code, amount = self.programs.code, self.programs.amount
        runs = np.bincount(self.program, minlength=len(self.begin))
        spawns = np.flatnonzero(code == SPAWN)
        if not len(spawns):
            return runs
        caller = np.searchsorted(self.begin, spawns, side="right") - 1
        if np.isin(self.programs.what[spawns], caller).any():
            raise EngineError("engine: compiled has no pieces of pieces of a message (each); expected engine des")
        np.add.at(runs, self.programs.what[spawns], runs[caller] * amount[spawns].astype(np.int64))
        return runs


def lower(
    schedule: Schedule,
    size_bytes: Ints,
    model: NetworkModel,
    routes: Mapping[tuple[int, int], Route],
    compute_s: Times,
    by_model: bool = True,
    workers: Workers | None = None,
) -> Lowered:
    """The programs of all operations; with ``by_model`` from the model's own ``lower``, if it has one.

    ``workers`` say which ranks stand on switches (None: none).
    """
    from simcomm.engines.kernel.alike import kinds

    pair = schedule.src.astype(np.int64) * schedule.ranks + schedule.dst
    sends = schedule.is_message & (size_bytes > 0)
    of, first = kinds(pair, size_bytes, schedule.kind, sends)
    table, route = _routes(pair[first], schedule.ranks, routes)
    places = Places(schedule.ranks, table.every_link)
    reduces = schedule.kind[first] == 1
    reduces = reduces if workers is None else workers.adds(reduces, schedule.dst[first])
    batch = Batch(schedule.src[first], schedule.dst[first], size_bytes[first], reduces, route, table, places)
    write: Callable[[Batch], Programs] | None = getattr(model, "lower", None) if by_model else None
    written = record(model, batch) if write is None else write(batch)
    if workers is not None and workers.hosts is not None:
        _give_ports(written, batch, workers.hosts)
    computing = np.flatnonzero((schedule.kind == 2) & (compute_s != 0))
    programs, begin = _with_computations(
        written, places, schedule.src[computing].astype(np.int64), compute_s[computing]
    )
    program = np.where(of >= 0, of, len(begin) - 1)
    program[computing] = len(written.start) + np.arange(len(computing))
    return Lowered(programs, begin, program, places, of, written.costs, table)


def _routes(pair: Ints, ranks: int, routes: Mapping[tuple[int, int], Route]) -> tuple[RouteTable, Ints]:
    """The routes of these pairs, src · ranks + dst, and the number of each."""
    if isinstance(routes, Routes):
        return RouteTable.of_all(routes), routes.numbers(pair)
    pairs, number = ranked(pair, ranks * ranks)
    return RouteTable.between(routes, *np.divmod(pairs, ranks)), number


def _give_ports(written: Programs, batch: Batch, hosts: int) -> None:
    """Ranks from ``hosts`` on stand on switches: for the place of such a rank that of its port to the other end."""
    places = batch.places
    kind, rank = np.divmod(written.what, places.ranks)
    of_port = [OF_RANKS.index(name) for name in OF_PORTS]
    asks = np.isin(written.code, (TURN, HOLD, AND)) & np.isin(kind, of_port) & (rank >= hosts)
    message = np.searchsorted(written.start, np.arange(len(written.code)), side="right") - 1
    for at in np.flatnonzero(asks).tolist():
        own = int(message[at])
        if own >= len(batch):
            raise EngineError("engine: compiled has no ports of switches for pieces of a message; expected engine des")
        src, dst, here = int(batch.src[own]), int(batch.dst[own]), int(rank[at])
        written.what[at] = places.number((OF_RANKS[kind[at]], here, dst if here == src else src))


def _with_computations(written: Programs, places: Places, rank: Ints, seconds: Times) -> tuple[Programs, Ints]:
    """Behind the messages' programs those of computations, and last the empty one."""
    if not len(rank) and len(written.code):  # the last instruction ends a program: it is the empty one, too
        return written, np.append(written.start, len(written.code) - 1)
    rest = Programs.with_room(np.append(np.full(len(rank), 2), 0))
    rest.put(rest.start[:-1], TURN, places.of_rank("compute", rank), seconds)
    rest.put(rest.start[:-1] + 1, DELAY, 0, seconds)
    code = np.concatenate([written.code, rest.code])
    what = np.concatenate([written.what, rest.what])
    amount = np.concatenate([written.amount, rest.amount])
    begin = np.concatenate([written.start, rest.start + len(written.code)])
    return Programs(begin, code, what, amount), begin


class _Unnumbered(Message):
    """A message that stands for all that are like it."""

    @property
    def operation(self) -> int:
        """Refused: they differ in nothing else."""
        raise EngineError("engine: compiled has no network model that looks at operations; expected engine des")


class _Notes:
    """A run that does nothing but write down what it is asked for."""

    def __init__(self, batch: Batch) -> None:
        self.places = batch.places
        self.rows: list[list[_Row]] = [[] for _ in range(len(batch))]
        self.current: list[_Row] = []
        self.asked: object | None = None
        self.route = -1  # that of the message which is driven

    def turn(self, place: Hashable, message: Message, seconds: Any) -> object:
        return self._ask((TURN, self.places.number(place), seconds))

    def delay(self, seconds: Any) -> object:
        return self._ask((DELAY, 0, seconds))

    def hold(self, places: Mapping[Hashable, Any], message: Message) -> object:
        held = [(AND, self.places.number(place), seconds) for place, seconds in places.items()]
        return self._ask((HOLD, *held[0][1:]), *held[1:])

    def share(self, links: Sequence[Link], message: Message, weight: Any, cap_Bps: Any | None) -> object:
        if tuple(links) != message.route.links:
            raise EngineError("engine: compiled has no flows over other links than a message's; expected engine des")
        caps = [] if cap_Bps is None else [(CAP, 0, cap_Bps)]
        return self._ask((SHARE, self.route, message.size_bytes), (WEIGHT, 0, weight), *caps)

    def each(self, pieces: Iterable[Iterator[Any]]) -> object:
        here, spawned = self.current, []
        for piece in pieces:
            self.rows.append([])
            spawned.append((SPAWN, len(self.rows) - 1, 1))
            self.drive(piece, self.rows[-1])
        self.current = here
        return self._ask(*spawned, (JOIN, 0, 0))

    def drive(self, steps: Iterator[Any], rows: list[_Row]) -> None:
        """Write down all that a generator asks for."""
        self.current = rows
        for step in steps:
            if step is None or step is not self.asked:
                raise EngineError(f"engine: compiled cannot wait for {step!r}; expected engine des")
            self.current, self.asked = rows, None
        self._check_nothing_asked()

    def _ask(self, *rows: _Row) -> object:
        self._check_nothing_asked()
        self.current.extend(rows)
        self.asked = object()
        return self.asked

    def _check_nothing_asked(self) -> None:
        if self.asked is not None:
            raise EngineError("engine: compiled has no model that does not wait for what it asks; expected engine des")


def record(model: NetworkModel, batch: Batch) -> Programs:
    """The programs of any model: its ``transmit``, driven once for each message that is unlike the others.

    Right if what ``transmit`` asks for hangs on the message alone, not on the number of its operation. EngineError for
    what has no program.
    """
    notes, costs = _Notes(batch), []
    for number, message in enumerate(batch.messages()):
        alike = _Unnumbered(*message)
        costs.append(model.cost(alike))
        notes.route = int(batch.route[number])
        notes.drive(model.transmit(alike, notes), notes.rows[number])
    programs = Programs.with_room(np.array([len(rows) for rows in notes.rows], dtype=np.int64))
    for begin, rows in zip(programs.start.tolist(), notes.rows, strict=True):
        for at, (code, what, amount) in enumerate(rows, begin):
            programs.code[at], programs.what[at], programs.amount[at] = code, what, amount
    programs.costs = tuple(np.array(costs, dtype=np.float64).reshape(-1, 5).T)
    return programs
