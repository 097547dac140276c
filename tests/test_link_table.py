"""The second table: exact on the way out and in, and clear about what does not belong to the results beside it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sweep_jobs import make_result

from simcomm.errors import InputError
from simcomm.link_table import LINK_COLUMNS, Links, LinkUse, by_load, load_links
from simcomm.results import Results, load_results
from simcomm.simulation import simulate

NAMES = [column.name for column in LINK_COLUMNS]
CELLS = {
    "int": st.integers(min_value=-(2**100), max_value=2**100),
    "float": st.floats(allow_nan=False),
    "str": st.text(),
}
ROWS = st.fixed_dictionaries(
    {c.name: CELLS[c.kind] | st.none() if c.optional else CELLS[c.kind] for c in LINK_COLUMNS if c.name != "point"}
)


def use(point: str = "a", **changes: Any) -> LinkUse:
    plain: dict[str, Any] = {"src": "0", "dst": "switch", "cables": 1, "bandwidth_Bps": 4.0, "latency_s": 0.5}
    plain |= {"messages": 1, "bytes": 8, "utilisation": 0.5, "busy_s": 2.0, "peak": 1, "contended_s": 0.0}
    return LinkUse(point, **{**plain, "contended_from_s": None, "contended_until_s": None, **changes})


def written(folder: Path, *points: str, links: Links) -> Path:
    Results(tuple(make_result(point=point) for point in points)).to_csv(folder / "results.csv")
    links.to_csv(folder / "links.csv")
    return folder


def test_every_column_says_what_it_means_and_has_its_unit() -> None:
    assert NAMES[:3] == ["point", "src", "dst"]
    assert all(column.meaning.endswith(".") and len(column.meaning) > 10 for column in LINK_COLUMNS)
    assert {c.kind for c in LINK_COLUMNS if c.name.endswith(("_s", "_Bps"))} == {"float"}
    assert {c.name for c in LINK_COLUMNS if c.optional} == {
        *("utilisation", "busy_s", "peak", "contended_s", "contended_from_s", "contended_until_s")
    }


@settings(max_examples=50)
@given(rows=st.lists(ROWS, max_size=4))
def test_a_row_survives_csv_and_parquet(tmp_path_factory: pytest.TempPathFactory, rows: list[dict[str, Any]]) -> None:
    folder = tmp_path_factory.mktemp("links")
    links = Links(tuple(LinkUse(point="a", **row) for row in rows))
    links.to_csv(folder / "links.csv")
    links.to_parquet(folder / "links.parquet")
    expected = {"a": links} if rows else {}
    assert load_links(folder / "links.csv") == load_links(str(folder / "links.parquet")) == expected


def test_the_csv_is_that_of_the_other_table(tmp_path: Path) -> None:
    Links((use(bytes=2**70, peak=None),)).to_csv(tmp_path / "links.csv")
    head, row = (tmp_path / "links.csv").read_text().splitlines()
    assert head.split(",") == NAMES
    assert row == f"a,0,switch,1,4.0,0.5,1,{2**70},0.5,2.0,,0.0,,"


def test_a_frame_has_types_that_fit() -> None:
    frame = Links((use(), use(peak=None))).to_pandas()
    assert list(frame) == NAMES
    assert [str(frame[name].dtype) for name in ("bytes", "utilisation", "peak")] == ["int64", "float64", "Int64"]


def test_links_are_a_sequence() -> None:
    links = Links((use(), use(dst="1"), use(dst="2")))
    assert (len(links), links[1].name, list(links)[2].dst) == (3, "0 -> 1", "2")
    assert links[1:] == Links(links.rows[1:])


def test_the_busiest_carry_most_for_their_bandwidth_and_ties_keep_their_order() -> None:
    idle, fast, slow, other = use(bytes=0), use(bytes=100, bandwidth_Bps=100.0), use(), use(dst="1")
    assert [by_load(one) for one in (idle, fast, slow)] == [0, 1, 2]
    assert Links((idle, fast, slow, other)).busiest(5) == (slow, other, fast)
    assert Links((idle, fast, slow, other)).busiest(1) == (slow,)


def test_results_have_the_links_of_their_points() -> None:
    link: dict[str, Any] = {"bandwidth": "8 GB/s", "latency": "1 us"}
    two = [simulate("ring_all_reduce", n, size="8 kB", link=link, topology="ring") for n in (2, 3)]
    assert isinstance(two[0].links, Links)
    results = Results((*two, make_result()))
    assert len(results.links) == 2 + 6
    assert results[:1].links == two[0].links
    assert {(one.messages, one.bytes) for one in two[0].links} == {(2, 8000)}
    three = {one.name: (one.messages, one.bytes) for one in results.where(workers=3).links}
    assert {name: messages for name, (messages, _) in three.items() if messages} == {
        "0 -> 1": 4,
        "1 -> 2": 4,
        "2 -> 0": 4,
    }
    assert sum(carried for _, carried in three.values()) == two[1].total_bytes == 4 * 8000


def test_a_folder_is_read_with_its_links(tmp_path: Path) -> None:
    written(tmp_path, "a", "b", "c", links=Links((use("a"), use("a", dst="1"), use("c"))))
    loaded = load_results(tmp_path)
    assert [one.links for one in loaded] == [Links((use("a"), use("a", dst="1"))), Links(), Links((use("c"),))]
    assert [one.links for one in load_results(tmp_path, links=False)] == [None] * 3
    assert [one.links for one in load_results(tmp_path / "results.csv")] == [None] * 3
    (tmp_path / "links.csv").unlink()
    assert [one.links for one in load_results(tmp_path)] == [None] * 3


def test_links_of_other_results_are_refused(tmp_path: Path) -> None:
    written(tmp_path, "a", links=Links((use("a"), use("z"))))
    expected = r"links\.csv: links of point z, which is not in results\.csv; run the scenario again"
    with pytest.raises(InputError, match=expected):
        load_results(tmp_path)
    written(tmp_path, "a", "b", links=Links((use("a"), use("b"), use("a"))))
    with pytest.raises(InputError, match="the links of point a stand in two places; expected them together"):
        load_results(tmp_path)


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("src", "source", r"unknown column 'source'"),
        ("src,", "", r"missing column src"),
        (",1,4.0", ",one,4.0", r"links\.csv:2: cables: expected a whole number, found 'one'"),
        ("0,switch", "0", rf"links\.csv:2: expected {len(NAMES)} cells, found {len(NAMES) - 1}"),
    ],
)
def test_what_is_wrong_is_named(tmp_path: Path, old: str, new: str, expected: str) -> None:
    path = tmp_path / "links.csv"
    Links((use(),)).to_csv(path)
    path.write_text(path.read_text().replace(old, new, 1))
    with pytest.raises(InputError, match=expected):
        load_links(path)


def test_a_value_of_another_kind_is_refused() -> None:
    with pytest.raises(ValueError, match=r"peak: expected a whole number, found 1\.5"):
        replace(use(), peak=1.5).as_row()  # type: ignore[arg-type]
