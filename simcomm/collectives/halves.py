"""The tree of binomial scatter and gather: n chunks are halved again and again, at multiples of 2^j.

    [0, n)  →  [0, 2^k) and [2^k, n)  →  …  →  single chunks

One worker holds a block: the root the blocks that it is in, of any other its first worker. The other half of a holder's
block belongs to that half's first worker. For root 0 it is the binomial tree of MPICH; for others that tree would be
numbered from the root, and its blocks go past chunk n − 1, which these never do.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from simcomm.closed_forms import Claim, TimeFormula, Traffic, Vector, one_message
from simcomm.schedule import Ints


def levels(n: int, root: int) -> Iterator[tuple[Ints, Ints, Ints]]:
    """From the largest blocks on: who holds one, the first worker of the other half, and where that half ends.

    >>> [[column.tolist() for column in level] for level in levels(3, root=1)]
    [[[1], [2], [3]], [[1], [0], [1]]]
    """
    for level in reversed(range((n - 1).bit_length())):
        holder = np.arange(0, n, 2 << level)
        holder[root >> (level + 1)] = root
        other = (holder >> level ^ 1) << level
        there = other < n
        yield holder[there], other[there], np.minimum(other + (1 << level), n)[there]


def exchanged(core: int, lg: int, farthest_first: bool) -> Iterator[tuple[int, int]]:
    """Both halves of every exchange of one of 2^lg workers (Rabenseifner's), as (range, of how many of that size)."""
    kept = 0
    for step in range(lg):
        yield from ((2 * kept, 2 ** (step + 1)), (2 * kept + 1, 2 ** (step + 1)))
        kept = 2 * kept + (core >> (lg - 1 - step if farthest_first else step) & 1)


@dataclass(frozen=True)
class Halves:
    """What the tree has to say of one rank, by the binary digits of its number."""

    n: int
    root: int
    vector: Vector

    @property
    def depth(self) -> int:
        """⌈lg n⌉."""
        return (self.n - 1).bit_length()

    @property
    def steps(self) -> int:
        """How many messages are one behind the other: of 2^j chunks j + 1, of fewer fewer."""
        blocks = self.others(self.root, self.depth)
        return max((len(range(first, self.end(first, level))).bit_length() for first, level in blocks), default=0)

    def end(self, first: int, level: int) -> int:
        """The first chunk that is not in the block of 2^level from ``first`` on."""
        return min(first + (1 << level), self.n)

    def bytes(self, first: int, level: int) -> int:
        """The size of that block."""
        return self.vector.range_bytes(first, self.end(first, level), self.n)

    def others(self, holder: int, level: int) -> list[tuple[int, int]]:
        """The halves that the holder of 2^level chunks gives away, the largest first, as (first chunk, level)."""
        halves = [((holder >> j ^ 1) << j, j) for j in reversed(range(level))]
        return [(first, j) for first, j in halves if first < self.n]

    def level(self, rank: int) -> int:
        """Of the largest block that this rank holds: all for the root; else it begins here, without the root."""
        if rank == self.root:
            return self.depth
        bits = rank | 1 << (rank ^ self.root).bit_length() >> 1
        return (bits & -bits).bit_length() - 1

    def own(self, rank: int) -> Traffic:
        """The message with the largest block of a rank; the root has none."""
        block = (rank, self.end(rank, self.level(rank)))
        return Traffic(0, 0) if rank == self.root else one_message(self.vector, self.n, *block)

    def given(self, rank: int) -> Traffic:
        """The messages with the blocks that a rank gives away."""
        sizes = [self.bytes(*block) for block in self.others(rank, self.level(rank))]
        return Traffic(sum(size > 0 for size in sizes), sum(sizes))

    def claim(self, down: bool, time: TimeFormula) -> Claim:
        """Every block goes over its link once, ``down`` to its holder or up from there."""
        others = (rank for rank in range(self.n) if rank != self.root)
        return Claim(
            total=sum(map(self.own, range(self.n)), start=Traffic(0, 0)),
            steps=self.steps,
            sent=self.given if down else self.own,
            received=self.own if down else self.given,
            time=time,
            chunks_sent=sum(self.end(rank, self.level(rank)) - rank for rank in others),
        )
