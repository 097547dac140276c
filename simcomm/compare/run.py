"""Run a comparison: tune every algorithm at every place of the grid, then find where the winner changes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

from simcomm.compare.book import Book, Key
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

    The scenario is one cluster; it may sweep workers and size, else it is compared from 1 KiB to 1 GiB. ``out`` keeps
    every simulation as soon as it is finished, and a comparison that was stopped goes on from there. InputError for
    wrong input, and if no algorithm can run at all; Ctrl-C returns what is finished, ``results.interrupted`` set.
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
        crossovers=tuple(rounds.crossovers()),
        left_out=left_out(rounds.task, rounds.book, rounds.timed),
        untried=untried(rounds.book, rounds.timed),
        ended_by_budget=sum(climb.is_spent for climb in rounds.climbs.values()),
        searches=len(rounds.climbs),
        results=results,
    )


@dataclass
class _Rounds:
    """Says what to simulate next, by what is known: first the searches, all at once, then the crossovers."""

    task: Task
    effort: Effort
    book: Book = field(init=False)
    climbs: dict[tuple[str, Place], Climb] = field(init=False)
    cuts: tuple[_Cut, ...] = ()
    is_tuned: bool = False

    def __post_init__(self) -> None:
        self.book = Book(self.task, self.effort.most_messages)
        self.climbs = {}
        for name in self.task.algorithms:
            for place in self.task.grid:
                self._begin(name, place)

    def _begin(self, name: str, place: Place) -> None:
        try:
            self.climbs[name, place] = Climb(self.task.space(name, place[0]), self.effort.budget)
        except InputError as error:
            self.book.reasons[Key(name, *place, ())] = str(error)

    def __call__(self, found: Mapping[str, Result], without: Mapping[str, Failure]) -> list[Point]:
        self.book.hear(found, without)
        for (name, place), climb in self.climbs.items():
            for setting in [setting for setting, time_s in climb.tried.items() if time_s is None]:
                climb.tried[setting] = self.book.times.get(Key(name, *place, setting))
        if not self.is_tuned:
            points = self.book.ask(self._tries())
            if points:
                return points
            self.is_tuned = True
            self.cuts = tuple(self._changes())
        return self._bisect()

    def _tries(self) -> list[Key]:
        """What every search wants to try next."""
        best = {where: climb.best for where, climb in self.climbs.items()}
        keys = []
        for (name, place), climb in self.climbs.items():
            near = [best.get((name, other)) for other in _neighbours(place, self.task.grid)]
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
        for place in self.task.grid:
            climbs = {name: climb for (name, where), climb in self.climbs.items() if where == place}
            entries = [entry for name, climb in climbs.items() if (entry := self._entry(name, climb)) is not None]
            tried = sum(time_s is not None for climb in climbs.values() for time_s in climb.tried.values())
            if entries:
                size = place[1] * self.task.base.itemsize
                found.append(Cell(place[0], size, ranked(entries), self.effort.model_error, tried))
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

    def _changes(self) -> Iterator[_Cut]:
        """A bisection wherever the choice changes, between the two sizes around it.

        Of the algorithms on both sides, if each is the faster one on its own; if not, of the fastest on both sides.
        """
        cells = self.cells()
        for workers in dict.fromkeys(cell.workers for cell in cells):
            for first, second in pairwise(ranges_of([cell for cell in cells if cell.workers == workers], ())):
                low, high = first.cells[-1], second.cells[0]
                names = first.algorithm, second.algorithm
                if not (_is_ahead(names[0], names[1], low) and _is_ahead(names[1], names[0], high)):
                    names = low.best.algorithm, high.best.algorithm
                ends = [cell.size_bytes // self.task.base.itemsize for cell in (low, high)]
                cut = Bisection(ends[0], ends[1], self.effort.tolerance, self.effort.steps)
                yield _Cut(workers, *names, {name: self._settings(name, workers, *ends) for name in names}, cut)

    def _settings(self, name: str, workers: int, low: int, high: int) -> tuple[Setting, ...]:
        """The best options of an algorithm at two places."""
        climbs = [self.climbs.get((name, (workers, elements))) for elements in (low, high)]
        every = [climb.best for climb in climbs if climb is not None]
        return tuple(dict.fromkeys(setting for setting in every if setting is not None))

    def _bisect(self) -> list[Point]:
        """One step of every bisection; those that know enough already take the next at once."""
        keys: list[Key] = []
        for cut in self.cuts:
            while wanted := cut.bisection.wanted():
                missing = [key for place in wanted for key in cut.keys(place) if key not in self.book.times]
                missing = [key for key in missing if self.book.is_possible(key)]
                if missing:
                    keys += missing
                    break
                for place in wanted:
                    cut.bisection.tell(place, cut.gap(self.book, place))
        return self.book.ask(keys)

    def crossovers(self) -> Iterator[Crossover]:
        """The crossovers that were found."""
        itemsize = self.task.base.itemsize
        for cut in self.cuts:
            found = cut.bisection
            if not found.broken and not found.wanted():
                low_s, high_s = (cut.time_of(self.book, cut.below, end) or 0.0 for end in (found.low, found.high))
                part = (found.place - found.low) / (found.high - found.low)
                time_s, size = low_s + part * (high_s - low_s), round(found.place) * itemsize
                ends = (found.low * itemsize, found.high * itemsize)
                yield Crossover(cut.workers, size, time_s, cut.below, cut.above, *ends)


@dataclass(frozen=True)
class _Cut:
    """A bisection, and the two algorithms with the options that each has near by."""

    workers: int
    below: str
    above: str
    settings: Mapping[str, tuple[Setting, ...]]
    bisection: Bisection

    def keys(self, elements: int) -> list[Key]:
        """What must be simulated to know the gap at a place."""
        return [Key(name, self.workers, elements, each) for name, every in self.settings.items() for each in every]

    def time_of(self, book: Book, name: str, elements: int) -> float | None:
        return book.time_of(name, self.workers, elements, self.settings[name])

    def gap(self, book: Book, elements: int) -> float | None:
        below, above = (self.time_of(book, name, elements) for name in (self.below, self.above))
        return None if below is None or above is None else below - above


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
