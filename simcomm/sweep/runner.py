"""Run the points of a scenario that are missing, keep each as soon as it is finished, and write the table."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import ExitStack, closing, suppress
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from simcomm.errors import InputError, OutputError
from simcomm.link_table import LINKS_FILE, Links
from simcomm.results import RESULTS_FILE, Failure, Result, Results
from simcomm.sweep.identity import SHORT_DIGITS
from simcomm.sweep.interrupts import held_back
from simcomm.sweep.journal import Journal, open_journal
from simcomm.sweep.points import Point, points_of, simulate
from simcomm.sweep.pool import Done, Failed, Job, Outcome, Pool
from simcomm.sweep.progress import Progress
from simcomm.tables import output_failure
from simcomm.watch import SoFar

if TYPE_CHECKING:
    from simcomm.scenario import Document

#: Says which points come next, from the results so far and the points without one, both by id.
Following = Callable[[Mapping[str, Result], Mapping[str, Failure]], Iterable["Point"]]


def run(
    scenario: str | Path | Mapping[str, Any] | Document,
    out: str | Path | None = None,
    overrides: Sequence[str] = (),
    jobs: int = 1,
    progress: Progress | None = None,
    links: bool = True,
    timeline: bool = False,
) -> Results:
    """Run a scenario (a file, a mapping, a document): simulate what ``out`` does not hold yet; return all its points.

    ``overrides`` are ``key=value`` texts; ``jobs`` is the number of processes. InputError for a wrong scenario or a
    folder that cannot be written, before anything runs. A point that fails is in ``failed`` of what is returned, one
    that kills its process twice in ``skipped``; Ctrl-C returns what is finished, with ``interrupted`` set.

    Every result has its ``links``, and ``out`` a links.csv, unless ``links`` is False (for a sweep of thousands of
    points). With ``timeline`` the results that are simulated now, not those of an earlier run, keep all that rides
    along with a result, which is much.
    """
    from simcomm.scenario import Document, from_mapping, load

    if isinstance(scenario, Document):
        document = scenario
    else:
        document = from_mapping(scenario, overrides) if isinstance(scenario, Mapping) else load(scenario, overrides)
    from simcomm.simulation import preflight

    preflight(document, timeline, jobs)
    return run_points(points_of(document), partial(simulate, timeline=timeline), out, jobs, progress, links)


def run_points(
    points: Iterable[Point],
    function: Callable[[Any], Result],
    out: str | Path | None = None,
    jobs: int = 1,
    progress: Progress | None = None,
    links: bool = False,
) -> Results:
    """Call the function on every point that ``out`` does not hold yet; all results in order.

    With ``out`` each result is kept at once, and ``results.csv`` is written at the end: also after failures and after
    Ctrl-C. Points with the same id are one point. With ``links`` a result that ``out`` holds without its links is
    found anew, and ``links.csv`` is written too; without, results lose theirs, and an older links.csv is removed.
    InputError if ``out`` cannot be written, before anything runs; OutputError if the disk fails; what was finished is
    kept.
    """
    rounds = iter([points])
    return run_rounds(lambda found, without: next(rounds, ()), function, out, jobs, progress, links)


def run_rounds(
    following: Following,
    function: Callable[[Any], Result],
    out: str | Path | None = None,
    jobs: int = 1,
    progress: Progress | None = None,
    links: bool = False,
) -> Results:
    """As :func:`run_points`, for points that depend on the results of others: a search.

    ``following(found, without)`` says, from the results so far and from the points that have none, both by id, which
    points come next; none, if there is nothing more to do. The processes stay from one round to the next.
    """
    if jobs < 1:
        raise InputError(f"jobs: expected a whole number of at least 1, found {jobs}")
    sweep = _Sweep(progress, links)
    sweep.add(following({}, {}))
    if out is None:
        sweep.run(function, jobs, following)
        return sweep.results()
    folder = writable_folder(Path(out))
    with open_journal(folder) as journal:
        sweep.journal = journal
        try:
            sweep.run(function, jobs, following)
        except OutputError:
            with suppress(InputError, OutputError):  # the disk has failed already; that is what the user must hear
                _write(sweep.results(), folder, links)
            raise
        with held_back():
            _write(sweep.results(), folder, links)
    return sweep.results()


def _write(results: Results, folder: Path, links: bool) -> None:
    if links:
        results.links.to_csv(folder / LINKS_FILE)
    else:
        try:
            (folder / LINKS_FILE).unlink(missing_ok=True)  # it would be that of other results
        except OSError as error:
            raise output_failure(folder / LINKS_FILE, error) from error
    results.to_csv(folder / RESULTS_FILE)


def writable_folder(folder: Path) -> Path:
    """Make the folder if there is none, and make sure that results can be written there; InputError if not."""
    if folder.exists() and not folder.is_dir():
        raise InputError(f"{folder}: not a folder; expected a folder for the results")
    for file in (folder / RESULTS_FILE, folder / LINKS_FILE):
        if file.is_dir():
            raise InputError(f"{file}: a folder; expected a file, or nothing")
    probe = folder / f".writable.{os.getpid()}.tmp"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        probe.touch()
        probe.unlink()
    except OSError as error:
        raise output_failure(folder, error) from error
    return folder


@dataclass
class _Sweep:
    """What is known while a sweep runs."""

    progress: Progress | None
    links: bool
    journal: Journal | None = None
    points: dict[str, Point] = field(default_factory=dict)
    found: dict[str, Result] = field(default_factory=dict)
    failed: dict[str, Failure] = field(default_factory=dict)
    skipped: dict[str, Failure] = field(default_factory=dict)
    reused: int = 0
    interrupted: bool = False

    @property
    def without(self) -> dict[str, Failure]:
        """The points that have no result."""
        return self.failed | self.skipped

    def add(self, points: Iterable[Point]) -> bool:
        """Further points; whether there is one that is new."""
        before = len(self.points)
        self.points |= {point.id: point for point in points}
        return len(self.points) > before

    def run(self, function: Callable[[Any], Result], jobs: int, following: Following) -> None:
        """Run what is missing, round after round."""
        with ExitStack() as stack:
            try:
                if self.progress is not None:
                    stack.callback(self.progress.finished)
                pool = stack.enter_context(closing(Pool(function, jobs, jobs > 1, self._told)))
                self._run_round(pool)
                while self.add(following(self.found, self.without)):
                    self._run_round(pool)
            except KeyboardInterrupt:
                self.interrupted = True

    def _run_round(self, pool: Pool) -> None:
        ended = self.found.keys() | self.without.keys()
        asked = [id for id in self.points if id not in ended]
        self._resume(asked)
        missing = [Job(id, self.points[id].argument) for id in asked if id not in self.found]
        if self.progress is not None:
            self.progress.started(len(self.points), len(self.points) - len(missing))
        with closing(pool.outcomes(missing)) as outcomes:
            for outcome in outcomes:
                self._take(outcome)

    def _resume(self, ids: Iterable[str]) -> None:
        """Take what an earlier run has found."""
        held = {} if self.journal is None else self.journal.results
        known = {id: held[id] for id in ids if id in held}
        if self.links:
            known = {id: result for id, result in known.items() if result.links is not None}
        self.found |= {id: result if self.links else replace(result, links=None) for id, result in known.items()}
        self.reused += len(known)

    def results(self) -> Results:
        def in_order(failures: dict[str, Failure]) -> tuple[Failure, ...]:
            return tuple(failures[id] for id in self.points if id in failures)

        return Results(
            tuple(self.found[id] for id in self.points if id in self.found),
            failed=in_order(self.failed),
            skipped=in_order(self.skipped),
            ran=len(self.found) - self.reused,
            reused=self.reused,
            interrupted=self.interrupted,
            warnings=() if self.journal is None else tuple(self.journal.warnings),
        )

    def _told(self, job: Job, so_far: SoFar) -> None:
        if self.progress is not None:
            self.progress.came_to(job.id, so_far)

    def _take(self, outcome: Outcome) -> None:
        id = outcome.job.id
        if isinstance(outcome, Done):
            self._keep(id, outcome.value)
        elif isinstance(outcome, Failed):
            self.failed[id] = self._failure(id, outcome.message, outcome.exit_code)
        else:
            self.skipped[id] = self._failure(id, outcome.why)
        if self.progress is not None:
            self.progress.advanced(id, outcome.seconds if isinstance(outcome, Done) else 0.0)

    def _keep(self, id: str, value: Result) -> None:
        point = id[:SHORT_DIGITS]
        links = (value.links or Links()).at(point) if self.links else None
        result = replace(value, point=point, links=links)
        try:
            result = replace(result, **cast(dict[str, Any], result.as_row()))
        except InputError as error:  # a simulation that returns no proper row is a failed one, not a wrong input
            self.failed[id] = self._failure(id, str(error))
            return
        with held_back():
            if self.journal is not None:
                self.journal.append(id, result)
            self.found[id] = result

    def _failure(self, id: str, message: str, exit_code: int = 1) -> Failure:
        return Failure(id[:SHORT_DIGITS], self.points[id].label, message, exit_code)
