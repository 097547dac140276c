"""The house: the lock, the two commands, and what no file of the project may hold."""

from __future__ import annotations

import ast
import importlib.util
import os
import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

import simcomm

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
MOST_LINES = 320
MOST_LINES_OF_A_FUNCTION = 50
LOCK = (ROOT / "requirements.lock").read_text(encoding="utf-8")


def locked() -> Iterator[tuple[str, str, str]]:
    """Name, version and the rest (marker and hashes) of every entry of the lock."""
    for entry in re.split(r"\n(?=[a-z])", LOCK.replace("\\\n", "")):
        if not entry.startswith("#"):
            pin, _, rest = entry.partition(" ")
            name, _, version = pin.partition("==")
            yield name, version, rest


def test_the_lock_pins_every_entry_by_hash() -> None:
    entries = list(locked())
    assert len(entries) > 50
    for name, version, rest in entries:
        assert version, name
        assert re.search(r"--hash=sha256:[0-9a-f]{64}\b", rest), name


def test_the_lock_names_no_registry_and_no_machine() -> None:
    assert not re.findall(r".*(?:[/@]|index|find-links).*", LOCK)


def test_the_lock_holds_every_dependency_in_a_version_that_the_project_allows() -> None:
    versions: dict[str, list[str]] = {}
    for name, version, _ in locked():
        versions.setdefault(name, []).append(version)
    wanted = [
        *PROJECT["dependencies"],
        *(text for extra in PROJECT["optional-dependencies"].values() for text in extra),
    ]
    for requirement in map(Requirement, wanted):
        name = canonicalize_name(requirement.name)
        if name != PROJECT["name"]:
            assert name in versions, f"{name} is not in requirements.lock; its first lines say how to make it anew"
            assert all(requirement.specifier.contains(version) for version in versions[name]), requirement


def test_the_package_knows_the_version_that_it_is_published_under() -> None:
    if not hasattr(simcomm, "__version__"):
        pytest.skip("simcomm has no __version__ yet")
    assert simcomm.__version__ == PROJECT["version"]


def test_the_licence_is_the_one_that_is_declared() -> None:
    text = (ROOT / "LICENSE").read_text(encoding="utf-8")
    assert PROJECT["license"] == "Apache-2.0"
    assert re.match(r"\s+Apache License\s+Version 2\.0, January 2004", text)


@pytest.mark.skipif(os.name == "nt", reason="needs POSIX file modes")
def test_ci_is_executable() -> None:
    assert os.access(ROOT / ".ci" / "run", os.X_OK)


def test_ci_runs_the_checks_and_the_tests() -> None:
    text = (ROOT / ".ci" / "run").read_text(encoding="utf-8")
    assert re.findall(r"do\.py (\w+)", text) == ["check", "test"]


def modules() -> Iterator[tuple[Path, str]]:
    """Every file of the package, and its text."""
    for path in sorted((ROOT / "simcomm").rglob("*.py")):
        yield path, path.read_text(encoding="utf-8")


def test_files_and_functions_are_short() -> None:
    assert not [path for path, text in modules() if len(text.splitlines()) > MOST_LINES]
    nodes = [(path, node) for path, text in modules() for node in ast.walk(ast.parse(text))]
    functions = [(path, node) for path, node in nodes if isinstance(node, ast.FunctionDef)]
    lines = {f"{path.stem}.{one.name}": (one.end_lineno or 0) - one.lineno + 1 for path, one in functions}
    assert len(lines) > 1000
    assert not {name: count for name, count in lines.items() if count > MOST_LINES_OF_A_FUNCTION}


