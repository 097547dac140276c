"""The outcomes as rows of text, for the terminal and for the docs."""

from __future__ import annotations

from collections.abc import Sequence

from simcomm.conformance import Suite
from simcomm.conformance.case import AGREES, DIFFERS, NOT_RUN, NOT_UNDERSTOOD, Outcome, Peer


def header(peer: Peer) -> tuple[str, ...]:
    """The columns: times in the peer's unit."""
    return ("case", f"theirs [{peer.unit}]", f"ours [{peer.unit}]", "difference", "allowed", "verdict")


def row(peer: Peer, outcome: Outcome) -> tuple[str, ...]:
    """The time of the whole case, and the largest difference of all its numbers; if they differ, of the worst one."""
    worst = outcome.worst
    if worst is None:
        why = outcome.why.replace("\n", " ")
        return (outcome.case, "", "", "", "", f"{outcome.verdict} ({why})" if why else outcome.verdict)
    shown = outcome.numbers[0] if outcome.verdict == AGREES else worst
    numbers = f" ({len(outcome.numbers)} times)" if len(outcome.numbers) > 1 else ""
    return (
        outcome.case,
        peer.shown(shown.theirs),
        peer.shown(shown.ours),
        peer.difference(worst.difference),
        str(worst.allowed),
        outcome.verdict + (numbers if outcome.verdict == AGREES else f": {worst.what}"),
    )


def summary(suite: Suite, outcomes: Sequence[Outcome]) -> str:
    """One line: how many agree, and what became of the others."""
    number = dict.fromkeys((AGREES, DIFFERS, NOT_RUN, NOT_UNDERSTOOD), 0)
    for outcome in outcomes:
        number[outcome.verdict] += 1
    compared = [(outcome.worst, outcome.case) for outcome in outcomes if outcome.worst is not None]
    text = f"{suite.file} ({suite.simulator}): {number[AGREES]} of {number[AGREES] + number[DIFFERS]} cases agree"
    if compared:
        worst, case = max(compared, key=lambda one: (not one[0].agrees, one[0].difference))
        text += f", largest difference {suite.peer.difference(worst.difference)}"
        text += f" ({worst.allowed} allowed) in {case}" if worst.difference else ""
    for verdict in (DIFFERS, NOT_RUN, NOT_UNDERSTOOD):
        text += f"; {number[verdict]} {verdict}" if number[verdict] else ""
    return text
