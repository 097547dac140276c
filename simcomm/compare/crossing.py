"""Where two algorithms take the same time: bisection over the size, between two sizes where the winner differs."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field

#: The time of one side at a number of elements; None where it cannot run.
Times = Callable[[int], float | None]


@dataclass
class Bisection:
    """Between ``low`` elements, where the first is the faster, and ``high``, where the second is.

    The gap is the time of the first less that of the second. Halved is the logarithm of the size, as sizes spread over
    orders of magnitude, until high / low − 1 is at most ``tolerance`` (or two elements), in at most ``budget`` steps.

    >>> cut = Bisection(1_000, 2_000, tolerance=0.01, budget=20)
    >>> for _ in range(20):
    ...     for place in cut.wanted():
    ...         cut.tell(place, 1e-9 * place - 1.2345e-6)
    >>> cut.steps, cut.low, cut.high, round(cut.place)
    (7, 1233, 1241, 1234)
    """

    low: int
    high: int
    tolerance: float
    budget: int
    steps: int = 0
    gaps: dict[int, float] = field(default_factory=dict)
    broken: bool = False

    def wanted(self) -> list[int]:
        """Where the gap must be known next: the two ends, then the middle; nowhere when it is done."""
        ends = [end for end in (self.low, self.high) if end not in self.gaps]
        if self.broken or ends:
            return [] if self.broken else ends
        is_narrow = self.high <= self.low * (1 + self.tolerance) or self.high - self.low <= 1
        if is_narrow or self.steps >= self.budget or self.gaps[self.low] == 0:
            return []
        return [min(max(math.isqrt(self.low * self.high), self.low + 1), self.high - 1)]

    def tell(self, place: int, gap: float | None) -> None:
        """The gap at a place that was wanted; None, where one of the two cannot run, ends the bisection."""
        if gap is None:
            self.broken = True
            return
        self.gaps[place] = gap
        if not self.low < place < self.high:
            return
        self.steps += 1
        if gap > 0:
            self.high = place
        else:
            self.low = place

    @property
    def place(self) -> float:
        """The elements at which the gap is nothing: on a straight line between the two ends that are left.

        Times are straight lines in the size but for the rounding of chunks, so this is far within the tolerance.
        """
        first, second = self.gaps[self.low], self.gaps[self.high]
        if not first < second:
            return math.sqrt(self.low * self.high)
        return self.low + (self.high - self.low) * min(max(-first / (second - first), 0.0), 1.0)