def test_what_the_package_imports_is_a_dependency_that_it_names() -> None:
    named = {canonicalize_name(Requirement(text).name) for text in PROJECT["dependencies"]}
    extras = {
        Requirement(text).name for extra in ("chakra", "parquet") for text in PROJECT["optional-dependencies"][extra]
    }
    imported: set[str] = set()
    for _, text in modules():
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.Import):
                imported |= {alias.name.split(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom):
                imported.add((node.module or "").split(".")[0])
    theirs = imported - {"simcomm"} - set(sys.stdlib_module_names)
    assert theirs
    known = {"yaml": "pyyaml", "PIL": "pillow", "pydantic_core": "pydantic", "google": "protobuf"}
    assert {known.get(name, name) for name in theirs} <= named | extras


def test_no_file_names_a_path_of_one_machine() -> None:
    git = shutil.which("git")
    if not git or not (ROOT / ".git").exists():
        pytest.skip("needs git and the repository")
    command = [git, "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    names = subprocess.run(command, cwd=ROOT, check=True, capture_output=True).stdout.decode().split("\0")
    own = re.compile(rb"(?<![\w./~}-])/(?:opt|work|root|home|Users)/[\w.-]+")
    paths = [ROOT / name for name in names if name]
    found = {path: own.findall(path.read_bytes()) for path in paths if path.is_file()}
    assert len(found) > 10
    assert not {path: hits for path, hits in found.items() if hits}


@pytest.fixture
def do() -> ModuleType:
    """The file of the two commands, as a module of its own for each test."""
    spec = importlib.util.spec_from_file_location("do", ROOT / "do.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def commands(do: ModuleType, monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """What do.py would run; nothing is run."""
    ran: list[list[str]] = []

    def record(*command: object) -> int:
        ran.append([str(part) for part in command])
        return 0

    monkeypatch.setattr(do, "run", record)
    return ran


def test_set_up_installs_the_lock_by_hash_then_simcomm_alone_and_only_once(
    do: ModuleType, commands: list[list[str]], tmp_path: Path
) -> None:
    venv = do.Venv(tmp_path)
    venv.set_up()
    make, dependencies, package, consistent = commands
    assert make[1:] == ["-m", "venv", str(tmp_path)]
    assert dependencies[-4:] == ["--no-deps", "--require-hashes", "-r", str(ROOT / "requirements.lock")]
    assert package[-4:] == ["--no-deps", "--no-build-isolation", "--editable", str(ROOT)]
    assert consistent[-2:] == ["pip", "check"]
    (tmp_path / "pyvenv.cfg").touch()
    venv.set_up()
    assert len(commands) == 4


@pytest.mark.parametrize("change", ["lock", "python", "killed"])
def test_a_set_up_that_is_stale_or_half_made_is_made_anew(
    change: str, do: ModuleType, commands: list[list[str]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "venv"
    folder.mkdir()
    venv = do.Venv(folder)
    venv.set_up()
    (folder / "pyvenv.cfg").touch()
    commands.clear()
    if change == "lock":
        (tmp_path / "changed.lock").write_text(LOCK + "\n")
        monkeypatch.setattr(do, "LOCK", tmp_path / "changed.lock")
    elif change == "python":
        monkeypatch.setattr(sys, "base_prefix", str(tmp_path))
    else:
        venv.stamp.write_text("")
    venv.set_up()
    assert commands[0][1:] == ["-m", "venv", "--clear", str(folder)]
    assert len(commands) == 4


def test_a_venv_of_somebody_else_is_used_and_not_emptied(
    do: ModuleType, commands: list[list[str]], tmp_path: Path
) -> None:
    (tmp_path / "pyvenv.cfg").touch()
    do.Venv(tmp_path).set_up()
    assert "--clear" not in commands[0]


def test_set_up_leaves_a_folder_of_something_else_alone(
    do: ModuleType, commands: list[list[str]], tmp_path: Path
) -> None:
    thesis = tmp_path / "thesis.tex"
    thesis.touch()
    for occupied in (tmp_path, thesis):
        with pytest.raises(SystemExit, match="holds something else"):
            do.Venv(occupied).set_up()
    assert not commands


@pytest.mark.parametrize("step", ["--require-hashes", "--editable", "check"])
def test_a_set_up_that_fails_is_done_again(
    step: str, do: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(do, "run", lambda *command: int(step in command))
    with pytest.raises(SystemExit, match=f"the set-up failed at: .*{step}"):
        do.Venv(tmp_path).set_up()
    (stamp,) = tmp_path.iterdir()
    assert stamp.read_text() == ""


def test_a_python_without_venv_is_told_what_to_install(
    do: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(do, "run", lambda *command: 1)
    with pytest.raises(SystemExit, match="python3-venv"):
        do.Venv(tmp_path).set_up()


def test_an_old_python_is_refused_by_name(do: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(do, "OLDEST", (99, 1))
    with pytest.raises(SystemExit, match=r"simcomm needs Python 99\.1 or newer; this is Python 3\."):
        do.main()


def test_what_a_shell_holds_does_not_reach_pip(do: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PIP_TARGET", str(tmp_path))
    assert do.run(sys.executable, "-c", "import os, sys; sys.exit('PIP_TARGET' in os.environ)") == 0


class FailingVenv:
    """Stands for an environment in which one program fails."""

    def __init__(self, failing: str) -> None:
        self.failing = failing
        self.ran: list[str] = []
        self.calls: list[tuple[Any, ...]] = []

    def run(self, program: str, *arguments: Any) -> int:
        self.ran.append(program)
        self.calls.append((program, *arguments))
        return 3 if self.failing == program else 0

    def told(self, program: str, *arguments: Any) -> subprocess.CompletedProcess[str]:
        code = self.run(program, *arguments)
        return subprocess.CompletedProcess([program], code, stdout=f"{program} says {code}\n")


def test_check_runs_every_check_and_names_those_that_failed(do: ModuleType, capsys: pytest.CaptureFixture[str]) -> None:
    venv = FailingVenv("mypy")
    assert do.check(venv) == 1
    notebooks = ["jupyter-execute"] * len(list((ROOT / "notebooks").glob("*.ipynb")))
    checks = ["ruff", "ruff", "lint-imports", "mypy", *notebooks]
    assert sorted(venv.ran) == sorted(checks)
    said = [f"{program} says {3 if program == 'mypy' else 0}" for program in checks]
    assert capsys.readouterr().out.splitlines() == [*said, "do.py: failed: mypy --strict"]


def test_check_is_content_when_every_check_is(do: ModuleType, capsys: pytest.CaptureFixture[str]) -> None:
    assert do.check(FailingVenv("none")) == 0
    assert "all as they must be" in capsys.readouterr().out


def test_what_a_check_prints_is_kept_back(do: ModuleType, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    venv = do.Venv(tmp_path)
    venv.programs = Path(sys.executable).parent
    told = venv.told(Path(sys.executable).name, "-c", "import sys; print('out'); sys.exit('err')")
    assert (told.returncode, told.stdout) == (1, "out\nerr\n")
    assert capfd.readouterr() == ("", "")


def test_coverage_has_a_floor_and_what_is_compiled_is_so_before(do: ModuleType) -> None:
    venv = FailingVenv("none")
    assert do.cover(venv) == 0
    (warm_up, script), (tests, *options) = venv.calls
    assert (warm_up, tests) == ("python", "python")
    assert (ROOT / str(script)).is_file()
    assert {"--cov=simcomm", "--cov-branch", "--cov-fail-under=95"} <= set(options)


def test_demo_stops_at_the_first_failure(do: ModuleType) -> None:
    venv = FailingVenv("simcomm")
    assert do.demo(venv) == 3
    assert venv.ran == ["simcomm"]


def test_demo_runs_scenarios_that_exist(do: ModuleType) -> None:
    missing = [name for name in do.DEMOS if not (ROOT / "scenarios" / f"{name}.yaml").exists()]
    if missing == list(do.DEMOS):
        pytest.skip("there are no scenarios yet")
    assert not missing
