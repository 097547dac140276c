"""Every reference case, run as a user would run it: those of ../shared that are not too large, and a few kept here."""

from __future__ import annotations

import runpy

import pytest
from conftest import ROOT, SHARED

from simcomm import engines
from simcomm.conformance import Suite, outcome, suites
from simcomm.conformance.case import AGREES, NOT_RUN, NOT_UNDERSTOOD
from simcomm.conformance.fields import Fields
from simcomm.conformance.tables import row

HERE = ROOT / "tests" / "data" / "conformance"
THERE = SHARED / "conformance"
MOST_CROSSINGS = 8_200  # for speed alone: the larger ones are the same patterns

GENERATE = runpy.run_path(str(ROOT / "docs" / "generate.py"))


def cases(folder):
    every = suites(folder) if folder.exists() else []
    return [pytest.param(suite, case, id=case["id"]) for suite in every for case in suite.cases]


@pytest.mark.parametrize(("suite", "case"), cases(HERE))
def test_the_few_that_are_kept_here(suite, case):
    found = outcome(suite.peer, case)
    assert found.verdict == AGREES, row(suite.peer, found)


@pytest.mark.no_cover
@pytest.mark.parametrize("engine", engines.ENGINES)
@pytest.mark.parametrize(("suite", "case"), cases(HERE))
def test_every_engine_agrees_or_does_not_take_the_case(suite, case, engine):
    found = outcome(suite.peer, case, engine=engine)
    assert found.verdict in (AGREES, NOT_RUN), row(suite.peer, found)
    assert found.why.startswith(f"engine: {engine} ") or found.verdict == AGREES


@pytest.mark.no_cover
@pytest.mark.skipif(not THERE.exists(), reason="the reference answers (../shared/conformance) are not here")
@pytest.mark.parametrize(("suite", "case"), cases(THERE))
def test_every_case_in_the_compiled_engine(suite: Suite, case):
    found = outcome(suite.peer, case, MOST_CROSSINGS, "compiled")
    assert found.verdict in (AGREES, NOT_RUN), row(suite.peer, found)
    if suite.peer.read(Fields(case)).crossings <= MOST_CROSSINGS and "flows" not in found.why:
        assert found.verdict == AGREES, found.why


@pytest.mark.no_cover
@pytest.mark.skipif(not THERE.exists(), reason="the reference answers (../shared/conformance) are not here")
@pytest.mark.parametrize(("suite", "case"), cases(THERE))
def test_every_case_that_is_not_too_large(suite: Suite, case):
    found = outcome(suite.peer, case, MOST_CROSSINGS)
    assert found.verdict in (AGREES, NOT_RUN), row(suite.peer, found)
    if found.verdict == AGREES:
        page = (ROOT / "docs" / "conformance.md").read_text(encoding="utf-8")
        line = GENERATE["conformance_row"](suite.peer, found)
        assert line in page.splitlines(), "run: python docs/generate.py conformance"


@pytest.mark.skipif(not THERE.exists(), reason="the reference answers (../shared/conformance) are not here")
def test_most_cases_are_run_and_all_are_understood():
    found = [outcome(suite.peer, case, 0) for suite in suites(THERE) for case in suite.cases]
    assert {one.verdict for one in found} == {NOT_RUN}, [one for one in found if one.verdict == NOT_UNDERSTOOD]
    read = [suite.peer.read(Fields(case)) for suite in suites(THERE) for case in suite.cases]
    assert sum(case.crossings <= MOST_CROSSINGS for case in read) >= 180


@pytest.mark.skipif(not THERE.exists(), reason="the reference answers (../shared/conformance) are not here")
def test_the_page_has_a_table_for_every_file_and_a_row_for_every_case():
    page = (ROOT / "docs" / "conformance.md").read_text(encoding="utf-8")
    for suite in suites(THERE):
        assert f"<!-- cases of {suite.file} -->" in page
        for case in suite.cases:
            assert page.count(f"\n| {case['id']} |") == 1
