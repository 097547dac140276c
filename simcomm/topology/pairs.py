"""The pairs of ranks that send something to each other, as arrays, or by how far apart they are."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import cached_property

import numpy as np

from simcomm.orbit import Group, Ints
from simcomm.order import distinct
from simcomm.quotient import Quotient, Sizes
from simcomm.schedule import COMPUTE


class RankPairs:
    """RankPairs (``src``, ``dst``) of ranks in their order, each once.

    >>> pairs = RankPairs.of([(2, 0), (0, 1), (2, 0)])
    >>> list(pairs), (0, 1) in pairs, (1, 0) in pairs
    ([(0, 1), (2, 0)], True, False)
    """

    def __init__(self, src: Ints, dst: Ints) -> None:
        self._given = src, dst

    @property
    def columns(self) -> tuple[Ints, Ints]:
        """All sources, and the target of each."""
        return self._given

    @classmethod
    def of(cls, pairs: Iterable[tuple[int, int]]) -> RankPairs:
        """Those of any pairs."""
        if isinstance(pairs, RankPairs):
            return pairs
        found = np.array(sorted(set(pairs)), dtype=np.int64).reshape(-1, 2)
        return cls(found[:, 0], found[:, 1])

    @classmethod
    def numbered(cls, keys: Ints, ranks: int) -> RankPairs:
        """Those with the numbers src · ``ranks`` + dst."""
        src, dst = np.divmod(distinct(keys), ranks)
        return cls(src, dst)

    def __len__(self) -> int:
        return len(self.columns[0])

    def __iter__(self) -> Iterator[tuple[int, int]]:
        src, dst = self.columns
        return zip(src.tolist(), dst.tolist(), strict=True)

    def __contains__(self, pair: object) -> bool:
        if not isinstance(pair, tuple) or len(pair) != 2:
            return False
        src, dst = self.columns
        first, end = np.searchsorted(src, [pair[0], pair[0] + 1]).tolist()
        return bool((dst[first:end] == pair[1]).any())

    @property
    def key(self) -> bytes:
        """What no other pairs have."""
        src, dst = self.columns
        return src.tobytes() + dst.tobytes()

    def displacements(self, group: Group) -> Ints:
        """By what the group moves every source to its target, each once."""
        src, dst = self.columns
        return distinct(np.asarray(group.minus(dst, src)))


class OrbitPairs(RankPairs):
    """All ranks g with g moved by each ``displacement``: pairs of arrays only when somebody looks.

    >>> list(OrbitPairs(Group("rotation", 3), np.array([1])))
    [(0, 1), (1, 2), (2, 0)]
    """

    def __init__(self, group: Group, displacement: Ints) -> None:
        self.group, self.displacement = group, distinct(displacement)

    @cached_property
    def columns(self) -> tuple[Ints, Ints]:
        """All sources, and the target of each."""
        order, src = self.group.order, np.arange(self.group.order)[:, None]
        keys = src * order + self.group.add(src, self.displacement)
        return np.divmod(np.sort(keys.ravel()), order)

    def __len__(self) -> int:
        return self.group.order * len(self.displacement)

    def __contains__(self, pair: object) -> bool:
        if not isinstance(pair, tuple) or len(pair) != 2 or not all(0 <= rank < self.group.order for rank in pair):
            return False
        return bool((self.displacement == self.group.minus(pair[1], pair[0])).any())

    @property
    def key(self) -> bytes:
        """What no other pairs have."""
        return repr(self.group).encode() + self.displacement.tobytes()

    def displacements(self, group: Group) -> Ints:
        """Those that it was made of, if it is the same group."""
        return self.displacement if group == self.group else super().displacements(group)


def pairs_modulo(quotient: Quotient, sizes: Sizes) -> OrbitPairs | None:
    """The pairs that send something, by the classes of a schedule alone; None if empty chunks make elements differ."""
    sends = np.not_equal(quotient.kind, COMPUTE)
    if sizes.of_chunk is None:
        sends &= sizes.of_class > 0
    elif not (sizes.of_chunk > 0).all():
        return None
    return OrbitPairs(quotient.group, np.asarray(quotient.group.minus(quotient.dst[sends], quotient.src[sends])))
