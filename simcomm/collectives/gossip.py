"""Gossip: workers average with their neighbours, round after round, and are done before all have heard of all.

In a round every worker sends its whole value to its neighbours and takes the mean of theirs and its own:

* ``ring``: one step away on both sides, d = 2 (two workers: d = 1);
* ``exponential``: to worker r + 2^(t mod ⌈lg n⌉) in round t, d = 1; ⌈lg n⌉ rounds are exact for n = 2^k.

    d·n messages of S per round,  rounds steps,  rounds·(α + d·S·(β + γ))

Inexact: what a worker ends with is a sum in which contributions have different multiplicities, to be divided by
(d + 1)^rounds; the proof follows these numbers, and says how far the values may be from the mean
(:mod:`simcomm.averaging`). They are followed up to 2⁶³, which is 39 rounds of a ring or 62 of ``exponential``.
What it takes to divide is not modelled. Segments, of whatever size, follow each other in step
(:mod:`simcomm.collectives.lockstep`), all messages of a round as one.
"""

from __future__ import annotations

from typing import Literal

import numpy as np

from simcomm.averaging import Round, averaged
from simcomm.closed_forms import Claim, TimeFormula, Traffic, Vector
from simcomm.collectives.base import Collective
from simcomm.collectives.lockstep import blocks_in_step
from simcomm.errors import InputError
from simcomm.goals import Goal
from simcomm.orbit import everyone
from simcomm.recorder import Recorder
from simcomm.schedule import Schedule

Neighbours = Literal["ring", "exponential"]


def _degree(workers: int, neighbours: Neighbours) -> int:
    return min(workers - 1, 2 if neighbours == "ring" else 1)


def ranks(workers: int, *, rounds: int = 1, neighbours: Neighbours = "ring") -> int:
    """The workers; InputError for rounds whose multiplicities are not whole numbers below 2⁶³."""
    terms = _degree(workers, neighbours) + 1
    if rounds < 1:
        raise InputError(f"rounds: {rounds}; expected at least 1")
    if terms ** min(rounds, 63) >= 2**63:
        raise InputError(f"rounds: {rounds}; expected {terms}**rounds below 2**63, for how often a value is in another")
    return workers


def build(workers: int, *, rounds: int = 1, neighbours: Neighbours = "ring") -> Schedule:
    """Gossip: in every round each worker adds its neighbours' values to its own; inexact, and it says how much so.

    ``neighbours``: "ring" (one step away, both sides) or "exponential" (one at distance 1, 2, 4, …, in turn).
    """
    record, rank = Recorder(workers), np.arange(workers)
    for turn in range(rounds if workers > 1 else 0):
        if neighbours == "exponential":
            one = everyone(workers)
            record.reduce(src=one, dst=(one + (1 << turn % (workers - 1).bit_length())) % workers)
        else:
            ways = np.array([1, -1])[: _degree(workers, neighbours), None]
            record.reduce(src=np.tile(rank, len(ways)), dst=((rank + ways) % workers).ravel())
    return record.schedule()


def goal(workers: int, *, rounds: int = 1, neighbours: Neighbours = "ring") -> Goal:
    """Every worker holds what so many rounds of averaging make of all values, times (d + 1)^rounds."""
    ring: Round = (1, -1)[: _degree(workers, neighbours)]
    turns = range(rounds if workers > 1 else 0)
    far = [(-(2 ** (turn % (workers - 1).bit_length())),) for turn in turns]
    return averaged(workers, far if neighbours == "exponential" else [ring] * len(turns))


def claim(n: int, vector: Vector, *, rounds: int = 1, neighbours: Neighbours = "ring") -> Claim:
    """d·n messages of S in every round: each worker sends its value to d others and receives as many."""
    d, S = _degree(n, neighbours), vector.bytes
    share = Traffic(rounds * d * vector.filled(1), rounds * d * S)
    return Claim(
        total=Traffic(n * share.messages, n * share.bytes),
        steps=rounds * min(d, 1),
        sent=lambda rank: share,
        received=lambda rank: share,
        time=lambda alpha, beta, gamma: rounds * (min(d, 1) * alpha + d * S * (beta + gamma)),
    )


def segmented_time(
    n: int, vector: Vector, segments: int, *, rounds: int = 1, neighbours: Neighbours = "ring"
) -> TimeFormula | None:
    """In every round d messages of each segment."""
    d = _degree(n, neighbours)
    return blocks_in_step(vector, 1, segments, rounds * min(d, 1), adds=True, together=d)


gossip = Collective(
    "gossip",
    goal,
    build,
    claim,
    source="Xiao and Boyd, Fast linear iterations for distributed averaging, Systems & Control Letters 2004; "
    "exponential: Assran et al., Stochastic gradient push for distributed deep learning, ICML 2019",
    ranks=ranks,
    segmented_time=segmented_time,
    variants=({}, {"rounds": 3}, {"rounds": 3, "neighbours": "exponential"}),
)
