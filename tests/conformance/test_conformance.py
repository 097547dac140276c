"""Files of cases, what becomes of a case, its row, the summary, and the command with its exit codes."""

from __future__ import annotations

import json
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from conftest import ROOT

from simcomm.conformance import PEERS, outcome, suites
from simcomm.conformance.case import AGREES, DIFFERS, NOT_RUN, NOT_UNDERSTOOD, Number, Outcome
from simcomm.conformance.loggopsim import PEER
from simcomm.conformance.tables import header, row, summary
from simcomm.errors import InputError

HERE = ROOT / "tests" / "data" / "conformance"

MESSAGE = {"src": 0, "dst": 1, "size_bytes": 6, "after": []}
RIGHT: dict[str, Any] = {
    **{"id": "right", "workers": 2, "L": 3, "o": 1, "g": 0, "G": 2, "O": 0},
    **{"messages": [MESSAGE], "finish": 15},
}
WRONG = RIGHT | {"id": "wrong", "finish": 16}
STRANGE = RIGHT | {"id": "strange", "colour": "[red]"}


@pytest.fixture
def write(tmp_path):
    def file(name: str, *cases: Any, simulator: str = "LogGOPSim 76451de, eager", **more: Any) -> Path:
        path = tmp_path / "cases" / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(json.dumps({"simulator": simulator, "cases": cases, **more}))
        return path.parent

    return file


def test_files_are_taken_by_name_and_one_file_will_do(write):
    write("b.json", RIGHT)
    folder = write("a.json", simulator="SimGrid 4.1, C++")
    (folder / "README.md").touch()
    assert [suite.file for suite in suites(folder)] == ["a.json", "b.json"]
    (suite,) = suites(folder / "b.json")
    assert [found.verdict for found in suite.outcomes()] == [AGREES]


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("{", r"x\.json: not readable as JSON \(Expecting"),
        ("[" * 100_000, r"x\.json: not readable as JSON"),
        ("[]", r"x\.json: no list of 'cases'; expected simulator and cases$"),
        ('{"cases": {}}', r"x\.json: no list of 'cases'"),
        ('{"cases": []}', r"x\.json: simulator 'None' is not known; expected ASTRA-sim, LogGOPSim, SimGrid$"),
        ('{"cases": [], "simulator": "LogGOPsim 1"}', r"; did you mean 'LogGOPSim'\?$"),
        ("\udcff", r"x\.json: not readable as JSON"),
    ],
)
def test_files_that_are_no_cases(tmp_path, text, why):
    (tmp_path / "x.json").write_bytes(text.encode(errors="surrogateescape"))
    with pytest.raises(InputError, match=why):
        suites(tmp_path)


def test_nothing_to_read(tmp_path):
    with pytest.raises(InputError, match=r"no file of cases; expected files that end in \.json$"):
        suites(tmp_path)
    with pytest.raises(InputError, match=r"none\.json: No such file"):
        suites(tmp_path / "none.json")


def test_every_peer_is_there():
    for simulator, where in PEERS.items():
        module, attribute = where.split(":")
        peer = getattr(import_module(module), attribute)
        assert peer.read.__module__ == module
        assert module.rpartition(".")[2][:4] == simulator.lower()[:4]


def test_the_four_verdicts():
    assert outcome(PEER, RIGHT) == Outcome("right", AGREES, (Number("finish", 15, 15, 0, 0),))
    assert outcome(PEER, WRONG).verdict == DIFFERS
    assert outcome(PEER, RIGHT, most_crossings=1) == Outcome("right", NOT_RUN, why="1 messages")
    assert outcome(PEER, STRANGE).verdict == NOT_UNDERSTOOD


def test_too_many_messages_are_not_run_whatever_is_asked_for():
    ring = {
        "collective": "ring_all_reduce",
        "vector_bytes": 10**6,
        "message_bytes": 1,
        "messages": 2 * 10**6 * (10**6 - 1),
    }
    found = outcome(PEER, RIGHT | ring | {"workers": 10**6}, most_crossings=10**18)
    assert (found.verdict, found.why) == (NOT_RUN, "1,999,998,000,000 messages")


@pytest.mark.parametrize("case", [None, [], "ring", 3])
def test_a_case_that_is_none(case):
    found = outcome(PEER, case)
    assert (found.case, found.verdict) == ("a case without id", NOT_UNDERSTOOD)
    assert found.why.startswith("a case: ")


