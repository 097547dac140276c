"""Who is best at one number of workers and one size, by how much, and whether the model can tell."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

from simcomm.compare.search import Setting

#: Relative difference of two times that is rounding: they count as equal.
ROUNDING = 1e-9


class Entry(NamedTuple):
    """One algorithm at its best: the options that were given to it, and its time."""

    algorithm: str
    options: Setting
    time_s: float

    @property
    def words(self) -> str:
        """The options as key=value words."""
        return words_of(dict(self.options))


def words_of(options: dict[str, Any]) -> str:
    """Options as key=value words, as in results.csv.

    >>> words_of({"segments": 4, "root": 0})
    'root=0 segments=4'
    """
    return " ".join(f"{name}={value}" for name, value in sorted(options.items()))


@dataclass(frozen=True)
class Cell:
    """One place of the grid: every algorithm that can run there at its best, the fastest first.

    ``margin`` is (second − first) / first. Times within ``model_error`` of the first, the limit included, are not told
    apart from it: the algorithms that have them are ``tied``. ``is_between``: it is none of the grid that was asked
    for, but between two sizes of it.

    >>> cell = Cell(8, 1024, (Entry("ring", (), 1.0), Entry("tree", (), 1.05), Entry("star", (), 2.0)), 0.1, 5)
    >>> round(cell.margin, 3), [entry.algorithm for entry in cell.tied], cell.is_clear
    (0.05, ['ring', 'tree'], False)
    """

    workers: int
    size_bytes: int
    entries: tuple[Entry, ...]
    model_error: float
    evaluations: int
    is_between: bool = False

    @property
    def best(self) -> Entry:
        """The fastest; of equals the one with fewer options, then the first by name."""
        return self.entries[0]

    @property
    def runner_up(self) -> Entry | None:
        """The second fastest; None if only one algorithm can run."""
        return self.entries[1] if len(self.entries) > 1 else None

    @property
    def margin(self) -> float | None:
        """By which part of its time the best is ahead of the second; None without a second or without any time."""
        if self.runner_up is None or self.best.time_s == 0:
            return None
        return max(0.0, self.runner_up.time_s / self.best.time_s - 1)  # equals are not in the order of their times

    @cached_property
    def tied(self) -> tuple[Entry, ...]:
        """The best, and all that the model cannot tell from it."""
        longest_s = self.best.time_s * (1 + self.model_error) * (1 + ROUNDING)
        return tuple(entry for entry in self.entries if entry.time_s <= longest_s)

    @property
    def names(self) -> tuple[str, ...]:
        """The names of those tied."""
        return tuple(entry.algorithm for entry in self.tied)

    @property
    def is_clear(self) -> bool:
        """Whether the best is ahead of all others by more than the model's error."""
        return len(self.tied) == 1


class Crossover(NamedTuple):
    """Below ``size_bytes`` ``below`` is the faster, above it ``above``; there both take ``time_s``.

    Found between ``low_bytes`` and ``high_bytes``, where both were simulated, by the line between them.
    """

    workers: int
    size_bytes: int
    time_s: float
    below: str
    above: str
    low_bytes: int
    high_bytes: int


class LeftOut(NamedTuple):
    """An algorithm that is not in the ranking at so many places, with these numbers of workers, and why.

    No workers: nowhere.
    """

    algorithm: str
    workers: tuple[int, ...]
    places: int
    reason: str


def ranked(entries: list[Entry]) -> tuple[Entry, ...]:
    """The fastest first; of equals (times differ by rounding alone) the one with fewer options, then by name."""
    if not entries:
        return ()
    least_s = min(entry.time_s for entry in entries)
    unit_s = least_s * ROUNDING or 1e-18
    return tuple(sorted(entries, key=lambda entry: (round(entry.time_s / unit_s), len(entry.options), entry.algorithm)))
