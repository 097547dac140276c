"""The journal: whatever happens to the process or the disk, what was finished is there on the next run."""

from __future__ import annotations

import os
import resource
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sweep_jobs import make_result

from simcomm.errors import InputError, OutputError
from simcomm.link_table import Links, LinkUse
from simcomm.results import JOURNAL_FILE
from simcomm.sweep.identity import point_id
from simcomm.sweep.journal import HEADER, journal_line, open_journal, read_journal

IDS = [point_id({"number": n}, "") for n in range(4)]
RESULTS = [make_result(workers=n, total_bytes=2**63 + n) for n in range(4)]
LINES = [journal_line(id, result) for id, result in zip(IDS, RESULTS, strict=True)]
WHOLE = HEADER + b"".join(LINES)
NOWHERE = Path("journal.jsonl")


def fill(folder: Path, count: int = 4) -> Path:
    with open_journal(folder) as journal:
        for id, result in list(zip(IDS, RESULTS, strict=True))[:count]:
            journal.append(id, result)
    return folder / JOURNAL_FILE


def ids_in(folder: Path) -> list[str]:
    with open_journal(folder) as journal:
        return list(journal.results)


def test_what_is_appended_is_there_next_time(tmp_path: Path) -> None:
    path = fill(tmp_path)
    assert path.read_bytes() == WHOLE
    with open_journal(tmp_path) as journal:
        assert journal.results == dict(zip(IDS, RESULTS, strict=True))
        assert journal.warnings == []
    assert path.read_bytes() == WHOLE


@settings(deadline=None)
@given(
    id=st.text(alphabet="0123456789abcdef", min_size=64, max_size=64),
    integer=st.integers(),
    number=st.floats(allow_nan=False),
    text=st.text(),
)
def test_a_record_survives_the_journal(id: str, integer: int, number: float, text: str) -> None:
    result = make_result(total_bytes=integer, time_s=number, collective=text, formula_s=None)
    line = journal_line(id, result)
    assert line.count(b"\n") == 1
    assert read_journal(NOWHERE, HEADER + line) == ({id: result}, [], len(HEADER + line))


def test_links_stay_with_their_result(tmp_path: Path) -> None:
    use = LinkUse("a", "0", "switch", 2, 4.0, 0.5, 1, 2**70, 0.1 + 0.2, 2.0, 3, 0.5, 1e-9, None)
    given = [make_result(point="a"), *(replace(make_result(point="a"), links=Links(u)) for u in ((), (use, use)))]
    with open_journal(tmp_path) as journal:
        for id, result in zip(IDS, given, strict=False):
            journal.append(id, result)
    with open_journal(tmp_path) as journal:
        assert [result.links for result in journal.results.values()] == [None, Links(), Links((use, use))]
        journal.append(IDS[0], given[2])
    with open_journal(tmp_path) as journal:
        assert journal.results[IDS[0]].links == Links((use, use))


def test_a_line_torn_at_any_byte_costs_only_itself() -> None:
    ends = [len(HEADER) + sum(map(len, LINES[:count])) for count in range(5)]
    for cut in range(len(WHOLE) + 1):
        whole = [end for end in ends if end <= cut]
        results, warnings, end = read_journal(NOWHERE, WHOLE[:cut])
        assert list(results) == IDS[: max(0, len(whole) - 1)], cut
        assert end == (whole[-1] if whole else 0), cut
        assert warnings == []


@pytest.mark.parametrize("cut", [0, 1, len(HEADER) - 1, len(HEADER), len(HEADER) + 1, len(WHOLE) - 200, len(WHOLE) - 1])
def test_the_torn_line_is_cut_off_before_the_next_one(tmp_path: Path, cut: int) -> None:
    path = tmp_path / JOURNAL_FILE
    path.write_bytes(WHOLE[:cut])
    kept = ids_in(tmp_path)
    with open_journal(tmp_path) as journal:
        for id, result in zip(IDS, RESULTS, strict=True):
            if id not in kept:
                journal.append(id, result)
    assert path.read_bytes() == WHOLE


@pytest.mark.parametrize("tail", [b"\0" * 600, b"garbage\n", b"{}\n", b"[1]\n", b"\xff\xfe", b"null\n", b"[" * 100_000])
def test_a_corrupt_last_line_is_cut_off(tmp_path: Path, tail: bytes) -> None:
    path = tmp_path / JOURNAL_FILE
    path.write_bytes(WHOLE + tail)
    assert ids_in(tmp_path) == IDS
    assert path.read_bytes() == WHOLE


@settings(max_examples=200, deadline=None)
@given(place=st.integers(min_value=0, max_value=len(LINES[1]) - 2), byte=st.integers(min_value=0, max_value=255))
def test_a_changed_byte_never_becomes_another_result(place: int, byte: int) -> None:
    line = bytearray(LINES[1])
    line[place] = byte
    results, warnings, _ = read_journal(NOWHERE, HEADER + LINES[0] + bytes(line) + LINES[2])
    assert {id: RESULTS[IDS.index(id)] for id in results} == results
    if byte != LINES[1][place]:
        assert list(results) == [IDS[0], IDS[2]]
        assert warnings[0] == "journal.jsonl:3: corrupt line; its point is run again"


