"""Run a comparison: tune every algorithm at every place of the grid, then find where the winner changes."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

from simcomm.compare.book import Book, Key
from simcomm.compare.changes import Change
from simcomm.compare.comparison import Comparison
from simcomm.compare.crossing import Bisection
from simcomm.compare.effort import Effort
from simcomm.compare.missing import Place, left_out, untried
from simcomm.compare.ranges import ranges_of
from simcomm.compare.ranking import Cell, Crossover, Entry, ranked
from simcomm.compare.search import Climb, Setting
from simcomm.compare.task import Task, task_of
from simcomm.errors import InputError
from simcomm.results import Failure, Result
from simcomm.sweep.points import Point, simulate
from simcomm.sweep.progress import Progress
from simcomm.sweep.runner import run_rounds

if TYPE_CHECKING:
    from simcomm.scenario import Document


def compare(
    scenario: str | Path | Mapping[str, Any] | Document,
    out: str | Path | None = None,
    overrides: Sequence[str] = (),
    *,
    operation: str | None = None,
    only: Sequence[str] = (),
    without: Sequence[str] = (),
    effort: Effort | None = None,
    jobs: int = 1,
    progress: Progress | None = None,
) -> Comparison:
    """Every algorithm of the scenario's operation, tuned, over its grid of workers and sizes: who is best where.

    The scenario is one cluster; it may sweep workers and size; without a size in a sweep or an override it is compared
    from 1 KiB to 1 GiB. ``out`` keeps every simulation as soon as it is finished, and a comparison that was stopped
    goes on from there. InputError for wrong input, and if no algorithm can run at all; Ctrl-C returns what is finished,
    ``results.interrupted`` set.
    """
    from simcomm.scenario import Document, from_mapping, load

    if isinstance(scenario, Document):
        document = scenario
    else:
        document = from_mapping(scenario, overrides) if isinstance(scenario, Mapping) else load(scenario, overrides)
    effort = effort or Effort()
    rounds = _Rounds(task_of(document, operation, only, without), effort)
    results = run_rounds(rounds, simulate, out, jobs, progress)
    cells = rounds.cells()
    if not cells and not results.interrupted:
        raise InputError(f"{document.source}: no algorithm can run: {next(iter(rounds.book.reasons.values()))}")
    return Comparison(
        operation=rounds.task.operation,
        document=document,
        effort=effort,
        cells=cells,
        crossovers=rounds.crossovers(),
        left_out=left_out(rounds.task, rounds.book, rounds.timed),
        untried=untried(rounds.book, rounds.timed),
        ended_by_budget=sum(climb.is_spent for climb in rounds.climbs.values()),
        searches=len(rounds.climbs),
        results=results,
    )


@dataclass
class _Rounds:
    """Says what to simulate next, by what is known: first the searches, all at once, then the crossovers.

    A crossover where a third algorithm is best becomes a place of the grid, and all begins anew there.
    """

    task: Task
    effort: Effort
    book: Book = field(init=False)
    grid: tuple[Place, ...] = ()
    climbs: dict[tuple[str, Place], Climb] = field(default_factory=dict)
    changes: tuple[Change, ...] = ()
    is_tuned: bool = False

    def __post_init__(self) -> None:
        self.book = Book(self.task, self.effort.most_messages)
        self._extend(self.task.grid)

    def _extend(self, places: Collection[Place]) -> None:
        """Begin to tune every algorithm at these places too."""
        self.grid = tuple(sorted({*self.grid, *places}))
        for name in self.task.algorithms:
            for place in places:
                try:
                    self.climbs[name, place] = Climb(self.task.space(name, place[0]), self.effort.budget)
                except InputError as error:
                    self.book.reasons[Key(name, *place, ())] = str(error)
        self.is_tuned = self.is_tuned and not places

    def __call__(self, found: Mapping[str, Result], without: Mapping[str, Failure]) -> list[Point]:
        self.book.hear(found, without)
        points: list[Point] = []
        while not points and (keys := self._wanted()):
            points = self.book.ask(keys)  # none if all of them are known: a search may come to what a crossover needed
        return points

    def _wanted(self) -> list[Key]:
        """What to know next; nothing, when all is known."""
        if not self.is_tuned:
            if keys := self._tries():
                return keys
            self.changes = tuple(self._changes())
            self.is_tuned = True
        if keys := [key for change in self.changes for key in change.wanted(self.book, self.effort)]:
            return keys
        found = [change for change in self.changes if change.is_found and change.has_third(self.book, self.effort)]
        self._extend({(change.workers, change.place) for change in found} - {*self.grid})
        return [] if self.is_tuned else self._wanted()

    def _tries(self) -> list[Key]:
        """What every search wants to try next."""
        for (name, place), climb in self.climbs.items():
            for setting in [setting for setting, time_s in climb.tried.items() if time_s is None]:
                climb.tried[setting] = self.book.times.get(Key(name, *place, setting))
        best = {where: climb.best for where, climb in self.climbs.items()}
        keys = []
        for (name, place), climb in self.climbs.items():
            near = [best.get((name, other)) for other in _neighbours(place, self.grid)]
            hints = [setting for setting in near if setting is not None and climb.space.holds(setting)]
            wanted = climb.next(hints, partial(self._is_possible, name, place))
            climb.tried |= dict.fromkeys(wanted)
            keys += [Key(name, *place, setting) for setting in wanted]
        return keys

    def _is_possible(self, name: str, place: Place, setting: Setting) -> bool:
        return self.book.is_possible(Key(name, *place, setting))

    def cells(self) -> tuple[Cell, ...]:
        """The ranking at every place of the grid where something can run."""
        found = []
        for place in self.grid:
            climbs = {name: climb for (name, where), climb in self.climbs.items() if where == place}
            entries = [entry for name, climb in climbs.items() if (entry := self._entry(name, climb)) is not None]
            tried = sum(time_s is not None for climb in climbs.values() for time_s in climb.tried.values())
            if entries:
                size = place[1] * self.task.base.itemsize
                is_between = place not in self.task.grid
                found.append(Cell(place[0], size, ranked(entries), self.effort.model_error, tried, is_between))
        return tuple(found)

    @property
    def timed(self) -> set[tuple[str, Place]]:
        """The algorithms and places that have a time."""
        return {where for where, climb in self.climbs.items() if climb.best is not None}

    def _entry(self, name: str, climb: Climb) -> Entry | None:
        best = climb.best
        if best is None:
            return None
        options = self.task.options(best)
        return Entry(name, tuple(sorted(options.items())), climb.tried[best] or 0.0)

    def _changes(self) -> Iterator[Change]:
        """Wherever the choice changes, between the two sizes around it.

        Of the algorithms on both sides, if each is the faster one on its own; if not, of the fastest on both sides.
        """
        cells = self.cells()
        for workers in dict.fromkeys(cell.workers for cell in cells):
            for first, second in pairwise(ranges_of([cell for cell in cells if cell.workers == workers], ())):
                low, high = first.cells[-1], second.cells[0]
                names = first.algorithm, second.algorithm
                if not (_is_ahead(names[0], names[1], low) and _is_ahead(names[1], names[0], high)):
                    names = low.best.algorithm, high.best.algorithm
                yield self._change(names, low, high)

    def _change(self, names: tuple[str, str], low: Cell, high: Cell) -> Change:
        ends = (low.size_bytes // self.task.base.itemsize, high.size_bytes // self.task.base.itemsize)
        settings = {name: self._settings(name, low.workers, *ends) for name in self.task.algorithms}
        others = {entry.algorithm: entry.time_s for entry in low.entries if entry.algorithm not in names}
        cut = Bisection(*ends, self.effort.tolerance, self.effort.steps)
        return Change(low.workers, *names, *ends, settings, others, cut)

    def _settings(self, name: str, workers: int, low: int, high: int) -> tuple[Setting, ...]:
        """The best options of an algorithm at two places."""
        climbs = [self.climbs.get((name, (workers, elements))) for elements in (low, high)]
        every = [climb.best for climb in climbs if climb is not None]
        return tuple(dict.fromkeys(setting for setting in every if setting is not None))

    def crossovers(self) -> tuple[Crossover, ...]:
        """The crossovers that were found."""
        found = [change for change in self.changes if change.is_found]
        return tuple(change.crossover(self.book, self.task.base.itemsize) for change in found)


def _is_ahead(name: str, other: str, cell: Cell) -> bool:
    """Whether one algorithm is no slower than another one."""
    times = {entry.algorithm: entry.time_s for entry in cell.entries}
    return name in times and other in times and times[name] <= times[other]


def _neighbours(place: Place, grid: Sequence[Place]) -> list[Place]:
    """The next smaller and larger size with as many workers, the next numbers of workers with the same size."""
    found = []
    for axis in (1, 0):
        other = 1 - axis
        line = [each for each in grid if each[other] == place[other]]  # sorted, as the grid is
        at = line.index(place)
        found += [line[index] for index in (at - 1, at + 1) if 0 <= index < len(line)]
    return found
