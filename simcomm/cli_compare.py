"""The command that says which algorithm is best: map, table, sentences, and a tuning table for applications."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from simcomm.errors import InputError

if TYPE_CHECKING:
    from rich.table import Table

    from simcomm.compare import Comparison
    from simcomm.compare.ranking import LeftOut

#: Lines of what is left out that are printed; the rest is in the JSON file.
MOST_REASONS = 12

#: Names of the second best in a row.
MOST_SECONDS = 1


@click.command(short_help="Find the best algorithm for every n and size.")
@click.argument("scenario", type=click.Path(path_type=Path))
@click.argument("overrides", nargs=-1, metavar="[KEY=VALUE]...")
@click.option("--operation", metavar="NAME", help="What to compare, such as broadcast [that of the scenario].")
@click.option("--only", multiple=True, metavar="COLLECTIVE", help="Compare only these; give it several times.")
@click.option("--without", multiple=True, metavar="COLLECTIVE", help="Leave out what the cluster cannot do.")
@click.option("--model-error", default="10%", show_default=True, help="Differences up to this are not ranked.")
@click.option("--budget", default=24, show_default=True, help="Simulations per algorithm, n and size, to tune it.")
@click.option("--tolerance", default="1%", show_default=True, help="How exactly a crossover is found.")
@click.option("--most-messages", default=250_000, show_default=True, help="Larger simulations are left out.")
@click.option("-o", "--out", type=click.Path(path_type=Path), help="Folder of the results [results/NAME/compare].")
@click.option("-j", "--jobs", type=click.IntRange(min=1), help="Processes [one per core].")
@click.option("--plots/--no-plots", default=True, help="Draw who wins where.")
def compare(
    scenario: Path,
    overrides: tuple[str, ...],
    operation: str | None,
    only: tuple[str, ...],
    without: tuple[str, ...],
    model_error: str,
    budget: int,
    tolerance: str,
    most_messages: int,
    out: Path | None,
    jobs: int | None,
    plots: bool,
) -> None:
    """Which algorithm is best, over workers and sizes, on the cluster of a scenario?

    Every algorithm of the scenario's operation, its options tuned. Sizes are from 1 KiB to 1 GiB unless the scenario
    sweeps them or an override sets them. Writes tuning_table.csv and .json, results.csv (every simulation) and a
    picture; goes on where it was stopped.
    """
    import os

    from simcomm import scenario as scenarios

    error, exactness = _share(model_error, "--model-error"), _share(tolerance, "--tolerance")
    document = scenarios.load(scenario, (*_first_of(operation), *overrides))

    from simcomm.compare import Effort
    from simcomm.compare import compare as run
    from simcomm.sweep import progress_on

    effort = Effort(model_error=error, budget=budget, tolerance=exactness, most_messages=most_messages)
    folder = out or Path("results") / scenario.stem / "compare"
    count = jobs or os.cpu_count() or 1
    if document.question:
        click.echo(document.question.strip())
    which: dict[str, Any] = {"operation": operation, "only": only, "without": without}
    found = run(document, folder, **which, effort=effort, jobs=count, progress=progress_on(sys.stderr))
    if not found.results.interrupted:
        _show(found)
        _write(found, folder, plots)
    _exit_with(found)


def _first_of(operation: str | None) -> list[str]:
    """A collective of the operation, in place of the scenario's, which may be of another one or not be there."""
    if operation is None:
        return []
    from simcomm import collectives
    from simcomm.compare.task import operation_of

    named = [name for name in collectives.names() if operation_of(collectives.get(name)) == operation]
    return [f"collective={named[0]}"] if named else []


def _share(text: str, option: str) -> float:
    """A part of a whole: '10%' or 0.1."""
    try:
        number = float(text.strip().removesuffix("%")) / (100 if text.strip().endswith("%") else 1)
    except ValueError:
        raise InputError(f"{option}: {text!r} is not a share; expected one such as 10% or 0.1") from None
    if not 0 <= number < 1:
        raise InputError(f"{option}: {text}; expected at least 0% and less than 100%")
    return number


