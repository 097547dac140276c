"""What a collective is: its options, what it refuses, and claims of nothing."""

from __future__ import annotations

from dataclasses import FrozenInstanceError
from fractions import Fraction
from typing import Any, Literal

import numpy as np
import pytest

from simcomm.closed_forms import Claim, Traffic, Vector
from simcomm.collectives import get, names
from simcomm.collectives.base import Collective
from simcomm.errors import InputError
from simcomm.goals import ALL_REDUCE
from simcomm.recorder import Recorder
from simcomm.schedule import Schedule


def build(workers: int, *, radix: int = 2, way: Literal["up", "down"] = "up", early: bool = False) -> Schedule:
    """Nothing at all,
    in two lines.

    This is not part of the summary.
    """
    return Recorder(workers).schedule()


def no_claim(n: int, vector: Vector, **options: object) -> Claim:
    return Claim(Traffic(0, 0), 0, lambda rank: Traffic(0, 0), lambda rank: Traffic(0, 0), lambda a, b, g: a + b + g)


MINE = Collective("mine", ALL_REDUCE, build, no_claim, source="mine")


def test_options_are_the_keywords_of_the_builder() -> None:
    assert MINE.options == {"radix": 2, "way": "up", "early": False, "segments": 1, "window": 0}
    assert get("ring_all_reduce").options == {"segments": 1, "window": 0}
    assert get("parameter_server").options == {"servers": 1, "placement": "dedicated", "segments": 1, "window": 0}


def test_the_summary_is_the_first_paragraph() -> None:
    assert MINE.summary == "Nothing at all, in two lines."


def test_a_builder_without_a_docstring_has_no_summary() -> None:
    silent = Collective("silent", ALL_REDUCE, lambda workers: Recorder(workers).schedule(), no_claim, source="")
    assert silent.summary == ""
    assert silent.check(3, {}) == {}
    assert len(silent.schedule(3)) == 0


def test_options_that_fit_are_given_back() -> None:
    options = {"radix": 4, "way": "down", "early": True}
    assert MINE.check(3, options) == options is not MINE.check(3, options)
    assert MINE.ranks(3, **options) == 3


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (
            {"radx": 3},
            "unknown option 'radx' of mine; expected one of radix, way, early, segments, window; did you mean 'radix'?",
        ),
        ({"zzz": 3}, "unknown option 'zzz' of mine; expected one of radix, way, early, segments, window"),
        ({"workers": 3}, "unknown option 'workers' of mine; expected one of radix, way, early, segments, window"),
        ({"radix": True}, "radix: True; expected a whole number"),
        ({"radix": 2.0}, "radix: 2.0; expected a whole number"),
        ({"radix": "two"}, "radix: 'two'; expected a whole number"),
        ({"radix": None}, "radix: None; expected a whole number"),
        ({"radix": [1]}, "radix: [1]; expected a whole number"),
        ({"early": 1}, "early: 1; expected true or false"),
        ({"early": "yes"}, "early: 'yes'; expected true or false"),
        ({"way": "left"}, "way: 'left'; expected up or down"),
        ({"way": ["up"]}, "way: ['up']; expected up or down"),
        ({"radix": 2, "way": 1}, "way: 1; expected up or down"),
    ],
)
def test_options_that_do_not_fit_are_refused(options: dict[str, Any], message: str) -> None:
    for ask in (
        lambda: MINE.check(3, options),
        lambda: MINE.schedule(3, **options) if "workers" not in options else MINE.check(3, options),
        lambda: MINE.claim(3, Vector(1), **options) if "workers" not in options else MINE.check(3, options),
    ):
        with pytest.raises(InputError) as refused:
            ask()
        assert str(refused.value) == message


@pytest.mark.parametrize("name", names())
@pytest.mark.parametrize("workers", [0, -3])
def test_too_few_workers_are_refused(name: str, workers: int) -> None:
    for ask in (lambda: get(name).schedule(workers), lambda: get(name).claim(workers, Vector(1))):
        with pytest.raises(InputError) as refused:
            ask()
        assert str(refused.value) == f"workers: {workers}; expected a whole number of at least 1"


def test_a_collective_without_options_says_so() -> None:
    with pytest.raises(InputError) as refused:
        get("ring_all_reduce").check(3, {"rounds": True})
    assert str(refused.value) == "unknown option 'rounds' of ring_all_reduce; expected one of segments, window"


def test_a_vector_of_no_element_takes_no_time_whatever_the_formula_says() -> None:
    time, none = MINE.claim(3, Vector(1)).time, MINE.claim(3, Vector(0)).time
    assert time is not None
    assert none is not None
    assert (time(1.0, 2.0, 3.0), none(1.0, 2.0, 3.0)) == (6.0, 0.0)
    assert type(none(Fraction(1), Fraction(2), Fraction(3))) is Fraction


def test_a_collective_is_immutable() -> None:
    with pytest.raises(FrozenInstanceError):
        MINE.name = "yours"  # type: ignore[misc]


@pytest.mark.parametrize("hint", [None, float, int | None])
def test_somebody_elses_option_of_another_type_is_refused_and_no_more(hint: object) -> None:
    def mine(workers: int, *, radix=2.0) -> Schedule:  # type: ignore[no-untyped-def]
        return Recorder(workers).schedule()

    if hint:
        mine.__annotations__["radix"] = hint
    with pytest.raises(InputError, match="radix"):
        Collective("mine", ALL_REDUCE, mine, no_claim, source="").check(3, {"radix": "two"})


@pytest.mark.parametrize("workers", [2.5, "eight", True, None])
def test_workers_that_are_no_whole_number_are_refused(workers: Any) -> None:
    with pytest.raises(InputError, match="workers"):
        get("ring_all_reduce").schedule(workers)


def test_whole_numbers_of_numpy_are_options() -> None:
    assert get("parameter_server").schedule(4, servers=np.int64(2)).ranks == 6
