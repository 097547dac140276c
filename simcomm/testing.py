"""The public conformance suite for collectives, yours included.

A collective that passes :func:`check_collective` counts what it claims, reaches its goal, takes the time that it says
where it says one, and is one on which the proof catches every planted bug that changes the result.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from simcomm import counts
from simcomm.closed_forms import Vector, lower_bound
from simcomm.collectives.base import Collective
from simcomm.demands import demand_of
from simcomm.engines.exact import exact_run
from simcomm.errors import CheckError, InputError, TimeError
from simcomm.planted import ALPHA, BETA, GAMMA, Teeth, bite
from simcomm.proof import methods, prove
from simcomm.schedule import Schedule

#: (α, β, γ) of the networks on which times are compared: all that a formula could confuse is different.
NETWORKS = ((ALPHA, BETA, GAMMA), (Fraction(0), Fraction(1), Fraction(0)), (Fraction(100), Fraction(1, 9), Fraction(3)))


@dataclass(frozen=True)
class Report:
    """What was checked: schedules, pairs of schedule and size, exact times, and what planted bugs did."""

    schedules: int
    sizes: int
    times: int
    teeth: Teeth


def check_collective(
    collective: Collective,
    workers: Iterable[int] = range(1, 9),
    elements: Iterable[int] = (0, 1, 2, 7, 12, 1000, 2**59 + 1),
    options: Iterable[Mapping[str, Any]] | None = None,
) -> Report:
    """Run every check on ``collective`` for all ``workers``, vector lengths and options; raise at the first failure.

    ``options`` are sets of options, by default the collective's own ``variants``.

    CountError, ProofError or TimeError says what is wrong and for which case; CheckError if a schedule is not the same
    every time, or the proof misses a planted bug that changes the result. A combination that the collective itself
    refuses with InputError is passed over; InputError if it refuses all of them.

    >>> from simcomm.collectives import get
    >>> report = check_collective(get("ring_all_gather"), workers=[1, 2, 3])
    >>> report.schedules, report.sizes, report.teeth.changing == report.teeth.changing_caught_by_proof
    (3, 21, True)
    """
    lengths, sets = list(elements), list(collective.variants if options is None else options)
    schedules = times = 0
    teeth = Teeth(0, 0, 0, 0, 0, 0)
    for n in workers:
        for chosen in sets:
            try:
                collective.check(n, chosen)
            except InputError:
                continue
            case = f"{collective.name}({n}{''.join(f', {key}={value!r}' for key, value in chosen.items())})"
            schedule = _check_schedule(collective, n, chosen, case)
            times += sum(
                _check_size(collective, n, chosen, schedule, Vector(e), f"{case}, {e} elements") for e in lengths
            )
            if n <= 5:
                teeth += _check_teeth(collective, n, chosen, schedule, case)
            schedules += 1
    if not schedules:
        raise InputError(f"{collective.name} refuses every combination of workers and options that it was given")
    return Report(schedules, schedules * len(lengths), times, teeth)


def _check_schedule(collective: Collective, n: int, options: Mapping[str, Any], case: str) -> Schedule:
    schedule, again = (collective.schedule(n, **options) for _ in range(2))
    if not schedule.same_as(again):
        raise CheckError(f"{case}: two recordings differ; expected the same schedule for the same arguments")
    if schedule.ranks != collective.rank_count(n, options):
        raise CheckError(f"{case}: {schedule.ranks} ranks; expected {collective.rank_count(n, options)} as it says")
    goal = collective.goal_of(n, options)
    for method in methods(goal):
        _named(case, prove, schedule, goal, n, method)
    return schedule


def _check_size(
    collective: Collective, n: int, options: Mapping[str, Any], schedule: Schedule, vector: Vector, case: str
) -> int:
    """Counts, and the exact times if there is a formula; returns how many times were compared."""
    claim, goal = collective.claim(n, vector, **options), collective.goal_of(n, options)
    _named(case, counts.check, counts.count(schedule, vector), claim)
    if claim.time is None:
        return 0
    on_hosts = collective.hosts(n, options)
    ports = on_hosts + len({*zip(*_of_switches(schedule, on_hosts), strict=True)})
    for alpha, beta, gamma in NETWORKS:
        expected = claim.time(alpha, beta, gamma)
        found = exact_run(schedule, vector, alpha, beta, gamma, on_hosts).makespan_s
        given = f"{case}: with α = {alpha}, β = {beta}, γ = {gamma}"
        if found != expected:
            raise TimeError(f"{given} the engine says {found} s; expected {expected} s by the formula")
        least = lower_bound(
            demand_of(goal, n, vector, schedule.chunks_per_vector),
            alpha_s=alpha,
            slowest_port_s_per_byte=beta,
            all_ports_bytes_per_s=ports / beta,
            gamma_s_per_byte=gamma if on_hosts == schedule.ranks else 0 * gamma,  # switches add in no time
            ranks=schedule.ranks,
        )
        if found < least:
            raise TimeError(f"{given} it takes {found} s; expected at least the lower bound of {least} s")
    return len(NETWORKS)


def _of_switches(schedule: Schedule, on_hosts: int) -> tuple[list[int], list[int]]:
    """Who sends to whom, of the ranks on switches: each has a port for every other."""
    sends = schedule.is_message & (schedule.src >= on_hosts)
    return schedule.src[sends].tolist(), schedule.dst[sends].tolist()


def _check_teeth(collective: Collective, n: int, options: Mapping[str, Any], schedule: Schedule, case: str) -> Teeth:
    teeth = bite(collective, n, Vector(5 * schedule.chunks), **options)
    if teeth.changing_caught_by_proof < teeth.changing:
        missed = teeth.changing - teeth.changing_caught_by_proof
        raise CheckError(f"{case}: the proof misses {missed} of {teeth.changing} planted bugs that change the result")
    return teeth


def _named(case: str, check: Any, *arguments: Any) -> None:
    try:
        check(*arguments)
    except CheckError as error:
        raise type(error)(f"{case}: {error}") from None
