"""The tidy row and the table: exact on the way out and in, and clear about what is not a results file."""

from __future__ import annotations

import builtins
import csv
import os
import stat
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sweep_jobs import make_result, make_row

from simcomm import tables
from simcomm.errors import InputError, OutputError
from simcomm.results import COLUMNS, RESULTS_VERSION, Result, Results, load_results
from simcomm.tables import Column

NAMES = [column.name for column in COLUMNS]
BIG = 2**63
HUGE = 10**30 + 1

CELLS = {
    "int": st.integers(min_value=-(2**200), max_value=2**200),
    "float": st.floats(allow_nan=False),
    "str": st.text(),
    "bool": st.booleans(),
}


def cells(column: Column) -> st.SearchStrategy[Any]:
    if column.name == "results_version":
        return st.just(RESULTS_VERSION)
    return CELLS[column.kind] | st.none() if column.optional else CELLS[column.kind]


ROWS = st.fixed_dictionaries({column.name: cells(column) for column in COLUMNS})


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("results")


def written(folder: Path, text: str | bytes) -> Path:
    path = folder / "some.csv"
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return path


def csv_text(folder: Path, *results: Result) -> str:
    Results(results).to_csv(folder / "text.csv")
    return (folder / "text.csv").read_bytes().decode()


def hide(monkeypatch: pytest.MonkeyPatch, hidden: str) -> None:
    real = builtins.__import__

    def fake(name: str, globals: Any = None, locals: Any = None, fromlist: Sequence[str] = (), level: int = 0) -> Any:
        if name.split(".")[0] == hidden:
            raise ImportError(f"No module named {name!r}")
        return real(name, globals, locals, fromlist, level)

    monkeypatch.setattr(builtins, "__import__", fake)


# Columns


def test_columns_are_those_of_the_contract_in_order() -> None:
    contract = (
        "collective workers parameters vector_bytes topology network engine messages total_bytes max_bytes_sent "
        "max_bytes_received expected_messages expected_bytes counts_match proven time_s algbw_Bps busbw_Bps "
        "lower_bound_s"
    )
    assert " ".join(name for name in NAMES if name in contract.split()) == contract
    assert NAMES[0] == "point"
    assert NAMES[-1] == "results_version"


def test_every_column_says_what_it_means_and_only_these_may_be_empty() -> None:
    assert all(column.meaning.endswith(".") and len(column.meaning) > 10 for column in COLUMNS)
    kinds = {name[-4:]: kind for name, kind in ((c.name, c.kind) for c in COLUMNS) if name.endswith(("_Bps", "_s"))}
    assert set(kinds.values()) == {"float"}
    optional = {column.name for column in COLUMNS if column.optional}
    assert {"formula_s", "time_matches", "algbw_Bps"} <= optional
    assert not optional & {"point", "workers", "messages", "proven", "time_s", "results_version"}


# Results


def test_a_result_ignores_what_rides_along_when_compared() -> None:
    assert make_result() == Result(**make_row(), schedule=[1], timeline=[2], counts=[3])  # type: ignore[arg-type]
    assert "schedule" not in repr(make_result())
    with pytest.raises(AttributeError):
        make_result().workers = 3  # type: ignore[misc]


def test_a_row_is_plain_python_also_from_numpy_and_fractions() -> None:
    odd = make_row(messages=np.int64(7), time_s=Fraction(1, 4), proven=np.bool_(True), steps=Fraction(6, 2), seed=2)
    row = Result(**odd).as_row()  # type: ignore[arg-type]
    picked = [row[name] for name in ("messages", "time_s", "proven", "steps", "seed")]
    assert picked == [7, 0.25, True, 3, 2]
    assert [type(value) for value in picked] == [int, float, bool, int, int]


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("messages", 1.5, "messages: expected a whole number, found 1.5"),
        ("messages", True, "messages: expected a whole number, found True"),
        ("messages", None, "messages: expected a whole number, found nothing"),
        ("time_s", True, "time_s: expected a number, found True"),
        ("time_s", "1", "time_s: expected a number, found '1'"),
        ("proven", 1, "proven: expected true or false, found 1"),
        ("collective", 3, "collective: expected text, found 3"),
    ],
)
def test_a_value_of_another_kind_is_refused(name: str, value: object, expected: str) -> None:
    with pytest.raises(InputError, match=f"^result x: {expected}$"):
        Result.from_row(make_row(**{name: value}))


