"""Which worker has how many tokens for which: what a router of a mixture of experts decides."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate
from math import gcd, isfinite

import numpy as np

from simcomm.errors import InputError
from simcomm.goals import Flags, Goal, Ints, every_chunk

#: ``matrix[s][d]``: how many tokens worker s has for worker d.
Matrix = tuple[tuple[int, ...], ...]

#: Tokens of a worker for each worker, where nobody says how many.
_TOKENS_EACH = 8


def token_matrix(
    workers: int, *, matrix: Matrix | None = None, tokens: int | None = None, skew: float = 0.0, seed: int = 0
) -> Matrix:
    """The matrix that is given, or one where worker d's part of every worker's ``tokens`` goes with 1/k^skew.

    k is the place of d in an order of the workers that is drawn with the ``seed``: the k-th most popular one; the
    edges of the parts are rounded down, so they add up. ``tokens`` is 8n if None. All entries are divided by their
    greatest common divisor: of the same vector the same blocks. InputError for what is no such matrix, or too little.

    >>> token_matrix(3)
    ((1, 1, 1), (1, 1, 1), (1, 1, 1))
    >>> token_matrix(3, tokens=11, skew=1)
    ((2, 6, 3), (2, 6, 3), (2, 6, 3))
    >>> token_matrix(2, matrix=((0, 30), (10, 0)))
    ((0, 3), (1, 0))
    """
    if matrix is None:
        rows: Sequence[Sequence[int]] = (_parts(workers, tokens, skew, seed),) * workers
    else:
        _check(workers, matrix, tokens, skew)
        rows = matrix
    common = max(gcd(*(int(count) for row in rows for count in row)), 1)
    return tuple(tuple(int(count) // common for count in row) for row in rows)


def edges_of(matrix: Matrix) -> list[list[int]]:
    """Where the block for each worker begins in every worker's vector, and where the last one ends."""
    return [list(accumulate(row, initial=0)) for row in matrix]


@dataclass(frozen=True, eq=False)
class Block:
    """Worker d, the chunks of every vector between its ``edges[s, d]`` and the next."""

    edges: Ints

    def __call__(self, rank: Ints, chunk: Ints, vector: Ints) -> Flags:
        """Whether the chunk is between them."""
        return np.asarray((self.edges[vector, rank] <= chunk) & (chunk < self.edges[vector, rank + 1]))


def goal_of_matrix(matrix: Matrix) -> Goal:
    """Worker d ends with block (s, d) of the vector of every worker s."""
    return Goal("all_to_all_v", has=every_chunk, needs=Block(np.array(edges_of(matrix))), apart=True)


def _parts(workers: int, tokens: int | None, skew: float, seed: int) -> tuple[int, ...]:
    if tokens is not None and tokens < 1:
        raise InputError(f"tokens: {tokens}; expected at least 1 for each worker")
    if not (isfinite(skew) and skew >= 0):
        raise InputError(f"skew: {skew}; expected a number of 0 (all workers alike) or more")
    if seed < 0:
        raise InputError(f"seed: {seed}; expected 0 or more")
    total = _TOKENS_EACH * workers if tokens is None else tokens
    place = np.random.default_rng(seed).permutation(workers)
    edges = np.concatenate([[0.0], np.cumsum((place + 1.0) ** -float(skew))])
    return tuple(np.diff(np.floor(total * edges / edges[-1]).astype(np.int64)).tolist())


def _check(workers: int, matrix: Matrix, tokens: int | None, skew: float) -> None:
    if tokens is not None or skew:
        raise InputError("matrix: given beside tokens or skew; expected one or the other")
    if len(matrix) != workers:
        raise InputError(f"matrix: {len(matrix)} rows; expected {workers}, one for each worker")
    for at, row in enumerate(matrix):
        if len(row) != workers:
            raise InputError(f"matrix: row {at} has {len(row)} columns; expected {workers}, one for each worker")
        for column, count in enumerate(row):
            if count < 0:
                raise InputError(f"matrix: row {at}, column {column} is {count}; expected 0 tokens or more")
