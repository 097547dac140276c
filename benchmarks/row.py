"""What one line of the table of benchmarks is, and what is to be reached."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple


class Outcome(NamedTuple):
    """What one run answered: it must be right before its speed counts."""

    messages: int
    time_s: float
    engine: str


#: Runs the work for so many workers under an engine of that name.
Work = Callable[[int, str], Outcome]


@dataclass(frozen=True)
class Target:
    """What a run has to reach; None where nothing is asked for. Rates are of the row's unit."""

    least_per_s: float | None = None
    least_in_engine_per_s: float | None = None
    most_s: float | None = None
    most_bytes: float | None = None

    def text(self, unit: str) -> str:
        """The target in words.

        >>> Target(least_per_s=3e6, most_bytes=300e6).text("messages")
        '≥ 3 M messages/s, < 300 MB'
        """
        parts = [
            self.least_per_s and f"≥ {self.least_per_s / 1e6:g} M {unit}/s",
            self.least_in_engine_per_s and f"≥ {self.least_in_engine_per_s / 1e6:g} M in the engine",
            self.most_s and f"< {self.most_s:g} s",
            self.most_bytes and f"< {self.most_bytes / 1e6:,.0f} MB",
        ]
        return ", ".join(part for part in parts if part)

    def shares(self, count: int, seconds: float, engine_seconds: float, peak_bytes: float) -> list[float]:
        """How much of each part of the target is reached: 1 or more is all of it."""
        return [
            *([count / seconds / self.least_per_s] if self.least_per_s else []),
            *([count / engine_seconds / self.least_in_engine_per_s] if self.least_in_engine_per_s else []),
            *([self.most_s / seconds] if self.most_s else []),
            *([self.most_bytes / peak_bytes] if self.most_bytes else []),
        ]


@dataclass(frozen=True)
class Row:
    """One benchmark: ``work`` for ``workers`` under ``engine``; ``count(workers)`` of ``unit`` by the closed form.

    ``messages(workers)`` is what the outcome must say, if that is not what is counted. ``cores`` is how many it may
    use; ``quick_workers`` is the size at which it is only checked: its time must be the reference engine's, to the last
    bit or within ``tolerance``, relative.
    """

    name: str
    what: str
    engine: str
    workers: int
    quick_workers: int
    work: Work
    count: Callable[[int], int]
    target: Target
    unit: str = "messages"
    messages: Callable[[int], int] | None = None
    cores: int = 1
    tolerance: float = 0.0

    def closed_form(self, workers: int) -> int:
        """How many messages there are, by the formula."""
        return (self.messages or self.count)(workers)
