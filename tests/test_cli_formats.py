"""`simcomm import` and `simcomm export` as a user types them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from conftest import ROOT

from simcomm import formats
from simcomm.schedule import Operation, Schedule

ALL_TO_ALL = ROOT / "tests" / "data" / "formats" / "rccl_alltoall-8n-0-9kb.xml"


def test_a_file_of_others_is_proven_and_timed(command):
    link = ("--bandwidth", "8 Gbit/s", "--latency", "0 s")
    ran = command("import", ALL_TO_ALL, "--size", "1 MB", *link, "--network", "fair_share")
    assert (ran.code, ran.err) == (0, "")
    assert ran.out.splitlines() == [
        "alltoall_llm: 8 workers, 56 messages, 1 steps",
        "proven: all_to_all, 64 places, by bitsets",
        "time for 1 MB on a star of 8 Gbit/s and 0 s by fair_share: 875 us",
    ]
    # All begin with a message to rank 0: where ports send one message after the other, they queue there.
    assert "by loggp: 1.63 ms" in command("import", ALL_TO_ALL, "--size", "1 MB", *link).out
    assert command("import", ALL_TO_ALL, "--size", "1 MB", "--network", "logp").code == 2


def test_without_a_size_there_is_no_time_and_with_show_there_is_the_schedule(command):
    ran = command("import", ALL_TO_ALL, "--show")
    assert "time" not in ran.out
    assert "   0  copy 0 -> 1  chunk 1\n" in ran.out
    assert ran.out.count(" -> ") == 56


def test_what_is_wrong_has_an_exit_code_of_its_own(command, tmp_path):
    text = ALL_TO_ALL.read_text()
    (tmp_path / "input.xml").write_text(text.replace('type="cpy"', 'type="copy"', 1))
    ran = command("import", "input.xml")
    assert ran.code == 2
    assert ran.err.startswith('error: input.xml:6: <step s="0" type="copy" …>: type: \'copy\'; expected one of s, r, ')
    (tmp_path / "proof.xml").write_text(
        text.replace('type="cpy" srcbuf="i" srcoff="0"', 'type="cpy" srcbuf="i" srcoff="1"', 1)
    )
    ran = command("import", "proof.xml")
    assert ran.code == 1
    assert "misplaced; expected chunk 0" in ran.err
    assert command("import", "none.xml").code == 2
    assert "the ending" in command("import", "none.txt").err


def test_a_collective_with_options_is_written_and_read_again(command, tmp_path):
    ran = command("export", "ring_all_reduce", "segments=2", "-n", "3", "-o", "x.xml")
    assert (ran.code, ran.out) == (0, "x.xml: 24 messages of 3 workers\n")
    found = formats.load(tmp_path / "x.xml")
    assert (found.name, found.workers, found.schedule.chunks) == ("ring_all_reduce", 3, 6)
    assert command("export", "ring_all_reduce", "-o", "y.txt", "--format", "msccl").out.endswith("of 4 workers\n")


def test_a_scenario_must_have_one_point(command, scenario):
    path = scenario("sweep: {workers: [2, 4]}\n")
    assert command("export", path, "workers=4", "-o", "x.xml").out == "x.xml: 24 messages of 4 workers\n"
    ran = command("export", path, "-o", "x.xml")
    assert ran.code == 2
    assert ran.err == f"error: {path}: 2 points; expected one: pick it by KEY=VALUE for workers\n"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("ring_all_redcue", "-o", "x.xml"), "unknown collective 'ring_all_redcue'"),
        (("ring_all_reduce", "-o", "x.txt"), "x.txt: no format has the ending '.txt'"),
        (("parameter_server", "-o", "x.xml"), "1 servers; MSCCL knows workers only"),
        ((ALL_TO_ALL, "-n", "4", "-o", "x.xml"), "a file has its own workers and options; expected neither"),
        (("s.yaml", "-n", "4", "-o", "x.xml"), "s.yaml: -n is for a collective by name; expected workers=4"),
    ],
)
def test_what_cannot_be_written_is_refused(command, tmp_path, arguments, message):
    ran = command("export", *arguments)
    assert ran.code == 2
    assert message in ran.err
    assert not (tmp_path / "x.xml").exists()


def test_a_file_can_be_written_anew(command, tmp_path):
    assert command("export", ALL_TO_ALL, "-o", "x.xml").out == "x.xml: 56 messages of 8 workers\n"
    one, other = (formats.load(path).schedule for path in (ALL_TO_ALL, tmp_path / "x.xml"))
    assert str(one) == str(other)


def test_what_nobody_says_the_goal_of_is_not_proven(command, tmp_path):
    formats.dump(Schedule.of(2, 1, [Operation("copy", 0, 1, 0)]), tmp_path / "x.xml")
    ran = command("import", "x.xml")
    assert ran.out == "schedule: 2 workers, 1 messages, 1 steps\nnot proven: the file does not say what it is for\n"


def test_messages_with_bytes_of_their_own_are_timed_by_them(command, monkeypatch):
    found = replace(formats.load(ALL_TO_ALL), size_bytes=np.full(56, 10**6), goal=None)
    monkeypatch.setattr(formats, "load", lambda *_: found)
    ran = command("import", "x.goal", "--bandwidth", "8 Gbit/s", "--latency", "0 s", "--network", "fair_share")
    assert ran.out.endswith("\ntime on a star of 8 Gbit/s and 0 s by fair_share: 7 ms\n")
    assert "the messages have their bytes; expected no size" in command("import", "x.goal", "-s", "1 MB").err


def test_messages_with_bytes_of_their_own_are_not_written_as_others(command, tmp_path):
    """Their sizes would be lost: a message of no known chunk would be the whole vector."""
    (tmp_path / "x.goal").write_text("num_ranks 2\nrank 0 {\nsend 8b to 1\n}\nrank 1 {\nrecv 8b from 0\n}\n")
    for out, *size in (("y.goal", "-s", "1 MB"), ("y.goal",), ("y.xml",), ("y.et", "-s", "1 MB")):
        ran = command("export", "x.goal", "-o", out, *size)
        assert (ran.code, ran.out) == (2, "")
        assert "x.goal: messages of so many bytes, of which nobody knows whose vector they are" in ran.err
    assert sorted(path.name for path in tmp_path.iterdir()) == ["x.goal"]


def test_a_file_of_chunks_has_the_size_that_the_help_says(command, tmp_path):
    command("export", "ring_all_reduce", "-n", "2", "-o", "x.xml")
    assert command("export", "x.xml", "-o", "x.goal").code == 0
    assert formats.load(tmp_path / "x.goal").vector.bytes == 2**20


@pytest.mark.parametrize(("option", "value"), [("--network", "logp"), ("--bandwidth", "1"), ("--latency", "-1 us")])
def test_what_is_wrong_is_refused_though_nothing_is_timed(option, value, command):
    ran = command("import", ALL_TO_ALL, option, value)
    assert (ran.code, ran.out) == (2, "")
    assert value in ran.err


@pytest.mark.parametrize("arguments", [("import", "-"), ("export", "ring_all_reduce", "-f", "msccl", "-o", "-")])
def test_a_dash_is_no_file(arguments, command, tmp_path):
    ran = command(*arguments)
    assert (ran.code, ran.out) == (2, "")
    assert "-: expected the name of a file; that of a stream, such as /dev/stdin, needs --format" in ran.err
    assert not list(tmp_path.iterdir())
