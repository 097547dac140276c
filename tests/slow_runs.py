"""The rules of all network models once more, from their descriptions: no processes, no events, to compare with.

An operation is a list of phases, a phase is tokens that run at the same time, a token is a list of steps. At an instant
everybody who can goes on until nobody can; then every free place takes the one who asked first (of the same instant:
the lowest operation, then the lowest token), once each; then again, until nothing happens at this instant any more.
Flows get their rates then, all of them anew, and time goes on to the next thing that happens.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, NamedTuple

from random_runs import ZERO, Case, Program

from simcomm.networks.fair_share import FairShare
from simcomm.networks.loggp import LogGP
from simcomm.networks.store_and_forward import StoreAndForward
from simcomm.topology.routes import Route


class Wait(NamedTuple):
    """Time goes by."""

    seconds: Any


class Turn(NamedTuple):
    """A place is held for some seconds; it goes on when that begins."""

    place: Hashable
    seconds: Any


class Flow(NamedTuple):
    """So many bytes flow over all links at once."""

    links: Sequence[Any]
    weight: Any
    cap_Bps: Any
    size_bytes: int


Step = Wait | Turn | Flow
Phases = list[list[list[Step]]]


@dataclass
class _Token:
    operation: int
    number: int
    steps: list[Step]
    asked: Any = None
    until: Any = None
    left_bytes: Any = None


class SlowRun:
    """Start and end of every operation of ``program``, whose operations do what ``phases`` says."""

    def __init__(self, program: Program, phases: Callable[[int], Phases]) -> None:
        self.program = program
        self.to_come = [phases(index) for index in range(len(program.rows))]
        self.waits = set(range(len(program.rows)))
        self.tokens: list[_Token] = []
        self.free_at: dict[Hashable, Fraction] = {}
        self.start: list[Any] = [None] * len(program.rows)
        self.end: list[Any] = [None] * len(program.rows)

    def run(self) -> tuple[list[Any], list[Any]]:
        now = ZERO
        while True:
            while self._go_on(now) or self._serve(now):
                pass
            flows = [token for token in self.tokens if token.left_bytes is not None]
            rates = fair_rates([(t.steps[0].links, t.steps[0].weight, t.steps[0].cap_Bps) for t in flows])  # type: ignore[union-attr]
            times = [*self.free_at.values(), *self.program.ready_s]
            times += [token.until for token in self.tokens if token.until is not None]
            times += [now + token.left_bytes / rate for token, rate in zip(flows, rates, strict=True)]
            later = [time for time in times if time > now]
            if not later:
                return self.start, self.end
            for token, rate in zip(flows, rates, strict=True):
                token.left_bytes -= rate * (min(later) - now)
            now = min(later)

    def _go_on(self, now: Any) -> bool:
        """Whether anybody had something to do other than wait for a place."""
        rows, went_on = self.program.rows, False
        for index in sorted(self.waits):
            ready = all(self.end[d] is not None for d in rows[index].after)
            if ready and self.program.ready_s[rows[index].src] <= now:
                self.waits.remove(index)
                self._next_phase(index, now)
                went_on = True
        for token in list(self.tokens):
            went_on = self._step(token, now) or went_on
        return went_on

    def _next_phase(self, index: int, now: Any) -> None:
        if self.to_come[index]:
            phase = self.to_come[index].pop(0)
            self.tokens += [_Token(index, number, list(steps)) for number, steps in enumerate(phase)]
        else:
            self.end[index] = now
            self._starts(index, now)

    def _starts(self, index: int, now: Any) -> None:
        if self.start[index] is None:
            self.start[index] = now

    def _step(self, token: _Token, now: Any) -> bool:
        if not token.steps:
            self.tokens.remove(token)
            if all(other.operation != token.operation for other in self.tokens):
                self._next_phase(token.operation, now)
            return True
        step = token.steps[0]
        if isinstance(step, Turn):
            began, token.asked = token.asked is None, now if token.asked is None else token.asked
        elif isinstance(step, Wait):
            began, token.until = token.until is None, now + step.seconds if token.until is None else token.until
            if token.until <= now:
                token.until = token.steps.pop(0) and None
        else:
            began = token.left_bytes is None
            if began:
                token.left_bytes = Fraction(step.size_bytes)
                self._starts(token.operation, now)
            if token.left_bytes == 0:
                token.left_bytes = token.steps.pop(0) and None
                return True
        return began or (isinstance(step, Wait) and token.until is None)

    def _serve(self, now: Any) -> bool:
        queues: dict[Hashable, list[_Token]] = {}
        for token in self.tokens:
            if token.asked is not None:
                queues.setdefault(token.steps[0].place, []).append(token)  # type: ignore[union-attr]
        free = [place for place in queues if self.free_at.get(place, ZERO) <= now]
        for place in free:
            token = min(queues[place], key=lambda token: (token.asked, token.operation, token.number))
            self.free_at[place] = now + token.steps.pop(0).seconds  # type: ignore[union-attr]
            token.asked = None
            self._starts(token.operation, now)
        return bool(free)


def fair_rates(flows: Sequence[tuple[Sequence[Any], Any, Any]]) -> list[Any]:
    """Max-min fair rates of (links, weight, cap): raise all as far as they go, fix those that cannot go on alone."""
    rates: list[Any] = [None] * len(flows)

    def slack(link: Any, level: Any) -> Any:
        on = [(rate, flow[1]) for flow, rate in zip(flows, rates, strict=True) if link in flow[0]]
        return link.bandwidth_Bps - sum(level * weight if rate is None else rate for rate, weight in on)

    while None in rates:
        growing = [index for index, rate in enumerate(rates) if rate is None]
        levels = [flows[i][2] / flows[i][1] for i in growing if flows[i][2] is not None]
        for link in {link for i in growing for link in flows[i][0]}:
            levels.append(slack(link, ZERO) / sum(flows[i][1] for i in growing if link in flows[i][0]))
        level = min(levels)
        stuck = [
            i
            for i in growing
            if level * flows[i][1] == flows[i][2] or any(slack(link, level) == 0 for link in flows[i][0])
        ]
        for index in stuck:
            rates[index] = level * flows[index][1]
    return rates


def certificate(demands: Sequence[Any], bandwidth_Bps: Mapping[Any, Any], shares: Sequence[Any], by: float) -> None:
    """No link above its capacity; every flow at its cap, or at the highest level of a link that is full."""
    assert len(shares) == len(demands)
    pairs = list(zip(demands, shares, strict=True))
    total = {link: sum(s.rate_Bps for d, s in pairs if link in d.links) for link in bandwidth_Bps}
    assert all(total[link] <= bandwidth_Bps[link] * (1 + by) for link in bandwidth_Bps)
    for demand, share in pairs:
        assert share.rate_Bps > 0
        assert demand.cap_Bps is None or share.rate_Bps <= demand.cap_Bps * (1 + by)
        if share.bottleneck is None:
            assert share.rate_Bps >= demand.cap_Bps * (1 - by)
        else:
            assert share.bottleneck in demand.links
            assert total[share.bottleneck] >= bandwidth_Bps[share.bottleneck] * (1 - by)
            highest = max(s.rate_Bps / d.weight for d, s in pairs if share.bottleneck in d.links)
            assert share.rate_Bps / demand.weight >= highest * (1 - by)


def phases_of(case: Case) -> Callable[[int], Phases]:
    """What every operation of a case does, by its model's description."""
    way = {LogGP: _loggp, StoreAndForward: _store_and_forward, FairShare: _fair_share}[type(case.model)]

    def phases(index: int) -> Phases:
        row, seconds = case.rows[index], case.compute_s[index]
        if row.kind == "compute":
            return [[[Turn(("compute", row.src), seconds), Wait(seconds)]]] if seconds else []
        return way(case, index, case.routes[row.src, row.dst]) if case.size_bytes[index] else []

    return phases


