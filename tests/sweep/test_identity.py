"""The id of a point: equal for equal points, different for whatever changes the answer."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simcomm.common import content_hash
from simcomm.errors import InputError
from simcomm.sweep import identity
from simcomm.sweep.identity import canonical_json, point_id

VALUES = st.integers() | st.floats(allow_nan=False) | st.text() | st.booleans() | st.none()
SCENARIOS = st.dictionaries(st.text(), VALUES | st.lists(VALUES) | st.dictionaries(st.text(), VALUES))


@given(scenario=SCENARIOS, salt=st.text(), data=st.data())
def test_the_order_of_keys_does_not_matter(scenario: dict[str, Any], salt: str, data: st.DataObject) -> None:
    shuffled = dict(data.draw(st.permutations(list(scenario.items()))))
    found = point_id(scenario, salt)
    assert found == point_id(shuffled, salt)
    assert len(found) == 64
    assert set(found) <= set("0123456789abcdef")


@given(one=SCENARIOS, other=SCENARIOS)
def test_different_points_have_different_ids(one: dict[str, Any], other: dict[str, Any]) -> None:
    assert (point_id(one, "") == point_id(other, "")) == (canonical_json(one) == canonical_json(other))


def test_every_part_of_the_answer_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    ids = {
        point_id({"workers": 2**70}, ""),
        point_id({"workers": 2**70 + 1}, ""),
        point_id({"time_s": 0.1 + 0.2}, ""),
        point_id({"time_s": 0.3}, ""),
        point_id({"workers": 2**70}, "a"),
    }
    monkeypatch.setattr(identity, "MODEL_VERSION", identity.MODEL_VERSION + 1)
    assert len(ids | {point_id({"workers": 2**70}, "")}) == 6


def test_the_id_is_the_same_on_every_machine() -> None:
    expected = "d47cd2fa8b121a1e9772170225df81c9cb8ae1c4e17d52990c33064a9ec2f299"
    assert point_id({"workers": 8, "collective": {"name": "ring_all_reduce"}}, "") == expected


def test_files_count_by_content_not_by_name(tmp_path: Path) -> None:
    for name, text in (("a", "same"), ("b", "same"), ("c", "other")):
        (tmp_path / name).write_text(text)
    assert content_hash(tmp_path / "a") == content_hash(tmp_path / "b")
    assert content_hash(tmp_path / "a") != content_hash(tmp_path / "c")
    with pytest.raises(InputError, match="none: cannot be read: No such file or directory"):
        content_hash(tmp_path / "none")