def test_rows():
    assert len(header(PEER)) == len(row(PEER, outcome(PEER, RIGHT)))
    assert row(PEER, outcome(PEER, RIGHT)) == ("right", "15", "15", "0", "0", "agrees")
    assert row(PEER, outcome(PEER, WRONG)) == ("wrong", "16", "15", "1", "0", "differs: finish")
    assert row(PEER, outcome(PEER, RIGHT, 0)) == ("right", "", "", "", "", "not run (1 messages)")
    assert row(PEER, Outcome("x", DIFFERS, why="two\nlines"))[-1] == "differs (two lines)"
    several = (Number("a", 5, 5, 0, 2), Number("b", 7, 8, 1, 2))
    assert row(PEER, Outcome("x", AGREES, several)) == ("x", "5", "5", "1", "2", "agrees (2 times)")
    assert row(PEER, Outcome("x", DIFFERS, (*several, Number("c", 1, 4, 3, 2))))[1:] == (
        "1",
        "4",
        "3",
        "2",
        "differs: c",
    )


def test_a_difference_that_is_no_number_is_none_that_is_allowed():
    nan = Number("finish", 1.0, float("nan"), float("nan"), 1e-6)
    assert not nan.agrees


def test_the_summary(write):
    (suite,) = suites(write("a.json", RIGHT, WRONG, STRANGE))
    found = list(suite.outcomes())
    start = "a.json (LogGOPSim 76451de, eager): "
    assert summary(suite, found) == (
        start + "1 of 2 cases agree, largest difference 1 (0 allowed) in wrong; 1 differs; 1 not understood"
    )
    assert summary(suite, found[:1]) == start + "1 of 1 cases agree, largest difference 0"
    assert summary(suite, list(suite.outcomes(0))) == start + "0 of 0 cases agree; 2 not run; 1 not understood"


def test_the_command_shows_cases_and_says_how_many_agree(command, write):
    ran = command("conformance", write("a.json", RIGHT, STRANGE, WRONG))
    assert ran.code == 1
    assert "unknown field 'colour'" in ran.out
    lines = ran.out.splitlines()
    assert [line.split()[-1] for line in lines if line.startswith("  right ")] == ["agrees"]
    assert lines[-1].startswith("a.json (LogGOPSim")


@pytest.mark.parametrize(("cases", "code"), [((RIGHT,), 0), ((RIGHT, WRONG), 1), ((RIGHT, STRANGE), 2)])
def test_exit_codes(command, write, cases, code):
    assert command("conformance", write("a.json", *cases)).code == code


def test_square_brackets_of_a_case_are_shown(command, write):
    ran = command("conformance", write("a.json", RIGHT | {"id": "[bold]x[/bold]"}))
    assert "[bold]x[/bold]" in ran.out


def test_nothing_run_is_nothing_compared(command, write):
    ran = command("conformance", write("a.json", RIGHT), "--most-crossings", "1")
    assert ran.code == 2
    assert ran.err.endswith("no case was run; expected cases of at most 1 link crossings\n")
    assert command("conformance", write("a.json")).code == 2


def test_a_folder_that_is_not_there(command, tmp_path):
    ran = command("conformance", tmp_path / "nowhere")
    assert ran.code == 2
    assert "expected a file of cases" in ran.err


JUNK = (None, -1, 0, 1, 1.5, "x", "", [], {}, True, 10**30, 1e308, float("nan"), float("inf"), [[1]], {"a": 1})


def mutants(value: Any) -> Iterator[Any]:
    """``value`` with one thing in it, at any depth, replaced by junk or left out."""
    yield from JUNK
    if isinstance(value, dict):
        for key, own in value.items():
            yield {other: kept for other, kept in value.items() if other != key}
            yield from (value | {key: mutant} for mutant in mutants(own))
    elif isinstance(value, list) and value:
        yield from ([*value[:-1], mutant] for mutant in mutants(value[-1]))


@pytest.mark.parametrize("suite", suites(HERE), ids=lambda suite: suite.file)
def test_whatever_a_case_holds_there_is_a_verdict_and_no_crash(suite):
    found = [outcome(suite.peer, mutant, 500) for mutant in mutants(suite.cases[-1])]
    assert {AGREES, NOT_UNDERSTOOD} <= {one.verdict for one in found}
    assert all(one.why for one in found if one.verdict == NOT_UNDERSTOOD)
