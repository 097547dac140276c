"""A time formula: all ranks alike, in rounds of k messages each, every one of which waits for one of the round before.

That is what k parts of a vector make of one port when each goes its own way through the same rounds: k rings, k colours
of a torus, or k segments of anything. In round t the messages take W_t at their receiver all together, and the longest
of them w_t (bytes times β, or times β + γ if they are added). The port serves the parts in turn, so that message i of
round t + 1 starts when both message i of round t has arrived (α) and the k − 1 others before it have gone through:

    Σ max(α + w_t, W_t) + min(α, max (W_t − w_t))

The longest path through that grid of rounds and parts: every round costs either one message and one latency or all of
the messages, and one of them all of the messages and the first latency. It is α·(rounds) + Σ w_t for k = 1, and
α + Σ W_t where the port is never idle. Parts of different sizes keep their place from round to round; then it holds
where all rounds are alike.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from simcomm.closed_forms import Seconds, TimeFormula, Vector


@dataclass(frozen=True)
class Rounds:
    """``times`` rounds in a row, in each of which the messages of a port have ``all_bytes``, the longest ``one_bytes``.

    They are added up, or only stored.
    """

    times: int
    one_bytes: int
    all_bytes: int
    adds: bool = False


def lockstep(rounds: Sequence[Rounds]) -> TimeFormula:
    """The makespan of these rounds, one after the other.

    >>> [lockstep([Rounds(3, 10, parts * 10, adds=True), Rounds(3, 10, parts * 10)])(5, 1, 0) for parts in (1, 2)]
    [90, 125]
    """
    some = [each for each in rounds if each.times]

    def time(alpha: Seconds, beta: Seconds, gamma: Seconds) -> Seconds:
        if not some:
            return 0 * alpha
        per_byte = [beta + gamma * each.adds for each in some]
        first = max((each.all_bytes - each.one_bytes) * cost for each, cost in zip(some, per_byte, strict=True))
        return min(alpha, first) + sum(
            each.times * max(alpha + each.one_bytes * cost, each.all_bytes * cost)
            for each, cost in zip(some, per_byte, strict=True)
        )

    return time


def blocks_in_step(
    vector: Vector, blocks: int, segments: int, rounds: int, *, adds: bool = False, together: int = 1
) -> TimeFormula | None:
    """So many rounds of one block of ``blocks`` each (``together`` of them at once), in segments of whatever size.

    Ranks are alike if all blocks have the same size; else None.

    >>> blocks_in_step(Vector(10, 1), blocks=1, segments=4, rounds=3)(100, 1, 0)
    316
    """
    if not vector.is_cut_evenly(blocks):
        return None
    sizes = (vector.largest_chunk(blocks * segments) * together, vector.largest_chunk(blocks) * together)
    return lockstep([Rounds(rounds, *sizes, adds)])
