"""Two binary trees over the same members, of which each is an inner node of one of them only.

The nodes of a tree are numbered 1 … m in order: the left subtree of a node comes before it, the right one behind. The
height of a node is that of its lowest bit, so odd numbers are leaves and 2^⌊lg m⌋ is the top; the tree is
⌊lg m⌋ messages high. Of m = 6: 4 has the children 2 and 6; 2 has 1 and 3; 6 has 5. In the first tree member i, from 0
on, is node i + 1, in the second all are shifted by one: even numbers become odd ones, and the inner nodes leaves.
(Sanders, Speck and Träff 2009; NCCL mirrors the second tree where m is even.)
"""

from __future__ import annotations

import numpy as np

from simcomm.closed_forms import Seconds, Traffic, Vector
from simcomm.schedule import Ints

#: The trees; the vector is cut into as many chunks.
TREES = range(2)


def edges(members: Ints) -> list[tuple[int, Ints, Ints]]:
    """All edges of both trees, from the leaves up, as (tree, children, parents): nodes of one height at a time.

    >>> for tree, child, parent in edges(np.arange(6)):
    ...     print(tree, child, parent)
    0 [0 2 4] [1 1 5]
    1 [1 3 5] [2 2 0]
    0 [1 5] [3 3]
    1 [2 0] [4 4]
    """
    m, found = len(members), []
    for height in range(m.bit_length() - 1):
        child = np.arange(1 << height, m + 1, 2 << height)
        ancestor = (child - (1 << height)) | (2 << height)
        parent = np.where(ancestor > m, child - (1 << height), ancestor)
        found += [(tree, members[(child - 1 + tree) % m], members[(parent - 1 + tree) % m]) for tree in TREES]
    return found


def tops(members: Ints) -> list[tuple[int, int]]:
    """Each tree, and the member at its top; none without members."""
    top = (1 << len(members).bit_length() >> 1) - 1
    return [(tree, int(members[(top + tree) % len(members)])) for tree in TREES if len(members)]


def degrees(m: int, member: int, tree: int) -> tuple[int, int]:
    """How many parents and children a member has in a tree, by its number alone.

    An even number has a left child, and a right one if it is not the last number of all.

    >>> [degrees(6, member, 1) for member in range(6)]
    [(1, 1), (1, 0), (1, 2), (1, 0), (0, 2), (1, 0)]
    """
    node = (member - tree) % m + 1
    return int(node != 1 << m.bit_length() >> 1), (node % 2 == 0) * (1 + (node < m))


def halves(vector: Vector, first: int, second: int) -> Traffic:
    """The first half of a vector, and the second, so many times."""
    counted = [(times, vector.chunk_bytes(tree, 2)) for tree, times in zip(TREES, (first, second), strict=True)]
    return Traffic(sum(times * (half > 0) for times, half in counted), sum(times * half for times, half in counted))


def sends(m: int) -> int:
    """Messages that leave, or reach, the inner nodes of the slowest path of one tree, one behind the other.

    That is two for every level, but for one child where a tree of m nodes is not full.
    """
    return 2 * (m.bit_length() - 1) - (m & (m + 1) > 0)


def collision(m: int, alpha: Seconds, send: Seconds, behind: int) -> Seconds:
    """How much later what comes down the second tree, ``behind`` sends after the first, ends for it.

    Of all members only one can be reached by both trees at once: number 0, the first leaf of one and the last node of
    the other. That matters where a longest path is below that node, which is so for m = 2^(L+1) − 2^e.
    """
    height, e = m.bit_length() - 1, (m & -m).bit_length() - 1
    later = (height - 2 * e + behind) * send - e * alpha
    below_the_last = e > 0 and (m + (m & -m)) & m == 0
    return send - later if below_the_last and 0 < later < send else 0 * send
