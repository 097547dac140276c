"""The compiled engine: the reference's answer, bit for bit, many times faster.

What a message asks its network for is known before the run (``lowering``), so a run is programs in flat arrays, and an
event loop over them that Numba compiles (``kernel``). It knows no model and no collective. Events, ties and sums of
floats have the reference's order: start and end of every operation and all that is noted of places are the same bits.
Where messages share links sums are rounded elsewhere (``kernel.flows``): the same to 1e-12.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

import numpy as np
import numpy.typing as npt

from simcomm.engines.arrays import ArrayLog
from simcomm.engines.des import check_all_ended
from simcomm.engines.lowering import Lowered, lower
from simcomm.engines.timeline import Folded, Timeline, Times
from simcomm.errors import EngineError
from simcomm.networks.base import NetworkModel, Workers
from simcomm.networks.programs import AND, CAP, HOLD, OF_RANKS, SHARE, TURN, WEIGHT
from simcomm.schedule import Ints, Schedule
from simcomm.watch import watcher

if TYPE_CHECKING:
    from simcomm.engines.kernel.events import Events
    from simcomm.engines.kernel.fluid import Flows
    from simcomm.engines.kernel.holds import Holds
    from simcomm.engines.kernel.loop import Run
    from simcomm.engines.kernel.notes import Notes
    from simcomm.engines.kernel.turns import Turns
    from simcomm.topology.routes import Route

#: How long compiled code runs before Python has a look, and the instants that it is given first.
_PIECE_S: Final = 0.1
_FIRST_INSTANTS: Final = 1_000


def run(
    schedule: Schedule,
    size_bytes: Ints,
    network: NetworkModel,
    routes: Mapping[tuple[int, int], Route],
    workers: Workers,
    compute_s: Times,
    detailed: bool = False,
    by_model: bool = True,
) -> Timeline:
    """Run ``schedule`` as :func:`simcomm.engines.des.run` does, in float64; EngineError for what has no such programs.

    ``by_model`` = False lowers the model's ``transmit`` itself, even if it has ``lower``.
    """
    if compute_s.dtype == object:
        raise EngineError("engine: compiled computes in float64; expected engine des for exact times")
    from simcomm.engines.kernel import holds as hold
    from simcomm.engines.kernel import loop, notes, turns

    lowered = lower(schedule, size_bytes, network, routes, compute_s, by_model, workers)
    this, events, late_ranks = _run(schedule, lowered, workers)
    asks, spawned = lowered.work
    places = len(lowered.places)
    is_held = np.zeros(places, np.bool_)
    code, what = lowered.programs.code, lowered.programs.what
    is_held[what[(code == HOLD) | (code == AND)]] = True
    if is_held.any() and is_held[what[code == TURN]].any():
        raise EngineError("engine: compiled has no place that is both held and queued up for; expected engine des")
    turning = turns.turns(places, len(schedule) + spawned)
    holding = hold.holds(places, len(events.time_s) if is_held.any() else 0, is_held)
    flowing = _flows(lowered)
    most = asks + len(flowing.slots)
    note = notes.notes(places, len(schedule), most, most, detailed)
    loop.start(this, events, late_ranks)
    note = _advance(len(schedule), this, events, (turning, holding, flowing), note)
    if not np.isfinite(this.end_s).all():
        check_all_ended(schedule, this.end_s.tolist())
    log = ArrayLog(lowered.places, note, detailed)
    return Folded(schedule, workers, this.start_s, this.end_s, compute_s, log, lowered.kinds, lowered.costs)


def _advance(operations: int, this: Run, events: Events, others: tuple[Turns, Holds, Flows], note: Notes) -> Notes:
    """Let everything happen, in pieces of a fraction of a second: between them Python sees Ctrl-C, and who watches."""
    from simcomm.engines.kernel import loop, notes

    watch, instants = watcher(), _FIRST_INSTANTS
    while True:
        began_s = time.perf_counter()
        if loop.advance(this, events, *others, note, instants):
            return note
        if note.detailed and note.count[notes.RATES] + others[2].real > len(note.rate_place):
            note = notes.with_room_for_rates(note)
        if watch.is_due:
            watch.tell(float(events.now[0]), int(this.count[loop.DONE]), operations)
        instants = instants * 2 if time.perf_counter() - began_s < _PIECE_S else max(1, instants // 2)


def _flows(lowered: Lowered) -> Flows:
    """No flows yet; where all weights are equal they are 1."""
    from simcomm.engines.kernel import fluid

    code, what, amount = lowered.programs.code, lowered.programs.what, lowered.programs.amount
    weighs = np.flatnonzero(code == WEIGHT)
    capped = np.flatnonzero(code == CAP)
    shares, table = np.flatnonzero(code == SHARE), lowered.table
    alike = len(weighs) in (0, len(shares)) and bool((amount[weighs] == amount[weighs[:1]]).all())
    if alike:
        amount[weighs] = 1.0
    weight = np.where(code[capped - 1] == WEIGHT, amount[capped - 1], 1.0)
    levels, which = np.unique(amount[capped] / weight, return_inverse=True)
    what[capped] = which
    times, on_links = np.zeros(0, np.int64), np.zeros(len(table.every_link), np.int64)
    if len(shares):
        times = np.bincount(what[shares], lowered.times(shares), minlength=len(table.hops)).astype(np.int64)
        each = np.repeat(times, table.hops)
        on_links = np.bincount(table.links, each, minlength=len(on_links)).astype(np.int64)
    on_caps = np.bincount(which, lowered.times(capped), minlength=len(levels))
    crossings = np.concatenate([on_links, on_caps]).astype(np.int64)
    first = len(OF_RANKS) * lowered.places.ranks
    return fluid.flows(first, alike, amount, table, levels, int(times.sum()), crossings)


def _run(schedule: Schedule, lowered: Lowered, workers: Workers) -> tuple[Run, Events, Ints]:
    from simcomm.engines.kernel import loop
    from simcomm.engines.kernel.events import events

    size, places, ranks = len(schedule), len(lowered.places), schedule.ranks
    _, spawned = lowered.work
    first_spawned = size + places + ranks
    ready_s = np.array([workers.ready_s(rank) for rank in range(ranks)], dtype=np.float64)
    seconds, length, late = _lengths(lowered, ready_s)
    late_operations = np.flatnonzero((late >= 0)[schedule.src]) if (late >= 0).any() else np.zeros(0, np.int64)
    late_operations = late_operations[np.argsort(schedule.src[late_operations], kind="stable")].astype(np.int32)
    counts = np.bincount(schedule.src[late_operations], minlength=ranks)
    first, waiting = _dependents(schedule)
    longest = int(np.diff(np.append(lowered.begin, len(length))).max()) + 1
    steps = 2 * longest * (size + spawned)
    this = loop.Run(
        code=lowered.programs.code,
        what=lowered.programs.what,
        length=length,
        begin=lowered.begin,
        waiting_first=first,
        waiting=waiting,
        missing=np.diff(schedule.after_start).astype(np.int32) + np.int32(1),
        late_first=np.concatenate([[0], np.cumsum(counts)]),
        late=late_operations,
        start_s=np.full(size, np.nan),
        end_s=np.full(size, np.nan),
        first_place=size,
        first_rank=size + places,
        first_spawned=first_spawned,
        position=np.concatenate(
            [lowered.begin.astype(np.int32)[lowered.program], np.zeros(places + ranks + spawned, np.int32)]
        ),
        left=np.zeros(first_spawned + spawned, np.int32),
        operation=np.empty(spawned, np.int32),
        parent=np.empty(spawned, np.int32),
        count=np.array([0, 0, -1, 0, 0]),
        signals=np.zeros(3, np.int64),
        is_signalled=np.zeros(3, np.bool_),
    )
    return this, events(first_spawned + spawned, seconds, steps + places + ranks, size + spawned), late


def _dependents(schedule: Schedule) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.int32]]:
    """Who waits for every operation, as ``schedule.dependents``."""
    from simcomm.engines.kernel.alike import dependents

    if "dependents" in vars(schedule):
        start, waiting = schedule.dependents
        return start.astype(np.int32), waiting
    found: tuple[npt.NDArray[np.int32], npt.NDArray[np.int32]] = dependents(schedule.after_start, schedule.after)
    return found


def _lengths(lowered: Lowered, ready_s: Times) -> tuple[Times, Ints, Ints]:
    """All durations that there are, and which one every instruction (SPAWN: how often) and late rank has (or −1)."""
    from simcomm.engines.kernel.alike import lengths

    code, amount = lowered.programs.code, lowered.programs.amount
    which, found = lengths(code, amount, amount.view(np.int64), ready_s.view(np.int64))
    return found.view(np.float64), which[: len(code)], np.where(ready_s != 0, which[len(code) :], -1)
