"""What the kernel has noted, as the reference's log has it; made into rows when somebody looks."""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Mapping
from functools import cached_property
from typing import Any

from simcomm.engines.meters import Crossing, Meter, Rate, Wait
from simcomm.networks.programs import Places
from simcomm.topology.routes import Link


class ArrayLog:
    """The attributes of :class:`simcomm.engines.meters.Log`, from arrays of one value per place, wait, crossing."""

    def __init__(self, places: Places, notes: Any, detailed: bool) -> None:
        self.places, self.notes, self.detailed = places, notes, detailed

    @cached_property
    def meters(self) -> Mapping[Hashable, Meter]:
        """The meter of every place that was used, in the order in which they were."""
        return self._meters(self.notes.met[: self.notes.count[0]])

    @property
    def link_meters(self) -> Mapping[Hashable, Meter]:
        """Those of links, without looking at the ports of ranks."""
        met = self.notes.met[: self.notes.count[0]]
        found = self._meters(met[met >= self.places.first_link])
        return {place: meter for place, meter in found.items() if isinstance(place, Link)}

    def _meters(self, which: Any) -> dict[Hashable, Meter]:
        n: Any = self.notes
        found: dict[Hashable, Meter] = {}
        columns = (n.busy_s, n.peak, n.contended_s, n.from_s, n.until_s)
        rows = zip(which.tolist(), *(column[which].tolist() for column in columns), strict=True)
        for place, busy_s, peak, contended_s, from_s, until_s in rows:
            meter = found[self.places.name(place)] = Meter(0.0)
            meter.busy_s, meter.peak, meter.contended_s = busy_s, peak, contended_s
            if until_s == until_s:  # not NaN
                meter.from_s, meter.until_s = from_s, until_s
        return found

    @cached_property
    def waits(self) -> Mapping[int, list[Wait]]:
        """The waits of every operation that was held up."""
        return _Waits(self.places, self.notes)

    @cached_property
    def crossings(self) -> list[Crossing]:
        """All crossings, in the order in which they began."""
        n, size = self.notes, int(self.notes.count[2])
        columns = (n.crossing_operation, n.crossing_asked_s, n.crossing_start_s, n.crossing_end_s)
        place = {number: self.places.name(number) for number in n.met[: n.count[0]].tolist()}
        rows = zip(n.crossing_place[:size].tolist(), *(column[:size].tolist() for column in columns), strict=True)
        return [Crossing(place[number], *rest) for number, *rest in rows]

    @cached_property
    def rates(self) -> list[Rate]:
        """All changes of rates; of a link without flows it is 0."""
        n, size = self.notes, int(self.notes.count[3])
        columns = (column[:size].tolist() for column in (n.rate_place, n.rate_s, n.rate_Bps, n.rate_flows))
        return [Rate(self.places.name(number), *rest) for number, *rest in zip(*columns, strict=True)]


class _Waits(Mapping[int, list[Wait]]):
    """The waits of an operation are a chain through the arrays, the last one first."""

    def __init__(self, places: Places, notes: Any) -> None:
        self._places, self._notes = places, notes

    def __getitem__(self, operation: int) -> list[Wait]:
        n, found = self._notes, []
        row = int(n.last_wait[operation])
        if row < 0:
            raise KeyError(operation)
        while row >= 0:
            place = self._places.name(int(n.wait_place[row]))
            found.append(Wait(place, float(n.wait_s[row]), int(n.wait_behind[row])))
            row = int(n.wait_before[row])
        return found[::-1]

    def __iter__(self) -> Iterator[int]:
        return iter((self._notes.last_wait >= 0).nonzero()[0].tolist())

    def __len__(self) -> int:
        return int((self._notes.last_wait >= 0).sum())
