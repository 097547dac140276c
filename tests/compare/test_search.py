"""The search finds what is best for times that first fall and then rise, keeps its budget, and repeats nothing."""

from __future__ import annotations

import itertools

import pytest

from simcomm.compare.crossing import Bisection
from simcomm.compare.search import Climb, Setting, Space

SEGMENTS = tuple(2**i for i in range(11))
SPACE = Space({"segments": SEGMENTS}, {"segments": 1}, ((),))


def pipeline(setting: Setting, size: float, depth: int = 30) -> float:
    """(d + k)(α + S/k·β) with α = β = 1."""
    k = dict(setting).get("segments", 1)
    return (depth + k) * (1 + size / k)


def climbed(space: Space, budget: int, time_of, is_possible=lambda setting: True) -> Climb:
    climb = Climb(space, budget)
    while wanted := climb.next([], is_possible):
        for setting in wanted:
            assert setting not in climb.tried
            climb.tried[setting] = time_of(setting)
    return climb


@pytest.mark.parametrize("size", [1, 10, 100, 1e3, 1e4, 1e5, 1e6])
def test_the_best_number_of_segments_is_found(size):
    climb = climbed(SPACE, 24, lambda setting: pipeline(setting, size))
    every = [pipeline((("segments", k),), size) for k in SEGMENTS]
    assert climb.tried[climb.best] <= 1.01 * min(every)
    assert len(climb.tried) <= 11


def test_two_options_at_once_against_all_pairs():
    space = Space({"a": tuple(range(9)), "b": tuple(range(9))}, {"a": 0, "b": 0}, ((),))

    def time_of(setting: Setting) -> float:
        a, b = (dict(setting).get(name, 0) for name in "ab")
        return 10 + (a - 6) ** 2 + (b - 3) ** 2 + (a - 6) * (b - 3) / 2

    climb = climbed(space, 60, time_of)
    settings = [space.setting({"a": a, "b": b}) for a, b in itertools.product(range(9), repeat=2)]
    assert climb.tried[climb.best] == min(map(time_of, settings))
    assert len(climb.tried) < 60


@pytest.mark.parametrize("budget", [1, 2, 5])
def test_the_budget_is_kept_and_what_is_impossible_costs_nothing_of_it(budget):
    climb = climbed(SPACE, budget, lambda setting: pipeline(setting, 1e6), lambda s: dict(s).get("segments") != 2)
    assert len(climb.tried) == budget
    assert climb.is_spent
    assert (("segments", 2),) not in climb.tried


def test_a_search_that_comes_to_its_end_was_not_ended_by_the_budget():
    assert not climbed(Space({}, {}, ((),)), 1, lambda setting: 1.0).is_spent
    few = Space({"segments": (1, 2)}, {"segments": 1}, ((),))
    assert [climbed(few, budget, lambda setting: 1.0).is_spent for budget in (1, 2, 3)] == [True, False, False]


def test_a_setting_must_be_worth_it():
    climb = climbed(SPACE, 24, lambda setting: 1 - 1e-5 * dict(setting).get("segments", 1))
    assert climb.best == ()


def test_values_without_an_order_are_all_tried_and_hints_come_first():
    space = Space({"how": ("x", "y", "z")}, {"how": "x"}, ((), (("how", "z"),)))
    climb = Climb(space, 10)
    assert climb.best is None
    assert climb.next([], lambda setting: True) == [(), (("how", "z"),)]
    climb.tried |= {(): 1.0, (("how", "z"),): None}
    assert climb.next([], lambda setting: True) == [(("how", "y"),)]
    assert not space.holds((("how", "w"),))
    assert space.holds((("other", 5),))


def test_a_bisection_finds_where_two_times_meet():
    cut = Bisection(100, 10_000, tolerance=0.01, budget=20)
    while wanted := cut.wanted():
        for place in wanted:
            cut.tell(place, place - 4321.5)
    assert cut.place == pytest.approx(4321.5)
    assert cut.low < 4321.5 < cut.high <= 1.01 * cut.low


def test_a_bisection_ends_with_its_budget_with_an_exact_hit_and_where_nothing_runs():
    short = Bisection(1, 2**40, tolerance=0.01, budget=3)
    while wanted := short.wanted():
        for place in wanted:
            short.tell(place, place - 1000)
    assert short.steps == 3
    hit = Bisection(0, 64, tolerance=0.01, budget=9)
    hit.tell(0, 0.0)
    hit.tell(64, 1.0)
    assert (hit.wanted(), hit.place) == ([], 0)
    broken = Bisection(1, 64, tolerance=0.01, budget=9)
    broken.tell(1, None)
    assert broken.wanted() == []
    level = Bisection(10, 11, tolerance=0.01, budget=9, gaps={10: 0.0, 11: 0.0})
    assert level.place == pytest.approx(110**0.5)