def test_results_are_a_sequence_and_answer_questions() -> None:
    results = Results(tuple(make_result(workers=n, collective="ab"[n % 2]) for n in range(4)))
    assert len(results) == 4
    assert results[-1].workers == 3
    assert results[1:3].column("workers") == [1, 2]
    assert isinstance(results[1:3], Results)
    assert [result.workers for result in results.where(collective="b")] == [1, 3]
    assert list(results.where(collective="b", workers=2)) == []
    assert make_result(workers=2, collective="a") in results


def test_an_unknown_column_is_refused_with_the_nearest() -> None:
    with pytest.raises(InputError, match=r"no column 'worker'; did you mean 'workers'\?"):
        Results().column("worker")
    with pytest.raises(InputError, match="no column 'time'"):
        Results().where(time=1)


# CSV


@settings(max_examples=60, deadline=None)
@given(rows=st.lists(ROWS, max_size=3))
def test_a_row_survives_csv(folder: Path, rows: list[dict[str, Any]]) -> None:
    results = Results(tuple(Result.from_row(row) for row in rows))
    results.to_csv(folder / "hypothesis.csv")
    assert load_results(folder / "hypothesis.csv") == results


@settings(max_examples=30, deadline=None)
@given(rows=st.lists(ROWS, max_size=3))
def test_other_csv_readers_see_the_same_cells(folder: Path, rows: list[dict[str, Any]]) -> None:
    Results(tuple(Result.from_row(row) for row in rows)).to_csv(folder / "other.csv")
    with (folder / "other.csv").open(newline="", encoding="utf-8") as file:
        header, *lines = csv.reader(file)
    assert header == NAMES
    assert [line[NAMES.index("collective")] for line in lines] == [row["collective"] for row in rows]
    assert [line[NAMES.index("messages")] for line in lines] == [str(row["messages"]) for row in rows]


def test_csv_is_exact_and_the_same_every_time(tmp_path: Path) -> None:
    result = make_result(total_bytes=HUGE, time_s=0.1 + 0.2, formula_s=None, proven=False, options="a=1,b")
    first, second = csv_text(tmp_path, result), csv_text(tmp_path, result)
    assert first == second
    assert "\r" not in first
    for cell in (f",{HUGE},", ",0.30000000000000004,", ",false,", ',"a=1,b",', ",0.30000000000000004,,true,"):
        assert cell in first


def test_columns_may_stand_in_another_order_and_end_as_on_windows(tmp_path: Path) -> None:
    row = make_row(time_matches=None)
    texts = {column.name: column.text(row[column.name]) for column in COLUMNS}
    names = sorted(NAMES)
    text = ",".join(names) + "\r\n" + ",".join(texts[name] for name in names).upper().replace("X", "x") + "\r\n\r\n"
    assert load_results(written(tmp_path, "\ufeff" + text)) == Results((Result.from_row(row),))


def test_writing_replaces_the_file_whole_and_leaves_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "out.csv"
    path.write_text("old")
    alias = tmp_path / "alias.csv"
    alias.symlink_to(path)
    Results((make_result(),)).to_csv(alias)
    assert alias.is_symlink()
    assert load_results(path) == Results((make_result(),))
    assert sorted(file.name for file in tmp_path.iterdir()) == ["alias.csv", "out.csv"]
    assert stat.S_IMODE(path.stat().st_mode) == 0o666 & ~umask()


def umask() -> int:
    old = os.umask(0o22)
    os.umask(old)
    return old


