"""The closed form of sending shares of a vector over given trees: it looks at the trees, never at a schedule."""

from __future__ import annotations

from collections import Counter
from itertools import accumulate, pairwise
from operator import mul

from simcomm.closed_forms import Claim, Traffic, Vector
from simcomm.collectives.tree_shares import Parents, Trees


def tree_claim(n: int, vector: Vector, trees: Trees, trips: int) -> Claim:
    """A worker sends a share once for every child on the way out, and to its parent on the way in, if it has one."""
    ends = list(accumulate((copies for copies, _, _ in trees), initial=0))
    sizes = [sum(vector.chunk_bytes(chunk, ends[-1]) for chunk in range(*both)) for both in pairwise(ends)]
    into = [inwards for _, inwards, _ in trees if inwards]
    out = [outwards for _, _, outwards in trees]
    children_in, children_out = [*map(Counter, into)], [*map(Counter, out)]

    def ends_at(rank: int, children: list[Counter[int]], parents: list[Parents]) -> Traffic:
        """So many messages of each share: to, or from, a worker's children, and its parent in trees the other way."""
        times = [0] * len(trees)
        for tree, own in enumerate(children):
            times[tree] += own[rank]
        for tree, parent in enumerate(parents):
            times[tree] += parent[rank] >= 0
        return Traffic(*(sum(map(mul, times, each)) for each in ([size > 0 for size in sizes], sizes)))

    return Claim(
        total=Traffic(trips * (n - 1) * sum(size > 0 for size in sizes), trips * (n - 1) * vector.bytes),
        steps=max(_depth(inwards) + _depth(outwards) for _, inwards, outwards in trees),
        sent=lambda rank: ends_at(rank, children_out, into),
        received=lambda rank: ends_at(rank, children_in, out),
        chunks_sent=trips * (n - 1) * ends[-1],
    )


def _depth(parents: Parents) -> int:
    """Links between the root and the furthest worker: so often a step further from the root reaches somebody."""
    level, depth = [rank for rank, parent in enumerate(parents) if parent < 0], -1
    while level:
        level, depth = [rank for rank, parent in enumerate(parents) if parent in level], depth + 1
    return max(depth, 0)
