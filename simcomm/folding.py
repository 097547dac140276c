"""Whether the calls of a builder are orbits of one group, and where the group's element 0 finds its chunks."""

from __future__ import annotations

from typing import Any

import numpy as np

from simcomm.arguments import Given, Items
from simcomm.orbit import Group, Kind, Orbit, common_kind
from simcomm.schedule import Ints


class Folding:
    """What is known of the group while calls come in: its kind, and whether it moves chunks as it moves ranks.

    Vectors always move: each is one rank's own. Chunks that move must be as many as ranks, and sent one by one or
    packed; and only rotations move them.
    """

    def __init__(self, ranks: int, chunks: int, vectors: int) -> None:
        self.ranks, self.per_vector, self.vectors = ranks, chunks // vectors, vectors
        self.kind: Kind | None = None
        self.moves: bool | None = None if self.per_vector > 1 else False

    @property
    def group(self) -> Group:
        """The group; any of this order while nothing has been moved."""
        return Group(self.kind or "rotation", self.ranks)

    def takes(self, given: Given, seconds: Any) -> bool:
        """Whether this call is made of orbits, too; if so it is remembered what they say of the group."""
        carries = np.ndim(given.count) == 0 and given.count != 0
        moving = [given.src, given.dst, *([given.vector] if self.vectors > 1 and carries else [])]
        moves = isinstance(given.chunk, Orbit)
        if not all(_is_of_ranks(part, self.ranks) for part in [*moving, *([given.chunk] if moves else [])]):
            return False
        if not all(isinstance(part, Orbit) and part.wrapped for part in given.after):
            return False
        if not moves and not _is_column(given.chunk):
            return False
        if np.ndim(given.count) or np.ndim(seconds) or (moves and (given.count != 1 or self.per_vector != self.ranks)):
            return False
        orbits = [part for part in (*moving, given.chunk, *given.after) if isinstance(part, Orbit)]
        kind = common_kind(orbits, self.kind)
        known = self.moves if not carries else moves if self.moves is None else self.moves
        if kind is None or (carries and known != moves) or (known and kind == "xor"):
            return False
        self.kind, self.moves = kind or None, known
        return True

    def home(self, items: Items) -> Items:
        """The same chunks, where rank 0 has them."""
        zeros = np.zeros_like(items.src)
        if items.listed is None:
            return Items(zeros, zeros, self._at_home(items.chunk, items.dst), items.count)
        item = np.repeat(np.arange(len(items)), items.count)
        listed = self._at_home(items.listed, items.dst[item])
        return Items(zeros, zeros, items.chunk, items.count, listed[np.lexsort((listed, item))])

    def _at_home(self, chunks: Ints, rank: Ints) -> Ints:
        vector, chunk = np.divmod(chunks, self.per_vector)
        if self.moves:
            chunk = self.group.minus(chunk, rank)
        if self.vectors > 1:
            vector = self.group.minus(vector, rank)
        return np.asarray(vector * self.per_vector + chunk)

    def move(self, numbers: Ints, by: Ints) -> Ints:
        """Operations of a class: those that stand to ``by`` as these stand to element 0."""
        of_class, element = np.divmod(numbers, self.ranks)
        return np.asarray(of_class * self.ranks + self.group.add(element, by))


def _is_of_ranks(part: Any, ranks: int) -> bool:
    return isinstance(part, Orbit) and part.order == ranks and part.wrapped and not np.any(part.base)


def _is_column(part: Any) -> bool:
    shape = np.shape(part)
    return shape == () or (len(shape) == 2 and shape[1] == 1)