def test_a_full_disk_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "out.csv"
    path.write_text("old")

    def full(handle: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OutputError, match=r"out\.csv: cannot be written: No space left on device"):
        Results().to_csv(path)
    assert [file.read_text() for file in tmp_path.iterdir()] == ["old"]


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="this system has no /dev/full")
def test_a_device_is_written_not_replaced() -> None:
    with pytest.raises(OutputError, match="/dev/full: cannot be written: No space left on device"):
        Results().to_csv("/dev/full")
    assert stat.S_ISCHR(os.stat("/dev/full").st_mode)


def test_a_folder_that_is_not_there_is_wrong_input(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot be written: No such file or directory"):
        Results().to_csv(tmp_path / "no" / "out.csv")
    with pytest.raises(InputError, match="cannot be written: Is a directory"):
        Results().to_csv(tmp_path)


# Parquet and pandas


def test_parquet_keeps_every_row(tmp_path: Path) -> None:
    results = Results((make_result(formula_s=None, time_matches=None), make_result(workers=5)))
    results.to_parquet(tmp_path / "out.parquet")
    assert load_results(tmp_path / "out.parquet") == results
    first = (tmp_path / "out.parquet").read_bytes()
    results.to_parquet(tmp_path / "out.parquet")
    assert (tmp_path / "out.parquet").read_bytes() == first


@pytest.mark.parametrize("number", [BIG - 1, BIG, -BIG - 1, HUGE, 10**50])
def test_parquet_keeps_integers_past_64_bits(tmp_path: Path, number: int) -> None:
    results = Results((make_result(total_bytes=number), make_result(total_bytes=0)))
    results.to_parquet(tmp_path / "big.parquet")
    assert load_results(tmp_path / "big.parquet").column("total_bytes") == [number, 0]


def test_pandas_reads_the_parquet_file(tmp_path: Path) -> None:
    import pandas

    Results((make_result(total_bytes=HUGE, workers=4),)).to_parquet(tmp_path / "out.parquet")
    frame = pandas.read_parquet(tmp_path / "out.parquet")
    assert list(frame.columns) == NAMES
    assert frame["workers"].dtype == "int64"
    assert int(frame["total_bytes"].sum()) == HUGE


def test_a_frame_has_types_that_fit() -> None:
    frame = Results((make_result(total_bytes=BIG, formula_s=None, time_matches=None),)).to_pandas()
    assert list(frame.columns) == NAMES
    assert frame["messages"].dtype == "int64"
    assert frame["total_bytes"].dtype == "object"
    assert frame["total_bytes"][0] == BIG
    assert frame["formula_s"].dtype == "float64"
    assert frame["formula_s"].isna().all()
    assert frame["time_matches"].isna().all()
    assert frame["proven"].dtype == "bool"
    assert frame["collective"][0] == "x"
    assert Results().to_pandas().empty


def test_without_the_libraries_the_message_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    Results().to_parquet(tmp_path / "out.parquet")
    hide(monkeypatch, "pandas")
    with pytest.raises(InputError, match=r"to_pandas needs pandas: pip install 'simcomm\[parquet\]'"):
        Results().to_pandas()
    hide(monkeypatch, "pyarrow")
    with pytest.raises(InputError, match=r"to_parquet needs pyarrow: pip install 'simcomm\[parquet\]'"):
        Results().to_parquet(tmp_path / "other.parquet")
    with pytest.raises(InputError, match=r"reading .*out\.parquet needs pyarrow"):
        load_results(tmp_path / "out.parquet")


# What is not a results file


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"", "the file is empty; expected a results file"),
        (b"\n \n", "not a results file of simcomm: it has no column results_version"),
        (b"\n\n", "the file is empty; expected a results file"),
        (b"\xef\xbb\xbf", "the file is empty; expected a results file"),
        (bytes(range(256)), "a binary file; expected a results file"),
        (b"name,age\nx,3\n", "not a results file of simcomm: it has no column results_version"),
        (b'"name', "some.csv:1: not CSV: unexpected end of data"),
        (b"PAR1 but not really", "not a readable Parquet file"),
    ],
)
def test_another_file_is_refused(tmp_path: Path, content: bytes, expected: str) -> None:
    with pytest.raises(InputError, match=expected):
        load_results(written(tmp_path, content))


