"""The founding table, for any n and p: what was counted beside what the closed form says, cell by cell."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from simcomm import counts
from simcomm.closed_forms import Vector
from simcomm.collectives.base import Collective
from simcomm.engines.exact import exact_run
from simcomm.errors import InputError, ProofError
from simcomm.goals import Goal
from simcomm.planted import ALPHA, BETA, GAMMA
from simcomm.proof import prove


@dataclass(frozen=True)
class Cell:
    """One verdict: what was found, what theory says (None: nothing, "": yes or no), and whether it is right."""

    found: str
    expected: str | None
    right: bool


@dataclass(frozen=True)
class Row:
    """All verdicts on one collective with its options for n workers; ``cells`` by name of the check."""

    collective: str
    options: Mapping[str, Any]
    workers: int
    cells: Mapping[str, Cell]

    @property
    def right(self) -> bool:
        """Whether every cell is."""
        return all(cell.right for cell in self.cells.values())


def verify(collectives: Iterable[Collective], workers: Iterable[int], vector: Vector) -> list[Row]:
    """Verify every variant of every collective for all numbers of workers; nothing is raised for what is wrong.

    The time is exact: Fractions with unequal α, β and γ, engine against formula with ``==``. A variant that cannot be
    (more servers than workers, say) has no row. InputError for less than one worker.

    >>> from simcomm.collectives import get
    >>> row, = verify([get("ring_all_reduce")], [4], Vector(100))
    >>> row.cells["messages"], row.right
    (Cell(found='24', expected='24', right=True), True)
    """
    rows = []
    chosen = list(workers)
    if any(n < 1 for n in chosen):
        raise InputError(f"workers: {min(chosen)}; expected at least 1")
    for collective in collectives:
        for n in chosen:
            for options in collective.variants:
                try:
                    collective.check(n, options)
                except InputError:
                    continue
                rows.append(Row(collective.name, options, n, _cells(collective, n, options, vector)))
    return rows


def _cells(collective: Collective, n: int, options: Mapping[str, Any], vector: Vector) -> dict[str, Cell]:
    schedule = collective.schedule(n, **options)
    claim = collective.claim(n, vector, **options)
    found = counts.count(schedule, vector)
    wrong = [line for line in counts.differences(found, claim) if " by rank " in line]
    sizes = schedule.sizes_bytes(vector)
    return {
        "messages": _equal(found.total.messages, claim.total.messages),
        "bytes": _equal(found.total.bytes, claim.total.bytes),
        "largest message": Cell(str(int(sizes.max(initial=0))), None, True),
        "steps": _equal(found.steps, claim.steps),
        "per rank": Cell("; ".join(wrong[:1]) or f"{schedule.ranks} ranks", "", not wrong),
        "proof": _proof(collective.goal_of(n, options), n, schedule),
        "time": _time(schedule, vector, claim.time, collective.hosts(n, options)),
    }


def _equal(found: object, expected: object) -> Cell:
    return Cell(str(found), str(expected), found == expected)


def _proof(goal: Goal, n: int, schedule: Any) -> Cell:
    try:
        found = prove(schedule, goal, n)
    except ProofError as error:
        return Cell(str(error), goal.operation, False)
    return Cell(f"{found.places} places{', inexact' if found.guarantee else ''}", "", True)


def _time(schedule: Any, vector: Vector, formula: Any, hosts: int) -> Cell:
    found = exact_run(schedule, vector, ALPHA, BETA, GAMMA, hosts).makespan_s
    if formula is None:
        return Cell(str(found), None, True)
    return _equal(found, formula(ALPHA, BETA, GAMMA))
