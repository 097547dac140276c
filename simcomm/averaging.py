"""Averaging with neighbours, round after round: what it makes of the workers' values, by its matrix alone.

In a round every worker's value becomes the mean of its own and those of d others, who stand the same way to all: with
P_s the rotation by s, x ← (I + P_s + …)x / (d + 1). After t rounds it is Mx / (d + 1)^t, where M, the product of the
matrices without their denominators, has whole numbers and is circulant: its first row, the kernel, says it all.

Rows and columns of M/(d + 1)^t add up to 1, so the mean is kept; and ‖x_t − x̄‖ ≤ σ₂·‖x_0 − x̄‖ for any values, where σ₂
is the second largest singular value: the largest |Π (1 + ω^(ks) + …)/(d + 1)| over k = 1 … n − 1, ω = exp(2πi/n).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from simcomm.goals import Goal, Ints, every_chunk

#: A round: how far away in the ring those are from whom every worker hears.
Round = Sequence[int]


@dataclass(frozen=True, eq=False)
class Averaging:
    """``rounds`` of averaging by ``workers``: a matrix of multiplicities, rank by worker.

    >>> twice = Averaging(5, [(1, -1), (1, -1)])
    >>> twice(np.array([[0], [1]]), np.arange(5)).tolist(), twice.scale
    ([[3, 2, 1, 1, 2], [2, 3, 2, 1, 1]], 9)
    """

    workers: int
    rounds: Sequence[Round]

    def __call__(self, rank: Ints, worker: Ints) -> Ints:
        """How often the worker's contribution is in the value of the rank."""
        return np.asarray(self.kernel[(worker - rank) % self.workers])

    @property
    def scale(self) -> int:
        """What a value must be divided by to be a mean."""
        return math.prod(1 + len(offsets) for offsets in self.rounds)

    @cached_property
    def kernel(self) -> Ints:
        """The row of rank 0."""
        row = np.zeros(self.workers, np.int64)
        row[0] = 1
        for offsets in self.rounds:
            row = row + np.sum([np.roll(row, offset) for offset in offsets], axis=0, dtype=np.int64)
        return row

    def times(self, numbers: npt.NDArray[np.uint64]) -> npt.NDArray[np.uint64]:
        """What every rank would end with if these were the workers' values, modulo 2⁶⁴."""
        found = np.zeros_like(numbers)
        for offset in np.flatnonzero(self.kernel).tolist():
            found += np.uint64(self.kernel[offset]) * np.roll(numbers, -offset)
        return found

    @property
    def sigma(self) -> float:
        """σ₂: what is left, at most, of the distance from the mean."""
        if (self.kernel == self.kernel[0]).all():
            return 0.0
        angle = 2j * np.pi / self.workers * np.arange(1, self.workers)
        values = [(1 + sum(np.exp(angle * o) for o in offsets)) / (1 + len(offsets)) for offsets in self.rounds]
        return float(np.abs(np.prod(values, axis=0)).max())

    @property
    def guarantee(self) -> str:
        """What is certain of the values after the last round, in words."""
        heard, rounds = int(np.count_nonzero(self.kernel)), len(self.rounds)
        if self.sigma == 0:
            return "every worker ends with the mean"
        of_whom = f"a worker has heard of {heard} of {self.workers}"
        after = f"after {rounds} round{'s' * (rounds != 1)} {of_whom}"
        left = f"the root mean square distance from it is at most {_at_most(self.sigma)} of what it was"
        return f"the mean is kept; {after}, and {left}"


def _at_most(share: float) -> str:
    """Rounded up to two digits of it, or of what it is short of 1.

    >>> _at_most(0.4153), _at_most(0.9999612), _at_most(0.00012345)
    ('0.42', '0.999962', '0.00013')
    """
    digits = 1 - math.floor(math.log10(min(share, 1 - share)))
    up = math.ceil(share * 10**digits - 1e-6)  # what is nearer than that is rounding
    return f"{up / 10**digits:.{digits}f}"


def averaged(workers: int, rounds: Sequence[Round]) -> Goal:
    """The goal: after these rounds every worker holds the sum that its neighbours' and its own values make."""
    matrix = Averaging(workers, rounds)
    return Goal("gossip", every_chunk, every_chunk, multiplicity=matrix, guarantee=matrix.guarantee)
