"""The command that compares simcomm with other simulators."""

from __future__ import annotations

import sys
from pathlib import Path

import click


@click.command(short_help="Reproduce cases of LogGOPSim, SimGrid and ASTRA-sim.")
@click.argument("path", type=click.Path(path_type=Path), metavar="DIR")
@click.option(
    "--most-crossings", type=click.IntRange(min=0), metavar="N", help="Skip cases with more link crossings [100000]."
)
@click.option("--engine", default="auto", metavar="NAME", help="Skip cases that this engine does not take [auto].")
def conformance(path: Path, most_crossings: int | None, engine: str) -> None:
    """Reproduce reference cases of LogGOPSim, SimGrid and ASTRA-sim: theirs, ours, the difference, a verdict.

    DIR holds files of cases (.json); one file will do. A case costs as many crossings as its messages have links on
    their way. Exit code 1 if a case that was run differs, 2 if one was not understood or none was run.
    """
    from rich.markup import escape

    from simcomm import engines, terminal
    from simcomm.conformance import MOST_CROSSINGS, suites
    from simcomm.conformance.case import AGREES, DIFFERS, NOT_UNDERSTOOD
    from simcomm.conformance.tables import header, row, summary
    from simcomm.errors import InputError

    engines.check_name(engine)
    limit = MOST_CROSSINGS if most_crossings is None else most_crossings
    lines, verdicts = [], set()
    for suite in suites(path):
        click.echo(f"{suite.file}: {len(suite.cases)} cases", err=True)  # some take a minute
        table = terminal.table(*map(escape, header(suite.peer)))
        outcomes = list(suite.outcomes(limit, engine))
        for outcome in outcomes:
            table.add_row(*map(escape, row(suite.peer, outcome)))
        terminal.show(table)
        lines.append(summary(suite, outcomes))
        verdicts |= {outcome.verdict for outcome in outcomes}
    click.echo("\n".join(lines))
    if DIFFERS in verdicts:
        sys.exit(1)
    if NOT_UNDERSTOOD in verdicts:
        sys.exit(2)
    if AGREES not in verdicts:
        taken = "" if engine == "auto" else f" that engine {engine} takes"
        raise InputError(f"{path}: no case was run; expected cases of at most {limit:,} link crossings{taken}")
