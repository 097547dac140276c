"""A time formula: all ranks alike, in rounds of k messages each, every one of which waits for one of the round before.

That is what k equal parts of a vector make of one port when each goes its own way through the same rounds: k rings, k
colours of a torus, or k segments of either. Let a message of round t take w_t at its receiver (bytes times β, or times
β + γ if it is added). The port serves the parts in turn, so that message i of round t + 1 starts when both message i
of round t has arrived (α) and the k − 1 others before it have gone through:

    Σ w_t + Σ max(α, (k−1)·w_t) + min(α, (k−1)·max w)

The longest path through that grid of rounds and parts: every round costs one message and either one latency or the
k − 1 others. It is α·(rounds) + Σ w_t for k = 1, and α + k·Σ w_t where the port is never idle.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from simcomm.closed_forms import Seconds, TimeFormula


@dataclass(frozen=True)
class Rounds:
    """``times`` rounds in a row, of messages of ``size_bytes`` that are added up, or only stored."""

    times: int
    size_bytes: int
    adds: bool = False


def lockstep(parts: int, rounds: Sequence[Rounds]) -> TimeFormula:
    """The makespan of so many parts in these rounds, one after the other.

    >>> ring = [Rounds(3, 10, adds=True), Rounds(3, 10)]
    >>> lockstep(1, ring)(5, 1, 0), lockstep(2, ring)(5, 1, 0), lockstep(2, ring)(100, 1, 0)
    (90, 125, 670)
    """
    some = [each for each in rounds if each.times]

    def time(alpha: Seconds, beta: Seconds, gamma: Seconds) -> Seconds:
        if not some:
            return 0 * alpha
        busy = [(each.times, each.size_bytes * (beta + gamma * each.adds)) for each in some]
        others = [(times, (parts - 1) * one) for times, one in busy]
        waits = sum((times * max(alpha, other) for times, other in others), start=0 * alpha)
        return sum((times * one for times, one in busy), start=waits) + min(alpha, max(other for _, other in others))

    return time