def _show(found: Comparison) -> None:
    from simcomm import terminal
    from simcomm.units import format_binary_size, format_time

    terminal.show(_table(found))
    if found.crossovers:
        crossovers = terminal.table("crossover", "n", "size", "time of both", "below", "above")
        for number, cross in enumerate(found.crossovers, start=1):
            at = f"{format_binary_size(cross.size_bytes)} = {cross.size_bytes:,} B", format_time(cross.time_s)
            crossovers.add_row(str(number), str(cross.workers), *at, cross.below, cross.above)
        terminal.show(crossovers)
    reasons = [f"left out: {_reason(each)}" for each in found.left_out]
    reasons += [f"not tried: {_reason(each)}" for each in found.untried]
    for line in reasons[:MOST_REASONS]:
        click.echo(line)
    if reasons[MOST_REASONS:]:
        click.echo(f"and {len(reasons) - MOST_REASONS} more, in tuning_table.json")
    effort = found.effort
    click.echo(
        f"{len(found.results):,} simulations, at most {effort.budget} per algorithm, n and size; "
        f"{found.ended_by_budget} of {found.searches} searches ended by that; "
        f"times that differ by up to {100 * effort.model_error:.3g} % are as good"
    )
    for line in found.sentences:
        click.echo(line)


def _table(found: Comparison) -> Table:
    """One row for every n and range of sizes; clear is a lead that is more than the model error."""
    from simcomm import terminal
    from simcomm.units import format_time

    table = terminal.table(found.operation, "n", "sizes", "time", "second", "ahead by", "options", "clear at")
    for workers in found.workers:
        for each in found.ranges(workers):
            cells = each.cells
            first_two = [entry.algorithm for cell in cells for entry in cell.entries[:2]]
            seconds = dict.fromkeys(name for name in first_two if name != each.algorithm)
            clear = sum(cell.is_clear for cell in cells)
            table.add_row(
                each.algorithm,
                str(workers),
                each.sizes,
                _from_to([format_time(cell.best.time_s) for cell in cells]),
                ", ".join(list(seconds)[:MOST_SECONDS]) + (" …" if len(seconds) > MOST_SECONDS else ""),
                _from_to([_percent(cell.margin) for cell in cells]),
                each.options,
                f"{clear} of {len(cells)} sizes",
            )
    return table


def _percent(share: float | None) -> str:
    return "" if share is None else f"{100 * share:.{0 if share >= 0.1 else 1}f} %"


def _from_to(words: list[str]) -> str:
    return words[0] if words[0] == words[-1] else f"{words[0]} to {words[-1]}"


def _reason(each: LeftOut) -> str:
    many = f" for n = {', '.join(map(str, each.workers))}" if each.workers else ""
    return f"{each.algorithm}{many}: {each.reason.splitlines()[0]}"


def _write(found: Comparison, folder: Path, plots: bool) -> None:
    """The tuning table as CSV and JSON, and the picture."""
    found.table.to_csv(folder / "tuning_table.csv")
    found.to_json(folder / "tuning_table.json")
    click.echo(f"{len(found.rows)} rows in {folder / 'tuning_table.csv'} and .json")
    if not plots:
        return
    from simcomm.plots import save, who_wins

    try:
        figure = who_wins(found)
    except InputError as error:
        click.echo(f"no plot decision_map: {error}", err=True)
        return
    for path in save(figure, folder / "decision_map"):
        click.echo(f"plot {path}")


def _exit_with(found: Comparison) -> None:
    """Code 1 if a check failed: what only does not fit the input is left out, and said so."""
    results = found.results
    broken = [failure for failure in (*results.failed, *results.skipped) if failure.exit_code != 2]
    for failure in broken:
        click.echo(f"error: point {failure.point} ({failure.label}): {failure.message}", err=True)
    for warning in results.warnings:
        click.echo(f"warning: {warning}", err=True)
    if results.interrupted:
        click.echo("stopped by Ctrl-C; what is finished is kept, run it again for the rest", err=True)
        sys.exit(130)
    sys.exit(1 if broken else 0)
