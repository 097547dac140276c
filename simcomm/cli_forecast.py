"""What the command line says of points before they run: all of them in a dry run, and the only one if it is large."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from simcomm.scenario import Document


def in_few_messages(document: Document) -> bool:
    """Whether there is one point, of so few messages that its timeline is kept, drawn and explained."""
    from simcomm import limits
    from simcomm.simulation import forecasts

    if len(document.points) != 1:
        return False
    messages = forecasts(document)[0].estimate.messages
    if messages > limits.MOST_IN_DETAIL:
        click.echo(f"no timeline of {messages:,} messages: kept for at most {limits.MOST_IN_DETAIL:,}, and by plot")
    return messages <= limits.MOST_IN_DETAIL


def list_points(document: Document, timeline: bool) -> None:
    """What every point would be; exit code 2 if one does not fit into memory."""
    from simcomm import terminal
    from simcomm.simulation import forecasts
    from simcomm.sweep.identity import SHORT_DIGITS
    from simcomm.sweep.points import points_of

    found = forecasts(document, timeline)
    points = list(points_of(document))
    terminal.show(terminal.forecast_table([point.label for point in points], document.points, found))
    refused = [(point, known.refused) for point, known in zip(points, found, strict=True) if known.refused]
    for point, why in refused:
        click.echo(f"error: point {point.id[:SHORT_DIGITS]} ({point.label}): {why}", err=True)
    messages = sum(known.estimate.messages for known in found)
    click.echo(f"{len(found)} points, {messages:,} messages; nothing was run")
    sys.exit(2 if refused else 0)
