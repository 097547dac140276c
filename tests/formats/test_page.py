"""The page on MSCCL files: commands print what is shown, the scenario runs, every instruction has its row."""

from __future__ import annotations

import contextlib
import io
import re
import shlex

import pytest
from conftest import ROOT

import simcomm
from simcomm import formats
from simcomm.collectives import get
from simcomm.formats.msccl.elements import TYPES
from simcomm.formats.msccl.layout import OPERATIONS

PAGE = (ROOT / "docs" / "msccl.md").read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", PAGE, flags=re.DOTALL)


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """With the files that the page speaks of."""
    monkeypatch.chdir(tmp_path)
    ring = get("ring_all_reduce")
    formats.dump(ring.schedule(4), "ring.xml", name="ring_all_reduce", goal=ring.goal_of(4, {}))
    text = (tmp_path / "ring.xml").read_text()
    (tmp_path / "broken.xml").write_text(
        text.replace('s="1" type="rrc"', 's="1" type="rrc" ').replace(
            'depid="-1" deps="-1" hasdep="1"/>\n      <step s="2"',
            'depid="7" deps="0" hasdep="1"/>\n      <step s="2"',
            1,
        )
    )
    return tmp_path


def test_the_commands_print_what_is_shown(folder, command):
    shown = "".join(blocks("console"))
    runs = re.findall(r"^\$ simcomm (.*)\n((?:[^$].*\n)*)", shown, flags=re.MULTILINE)
    assert len(runs) == shown.count("$ simcomm ") == 4
    for words, expected in runs:
        ran = command(*shlex.split(words))
        assert ran.out + ran.err == expected


def test_the_scenario_runs(folder):
    (text,) = blocks("yaml")
    (folder / "s.yaml").write_text(text)
    results = simcomm.run(folder / "s.yaml")
    assert not results.failed
    assert len(results) == 6
    assert results.where(collective="ring.xml").column("counts_match") == [None, None]


def test_the_python_runs(folder):
    (code,) = blocks("python")
    with contextlib.redirect_stdout(io.StringIO()) as printed:
        exec(compile(code, "msccl.md", "exec"), {})
    assert printed.getvalue() == "4 all_reduce 24 16\n"
    assert (folder / "again.xml").exists()


def test_every_instruction_and_every_collective_has_its_row():
    rows = set(re.findall(r"`([a-z_]+)`", "".join(re.findall(r"^\| (`[^|]*) \|", PAGE, flags=re.MULTILINE))))
    assert rows >= set(TYPES)
    assert rows - {"type", "coll"} == {*TYPES, *OPERATIONS}
