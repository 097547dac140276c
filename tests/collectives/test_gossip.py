"""Gossip: the matrices of the textbook, what is certain of them, and what is refused."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import simcomm
from simcomm.collectives import get
from simcomm.errors import InputError
from simcomm.proof import prove
from simcomm.schedule import Schedule
from simcomm.sums import Sums

CASES = [
    (n, {"rounds": t, "neighbours": way})
    for n in (1, 2, 3, 4, 5, 8, 11)
    for t in (1, 2, 5)
    for way in ("ring", "exponential")
]
LINK = {"bandwidth": "1 GB/s", "latency": "1 us"}


def matrix_of(n: int, rounds: int, neighbours: str) -> Any:
    """The product of (I + A_t), with Python's whole numbers."""
    found = np.eye(n, dtype=object)
    for turn in range(rounds if n > 1 else 0):
        hears = np.eye(n, dtype=object)
        for rank in range(n):
            if neighbours == "ring":
                for other in {(rank - 1) % n, (rank + 1) % n}:
                    hears[rank, other] += 1
            else:
                hears[(rank + 2 ** (turn % int(np.ceil(np.log2(n))))) % n, rank] += 1
        found = hears.dot(found)
    return found


def simulated(schedule: Schedule, goal: Any, values: list[int]) -> list[int]:
    sums = Sums(schedule, goal, values)
    return [sums.held(rank, 0) for rank in range(len(values))]


@pytest.mark.parametrize(("n", "options"), CASES)
def test_the_matrix_is_that_of_the_textbook_and_what_is_simulated(n: int, options: dict[str, Any]) -> None:
    goal, schedule = get("gossip").goal_of(n, options), get("gossip").schedule(n, **options)
    expected = matrix_of(n, **options)
    assert goal.multiplicity is not None
    assert goal.multiplicity(np.arange(n)[:, None], np.arange(n)).tolist() == expected.tolist()
    for worker in range(n):
        assert simulated(schedule, goal, [int(w == worker) for w in range(n)]) == expected[:, worker].tolist()
    assert prove(schedule, goal, n).guarantee == goal.guarantee != ""
    assert prove(schedule, goal, n, "multiplicities").places == prove(schedule, goal, n, "fingerprints").places == n


@pytest.mark.parametrize(("n", "options"), CASES)
def test_what_is_left_of_the_distance_from_the_mean(n: int, options: dict[str, Any]) -> None:
    goal: Any = get("gossip").goal_of(n, options)
    matrix, scale = matrix_of(n, **options), goal.multiplicity.scale
    second = np.linalg.svd((matrix / scale).astype(float))[1][1] if n > 1 else 0.0
    assert goal.multiplicity.sigma == pytest.approx(second, abs=1e-12)
    assert {*matrix.sum(axis=0), *matrix.sum(axis=1)} == {scale}
    values = np.random.default_rng(n).normal(size=n)
    after = (matrix / scale).astype(float) @ values
    assert (
        np.linalg.norm(after - values.mean())
        <= goal.multiplicity.sigma * np.linalg.norm(values - values.mean()) + 1e-12
    )


def test_guarantees_in_words() -> None:
    said = {
        (n, rounds, way): get("gossip").goal_of(n, {"rounds": rounds, "neighbours": way}).guarantee
        for n, rounds, way in [(8, 3, "ring"), (8, 1, "ring"), (8, 3, "exponential"), (3, 1, "ring"), (1000, 1, "ring")]
    }
    assert said[8, 3, "ring"] == (
        "the mean is kept; after 3 rounds a worker has heard of 7 of 8, and the root mean square distance from it is "
        "at most 0.53 of what it was"  # ((1 + √2)/3)³ = 0.5212
    )
    assert "after 1 round a worker has heard of 3 of 8" in said[8, 1, "ring"]
    assert said[8, 3, "exponential"] == said[3, 1, "ring"] == "every worker ends with the mean"
    assert said[1000, 1, "ring"].endswith("at most 0.999987 of what it was")  # (1 + 2·cos(2π/1000))/3


def test_a_result_says_what_was_proven() -> None:
    result = simcomm.simulate({"name": "gossip", "rounds": 2}, 8, parameters=100, link=LINK)
    assert (result.proven, result.proof, result.messages, result.steps) == (True, "multiplicities", 32, 2)
    assert "has heard of 5 of 8" in result.guarantee
    # Each of two rounds takes 2 us and 2·400 B; 400 B must come, and who hears of 5 had three rounds, one at a time.
    assert (result.time_s, result.lower_bound_s) == (pytest.approx(5.6e-6), pytest.approx(2.4e-6))
    assert (result.busbw_Bps, result.latency_bound_s) == (None, pytest.approx(6e-6))
    assert simcomm.simulate("ring_all_reduce", 8, parameters=100, link=LINK).guarantee == ""


def test_exponential_is_recorded_and_proven_modulo_rotation() -> None:
    n = 2**13
    schedule = get("gossip").schedule(n, rounds=13, neighbours="exponential")
    assert schedule.quotient is not None
    goal = get("gossip").goal_of(n, {"rounds": 13, "neighbours": "exponential"})
    found = prove(schedule, goal, n)
    assert (found.method, found.places, found.guarantee) == ("multiplicities", n, "every worker ends with the mean")
    assert "kind" not in vars(schedule)  # nobody looked at all of it


@pytest.mark.parametrize(("n", "way", "most"), [(2, "ring", 62), (3, "ring", 39), (9, "exponential", 62)])
def test_rounds_end_where_multiplicities_pass_what_is_counted(n: int, way: str, most: int) -> None:
    gossip, options = get("gossip"), {"rounds": most, "neighbours": way}
    assert prove(gossip.schedule(n, **options), gossip.goal_of(n, options), n).method == "multiplicities"
    with pytest.raises(InputError, match=rf"^rounds: {most + 1}; expected [23]\*\*rounds below 2\*\*63"):
        gossip.check(n, {"rounds": most + 1, "neighbours": way})


def test_refused() -> None:
    for rounds in (0, -1):
        with pytest.raises(InputError, match=rf"^rounds: {rounds}; expected at least 1$"):
            get("gossip").check(4, {"rounds": rounds})
    with pytest.raises(InputError, match="neighbours: 'circle'; expected ring or exponential"):
        get("gossip").check(4, {"neighbours": "circle"})
    assert get("gossip").schedule(1, rounds=1000).messages == 0
