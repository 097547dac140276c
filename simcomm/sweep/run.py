"""Run the points of a scenario that are missing, keep each as soon as it is finished, and write the table."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import ExitStack, closing, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from simcomm.errors import InputError, OutputError
from simcomm.results import RESULTS_FILE, Failure, Result, Results
from simcomm.sweep.identity import SHORT_DIGITS
from simcomm.sweep.journal import Journal, open_journal
from simcomm.sweep.pool import Done, Failed, Job, Outcome, run_jobs
from simcomm.sweep.progress import Progress
from simcomm.tables import output_failure


@dataclass(frozen=True)
class Point:
    """Something to run: its full id, words that name it to a reader, and the argument of the function that runs it."""

    id: str
    label: str
    argument: Any


def run_points(
    points: Iterable[Point],
    function: Callable[[Any], Mapping[str, object]],
    out: str | Path | None = None,
    jobs: int = 1,
    progress: Progress | None = None,
) -> Results:
    """Call the function, which returns a row, on every point that ``out`` does not hold yet; all results in order.

    With ``out`` each result is kept at once, and ``results.csv`` is written at the end: also after failures and after
    Ctrl-C. Points with the same id are one point. InputError if ``out`` cannot be written, before anything runs;
    OutputError if the disk fails; what was finished is kept.
    """
    if jobs < 1:
        raise InputError(f"jobs: expected a whole number of at least 1, found {jobs}")
    sweep = _Sweep({point.id: point for point in points}, progress)
    if out is None:
        sweep.run(function, jobs)
        return sweep.results()
    folder = writable_folder(Path(out))
    with open_journal(folder) as journal:
        sweep.resume(journal)
        try:
            sweep.run(function, jobs)
        except OutputError:
            with suppress(InputError, OutputError):  # the disk has failed already; that is what the user must hear
                sweep.results().to_csv(folder / RESULTS_FILE)
            raise
        sweep.results().to_csv(folder / RESULTS_FILE)
    return sweep.results()