def test_a_corrupt_line_in_the_middle_is_named_and_stays(tmp_path: Path) -> None:
    path = tmp_path / JOURNAL_FILE
    path.write_bytes(HEADER + LINES[0] + b"\r\0 garbage\n" + LINES[2])
    with open_journal(tmp_path) as journal:
        assert list(journal.results) == [IDS[0], IDS[2]]
        assert journal.warnings == [f"{path}:3: corrupt line; its point is run again"]
        journal.append(IDS[1], RESULTS[1])
    assert ids_in(tmp_path) == [IDS[0], IDS[2], IDS[1]]


def test_two_runs_do_not_share_a_folder(tmp_path: Path) -> None:
    fill(tmp_path, 1)
    with (
        open_journal(tmp_path) as journal,
        pytest.raises(InputError, match=r"journal\.jsonl: another run is writing into this folder"),
        open_journal(tmp_path),
    ):
        pass
    assert list(journal.results) == IDS[:1]
    assert ids_in(tmp_path) == IDS[:1]


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b'{"simcomm_journal":2,"results_version":1}\n' + LINES[0], "a journal of another version of simcomm"),
        (b'{"simcomm_journal":1,"results_version":0}\n', "a journal of another version of simcomm"),
        (b'{"simcomm_journal":1,"results_version":1}x\n', "not a journal of simcomm"),
        (b"my notes", "not a journal of simcomm"),
        (b"3\n", "not a journal of simcomm"),
        (b'{"workers":3}\n', "not a journal of simcomm"),
        (b"\xff\n", "not a journal of simcomm"),
    ],
)
def test_another_file_is_refused_and_left_alone(tmp_path: Path, content: bytes, expected: str) -> None:
    path = tmp_path / JOURNAL_FILE
    path.write_bytes(content)
    with pytest.raises(InputError, match=rf"journal\.jsonl: {expected}.*choose another folder"), open_journal(tmp_path):
        pass
    assert path.read_bytes() == content


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="this system has no /dev/full")
def test_a_device_is_refused(tmp_path: Path) -> None:
    (tmp_path / JOURNAL_FILE).symlink_to("/dev/full")
    with pytest.raises(InputError, match=r"journal\.jsonl: not a regular file"), open_journal(tmp_path):
        pass


def test_a_place_that_cannot_be_written_is_wrong_input(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot be written: No such file or directory"), open_journal(tmp_path / "no"):
        pass
    (tmp_path / JOURNAL_FILE).mkdir()
    with pytest.raises(InputError, match="cannot be written: Is a directory"), open_journal(tmp_path):
        pass


def test_a_lock_that_the_disk_refuses_is_one_message(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(handle: int, operation: int) -> None:
        raise OSError(37, "No locks available")

    monkeypatch.setattr("fcntl.flock", refuse)
    with pytest.raises(OutputError, match="cannot be written: No locks available"), open_journal(tmp_path):
        pass


def test_a_disk_that_fails_when_read_is_one_message(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(handle: int, size: int) -> None:
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(os, "ftruncate", fail)
    with pytest.raises(OutputError, match="cannot be written: Input/output error"), open_journal(tmp_path):
        pass


@contextmanager
def largest_file(size: int) -> Iterator[None]:
    """Let no file of this process grow past a size: the write that crosses it is cut short, the next one fails."""
    old = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, old[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, old)


@pytest.mark.parametrize("room", [0, 1, 300, len(LINES[2]) - 1])
def test_a_line_that_does_not_fit_leaves_no_torn_line(tmp_path: Path, room: int) -> None:
    path = fill(tmp_path, 2)
    before = path.read_bytes()
    expected = r"journal\.jsonl: cannot be written: .*; 2 finished points are kept; make room and run again"
    with open_journal(tmp_path) as journal:
        with largest_file(len(before) + room), pytest.raises(OutputError, match=expected):
            journal.append(IDS[2], RESULTS[2])
        assert path.read_bytes() == before
        assert list(journal.results) == IDS[:2]
        journal.append(IDS[2], RESULTS[2])
    assert ids_in(tmp_path) == IDS[:3]


def test_a_record_counts_only_when_the_disk_has_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(handle: int) -> None:
        raise OSError(28, "No space left on device")

    with open_journal(tmp_path) as journal:
        journal.append(IDS[0], RESULTS[0])
        with monkeypatch.context() as patch:
            patch.setattr(os, "fsync", full)
            with pytest.raises(OutputError, match="No space left on device"):
                journal.append(IDS[1], RESULTS[1])
    assert ids_in(tmp_path) == IDS[:1]


def test_the_lock_of_a_killed_run_is_free(tmp_path: Path) -> None:
    code = (
        "import os, signal, sys; from pathlib import Path; from simcomm.sweep.journal import open_journal\n"
        "with open_journal(Path(sys.argv[1])): os.kill(os.getpid(), signal.SIGKILL)"
    )
    done: subprocess.CompletedProcess[Any] = subprocess.run([sys.executable, "-c", code, tmp_path], timeout=120)
    assert done.returncode == -9
    assert ids_in(tmp_path) == []
