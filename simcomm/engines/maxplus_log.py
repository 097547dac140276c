"""The log of a max-plus run: who waited, where, and behind whom, worked out when somebody looks."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from simcomm.engines.meters import Crossing, Meter, Rate, Wait
from simcomm.engines.step_programs import Tables
from simcomm.engines.timeline import Times
from simcomm.networks.programs import TURN
from simcomm.orbit import Group
from simcomm.schedule import Ints

if TYPE_CHECKING:
    from simcomm.engines.kernel.classes import Steps


class StepLog:
    """The attributes of :class:`simcomm.engines.meters.Log`: waits, but no meters, crossings and rates."""

    detailed = False

    def __init__(
        self, steps: Steps, tables: Tables, program: Ints, begins: Times, ready_s: Callable[[], Times]
    ) -> None:
        self._steps, self._tables, self._program, self._begins, self._ready_s = steps, tables, program, begins, ready_s
        self.meters: Mapping[Hashable, Meter] = {}
        self.link_meters = self.meters
        self.crossings: Sequence[Crossing] = ()
        self.rates: Sequence[Rate] = ()

    @cached_property
    def waits(self) -> Mapping[int, Sequence[Wait]]:
        """The waits of every operation that was held up."""
        columns = [np.concatenate(column) for column in zip(*self._turns(), strict=True)]
        operation, k, place, waited_s = columns if columns else [np.zeros(0, np.int64)] * 4
        order = np.lexsort((operation, k, operation // self._steps.order, place))  # at each place as it has served
        behind = np.full(len(order), -1)
        behind[order[1:]] = np.where(place[order[1:]] == place[order[:-1]], operation[order[:-1]], -1)
        held = np.flatnonzero(waited_s > 0)
        held = held[np.lexsort((k[held], operation[held]))]
        found: dict[int, list[Wait]] = {}
        rows = zip(*(column[held].tolist() for column in (operation, place, waited_s, behind)), strict=True)
        for index, where, seconds, other in rows:
            found.setdefault(index, []).append(Wait(self._tables.name(where, self._steps.ranks), seconds, other))
        return found

    def _turns(self) -> list[tuple[Any, ...]]:
        """Every turn: operation, position in its program, place, and how long it was waited for."""
        s, program = self._steps, self._program
        group = Group("xor" if s.is_xor else "rotation", s.ranks)
        which, element = np.divmod(np.arange(len(program)), s.order)
        time, turn, found = self._ready_s().copy(), np.zeros(len(program), np.int64), []
        for k in range(s.code.shape[1]):
            takes = np.flatnonzero((s.code[program, k] == TURN) & (program >= 0))
            begin = self._begins[s.begin_row[which[takes]] + turn[takes], element[takes]]
            ends = np.where(s.is_far[program[takes], k], s.dst[which[takes]], s.src[which[takes]])
            place = s.place[program[takes], k] + group.add(ends, element[takes])
            found.append((takes, np.full(len(takes), k), place, begin - time[takes]))
            time += np.where(s.code[program, k] == TURN, 0.0, s.amount[program, k])
            time[takes] = begin
            turn[takes] += 1
        timed = np.flatnonzero(program < 0)
        place = s.place[-1, 0] + group.add(s.src[which[timed]], element[timed])
        waited_s = self._begins[s.begin_row[which[timed]], element[timed]] - time[timed]
        busy = s.seconds[s.seconds_row[which[timed]], element[timed]] > 0
        found.append((timed[busy], np.zeros(busy.sum(), np.int64), place[busy], waited_s[busy]))
        return found
