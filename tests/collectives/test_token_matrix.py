"""The routers that are made up: parts that add up, as skewed as they say, the same for the same seed."""

from __future__ import annotations

import numpy as np
import pytest

from simcomm.collectives.token_matrix import edges_of, goal_of_matrix, token_matrix


@pytest.mark.parametrize("skew", [0.0, 0.3, 1.0, 2.5, 60.0])
@pytest.mark.parametrize(("workers", "tokens"), [(1, 1), (4, 1), (5, 64), (16, 997), (16, 4096)])
def test_every_worker_sends_all_its_tokens(workers: int, tokens: int, skew: float) -> None:
    matrix = np.array(token_matrix(workers, tokens=tokens, skew=skew, seed=1))
    each = matrix.sum(axis=1)
    assert (matrix >= 0).all()
    assert (matrix == matrix[0]).all(), "the popular experts are popular with everybody"
    assert tokens % each[0] == 0, "but for a common divisor"


@pytest.mark.parametrize("skew", [0.25, 1.0, 2.0])
def test_parts_are_those_of_zipf(skew: float) -> None:
    matrix = np.array(token_matrix(16, tokens=100_003, skew=skew))
    parts = np.sort(matrix[0])[::-1] / matrix[0].sum()
    expected = np.arange(1, 17) ** -skew
    assert parts == pytest.approx(expected / expected.sum(), abs=2e-5)


def test_a_seed_says_who_is_popular_and_nothing_else() -> None:
    rows = [token_matrix(8, tokens=997, skew=1, seed=seed)[0] for seed in range(6)]
    assert len({sum(row) for row in rows}) == 1
    assert len({row.index(max(row)) for row in rows}) > 2
    assert rows[3] == token_matrix(8, tokens=997, skew=1, seed=3)[5]


def test_without_a_skew_all_are_alike() -> None:
    assert token_matrix(4) == token_matrix(4, tokens=12) == ((1, 1, 1, 1),) * 4
    assert token_matrix(4, tokens=6) == ((1, 2, 1, 2),) * 4


def test_edges_and_what_is_needed() -> None:
    matrix = ((1, 3, 0), (0, 2, 0), (4, 0, 1))
    assert edges_of(matrix) == [[0, 1, 4, 4], [0, 0, 2, 2], [0, 4, 4, 5]]
    needs = goal_of_matrix(matrix).needs
    chunk, vector = np.arange(5), np.full(5, 2)
    assert [np.flatnonzero(needs(np.array(rank), chunk, vector)).tolist() for rank in range(3)] == [
        [0, 1, 2, 3],
        [],
        [4],
    ]
