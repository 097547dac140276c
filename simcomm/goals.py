"""Goals: who contributes to what, and who must hold what at the end."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]

#: Says for ranks, chunks within their vector, and vectors (arrays that broadcast) whether something holds.
Predicate = Callable[[Ints, Ints, Ints], Flags]
#: Says for ranks and workers (arrays that broadcast) how often a worker's contribution is in what a rank ends with.
Multiplicity = Callable[[Ints, Ints], Ints]


#: Workers whose chunks are looked at to see what a goal speaks of.
_FEW = 64


@dataclass(frozen=True)
class Goal:
    """Who has what at the start, and who must hold what at the end.

    ``has(rank, chunk, vector)`` says whether a worker contributes to a chunk, ``needs(rank, chunk, vector)`` whether it
    must end with it. To hold a chunk is to hold all contributions to it, each once. ``operation`` is the field's name.
    With ``apart`` the vectors of the workers are not versions of one and never added up: the schedule's chunks divide
    them all, a worker contributes to its own only and needs its chunks of every one of them. Otherwise all workers'
    versions are of vector 0.

    An inexact operation has a ``multiplicity(rank, worker)``: to hold a chunk is to hold each contribution that often;
    and a ``guarantee``, in words, which follows from these numbers.

    >>> GATHER_AT_2 = gather(2)
    >>> GATHER_AT_2.needs(np.array([1, 2]), np.array(0), np.array(0))
    array([False,  True])
    """

    operation: str
    has: Predicate
    needs: Predicate
    apart: bool = False
    multiplicity: Multiplicity | None = None
    guarantee: str = ""

    @property
    def root(self) -> int:
        """The rank that alone has what all need, or alone needs what all have; 0 where there is none."""
        for says in (self.has, self.needs):
            chunks = says.chunks if isinstance(says, OfPieces) else says
            if isinstance(chunks, OnlyRank):
                return chunks.root
        return 0

    def cuts(self, workers: int) -> bool:
        """Whether it says which worker has or needs which chunk, and not only which worker.

        >>> ALL_REDUCE.cuts(4), REDUCE_SCATTER.cuts(4), gather(1).cuts(4), broadcast(1).cuts(4)
        (False, True, True, False)
        """
        rank, none = np.arange(min(workers, _FEW)), np.zeros(1, np.int64)
        tables = [says(rank[:, None], rank, none) for says in (self.has, self.needs)]
        return self.apart or any(bool((table != table[:, :1]).any()) for table in tables)

    def of_pieces(self, pieces: int) -> Goal:
        """The same, where every chunk is cut into so many pieces, which are the chunks now."""
        return replace(self, has=OfPieces(self.has, pieces), needs=OfPieces(self.needs, pieces))


def every_chunk(rank: Ints, chunk: Ints, vector: Ints) -> Flags:
    """Every worker, every chunk."""
    return np.full(np.broadcast_shapes(rank.shape, chunk.shape), True)


def own_chunk(rank: Ints, chunk: Ints, vector: Ints) -> Flags:
    """Worker r, chunk r."""
    return np.asarray(rank == chunk)


@dataclass(frozen=True)
class OnlyRank:
    """One worker, every chunk."""

    root: int

    def __call__(self, rank: Ints, chunk: Ints, vector: Ints) -> Flags:
        """Whether it is that worker."""
        return np.asarray(np.broadcast_to(rank == self.root, np.broadcast_shapes(rank.shape, chunk.shape)))


@dataclass(frozen=True)
class OfPieces:
    """What is said of a chunk, said of each of its ``pieces``."""

    chunks: Predicate
    pieces: int

    def __call__(self, rank: Ints, chunk: Ints, vector: Ints) -> Flags:
        """Whether it is said of the chunk that this piece is of."""
        return self.chunks(rank, chunk // self.pieces, vector)


def nobody(rank: Ints, chunk: Ints, vector: Ints) -> Flags:
    """No worker, no chunk."""
    return np.full(np.broadcast_shapes(rank.shape, chunk.shape), False)


#: Of a schedule of which nobody says what it is for: there is nothing to prove.
UNKNOWN = Goal("", has=nobody, needs=nobody)
ALL_REDUCE = Goal("all_reduce", has=every_chunk, needs=every_chunk)
REDUCE_SCATTER = Goal("reduce_scatter", has=every_chunk, needs=own_chunk)
ALL_GATHER = Goal("all_gather", has=own_chunk, needs=every_chunk)
ALL_TO_ALL = Goal("all_to_all", has=every_chunk, needs=own_chunk, apart=True)


def broadcast(root: int = 0) -> Goal:
    """Every worker ends with the root's vector."""
    return Goal("broadcast", has=OnlyRank(root), needs=every_chunk)


def reduce(root: int = 0) -> Goal:
    """The root ends with the sum of all vectors."""
    return Goal("reduce", has=every_chunk, needs=OnlyRank(root))


def scatter(root: int = 0) -> Goal:
    """Worker r ends with chunk r of the root's vector."""
    return Goal("scatter", has=OnlyRank(root), needs=own_chunk)


def gather(root: int = 0) -> Goal:
    """The root ends with chunk r of every worker r."""
    return Goal("gather", has=own_chunk, needs=OnlyRank(root))
