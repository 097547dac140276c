"""The command that shows how far a run is from the best that is possible."""

from __future__ import annotations

from pathlib import Path

import click


@click.command(short_help="Show how far a scenario is from the least possible, and why.")
@click.argument("scenario", type=click.Path(path_type=Path))
@click.argument("overrides", nargs=-1, metavar="[KEY=VALUE]...")
def bounds(scenario: Path, overrides: tuple[str, ...]) -> None:
    """Show the lower bounds of every point of a scenario, how far its time is from each, and what would help.

    KEY=VALUE sets a key of the scenario (link.bandwidth='10 Gbit/s'); KEY=A,B,C sweeps it. Nothing is written.
    """
    from simcomm import scenario as scenarios

    document = scenarios.load(scenario, overrides)

    from simcomm import terminal
    from simcomm.bounds import explain
    from simcomm.simulation import preflight, simulate_point
    from simcomm.sweep.points import points_of
    from simcomm.units import format_time

    preflight(document)
    for point, what in zip(points_of(document), document.points, strict=True):
        found = explain(simulate_point(what, document.collectives))
        click.echo(f"{point.label}: {format_time(found.time_s)}")
        if found.lines:
            terminal.show(terminal.bounds_table(found))
        for sentence in found.sentences:
            click.echo(sentence)
        click.echo()
