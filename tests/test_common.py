"""What points have in common is made once, as long as there is room, and never mixed up."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from simcomm import scenario
from simcomm.common import Kept, keeping, once
from simcomm.results import Result
from simcomm.simulation import simulate_point

LINK = {"bandwidth": "100 Gbit/s", "latency": "5 us"}


@pytest.fixture
def made() -> tuple[list[str], Callable[..., str]]:
    """What was made so far, and how to ask for something of a size."""
    done: list[str] = []

    def ask(key: str, size: int = 1) -> str:
        def make() -> str:
            done.append(key)
            return key.upper()

        return once(key, make, lambda _: size)

    return done, ask


def test_outside_all_is_made_again(made: tuple[list[str], Callable[..., str]]) -> None:
    done, ask = made
    assert [ask("a"), ask("a")] == ["A", "A"]
    assert done == ["a", "a"]


def test_inside_each_is_made_once_also_by_a_later_block(made: tuple[list[str], Callable[..., str]]) -> None:
    done, ask = made
    kept = Kept()
    for _ in range(2):
        with keeping(kept):
            assert [ask("a"), ask("b"), ask("a")] == ["A", "B", "A"]
    assert done == ["a", "b"]
    ask("a")
    assert done == ["a", "b", "a"]


def test_what_was_not_asked_for_longest_makes_room(made: tuple[list[str], Callable[..., str]]) -> None:
    done, ask = made
    kept = Kept(most_bytes=10)
    with keeping(kept):
        for key, size in (("a", 4), ("b", 4), ("a", 4), ("c", 4), ("a", 4), ("b", 4)):
            ask(key, size)
            assert kept.total_bytes <= 10
    assert done == ["a", "b", "c", "b"]


def test_what_is_larger_than_the_room_takes_none(made: tuple[list[str], Callable[..., str]]) -> None:
    done, ask = made
    with keeping(Kept(most_bytes=10)):
        for key, size in (("a", 4), ("large", 11), ("large", 11), ("a", 4)):
            ask(key, size)
    assert done == ["a", "large", "large"]


def test_what_takes_all_of_the_room_is_kept(made: tuple[list[str], Callable[..., str]]) -> None:
    done, ask = made
    with keeping(Kept(most_bytes=10)):
        for key, size in (("a", 4), ("all", 10), ("all", 10), ("a", 4)):
            ask(key, size)
    assert done == ["a", "all", "a"]


USUAL = {"collective": "ring_all_reduce", "workers": 3, "parameters": 1000, "link": LINK}
CHANGES = [
    {},
    {"collective": "all_to_all"},
    {"collective": "parameter_server"},
    {"collective": {"name": "parameter_server", "servers": 2}},
    {"workers": 4},
    {"parameters": 2},
    {"topology": "ring"},
    {"topology": {"kind": "torus", "dims": [2, 2]}},
    {"topology": {"kind": "torus", "dims": [2, 3]}},
    {"link": LINK | {"latency": "1 us"}},
    {"link": LINK | {"bandwidth": "10 Gbit/s"}},
    {"network": "store_and_forward"},
    {"topology": "ring", "placement": "random"},
    {"topology": "ring", "placement": "random", "seed": 3},
    {"topology": "ring", "placement": [2, 0, 1]},
    {"topology": {"kind": "torus", "dims": [2, 3]}, "routing": "dimension_order"},
    {"stragglers": {1: {"bandwidth_factor": 0.5}}},
    {"stragglers": {2: {"bandwidth_factor": 0.5}}},
    {"one_send_at_a_time": True},
]


def test_results_are_those_that_each_point_has_alone() -> None:
    """A key that leaves out what a point differs in would give it the answer of another."""
    points = [scenario.from_mapping(USUAL | change).points[0] for change in CHANGES]
    with keeping(Kept()):
        together = [simulate_point(point) for point in points + points]
    for point, result in zip(points + points, together, strict=True):
        assert _all(result) == _all(simulate_point(point)), point


def _all(result: Result) -> tuple[object, ...]:
    return result.as_row(), tuple(result.links or ())
