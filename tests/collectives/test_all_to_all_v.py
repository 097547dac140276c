"""All-to-all-v: blocks by a matrix, its times by brute force, and how a scenario gives one."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml

import simcomm
from simcomm.closed_forms import Traffic, Vector
from simcomm.collectives import get
from simcomm.collectives.token_matrix import Matrix, token_matrix
from simcomm.counts import count, differences
from simcomm.engines.exact import exact_run
from simcomm.errors import InputError, ProofError
from simcomm.proof import prove
from simcomm.scenario import ScenarioError

EXPERTS = get("all_to_all_v")
A, B, G = Fraction(7), Fraction(1, 3), Fraction(9)
UNEVEN = ((1, 3, 0), (0, 2, 0), (4, 0, 1))


def random_matrix(n: int, seed: int) -> Matrix:
    """Of numbers up to 9, many of them 0."""
    rows = np.maximum(np.random.default_rng(seed).integers(-4, 10, (n, n)), 0).tolist()
    return tuple(map(tuple, rows))


def test_blocks_are_ranges_of_chunks_and_the_diagonal_stays() -> None:
    """Five tokens at most: five chunks in each vector; worker 1 has two, and keeps them."""
    schedule = EXPERTS.schedule(3, matrix=UNEVEN)
    assert (schedule.chunks, schedule.vectors) == (15, 3)
    assert [str(row) for row in schedule] == ["copy 0 -> 1  chunks 1..3", "copy 2 -> 0  chunks 10..13"]
    claim = EXPERTS.claim(3, Vector(10, 2), matrix=UNEVEN)
    assert (claim.total, claim.steps, claim.chunks_sent) == (Traffic(2, (3 + 4) * 4), 1, 7)
    assert [claim.sent(rank).bytes for rank in range(3)] == [12, 0, 16]
    assert [claim.received(rank).bytes for rank in range(3)] == [16, 12, 0]


@pytest.mark.parametrize("seed", range(12))
def test_random_matrices_are_counted_proven_and_timed(seed: int) -> None:
    n = 2 + seed % 6
    matrix = random_matrix(n, seed)
    schedule = EXPERTS.schedule(n, matrix=matrix)
    assert prove(schedule, EXPERTS.goal_of(n, {"matrix": matrix}), n).places == sum(
        map(sum, token_matrix(n, matrix=matrix))
    )
    for elements in (1, 7, 40, 1001, 2**59 + 1):
        claim = EXPERTS.claim(n, Vector(elements, 1), matrix=matrix)
        assert not differences(count(schedule, Vector(elements, 1)), claim)
        assert claim.time is not None
        for costs in ((A, B, G), (Fraction(0), Fraction(1), G), (Fraction(1000), B, G)):
            assert exact_run(schedule, Vector(elements, 1), *costs).makespan_s == claim.time(*costs)


def test_the_time_is_that_of_the_busiest_port_or_more() -> None:
    """Two who both have something for worker 1 last: its port stands idle before, and then takes both."""
    matrix = ((0, 0, 0, 0), (0, 0, 0, 0), (0, 3, 0, 3), (3, 3, 0, 0))
    claim = EXPERTS.claim(4, Vector(6, 1), matrix=matrix)
    assert max(claim.sent(rank).bytes for rank in range(4)) == max(claim.received(rank).bytes for rank in range(4)) == 6
    assert claim.time is not None
    assert claim.time(A, B, G) == A + 9 * B
    popular = EXPERTS.claim(16, Vector(6400, 1), tokens=64, skew=1.0)
    assert popular.time is not None
    assert popular.time(A, B, G) == A + max(popular.received(rank).bytes for rank in range(16)) * B


def test_uniform_is_the_all_to_all_of_blocks() -> None:
    blocks = get("all_to_all_blocks")
    for n in (1, 2, 7, 12):
        for options in ({}, {"tokens": 5 * n}, {"seed": 3}):
            ours, theirs = EXPERTS.schedule(n, **options), blocks.schedule(n)
            assert [str(row) for row in ours] == [str(row) for row in theirs]
            for elements in (3, 100):
                claim, other = EXPERTS.claim(n, Vector(elements), **options), blocks.claim(n, Vector(elements))
                assert (claim.total, claim.steps) == (other.total, other.steps)
                assert claim.time is not None
                assert other.time is not None
                assert claim.time(A, B, G) == other.time(A, B, G)


def test_a_matrix_of_nothing_sends_nothing() -> None:
    assert len(EXPERTS.schedule(2, matrix=((0, 0), (0, 0)))) == 0
    claim = EXPERTS.claim(2, Vector(8), matrix=((5, 0), (0, 5)))
    assert (claim.total, claim.steps) == (Traffic(0, 0), 0)
    assert claim.time is not None
    assert claim.time(A, B, G) == 0


def test_a_block_for_somebody_else_is_missed() -> None:
    other = EXPERTS.goal_of(3, {"matrix": ((1, 2, 1), (0, 2, 0), (4, 0, 1))})
    with pytest.raises(ProofError, match="rank 2, chunk 3: the gradient of worker 0 is missing"):
        prove(EXPERTS.schedule(3, matrix=UNEVEN), other, 3)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"matrix": [[0, 1]]}, "matrix: 1 rows; expected 2, one for each worker"),
        ({"matrix": [[0, 1], [1]]}, "matrix: row 1 has 1 columns; expected 2, one for each worker"),
        ({"matrix": [[0, 1], [-3, 0]]}, "matrix: row 1, column 0 is -3; expected 0 tokens or more"),
        ({"matrix": [[0, 1], [1, 0.5]]}, "matrix: row 1, column 1: 0.5; expected a whole number"),
        ({"matrix": [[0, 1], "ab"]}, "matrix: row 1: 'ab'; expected a list of whole numbers"),
        ({"matrix": [[0, True], [1, 0]]}, "matrix: row 0, column 1: True; expected a whole number"),
        ({"matrix": 3}, "matrix: 3; expected a list of lists of whole numbers or nothing"),
        ({"matrix": [[0, 1], [1, 0]], "skew": 1.0}, "matrix: given beside tokens or skew; expected one or the other"),
        ({"matrix": [[0, 1], [1, 0]], "tokens": 9}, "matrix: given beside tokens or skew; expected one or the other"),
        ({"tokens": 0}, "tokens: 0; expected at least 1 for each worker"),
        ({"skew": -0.5}, "skew: -0.5; expected a number of 0 (all workers alike) or more"),
        ({"skew": float("nan")}, "skew: nan; expected a number of 0 (all workers alike) or more"),
        ({"seed": -1}, "seed: -1; expected 0 or more"),
        ({"skew": "much"}, "skew: 'much'; expected a number"),
    ],
)
def test_refusals_name_row_and_column(options: dict[str, Any], message: str) -> None:
    for ask in (lambda: EXPERTS.schedule(2, **options), lambda: EXPERTS.claim(2, Vector(1), **options)):
        with pytest.raises(InputError) as refused:
            ask()
        assert str(refused.value) == message


def test_lists_of_yaml_and_tuples_are_the_same_options() -> None:
    lists = [list(row) for row in UNEVEN]
    assert EXPERTS.check(3, {"matrix": lists}) == EXPERTS.check(3, {"matrix": UNEVEN}) == {"matrix": UNEVEN}
    hash(EXPERTS.check(3, {"matrix": lists})["matrix"])


def test_a_scenario_with_a_matrix(tmp_path: Path) -> None:
    text = """
    workers: 2
    size: 16 MB
    link: {bandwidth: 100 Gbit/s, latency: 5 us}
    collective: {name: all_to_all_v, matrix: [[0, 3], [1, 0]]}
    """
    (tmp_path / "moe.yaml").write_text(text)
    (found,) = simcomm.run(tmp_path / "moe.yaml")
    assert (found.options, found.messages, found.max_bytes_sent) == ("matrix=[[0,3],[1,0]]", 2, 16_000_000)
    assert found.time_matches
    assert found.time_s == pytest.approx(16e6 / 12.5e9 + 2 * 5e-6)
    (other,) = simcomm.run(tmp_path / "moe.yaml", overrides=["collective.matrix=[[0,3],[2,0]]"])
    assert other.point != found.point
    swept = yaml.safe_load(text) | {"sweep": {"collective.matrix": [[[0, 1], [1, 0]], [[0, 1], [0, 0]]]}}
    assert [r.messages for r in simcomm.run(swept)] == [2, 1]
    with pytest.raises(ScenarioError, match=r"collective.matrix: row 1, column 0 is -1; expected 0 tokens or more"):
        simcomm.run(tmp_path / "moe.yaml", overrides=["collective.matrix=[[0,3],[-1,0]]"])


def test_a_large_matrix_stands_in_a_row_by_its_hash_and_counts_for_the_point() -> None:
    link = {"bandwidth": "100 Gbit/s", "latency": "5 us"}
    points = {"workers": 16, "parameters": 999, "link": link}
    matrices = [np.roll(np.arange(256), shift).reshape(16, 16).tolist() for shift in (0, 1)]
    scenarios = [points | {"collective": {"name": "all_to_all_v", "matrix": matrix}} for matrix in matrices]
    one, other = (simcomm.run(scenario)[0] for scenario in scenarios)
    assert one.options != other.options
    assert one.options.startswith("matrix=16x16:")
    assert len(one.options) < 32
    assert one.point != other.point
