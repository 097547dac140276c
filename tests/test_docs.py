"""The docs are true: generated pages are up to date, commands print what is shown, code runs, links lead somewhere."""

from __future__ import annotations

import contextlib
import io
import re
import runpy
from pathlib import Path

import pytest
from conftest import ROOT

import simcomm

PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").glob("*.md"))]
GENERATE = runpy.run_path(str(ROOT / "docs" / "generate.py"))


def blocks(page: Path, language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", page.read_text(encoding="utf-8"), flags=re.DOTALL)


@pytest.mark.parametrize("page", GENERATE["PAGES"])
def test_generated_pages_are_up_to_date(page):
    shown = (ROOT / "docs" / page).read_text(encoding="utf-8")
    assert shown == GENERATE["PAGES"][page](), "run: python docs/generate.py"


def test_the_commands_of_the_readme_print_what_it_shows():
    shown = (ROOT / "README.md").read_text(encoding="utf-8")
    assert shown.count("\n$ simcomm ") >= 4
    assert shown == GENERATE["readme"](shown), "run: python docs/generate.py"


def test_the_readme_names_the_two_commands_and_they_are_there():
    first = blocks(ROOT / "README.md", "console")[0]
    commands = [line.split("#")[0].split() for line in first.splitlines()]
    assert commands == [["python3", "do.py", "demo"], ["python3", "do.py", "test"]]
    assert (ROOT / "do.py").is_file()


def test_the_python_of_the_readme_runs(capsys):
    (code,) = blocks(ROOT / "README.md", "python")
    exec(compile(code, "README.md", "exec"), {})
    assert capsys.readouterr().out == "112 messages, 14.45 ms, 1.009 times the lower bound\n"


def test_the_scenario_of_the_readme_is_legal(tmp_path):
    (text,) = blocks(ROOT / "README.md", "yaml")
    (tmp_path / "readme.yaml").write_text(text)
    results = simcomm.run(tmp_path / "readme.yaml", overrides=["workers=4,8"])
    assert len(results) == 6
    assert not results.failed


def test_a_collective_in_ten_minutes(tmp_path, monkeypatch):
    code = blocks(ROOT / "CONTRIBUTING.md", "python")
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        exec(compile("\n".join(code), "CONTRIBUTING.md", "exec"), found := {"__name__": "contributing"})
    planted, seconds = printed.getvalue().splitlines()
    changing, caught = re.findall(r"\d+", planted)
    assert int(changing) == int(caught) > 50
    assert float(seconds) == pytest.approx(14 * (1e-5 + 1e8 / 12.5e9))
    assert found["on_a_bus"].timeline.makespan_s == pytest.approx(24 * 4e-3)
    (tmp_path / "my_collectives.py").write_text(code[0])
    (scenario,) = blocks(ROOT / "CONTRIBUTING.md", "yaml")
    (tmp_path / "s.yaml").write_text(scenario)
    (result,) = simcomm.run(tmp_path / "s.yaml")
    assert (result.collective, result.messages) == ("chain", 14)
    assert result.time_s == float(seconds)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page):
    targets = re.findall(r"\]\(([^)#]+)\)", page.read_text(encoding="utf-8"))
    missing = [t for t in targets if "://" not in t and not (page.parent / t).exists()]
    assert missing == []


def test_the_commands_under_the_pictures_of_scenarios_are_legal():
    page = (ROOT / "docs" / "scenarios.md").read_text(encoding="utf-8")
    commands = re.findall(r"^\$ simcomm (\w+) (\S+) (.*?)-o results/(\w+)  # (\w+)\.png$", page, flags=re.MULTILINE)
    assert len(commands) == page.count("\n$ ") == 6
    for command, scenario, overrides, picture, _ in commands:
        document = simcomm.scenario.load(ROOT / scenario, overrides.split())
        assert len(document.points) == 1 or command == "run"
        assert f"(pictures/{picture}.png)" in page
        assert (ROOT / scenario).stem == picture


def test_the_changelog_has_this_version():
    assert f"## {simcomm.__version__} " in (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
