"""Random valid schedules on a random LogGP network, each message on a route of its own.

All numbers are small multiples of 1/8 and powers of two: ties are common, and floats are as exact as Fractions.
"""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from fractions import Fraction
from typing import Any

import numpy as np
from direct_routes import direct
from hypothesis import strategies as st

from simcomm.engines import des
from simcomm.engines.timeline import Timeline
from simcomm.networks.base import Workers
from simcomm.networks.loggp import LogGP
from simcomm.schedule import Operation, Schedule
from simcomm.topology.routes import Link, Route

ZERO = Fraction(0)
EIGHTHS = st.integers(0, 24).map(lambda k: Fraction(k, 8))
POWERS = st.sampled_from([Fraction(1, 2), Fraction(1), Fraction(2), Fraction(4)])
FACTORS = st.sampled_from([Fraction(1), Fraction(1, 2), Fraction(1, 4), Fraction(2)])
SIZES = st.sampled_from([0, 1, 2, 2, 3, 8])
NOTHING = st.just(ZERO)


@dataclass(frozen=True)
class Program:
    """What is to be done: operations, their bytes, their seconds, and when the ranks are ready."""

    rows: tuple[Operation, ...]
    size_bytes: tuple[int, ...]
    compute_s: tuple[Fraction, ...]
    workers: Workers

    @property
    def schedule(self) -> Schedule:
        return Schedule.of(len(self.workers.start_s), 1, self.rows)

    @property
    def ready_s(self) -> list[Any]:
        """When each rank is."""
        return [self.workers.ready_s(rank) for rank in range(len(self.workers.start_s))]


@dataclass(frozen=True)
class Case(Program):
    """A program on a network: everything that a run needs."""

    routes: dict[tuple[int, int], Route]
    model: Any

    def wire(self, index: int) -> Fraction:
        """bG of an operation."""
        row, size = self.rows[index], self._counted(index)
        return Fraction(size) / self.routes[row.src, row.dst].bandwidth_Bps if size else ZERO

    def cpu(self, index: int) -> Fraction:
        """bO of an operation."""
        rate = getattr(self.model, "cpu_bandwidth_Bps", None)
        return Fraction(self._counted(index)) / rate if rate else ZERO

    def adding(self, index: int) -> Fraction:
        """bγ of an operation."""
        rate = self.model.reduce_bandwidth_Bps
        return Fraction(self._counted(index)) / rate if rate and self.rows[index].kind == "reduce" else ZERO

    def _counted(self, index: int) -> int:
        size = self.size_bytes[index]
        return size - 1 if size and getattr(self.model, "first_byte_free", False) else size

    def run(self, number: type[Fraction] | type[float] = Fraction) -> Timeline:
        """Run it in the engine under test, exactly or in floats."""
        compute = np.array([number(s) for s in self.compute_s], dtype=object if number is Fraction else np.float64)
        w = self.workers
        workers = Workers(*(tuple(map(number, column)) for column in (w.start_s, w.compute_s, w.compute_factor)))
        routes = {
            pair: Route(tuple(Link(a, b, number(rate), number(late)) for a, b, rate, late in route.links))
            for pair, route in self.routes.items()
        }
        sizes = np.array(self.size_bytes, dtype=np.int64)
        return des.run(self.schedule, sizes, in_numbers(self.model, number), routes, workers, compute, True)


def in_numbers(model: Any, number: type[Fraction] | type[float]) -> Any:
    """The model with all its Fractions as such numbers."""
    given = {field.name: getattr(model, field.name) for field in fields(model)}
    return replace(model, **{name: number(value) for name, value in given.items() if isinstance(value, Fraction)})


@st.composite
def programs(draw: st.DrawFn, ranks: int, most_operations: int = 14, computing: bool = True) -> Program:
    """A random directed acyclic graph of messages and computations (or joins alone) in any order."""
    distances = st.lists(st.integers(0, 3), max_size=3)
    row = st.tuples(st.integers(0, 2), st.integers(0, 3), st.integers(0, 2), SIZES, EIGHTHS, distances)
    drawn = draw(st.lists(row, max_size=most_operations))
    place = draw(st.permutations(range(len(drawn))))
    rows: dict[int, tuple[Operation, int, Fraction]] = {}
    for i, (kind, src, hop, size, seconds, back) in enumerate(drawn):
        src %= ranks
        after = tuple(sorted({place[i - 1 - distance % i] for distance in back if i}))
        if kind == 2:
            seconds = seconds if computing else ZERO
            rows[place[i]] = (Operation("compute", src, src, 0, 0, float(seconds), after), 0, seconds)
        else:
            dst = (src + 1 + hop % (ranks - 1)) % ranks
            rows[place[i]] = (Operation(("copy", "reduce")[kind], src, dst, 0, after=after), size, ZERO)
    ordered = [rows[index] for index in range(len(rows))]
    each = st.lists(EIGHTHS, min_size=ranks, max_size=ranks).map(tuple) | st.just((ZERO,) * ranks)
    return Program(
        rows=tuple(row for row, _, _ in ordered),
        size_bytes=tuple(size for _, size, _ in ordered),
        compute_s=tuple(seconds for _, _, seconds in ordered),
        workers=Workers(draw(each), draw(each), (1,) * ranks),
    )


@st.composite
def routes_of_their_own(draw: st.DrawFn, ranks: int) -> dict[tuple[int, int], Route]:
    """A route of its own for every pair; slow ranks have slow ones."""
    links = draw(st.lists(st.tuples(EIGHTHS, POWERS), min_size=1, max_size=3))
    factors = draw(st.lists(FACTORS, min_size=ranks, max_size=ranks) | st.just([Fraction(1)] * ranks))
    pairs = [(a, b) for a in range(ranks) for b in range(ranks) if a != b]
    routes = {}
    for i, (a, b) in enumerate(pairs):
        latency_s, bandwidth_Bps = links[i % len(links)]
        routes[a, b] = direct(latency_s, bandwidth_Bps * min(factors[a], factors[b]), a, b)
    return routes


def loggp(ports: str = "full_duplex") -> st.SearchStrategy[LogGP]:
    """LogGP with any of its parameters."""
    return st.builds(
        LogGP,
        overhead_s=NOTHING | EIGHTHS,
        gap_s=NOTHING | EIGHTHS,
        reduce_bandwidth_Bps=st.none() | POWERS,
        cpu_bandwidth_Bps=st.none() | st.none() | POWERS,
        rendezvous_above_bytes=st.none() | st.none() | st.integers(0, 3),
        first_byte_free=st.booleans(),
        ports=st.just(ports),
    )


@st.composite
def cases(draw: st.DrawFn, most_operations: int = 14, ports: str = "full_duplex", computing: bool = True) -> Case:
    """A random program on 2 to 4 ranks, each message on a route of its own."""
    ranks = draw(st.integers(2, 4))
    program = draw(programs(ranks, most_operations, computing))
    return Case(**vars(program), routes=draw(routes_of_their_own(ranks)), model=draw(loggp(ports)))
