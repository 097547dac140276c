"""All-to-all-v: every worker has another number of tokens for every other; how a mixture of experts sends them.

``matrix[s][d]`` is the number of tokens that worker s has for worker d. Every vector is cut into as many chunks as the
worker with the most tokens has: S is what that one has. Block (s, d) is the ``matrix[s][d]`` chunks behind the blocks
for the workers before d; it goes straight to d, and (s, s) stays. With M off the diagonal, C chunks:

    a message of matrix[s][d]·S/C for every entry of M that is not 0,  ΣM·S/C bytes,  1 step

Worker s sends to s + 1, s + 2, …, a port one after the other. Latency is paid once; the time is exact for every matrix:

    α + B·β,  B ≥ what any worker sends or receives

B being the bytes after which the last port is done: block (s, d) comes at d when all that s sends before has left, and
d takes what comes one after the other. With all entries the same this is all_to_all_blocks. Without a matrix one is
made: ``tokens`` of every worker, spread as 1/k^``skew`` over the workers, the k-th most popular drawn with ``seed``.
"""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np

from simcomm.closed_forms import Claim, Traffic, Vector
from simcomm.collectives.base import Collective
from simcomm.collectives.token_matrix import Matrix, edges_of, goal_of_matrix, token_matrix
from simcomm.goals import Goal
from simcomm.schedule import COPY, Schedule


def goal(workers: int, **routing: Any) -> Goal:
    """Worker d ends with block (s, d) of the vector of every worker s."""
    return goal_of_matrix(token_matrix(workers, **routing))


def ranks(workers: int, **routing: Any) -> int:
    """As many as workers, if the matrix is theirs."""
    return len(token_matrix(workers, **routing))


def build(
    workers: int, *, matrix: Matrix | None = None, tokens: int | None = None, skew: float = 0.0, seed: int = 0
) -> Schedule:
    """All-to-all-v: every worker sends every other one its own number of tokens (mixture of experts).

    ``matrix`` has a row of numbers of tokens for each sender; or ``tokens`` (8 for each worker) are spread as
    1/k^``skew`` over the workers, the k-th most popular drawn with ``seed``.
    """
    n, matrix = workers, token_matrix(workers, matrix=matrix, tokens=tokens, skew=skew, seed=seed)
    edges = np.array(edges_of(matrix))
    pairs = np.array([(src, (src + shift) % n) for shift in range(1, n) for src in range(n)], int).reshape(-1, 2)
    src, dst = pairs[np.diff(edges)[pairs[:, 0], pairs[:, 1]] > 0].T.astype(np.int32)
    chunks = max(int(edges[:, -1].max()), 1)
    first, count = (src * chunks + edges[src, dst]).astype(np.int32), np.diff(edges)[src, dst].astype(np.int32)
    kind, none = np.full(len(src), COPY, np.int8), np.empty(0, np.int32)  # no recorder: nobody waits for anybody
    no_time, no_start = np.zeros(len(src)), np.zeros(len(src) + 1, np.int64)
    return Schedule(n, n * chunks, kind, src, dst, first, count, no_time, no_start, none, vectors=n)


def _last_port_bytes(size_bytes: list[list[int]]) -> int:
    """B: when the last block has come, at one byte a second and no latency."""
    n = len(size_bytes)
    comes: list[list[tuple[int, int]]] = [[] for _ in range(n)]
    for src, blocks in enumerate(size_bytes):
        sent = 0
        for dst in (*range(src + 1, n), *range(src)):
            comes[dst].append((sent, blocks[dst]))
            sent += blocks[dst]
    last = 0
    for at_port in comes:
        taken = 0
        for begins, block in sorted(pair for pair in at_port if pair[1]):
            taken = max(taken, begins) + block
        last = max(last, taken)
    return last


def claim(n: int, vector: Vector, **routing: Any) -> Claim:
    """matrix[s][d]·S/C bytes from s to d: a row of the matrix leaves a worker, a column comes, its diagonal stays."""
    matrix = token_matrix(n, **routing)
    chunks = max(max(map(sum, matrix)), 1)
    cuts = [[vector.range_bytes(*cut, chunks) for cut in pairwise(row)] for row in edges_of(matrix)]
    size_bytes = [[0 if src == dst else size for dst, size in enumerate(row)] for src, row in enumerate(cuts)]
    sent = [Traffic(sum(size > 0 for size in row), sum(row)) for row in size_bytes]
    received = [Traffic(sum(size > 0 for size in column), sum(column)) for column in zip(*size_bytes, strict=True)]
    total, last = sum(sent, start=Traffic(0, 0)), _last_port_bytes(size_bytes)
    away = sum(sum(row) - row[src] for src, row in enumerate(matrix))
    return Claim(
        total=total,
        steps=min(away, 1),
        sent=sent.__getitem__,
        received=received.__getitem__,
        time=lambda alpha, beta, gamma: min(last, 1) * alpha + last * beta,
        chunks_sent=away,
    )


all_to_all_v = Collective(
    "all_to_all_v",
    goal,
    build,
    claim,
    source="MPI_Alltoallv of the MPI standard; as routers of experts use it: Lepikhin et al., GShard, ICLR 2021",
    ranks=ranks,
    variants=({}, {"skew": 1.0}, {"tokens": 10, "skew": 2.5, "seed": 7}),
    segmentable=False,
)
