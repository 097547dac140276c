"""Linear programs, against all corners of small ones."""

from __future__ import annotations

import random
from itertools import combinations

import numpy as np
import pytest

from simcomm.topology.covering import Covering


def least(costs: list[float], rows: list[list[float]], at_least: list[float]) -> float | None:
    """The least cost of a corner: where as many rows as there are variables hold with equality."""
    size = len(costs)
    every = np.array([*rows, *np.eye(size).tolist()])
    right = np.array([*at_least, *[0.0] * size])
    found = []
    for some in map(list, combinations(range(len(every)), size)):
        if abs(np.linalg.det(every[some])) > 1e-9:
            corner = np.linalg.solve(every[some], right[some])
            if (every @ corner >= right - 1e-7).all():
                found.append(float(corner @ costs))
    return min(found, default=None)


@pytest.mark.parametrize("seed", range(40))
def test_the_least_of_all_corners_also_if_rows_come_later(seed: int) -> None:
    rng = random.Random(seed)
    size = rng.randrange(1, 5)
    costs = [rng.choice([0.0, 1.0, rng.random()]) for _ in range(size)]
    program = Covering(costs)
    rows: list[list[float]] = []
    at_least: list[float] = []
    for _ in range(5):
        rows.append([float(rng.randrange(-2, 4)) for _ in range(size)])
        at_least.append(float(rng.randrange(-3, 6)))
        program.add(rows[-1], at_least[-1])
        best = least(costs, rows, at_least)
        assert program.solve() == (best is not None)
        if best is None:
            break
        assert program.values @ costs == pytest.approx(best, abs=1e-7)
        assert (np.array(rows) @ program.values >= np.array(at_least) - 1e-7).all()
        assert (program.values >= -1e-7).all()
