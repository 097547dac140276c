"""Random valid schedules on a random LogGP network, and a second, slow implementation of its rules to compare with.

All numbers are small multiples of 1/8 and powers of two: ties are common, and floats are as exact as Fractions.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np
from hypothesis import strategies as st

from simcomm.engines import des
from simcomm.engines.timeline import Timeline
from simcomm.networks.base import Workers
from simcomm.networks.loggp import LogGP
from simcomm.schedule import Operation, Schedule
from simcomm.topology.routes import Route

ZERO = Fraction(0)
EIGHTHS = st.integers(0, 24).map(lambda k: Fraction(k, 8))
POWERS = st.sampled_from([Fraction(1, 2), Fraction(1), Fraction(2), Fraction(4)])
FACTORS = st.sampled_from([Fraction(1), Fraction(1, 2), Fraction(1, 4), Fraction(2)])
SIZES = st.sampled_from([0, 1, 2, 2, 3, 8])


@dataclass(frozen=True)
class Case:
    """Everything that a run needs."""

    rows: tuple[Operation, ...]
    size_bytes: tuple[int, ...]
    compute_s: tuple[Fraction, ...]
    workers: Workers
    routes: dict[tuple[int, int], Route]
    model: LogGP

    @property
    def schedule(self) -> Schedule:
        return Schedule.of(len(self.workers.start_s), 1, self.rows)

    def serialisation(self, index: int) -> Fraction:
        """bG of an operation."""
        row, factor = self.rows[index], self.workers.bandwidth_factor
        if not self.size_bytes[index]:
            return ZERO
        rate = self.routes[row.src, row.dst].bandwidth_Bps * min(factor[row.src], factor[row.dst])
        return Fraction(self.size_bytes[index] / rate)

    def reduction(self, index: int) -> Fraction:
        """bγ of an operation."""
        rate = self.model.reduce_bandwidth_Bps
        reduces = self.rows[index].kind == "reduce" and rate is not None
        return self.size_bytes[index] / Fraction(rate) if reduces and rate else ZERO

    def run(self, number: type[Fraction] | type[float] = Fraction) -> Timeline:
        """Run it in the engine under test, exactly or in floats."""
        compute = np.array([number(s) for s in self.compute_s], dtype=object if number is Fraction else np.float64)
        w, m = self.workers, self.model
        workers = Workers(
            *(tuple(map(number, c)) for c in (w.start_s, w.compute_s, w.bandwidth_factor, w.compute_factor))
        )
        rate = None if m.reduce_bandwidth_Bps is None else number(m.reduce_bandwidth_Bps)
        model = LogGP(number(m.overhead_s), number(m.gap_s), rate)
        routes = {pair: Route((), number(r.latency_s), number(r.bandwidth_Bps)) for pair, r in self.routes.items()}
        sizes = np.array(self.size_bytes, dtype=np.int64)
        return des.run(self.schedule, sizes, model, routes, workers, compute)


@st.composite
def cases(draw: st.DrawFn, most_operations: int = 14) -> Case:
    """A random directed acyclic graph of messages and computations in any order, on 2 to 4 ranks."""
    ranks = draw(st.integers(2, 4))
    distances = st.lists(st.integers(0, 3), max_size=3)
    row = st.tuples(st.integers(0, 2), st.integers(0, 3), st.integers(0, 2), SIZES, EIGHTHS, distances)
    drawn = draw(st.lists(row, max_size=most_operations))
    place = draw(st.permutations(range(len(drawn))))
    rows: dict[int, tuple[Operation, int, Fraction]] = {}
    for i, (kind, src, hop, size, seconds, back) in enumerate(drawn):
        src %= ranks
        after = tuple(sorted({place[i - 1 - distance % i] for distance in back if i}))
        if kind == 2:
            rows[place[i]] = (Operation("compute", src, src, 0, 0, float(seconds), after), 0, seconds)
        else:
            dst = (src + 1 + hop % (ranks - 1)) % ranks
            rows[place[i]] = (Operation(("copy", "reduce")[kind], src, dst, 0, after=after), size, ZERO)
    ordered = [rows[index] for index in range(len(rows))]
    links = draw(st.lists(st.tuples(EIGHTHS, POWERS), min_size=1, max_size=3))
    pairs = [(a, b) for a in range(ranks) for b in range(ranks) if a != b]
    each = st.lists(EIGHTHS, min_size=ranks, max_size=ranks).map(tuple) | st.just((ZERO,) * ranks)
    factors = draw(st.lists(FACTORS, min_size=ranks, max_size=ranks).map(tuple) | st.just((Fraction(1),) * ranks))
    return Case(
        rows=tuple(row for row, _, _ in ordered),
        size_bytes=tuple(size for _, size, _ in ordered),
        compute_s=tuple(seconds for _, _, seconds in ordered),
        workers=Workers(draw(each), draw(each), factors, (1,) * ranks),
        routes={pair: Route((), *links[i % len(links)]) for i, pair in enumerate(pairs)},
        model=LogGP(draw(st.just(ZERO) | EIGHTHS), draw(st.just(ZERO) | EIGHTHS), draw(st.none() | POWERS)),
    )


class SlowLogGP:
    """LogGP's port rules once more: no processes, no events; every operation is asked again at every instant.

    A stage is what an operation waits for: its dependencies, a place to begin in, the wire, a place to arrive in, its
    end. At an instant everybody who can goes on until nobody can; then every free place takes the one who asked first
    (of the same instant: the lowest number), once each; then again, until nothing happens at this instant any more.
    """

    def __init__(self, case: Case) -> None:
        self.case = case
        count = len(case.rows)
        self.stage = ["dependencies"] * count
        self.until: list[Any] = [None] * count
        self.asked: list[Any] = [None] * count
        self.start: list[Any] = [None] * count
        self.end: list[Any] = [None] * count
        self.free_at: dict[tuple[str, int], Fraction] = {}

    def run(self) -> tuple[list[Any], list[Any]]:
        """Start and end of every operation."""
        now = ZERO
        while True:
            while sum(self._go_on(index, now) for index in range(len(self.stage))):
                pass
            if not self._serve(now):
                later = [t for t in self._times() if t > now]
                if not later:
                    return self.start, self.end
                now = min(later)

    def _times(self) -> Sequence[Fraction]:
        under_way = [u for u in self.until if u is not None]
        return [*under_way, *self.free_at.values(), *map(self.case.workers.ready_s, self._ranks)]

    @property
    def _ranks(self) -> range:
        return range(len(self.case.workers.start_s))

    def _go_on(self, index: int, now: Fraction) -> bool:
        """Whether the operation had something to do other than wait for a place."""
        case, row = self.case, self.case.rows[index]
        if self.stage[index] == "dependencies":
            if now < case.workers.ready_s(row.src) or any(self.end[d] is None for d in row.after):
                return False
            if case.size_bytes[index] or case.compute_s[index]:
                self.stage[index], self.asked[index] = "begin", now
            else:
                self.stage[index], self.start[index], self.end[index] = "ended", now, now
            return True
        if self.until[index] is None or self.until[index] > now:
            return False
        self.until[index] = None
        if self.stage[index] == "wire":
            self.stage[index], self.asked[index] = "arrive", now
        else:
            self.stage[index], self.end[index] = "ended", now
        return True

    def _place(self, index: int) -> tuple[str, int]:
        row = self.case.rows[index]
        if row.kind == "compute":
            return "processor", row.src
        return ("in", row.dst) if self.stage[index] == "arrive" else ("out", row.src)

    def _serve(self, now: Fraction) -> bool:
        queues: dict[tuple[str, int], list[tuple[Fraction, int]]] = {}
        for index, stage in enumerate(self.stage):
            if stage in ("begin", "arrive"):
                queues.setdefault(self._place(index), []).append((self.asked[index], index))
        served = [min(queue) for place, queue in queues.items() if self.free_at.get(place, ZERO) <= now]
        for _, index in served:
            self._take(index, now)
        return bool(served)

    def _take(self, index: int, now: Fraction) -> None:
        case, place = self.case, self._place(index)
        o, g = Fraction(case.model.overhead_s), Fraction(case.model.gap_s)
        work = case.serialisation(index)
        if place[0] == "processor":
            hold = to_go = case.compute_s[index]
        elif place[0] == "out":
            row = case.rows[index]
            hold, to_go = max(o, g + work), o + case.routes[row.src, row.dst].latency_s
        else:
            work += case.reduction(index)
            hold, to_go = max(o, g + work), o + work
        self.free_at[place] = now + hold
        self.until[index] = now + to_go
        if self.stage[index] == "begin":
            self.start[index] = now
        self.stage[index] = "wire" if place[0] == "out" else "ending"
