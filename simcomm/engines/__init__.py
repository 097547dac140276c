"""Engines: a schedule on a network gives a timeline. One file per engine, one line here."""

from __future__ import annotations

#: name -> module and function; ``auto`` is the fastest that is exact for the run.
ENGINES: dict[str, str] = {
    "des": "simcomm.engines.des:run",
}


def names() -> tuple[str, ...]:
    """The names that a scenario may give."""
    return ("auto", *ENGINES)
