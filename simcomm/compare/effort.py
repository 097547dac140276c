"""What a comparison may cost, and what it may claim."""

from __future__ import annotations

from dataclasses import dataclass

from simcomm.errors import InputError


@dataclass(frozen=True)
class Effort:
    """The limits of a comparison; InputError for one that makes no sense.

    ``model_error`` is the relative difference up to which nothing is ranked; ``budget`` the simulations of every
    algorithm at every place of the grid; ``tolerance`` (relative) and ``steps`` those of a crossover;
    ``most_messages`` those that one simulation may look at.

    >>> Effort(model_error=1.5)
    Traceback (most recent call last):
    simcomm.errors.InputError: model_error: 150%; expected at least 0% and less than 100%
    """

    model_error: float = 0.1
    budget: int = 24
    tolerance: float = 0.01
    steps: int = 20
    most_messages: int = 250_000

    def __post_init__(self) -> None:
        for name in ("model_error", "tolerance"):
            if not 0 <= getattr(self, name) < 1:
                raise InputError(f"{name}: {100 * getattr(self, name):.6g}%; expected at least 0% and less than 100%")
        for name in ("budget", "steps", "most_messages"):
            if getattr(self, name) < 1:
                raise InputError(f"{name}: {getattr(self, name)}; expected at least 1")
