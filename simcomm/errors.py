"""What can go wrong, by whose fault: the input (exit code 2), a check or a run (exit code 1)."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches


class SimcommError(Exception):
    """A failure that simcomm explains in one message; ``exit_code`` is what the command line returns."""

    exit_code = 1


class InputError(SimcommError):
    """The input is wrong: refused before anything is simulated."""

    exit_code = 2


class EngineError(InputError):
    """An engine that was asked for by name does not take this run; another one does."""


class CheckError(SimcommError):
    """A check of a run failed: counts, proof or time."""


class CountError(CheckError):
    """What was counted is not what the closed form says."""


class ProofError(CheckError):
    """A worker does not end with what it must: a contribution is missing, doubled or misplaced."""


class TimeError(CheckError):
    """The engine's time is not the formula's."""


class DeadlockError(SimcommError):
    """Operations that can never run, by name."""


class OutputError(SimcommError):
    """A result could not be written."""


def did_you_mean(word: object, choices: Iterable[str]) -> str:
    """Name the nearest right spelling, or nothing.

    >>> did_you_mean("ring_allreduce", ["ring_all_reduce", "all_to_all"])
    "; did you mean 'ring_all_reduce'?"
    >>> did_you_mean("zzz", ["ring_all_reduce"])
    ''
    """
    close = get_close_matches(str(word), list(choices), n=1, cutoff=0.6)
    return f"; did you mean {close[0]!r}?" if close else ""