def _loggp(case: Case, index: int, route: Route) -> Phases:
    m, row = case.model, case.rows[index]
    o, g = m.overhead_s, m.gap_s

    def crossing(src: int, dst: int, wire: Any, cpu: Any, adding: Any) -> list[Step]:
        return [
            Turn(("out", src), max(o + cpu, g + wire)),
            Wait(o + route.latency_s),
            Turn(("in", dst), max(o + cpu, g + wire + adding)),
            Wait(o + max(cpu, wire + adding)),
        ]

    steps = crossing(row.src, row.dst, case.wire(index), case.cpu(index), case.adding(index))
    if m.rendezvous_above_bytes is not None and case.size_bytes[index] > m.rendezvous_above_bytes:
        steps = [*crossing(row.src, row.dst, ZERO, ZERO, ZERO), *crossing(row.dst, row.src, ZERO, ZERO, ZERO), *steps]
    return [[steps]]


def _store_and_forward(case: Case, index: int, route: Route) -> Phases:
    size, most = case.size_bytes[index], case.model.packet_size_bytes
    packets = [size] if most is None else [min(most, size - begin) for begin in range(0, size, most)]
    tokens: list[list[Step]] = []
    for packet in packets:
        pairs = [(link, packet / link.bandwidth_Bps) for link in route.links]
        tokens.append([step for link, s in pairs for step in (Turn(link, s), Wait(s + link.latency_s))])
    return [tokens, [[Wait(case.model.endpoint_delay_s), *_added(case, index)]]]


def _fair_share(case: Case, index: int, route: Route) -> Phases:
    latency_s = sum((link.latency_s for link in route.links), ZERO)
    weight = 1 / latency_s if case.model.weights == "inverse_latency" and latency_s else Fraction(1)
    flow = Flow(route.links, weight, case.model.rate_cap_Bps, case.size_bytes[index])
    return [[[Wait(latency_s), flow, *_added(case, index)]]]


def _added(case: Case, index: int) -> list[Step]:
    adding = case.adding(index)
    return [Turn(("adds", case.rows[index].dst), adding), Wait(adding)] if adding else []
