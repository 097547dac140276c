"""Linear programs whose rows come one by one: the least cost y ≥ 0 with a·y ≥ r for every row, by the dual simplex.

Costs are at least 0, so that y = 0 is the best before there are rows; a new row that does not hold is mended by dual
pivots (Lemke 1954), which keep the cost the least for the rows so far. Floats: what comes out is to be checked exactly.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

#: Rows hold, and coefficients are 0, up to this.
TOLERANCE = 1e-9
#: Pivots are few times the variables; many more go round in circles.
PIVOTS_PER_VARIABLE = 100


class Covering:
    """The variables' costs, and rows so far.

    >>> program = Covering([1.0, 2.0])
    >>> program.add([1.0, 1.0], 3.0), program.add([0.0, 1.0], 1.0), program.solve()
    (None, None, True)
    >>> program.values.tolist()
    [2.0, 1.0]
    """

    def __init__(self, costs: list[float]) -> None:
        self.variables = len(costs)
        #: The cost, every variable and by how much every row is exceeded: a constant, and what each of as many as there
        #: are variables adds that are free, and 0 now.
        self._table: Floats = np.vstack([np.array([0.0, *costs]), np.eye(self.variables + 1)[1:]])

    @property
    def values(self) -> Floats:
        """The best variables for the rows up to the last ``solve``."""
        found: Floats = self._table[1 : self.variables + 1, 0]
        return found

    def add(self, row: list[float] | Floats, at_least: float) -> None:
        """row · y ≥ at_least."""
        # Summed row by row: a product of matrices has other last bits on other machines, and pivots hang on them.
        excess = (np.asarray(row)[:, None] * self._table[1 : self.variables + 1]).sum(axis=0)
        excess[0] -= at_least
        self._table = np.vstack([self._table, excess])

    def solve(self) -> bool:
        """Whether all rows can hold, and were made to."""
        for _ in range(PIVOTS_PER_VARIABLE * self.variables):
            worst = 1 + int(np.argmin(self._table[1:, 0]))
            if self._table[worst, 0] >= -TOLERANCE:
                return True
            row, cost = self._table[worst, 1:], self._table[0, 1:]
            usable = np.flatnonzero(row > TOLERANCE)
            if not len(usable):
                return False
            self._pivot(worst, 1 + int(usable[np.argmin(cost[usable] / row[usable])]))
        return False

    def _pivot(self, row: int, column: int) -> None:
        """What the row stands for becomes free in place of what the column stands for."""
        pivot = self._table[row, column]
        instead = -self._table[row] / pivot
        instead[column] = 1 / pivot
        by = self._table[:, column].copy()
        self._table[:, column] = 0
        self._table += np.outer(by, instead)
        self._table[row] = 0
        self._table[row, column] = 1
