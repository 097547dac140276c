"""From a scenario's numbers to what differs between ranks: late starts, slow links, seeded jitter."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from simcomm.engines.timeline import Times
from simcomm.networks.base import Workers
from simcomm.schedule import COMPUTE, Schedule


def noise(rng: np.random.Generator, size: int, jitter: float) -> Times:
    """``size`` factors of mean 1 and standard deviation ``jitter``, none below 0.

    1 + jitter·(sum of 12 uniform numbers − 6): close to normal, and made of additions alone, so that the same seed
    gives the same bits on every machine. Factors below 0 (only above a jitter of 1/6) become 0.

    >>> noise(np.random.default_rng(1), 2, 0.0).tolist()
    [1.0, 1.0]
    """
    uniform = rng.random((size, 12))
    total = uniform[:, 0] - 6.0
    for column in range(1, 12):
        total = total + uniform[:, column]
    return np.maximum(1.0 + jitter * total, 0.0)


def with_jitter(workers: Workers, jitter: float, rng: np.random.Generator, computing: int) -> Workers:
    """``workers`` with noise on the first computation of ranks 0 … ``computing`` − 1 (the rest are servers)."""
    factors = noise(rng, computing, jitter).tolist() + [1.0] * (len(workers.start_s) - computing)
    computed = zip(workers.compute_s, factors, strict=True)
    return replace(workers, compute_s=tuple(s * f for s, f in computed))


def compute_seconds(schedule: Schedule, factor: Sequence[float], jitter: float, rng: np.random.Generator) -> Times:
    """Seconds of every computation of ``schedule``: its own, times its rank's factor, times seeded noise; else 0."""
    seconds = schedule.seconds * np.asarray(factor, dtype=np.float64)[schedule.src]
    noisy = np.flatnonzero((schedule.kind == COMPUTE) & (seconds > 0))
    seconds[noisy] *= noise(rng, len(noisy), jitter)
    return seconds