def test_another_version_is_refused_before_its_columns(tmp_path: Path) -> None:
    text = f"point,results_version\nx,{RESULTS_VERSION + 1}\n"
    with pytest.raises(InputError, match=r"some\.csv:2: results_version: expected 4, found 5.*run the scenario again"):
        load_results(written(tmp_path, text))
    text = csv_text(tmp_path, make_result(), make_result(results_version=99))
    with pytest.raises(InputError, match=r"some\.csv:3: results_version: expected 4, found 99"):
        load_results(written(tmp_path, text))


def test_another_version_in_parquet_is_refused(tmp_path: Path) -> None:
    Results((make_result(results_version=1),)).to_parquet(tmp_path / "out.parquet")
    with pytest.raises(InputError, match=r"out\.parquet: row 1: results_version: expected 4, found 1"):
        load_results(tmp_path / "out.parquet")


def test_wrong_columns_are_named(tmp_path: Path) -> None:
    text = csv_text(tmp_path, make_result())
    with pytest.raises(InputError, match=r"unknown column 'worker'; did you mean 'workers'\?"):
        load_results(written(tmp_path, text.replace(",workers,", ",worker,")))
    with pytest.raises(InputError, match="column 'ranks' stands twice"):
        load_results(written(tmp_path, text.replace(",workers,", ",ranks,")))
    header = ",".join(name for name in NAMES if name not in ("workers", "steps"))
    with pytest.raises(InputError, match="missing columns workers, steps"):
        load_results(written(tmp_path, header + "\n"))
    with pytest.raises(InputError, match="missing column workers"):
        Result.from_row({name: value for name, value in make_row().items() if name != "workers"})


@pytest.mark.parametrize(
    ("name", "text", "expected"),
    [
        ("workers", "eight", "workers: expected a whole number, found 'eight'"),
        ("workers", "1_0", "workers: expected a whole number, found '1_0'"),
        ("workers", "", "workers: expected a whole number, found an empty cell"),
        ("time_s", "1 s", "time_s: expected a number, found '1 s'"),
        ("proven", "yes", "proven: expected true or false, found 'yes'"),
    ],
)
def test_a_bad_cell_is_named_by_line_and_column(tmp_path: Path, name: str, text: str, expected: str) -> None:
    cells = [text if c.name == name else c.text(make_row()[c.name]) for c in COLUMNS]
    whole = csv_text(tmp_path, make_result()) + ",".join(cells) + "\n"
    with pytest.raises(InputError, match=rf"some\.csv:3: {expected}$"):
        load_results(written(tmp_path, whole))


def test_a_row_of_another_length_is_named(tmp_path: Path) -> None:
    text = csv_text(tmp_path, make_result())
    with pytest.raises(InputError, match=rf"some\.csv:2: expected {len(NAMES)} cells, found {len(NAMES) + 1}"):
        load_results(written(tmp_path, text[:-1] + ",1\n"))


def test_a_bad_value_in_parquet_is_named(tmp_path: Path) -> None:
    columns = [Column(c.name, "str" if c.name == "workers" else c.kind, "", c.optional) for c in COLUMNS]
    rows = [list(make_row(workers="eight").values())]
    tables.write_file(tmp_path / "odd.parquet", tables.parquet_bytes(columns, rows))
    with pytest.raises(InputError, match=r"odd\.parquet: row 1: workers: expected a whole number, found 'eight'"):
        load_results(tmp_path / "odd.parquet")


def test_what_cannot_be_read_is_wrong_input(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot be read: No such file or directory"):
        load_results(tmp_path / "none.csv")
    with pytest.raises(InputError, match="not a file; expected a results file"):
        load_results("/dev/null")


def test_a_folder_is_read_by_its_table(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"a folder without results\.csv$"):
        load_results(tmp_path)
    (tmp_path / "journal.jsonl").touch()
    with pytest.raises(InputError, match="its run was killed: run the scenario again"):
        load_results(tmp_path)
    Results((make_result(),)).to_csv(tmp_path / "results.csv")
    assert load_results(str(tmp_path)) == Results((make_result(),))
