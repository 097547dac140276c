"""Fields are read by name and kind, and nothing is passed over."""

from __future__ import annotations

import math
from typing import Any

import pytest

from simcomm.conformance.fields import Fields
from simcomm.errors import InputError


def test_right_fields() -> None:
    fields = Fields({"id": "x", "n": 3, "t": 0.5, "word": "b", "list": [1], "parts": {"a": {}}, "rows": [{"k": 1}]})
    assert (fields.whole("n", 3), fields.number("t"), fields.number("n")) == (3, 0.5, 3)
    assert fields.one_of("word", {"a": 1, "b": 2}) == 2
    assert fields.rows("list") == [1]
    (part,) = fields.part("parts").values()
    part.none_left()
    (row,) = fields.parts("rows")
    assert row.whole("k") == 1
    assert "n" in fields
    assert "m" not in fields
    fields.none_left()


@pytest.mark.parametrize("value", [2, 3.0, "3", True, None, [3], -3, 2**63])
def test_no_whole_number_of_at_least_3(value: Any) -> None:
    with pytest.raises(InputError, match=r"^n: .*; expected a whole number of at least 3, below 2..63$"):
        Fields({"n": value}).whole("n", 3)


@pytest.mark.parametrize("value", [-1, -1e-9, math.inf, math.nan, "1", False, None])
def test_no_finite_number_of_at_least_0(value: Any) -> None:
    with pytest.raises(InputError, match=r"^n: .*; expected a number of at least 0$"):
        Fields({"n": value}).number("n")


@pytest.mark.parametrize("value", [["ring"], {}, None, 3, "rings"])
def test_a_word_that_is_none(value: Any) -> None:
    with pytest.raises(InputError, match=r"^shape: .*; expected one of ring"):
        Fields({"shape": value}).one_of("shape", {"ring": 1})


def test_what_is_missing_is_named_with_what_may_be_meant() -> None:
    with pytest.raises(InputError, match=r"^no field 'workers', but did you mean 'worker'\?$"):
        Fields({"worker": 3}).whole("workers")
    with pytest.raises(InputError, match=r"^flows 1: no field 'path'$"):
        Fields({"flows": [{"path": []}, {}]}).parts("flows")[1].rows("path")


def test_parts_are_named() -> None:
    with pytest.raises(InputError, match=r"^links a: 3; expected named fields$"):
        Fields({"links": {"a": 3}}).part("links")
    with pytest.raises(InputError, match=r"^a case: \[1\]; expected named fields$"):
        Fields([1])


def test_long_values_are_cut() -> None:
    with pytest.raises(InputError) as caught:
        Fields({"n": "x" * 1000}).whole("n")
    assert len(str(caught.value)) < 120
