"""The docs are true: generated pages are up to date, commands print what is shown, code runs, links lead somewhere."""

from __future__ import annotations

import configparser
import contextlib
import inspect
import io
import json
import re
import runpy
import shlex
from pathlib import Path
from typing import Any

import pytest
from conftest import ROOT
from PIL import Image

import simcomm
from simcomm import cli, cli_animate, collectives, engines
from simcomm.compare import TuningTable
from simcomm.compare.ranking import LeftOut
from simcomm.limits import ENGINE_BYTES
from simcomm.plots.film_gif import moments
from simcomm.testing import plant

PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").glob("*.md"))]
ENGINES_PAGE = ROOT / "docs" / "engines.md"
GENERATE = runpy.run_path(str(ROOT / "docs" / "generate.py"))


def blocks(page: Path, language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", page.read_text(encoding="utf-8"), flags=re.DOTALL)


@pytest.mark.parametrize("page", [name for name in GENERATE["PAGES"] if name != "planted_bugs.md"])
def test_generated_pages_are_up_to_date(page):
    shown = (ROOT / "docs" / page).read_text(encoding="utf-8")
    assert shown == GENERATE["PAGES"][page](), "run: python docs/generate.py"


def test_the_page_on_planted_bugs_is_up_to_date():
    """A row of every collective, of which some are planted anew here; tests/collectives/test_every.py plants in all."""
    rows = dict(re.findall(r"^\| `(\w+)` (.*) \|$", (ROOT / "docs" / "planted_bugs.md").read_text("utf-8"), flags=re.M))
    assert tuple(rows) == collectives.names()
    for name in collectives.names()[::6]:
        workers, teeth = plant(collectives.get(name))
        assert f"| `{name}` {rows[name]} |" == GENERATE["_row"](f"`{name}`", f"2 … {workers}", teeth), "generate.py"
    figures = [[int(cell) for cell in row.split("|")[2:]] for row in rows.values()]
    assert all(planted >= 200 and changing == killed for planted, changing, killed, *_ in figures)
    together = " | ".join(map(str, map(sum, zip(*figures, strict=True))))
    assert f"| **all** |  | {together} |" in (ROOT / "docs" / "planted_bugs.md").read_text("utf-8")


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


def section(title: str) -> str:
    """Of the page on engines."""
    return ENGINES_PAGE.read_text(encoding="utf-8").split(f"\n## {title}\n")[1].split("\n## ")[0]


def calls(title: str) -> list[list[str]]:
    """Cells of the rows of a section whose first one is what ``run`` is called with."""
    lines = [line for line in section(title).splitlines() if line.startswith('| `"')]
    return [[cell.strip() for cell in line.strip("|").split(" | ")] for line in lines]


@pytest.fixture(scope="module")
def engine_page() -> dict[str, Any]:
    """What its code has defined and, as ``printed``, what it has printed."""
    found: dict[str, Any] = {"__name__": "engines"}
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        exec(compile("\n".join(blocks(ENGINES_PAGE, "python")), "engines.md", "exec"), found)
    return found | {"printed": printed.getvalue()}


def test_the_python_of_the_engines_prints_what_it_shows(engine_page):
    assert engine_page["printed"] == "".join(blocks(ENGINES_PAGE, "text"))


@pytest.mark.parametrize(("call", "engine", "reason"), calls("When each is chosen"))
def test_the_engine_is_the_one_that_the_page_says(engine_page, call, engine, reason):
    result = eval(f"run({call.strip('`')})", engine_page)
    assert (f"`{result.engine}`", result.engine_reason) == (engine, reason)


@pytest.mark.parametrize(("call", "error"), calls("What each refuses"))
def test_refusals_are_those_that_the_page_shows(engine_page, call, error):
    with pytest.raises(simcomm.InputError) as refused:
        eval(f"run({call.strip('`')}, engine='symmetry')", engine_page)
    assert str(refused.value) == error


def test_other_refusals_have_the_words_that_the_page_shows():
    code = "".join(path.read_text(encoding="utf-8") for path in sorted((ROOT / "simcomm" / "engines").glob("*.py")))
    listed = [line for line in section("What each refuses").splitlines() if line.startswith("* ")]
    words = [word for line in listed for quoted in re.findall("`([^`]+ [^`]+)`", line) for word in quoted.split("…")]
    assert len(words) > 20
    assert [word for word in words if word.strip() not in code] == []


def test_the_page_on_engines_has_the_rules_and_the_memory_of_each():
    text = ENGINES_PAGE.read_text(encoding="utf-8")
    planned = {*engines.WITHOUT_TIMELINE, *engines.ENGINES}
    assert planned == set(re.findall(r"^\| `(\w+)` \| \S+ message", text, flags=re.MULTILINE))
    source = inspect.getsource(engines._fastest_first)
    for reason in re.findall(r'Choice\("\w+", "(.*)"\)', source):
        assert f" | {reason} |" in section("When each is chosen")
    for name, needs in ENGINE_BYTES.items():
        assert " | ".join([f"| `{name}`", *(f"{part:,}" for part in needs)]) in text


def test_what_the_page_on_engines_tells_to_run_is_there():
    files = re.findall(r"[\w/]+\.(?:py|yaml)|tests/engines", "".join(blocks(ENGINES_PAGE, "console")))
    assert len(files) >= 4
    assert [name for name in files if not (ROOT / name).exists()] == []


def test_the_page_on_comparisons_is_true(tmp_path, monkeypatch, capsys):
    page = ROOT / "docs" / "compare.md"
    text = page.read_text(encoding="utf-8")
    (shown,) = blocks(page, "console")
    (tmp_path / "scenarios").symlink_to(ROOT / "scenarios")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("sys.argv", shlex.split(shown.splitlines()[0].removeprefix("$ ")))
    with pytest.raises(SystemExit) as ended:
        cli.main()
    printed = "\n".join(line.rstrip() for line in capsys.readouterr().out.splitlines() if line.strip())
    assert ended.value.code == 0
    assert shown.split("\n", 1)[1].rstrip() == printed, "run: python docs/generate.py"
    assert GENERATE["_columns"](TuningTable.columns) in text
    table = json.loads(Path("results/broadcast/tuning_table.json").read_text(encoding="utf-8"))
    inside = [table["effort"], *(table[key][0] for key in ("ranges", "rows", "crossovers")), LeftOut._fields]
    assert [key for part in (table, *inside) for key in part if f"`{key}`" not in text] == []
    exec(compile("".join(blocks(page, "python")), "compare.md", "exec"), {})
    assert capsys.readouterr().out == "".join(blocks(page, "text"))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page):
    targets = re.findall(r"\]\(([^)#]+)\)", page.read_text(encoding="utf-8"))
    missing = [t for t in targets if "://" not in t and not (page.parent / t).exists()]
    assert missing == []


