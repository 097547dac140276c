"""The command that shows how far a run is from the best that is possible."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from simcomm.results import Result


@click.command(short_help="Show how far a scenario is from the least possible, and why.")
@click.argument("scenario", type=click.Path(path_type=Path))
@click.argument("overrides", nargs=-1, metavar="[KEY=VALUE]...")
@click.option("-j", "--jobs", type=click.IntRange(min=1), help="Processes [one per core].")
def bounds(scenario: Path, overrides: tuple[str, ...], jobs: int | None) -> None:
    """Show the lower bounds of every point of a scenario, how far its time is from each, and what would help.

    KEY=VALUE sets a key of the scenario (link.bandwidth='10 Gbit/s'); KEY=A,B,C sweeps it. Nothing is written.
    """
    import os

    from simcomm import scenario as scenarios

    document = scenarios.load(scenario, overrides)

    from simcomm.sweep import progress_on, run
    from simcomm.sweep.identity import SHORT_DIGITS
    from simcomm.sweep.points import points_of

    count = jobs or min(os.cpu_count() or 1, len(document.points))
    found = run(document, jobs=count, progress=progress_on(sys.stderr), links=False)
    results = {result.point: result for result in found}
    for point in points_of(document):
        result = results.get(point.id[:SHORT_DIGITS])
        if result is not None:
            _show(point.label, result)
    without = (*found.failed, *found.skipped)
    for failure in without:
        click.echo(f"error: point {failure.point} ({failure.label}): {failure.message}", err=True)
    if found.interrupted:
        click.echo("stopped by Ctrl-C", err=True)
    sys.exit(130 if found.interrupted else max((failure.exit_code for failure in without), default=0))


def _show(label: str, result: Result) -> None:
    from simcomm import terminal
    from simcomm.bounds import explain
    from simcomm.units import format_time

    found = explain(result)
    click.echo(f"{label}: {format_time(found.time_s)}")
    if found.lines:
        terminal.show(terminal.bounds_table(found))
    for sentence in found.sentences:
        click.echo(sentence)
    click.echo()
