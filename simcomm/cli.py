"""The command line: every command calls the library and prints what it says."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from simcomm.cli_animate import animate
from simcomm.cli_bounds import bounds
from simcomm.cli_compare import compare
from simcomm.cli_conformance import conformance
from simcomm.cli_forecast import in_few_messages, list_points
from simcomm.cli_formats import export, import_
from simcomm.cli_topology import topology
from simcomm.errors import InputError, SimcommError

if TYPE_CHECKING:
    from simcomm.collectives.base import Collective
    from simcomm.results import Result, Results
    from simcomm.scenario import Document

_INTERRUPTED = 130

#: Messages that show prints: more cannot be read.
_MOST_SHOWN = 100_000


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.version_option(package_name="simcomm")
def cli() -> None:
    """Simulate the communication in distributed training: count it, prove it, time it.

    Exit codes: 0; 1 a check or a run failed; 2 the input is wrong; 130 stopped by Ctrl-C.
    """


cli.add_command(animate)
cli.add_command(bounds)
cli.add_command(compare)
cli.add_command(conformance)
cli.add_command(export)
cli.add_command(import_)
cli.add_command(topology)


@cli.command(short_help="Run a scenario: table, results.csv and plots.")
@click.argument("scenario", type=click.Path(path_type=Path))
@click.argument("overrides", nargs=-1, metavar="[KEY=VALUE]...")
@click.option("-o", "--out", type=click.Path(path_type=Path), help="Folder of the results [results/NAME].")
@click.option("-j", "--jobs", type=click.IntRange(min=1), help="Processes [one per core].")
@click.option("--plots/--no-plots", default=True, help="Draw what the results show.")
@click.option("--links/--no-links", default=True, help="Write links.csv: a row for every link of every point.")
@click.option("--parquet", is_flag=True, help="Write the tables as Parquet as well (needs pandas and pyarrow).")
@click.option("--dry-run", is_flag=True, help="Only list the points: messages, memory, engine. Nothing is run.")
def run(
    scenario: Path,
    overrides: tuple[str, ...],
    out: Path | None,
    jobs: int | None,
    plots: bool,
    links: bool,
    parquet: bool,
    dry_run: bool,
) -> None:
    """Run the points of a scenario that are missing; write table, results.csv, links.csv and plots.

    KEY=VALUE sets a key of the scenario (link.bandwidth='10 Gbit/s'); KEY=A,B,C sweeps it.
    """
    import os

    from simcomm import scenario as scenarios

    document = scenarios.load(scenario, overrides)  # a wrong one is refused before anything slow is imported

    from simcomm import terminal
    from simcomm.sweep import progress_on, run

    single = in_few_messages(document)
    if dry_run:
        return list_points(document, timeline=single)
    folder = out or Path("results") / scenario.stem
    count = jobs or min(os.cpu_count() or 1, len(document.points))
    if document.question:
        click.echo(document.question.strip())
    results = run(document, folder, jobs=count, progress=progress_on(sys.stderr), links=links, timeline=single)
    terminal.show(terminal.results_table(results))
    one = _in_detail(document, results[0]) if single and len(results) == 1 else None
    if one is not None:
        terminal.explain(one)
    click.echo(f"{len(results)} of {len(document.points)} points in {folder / 'results.csv'}")
    if parquet:
        results.to_parquet(folder / "results.parquet")
        if links:
            results.links.to_parquet(folder / "links.parquet")
    for warning in results.warnings:
        click.echo(f"warning: {warning}", err=True)
    if plots and not results.interrupted:
        _draw(_figures_of(results, one), folder, ("png", "svg"))
    _exit_with(results)


@cli.command(short_help="Check counts, proof and time: the founding table.")
@click.argument("names", nargs=-1, metavar="[COLLECTIVE]...")
@click.option("-n", "--workers", default="2,3,4,8", show_default=True, help="Numbers of workers, with commas.")
@click.option("-p", "--parameters", default="25557032", show_default=True, help="Length of the gradient.")
@click.option("--plugin", "plugins", multiple=True, metavar="MODULE:NAME", help="A collective of your own.")
def verify(names: tuple[str, ...], workers: str, parameters: str, plugins: tuple[str, ...]) -> None:
    """Print the founding table: what was counted beside the closed form, with a verdict per cell.

    Times are exact, with α = 5, β = 1/3 and γ = 1/7. Exit code 1 if any verdict is wrong.
    """
    from simcomm import terminal
    from simcomm.closed_forms import Vector
    from simcomm.units import parse_count
    from simcomm.verify import verify

    numbers = [_workers(word) for word in workers.split(",")]
    elements = int(parameters) if parameters.isdecimal() else parse_count(parameters)
    rows = verify(_collectives(names, plugins), numbers, Vector(elements))
    terminal.show(terminal.verify_table(rows))
    wrong = sum(not cell.right for row in rows for cell in row.cells.values())
    click.echo(f"{wrong} wrong verdicts" if wrong else "every count, proof and time is what theory says")
    sys.exit(1 if wrong else 0)


@cli.command()
@click.argument("name", metavar="COLLECTIVE")
@click.argument("options", nargs=-1, metavar="[OPTION=VALUE]...")
@click.option("-n", "--workers", default="4", show_default=True, help="Number of workers.")
@click.option("--plugin", "plugins", multiple=True, metavar="MODULE:NAME", help="A collective of your own.")
def show(name: str, options: tuple[str, ...], workers: str, plugins: tuple[str, ...]) -> None:
    """Print the schedule of a collective, step by step.

    OPTION=VALUE sets an option of the COLLECTIVE (segments=4); simcomm list has them all.
    """
    from simcomm import scenario as scenarios
    from simcomm.simulation import forecasts

    point: dict[str, Any] = {"workers": _workers(workers), "parameters": 1, "plugins": list(plugins)}
    point |= {"collective": name, "link": {"bandwidth": "1 B/s", "latency": "0 s"}}
    document = scenarios.from_mapping(point, [f"collective.{option}" for option in options], source="show")
    (collective,) = _collectives((name,), plugins)
    chosen = document.points[0].collective.options
    messages = forecasts(document)[0].estimate.messages
    if messages > _MOST_SHOWN:
        raise InputError(f"a schedule of {messages:,} messages; expected at most {_MOST_SHOWN:,}, more cannot be read")
    schedule = collective.schedule(document.points[0].workers, **chosen)
    click.echo(collective.summary)
    counts = {name: getattr(schedule, f"{name}s") for name in ("rank", "chunk", "message", "step")}
    click.echo(", ".join(f"{count} {name}{'s' * (count != 1)}" for name, count in counts.items()))
    if schedule.ranks > document.points[0].workers:
        click.echo(f"workers are the ranks below {document.points[0].workers}")
    for line in schedule.lines():
        click.echo(line)
    click.echo(f"source: {collective.source}")


@cli.command(short_help="Draw results, or one run of a scenario.")
@click.argument("path", type=click.Path(path_type=Path), metavar="RESULTS|SCENARIO")
@click.argument("overrides", nargs=-1, metavar="[KEY=VALUE]...")
@click.option("-o", "--out", type=click.Path(path_type=Path), help="Folder of the plots [beside the results].")
@click.option("-f", "--format", "formats", multiple=True, type=click.Choice(["png", "svg"]), help="[png and svg]")
def plot(path: Path, overrides: tuple[str, ...], out: Path | None, formats: tuple[str, ...]) -> None:
    """Draw results: bandwidth, time against n and size; or one run of a scenario: timelines, topology and links.

    RESULTS is a results folder or file. A SCENARIO (.yaml) is run here and must have one point: pick it with
    KEY=VALUE (workers=4 collective=ring_all_reduce).
    """
    from simcomm.results import load_results

    if path.suffix.lower() in (".yaml", ".yml"):
        from simcomm import scenario as scenarios

        document = scenarios.load(path, overrides)
        if len(document.points) != 1:
            many = f"{len(document.points)} points; expected one: pick it by KEY=VALUE for {', '.join(document.swept)}"
            raise InputError(f"{path}: {many}")
        folder, figures = out or Path("results") / path.stem, _figures_of(None, _in_detail(document))
    elif overrides:
        raise InputError(f"{overrides[0]}: results are drawn as they are; expected KEY=VALUE only with a scenario")
    else:
        folder, figures = out or (path if path.is_dir() else path.parent), _figures_of(load_results(path, links=False))
    _draw(figures, folder, formats or ("png", "svg"), strict=True)
    if not figures:
        click.echo("nothing to draw: no result takes any time")


@cli.command("list", short_help="List collectives, topologies, networks, engines, models.")
def list_() -> None:
    """List collectives, topologies, network models, engines and models."""
    from simcomm import collectives, engines, networks, terminal, topology, training
    from simcomm.topology import placement, routing

    table = terminal.table("collective", "what it does", "options", words=3)
    for name in collectives.names():
        found = collectives.get(name)
        table.add_row(name, found.summary, " ".join(f"{key}={value}" for key, value in found.options.items()))
    terminal.show(table)
    for title, names in (
        ("topologies", topology.kinds()),
        ("placements", placement.names()),
        ("routings", routing.names()),
        ("network models", networks.names()),
        ("engines", engines.names()),
        ("models", training.models()),
    ):
        click.echo(f"{title}: {', '.join(names)}")


@cli.command()
def schema() -> None:
    """Print the JSON Schema of scenario files, for editors."""
    import json

    from simcomm.scenario import schema

    click.echo(json.dumps(schema(), indent=2))


def _workers(text: str) -> int:
    if not text.strip().isdecimal() or int(text) < 1:
        raise InputError(f"workers: {text.strip()!r}; expected whole numbers of at least 1, such as 4 or 2,4,8")
    return int(text)


def _collectives(names: Sequence[str], plugins: Sequence[str]) -> list[Collective]:
    from simcomm import collectives
    from simcomm.scenario import load_plugins

    own = load_plugins(tuple(plugins), Path.cwd())
    return [own.get(name) or collectives.get(name) for name in names or (*collectives.names(), *own)]


def _in_detail(document: Document, result: Result | None = None) -> Result:
    """The result of the only point with its timeline: run again if it has none, or no links."""
    from simcomm.simulation import preflight, simulate_point

    if result is not None and result.timeline is not None and result.links is not None:
        return result
    preflight(document, timeline=True)
    return simulate_point(document.points[0], document.collectives, timeline=True)


def _figures_of(results: Results | None, one: Result | None = None) -> dict[str, Any]:
    from simcomm.plots import plots_for, plots_of_run

    figures: dict[str, Any] = dict(plots_for(results)) if results else {}
    return figures if one is None else figures | plots_of_run(one)


def _draw(figures: dict[str, Any], folder: Path, formats: Sequence[str], strict: bool = False) -> None:
    """Write the figures; one that cannot show these results costs nothing but itself (if ``strict``, unless all do)."""
    from simcomm.plots import save

    errors: dict[str, InputError] = {}
    for name, draw in figures.items():
        try:
            written = save(draw(), folder / name, formats)
        except InputError as error:
            errors[name] = error
        else:
            click.echo("\n".join(f"plot {path}" for path in written))
    if strict and errors and len(errors) == len(figures):
        raise next(iter(errors.values()))
    for name, why in errors.items():
        click.echo(f"no plot {name}: {why}", err=True)


def _exit_with(results: Results) -> None:
    for failure in (*results.failed, *results.skipped):
        click.echo(f"error: point {failure.point} ({failure.label}): {failure.message}", err=True)
    if results.interrupted:
        click.echo("stopped by Ctrl-C; what is finished is kept, run it again for the rest", err=True)
        sys.exit(_INTERRUPTED)
    sys.exit(max((failure.exit_code for failure in (*results.failed, *results.skipped)), default=0))


def main() -> None:
    """Run a command; explain every expected failure in one message, without a traceback."""
    try:
        cli(standalone_mode=False)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except (click.Abort, KeyboardInterrupt):
        click.echo("stopped by Ctrl-C", err=True)
        sys.exit(_INTERRUPTED)
    except SimcommError as error:
        click.echo(
            "\n".join(f"error: {line}" if i == 0 else line for i, line in enumerate(str(error).split("\n"))), err=True
        )
        sys.exit(error.exit_code)