def test_the_commands_under_the_pictures_of_scenarios_are_legal():
    page = (ROOT / "docs" / "scenarios.md").read_text(encoding="utf-8")
    commands = re.findall(r"^\$ simcomm (\w+) (\S+) (.*?)-o results/(\w+)  # (\w+)\.png$", page, flags=re.MULTILINE)
    assert len(commands) == page.count("\n$ ") == 7
    for command, scenario, overrides, picture, _ in commands:
        document = simcomm.scenario.load(ROOT / scenario, overrides.split())
        assert len(document.points) == 1 or command == "run"
        assert f"(pictures/{picture}.png)" in page
        assert (ROOT / scenario).stem == picture


def test_the_films_of_the_readme_are_what_its_commands_make():
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    for words in GENERATE["film_commands"]():
        asked = cli_animate.animate.make_context("animate", words[2:]).params
        made = cli_animate._film(asked["what"], asked["options"], asked["workers"], ())
        (path,) = asked["paths"]
        assert f"(docs/pictures/{path})" in text
        with Image.open(ROOT / "docs" / "pictures" / path) as film:
            assert film.n_frames == len(moments(made)), "run: python docs/generate.py pictures"


def test_the_design_has_the_layers_that_imports_keep_to():
    rules = configparser.ConfigParser()
    rules.read(ROOT / ".importlinter")
    layers = rules["importlinter:contract:layers"]["layers"].split("\n")
    kept = [{name.strip() for name in layer.split("|")} for layer in layers if layer not in ("", "__main__")]
    text = (ROOT / "docs" / "design.md").read_text(encoding="utf-8")
    shown = [{name.strip() for name in layer.split(",")} for layer in re.findall(r"cli → [^`]*", text)[0].split("→")]
    assert shown == [{"cli_…"} if "cli_animate" in layer else layer for layer in kept]


def test_the_changelog_has_this_version():
    assert f"## {simcomm.__version__} " in (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
