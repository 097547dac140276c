"""Where the choice changes between two sizes: the crossover of two algorithms, and whether a third one is best there.

With its options fixed the time of an algorithm is a straight line in the size, but for the rounding of chunks. The
least of two straight lines bends at their crossover only, and downwards: whatever is above it at both sizes and below
it in between is below it at the crossover. So that is the one place to look for a third algorithm.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from simcomm.compare.book import Book, Key
from simcomm.compare.crossing import Bisection
from simcomm.compare.effort import Effort
from simcomm.compare.ranking import Crossover
from simcomm.compare.search import Setting


@dataclass(frozen=True)
class Change:
    """From ``below`` to ``above`` between ``low`` and ``high`` elements; ``settings`` are every algorithm's near by.

    ``others`` are the algorithms that could be the best in between, with their times at the low end: no time gets
    shorter with the size.
    """

    workers: int
    below: str
    above: str
    low: int
    high: int
    settings: Mapping[str, tuple[Setting, ...]]
    others: Mapping[str, float]
    bisection: Bisection

    def wanted(self, book: Book, effort: Effort) -> list[Key]:
        """What must be simulated next: for the bisection, then of the others at the crossover."""
        while wanted := self.bisection.wanted():
            if missing := _missing(book, [key for place in wanted for key in self._keys(self._pair, place)]):
                return missing
            for place in wanted:
                self.bisection.tell(place, self._gap(book, place))
        return _missing(book, self._keys(self._rivals(book, effort), self.place)) if self.is_found else []

    @property
    def is_found(self) -> bool:
        """Whether the crossover is known."""
        return not self.bisection.broken and not self.bisection.wanted()

    @property
    def place(self) -> int:
        """The elements at the crossover that was found."""
        return round(self.bisection.place)

    def crossover(self, book: Book, itemsize: int) -> Crossover:
        """What was found, in bytes of ``itemsize`` per element."""
        found = self.bisection
        ends = found.low * itemsize, found.high * itemsize
        return Crossover(self.workers, self.place * itemsize, self._time_s(book), self.below, self.above, *ends)

    def has_third(self, book: Book, effort: Effort) -> bool:
        """Whether another algorithm is ahead of both at the crossover by more than the model error."""
        times = [self._time_of(book, name, self.place) for name in self._rivals(book, effort)]
        limit_s = self._time_s(book) / (1 + effort.model_error)
        return any(time_s is not None and time_s < limit_s for time_s in times)

    @property
    def _pair(self) -> tuple[str, str]:
        return self.below, self.above

    def _rivals(self, book: Book, effort: Effort) -> list[str]:
        """Who could be ahead of both by that much; nobody if the crossover is at one of the ends, which are known."""
        near = 1 + effort.tolerance
        if not self.low * near < self.place < self.high / near:
            return []
        limit_s = self._time_s(book) / (1 + effort.model_error)
        return [name for name, least_s in self.others.items() if least_s < limit_s]

    def _time_s(self, book: Book) -> float:
        """The time of both at the crossover: on the straight line between the two sizes around it."""
        found = self.bisection
        low_s, high_s = (self._time_of(book, self.below, end) or 0.0 for end in (found.low, found.high))
        return low_s + (found.place - found.low) / (found.high - found.low) * (high_s - low_s)

    def _keys(self, names: Collection[str], elements: int) -> list[Key]:
        return [Key(name, self.workers, elements, each) for name in names for each in self.settings[name]]

    def _time_of(self, book: Book, name: str, elements: int) -> float | None:
        return book.time_of(name, self.workers, elements, self.settings[name])

    def _gap(self, book: Book, elements: int) -> float | None:
        below, above = (self._time_of(book, name, elements) for name in self._pair)
        return None if below is None or above is None else below - above


def _missing(book: Book, keys: Collection[Key]) -> list[Key]:
    return [key for key in keys if key not in book.times and book.is_possible(key)]
