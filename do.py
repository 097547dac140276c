#!/usr/bin/env python3
"""Run simcomm's main job, its tests or its checks on a machine that has nothing but Python 3.11+ with its venv module.

    python3 do.py demo     the founding table and bandwidth vs n: tables and plots in results/
    python3 do.py test     the tests
    python3 do.py cover    the tests with their coverage, which must not fall below a floor
    python3 do.py check    style, types, import rules, notebooks

Each sets up what it needs in .venv (or ``--venv DIR``): the locked dependencies, checked by their hashes, and simcomm.
The set-up is skipped while requirements.lock, pyproject.toml and the Python that runs this stay as they are.
"""

import argparse
import hashlib
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent
LOCK = ROOT / "requirements.lock"
OLDEST = (3, 11)
DEMOS = ("the_table", "bandwidth_vs_n")
# What a shell may hold that would send pip elsewhere or let other code into the environment.
UNWANTED = (
    *("PYTHONHOME", "PYTHONPATH", "PYTHONSTARTUP", "VIRTUAL_ENV"),
    *("PIP_CONSTRAINT", "PIP_NO_BINARY", "PIP_NO_DEPS", "PIP_PREFIX", "PIP_REQUIRE_HASHES"),
    *("PIP_REQUIREMENT", "PIP_ROOT", "PIP_TARGET", "PIP_USER"),
)


class Venv:
    """A virtual environment of simcomm's own, and how to run what is in it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.programs = folder / ("Scripts" if os.name == "nt" else "bin")
        self.stamp = folder / "simcomm-set-up"

    def set_up(self) -> None:
        """Install the locked dependencies and simcomm, unless that is done already with this Python."""
        python = f"{sys.version} {sys.base_prefix}"
        inputs = LOCK.read_bytes() + (ROOT / "pyproject.toml").read_bytes() + f"{ROOT} {python}".encode()
        wanted = hashlib.sha256(inputs).hexdigest()
        is_ours = self.stamp.exists()
        if is_ours and self.stamp.read_text() == wanted:
            return
        usable = not self.folder.exists() or (self.folder / "pyvenv.cfg").exists()
        if not usable and (self.folder.is_file() or any(self.folder.iterdir())):
            sys.exit(f"do.py: {self.folder} holds something else; expected a new or empty folder, or a venv")
        say(f"setting up {self.folder} (a minute or two, once)")
        # An older one of ours is emptied: a package that is locked no more could contradict those that are.
        if run(sys.executable, "-m", "venv", *(["--clear"] if is_ours else []), self.folder) != 0:
            sys.exit("do.py: this Python cannot make a virtual environment; Debian and Ubuntu have it in python3-venv")
        self.stamp.touch()  # ours, and not ready yet
        pip = (self.programs / "python", "-m", "pip", "install", "--quiet", "--disable-pip-version-check")
        # The lock is complete, so nothing is resolved: pip would refuse the lock once a pinned package that is also
        # asked for with an extra, such as coverage[toml], has a newer release.
        must(*pip, "--no-deps", "--require-hashes", "-r", LOCK)
        must(*pip, "--no-deps", "--no-build-isolation", "--editable", ROOT)
        must(self.programs / "python", "-m", "pip", "check")
        self.stamp.write_text(wanted)

    def run(self, program: str, *arguments: object) -> int:
        """Run one of its programs in the project's folder; return the exit code."""
        return run(self.programs / program, *arguments)

    def told(self, program: str, *arguments: object) -> "subprocess.CompletedProcess[str]":
        """The same, with all that it prints kept back."""
        kept = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True}
        return completed(self.programs / program, *arguments, **kept)


def demo(venv: Venv) -> int:
    """Run the main job; return the first exit code that is not 0."""
    for name in DEMOS:
        out = Path("results") / name
        code = venv.run("simcomm", "run", Path("scenarios") / f"{name}.yaml", "-o", out)
        if code != 0:
            return code
        plots = sorted(path.relative_to(ROOT) for path in (ROOT / out).rglob("*.png"))
        say(f"{name}: results in {out}; plots: {', '.join(map(str, plots)) or 'none'}")
    return 0


def test(venv: Venv, *more: str) -> int:
    """Run the tests."""
    return venv.run("python", "-m", "pytest", "-n", "2", "--dist", "worksteal", *more)


def cover(venv: Venv) -> int:
    """Run the tests and measure their coverage, with branches."""
    venv.run("python", Path("tests") / "warm_up.py")
    coverage = ("--cov=simcomm", "--cov-branch", "--cov-report=term-missing:skip-covered", "--cov-fail-under=95")
    return test(venv, *coverage)


def check(venv: Venv) -> int:
    """Run every check, two at a time, also after one has failed; return 1 if any did."""
    notebooks = sorted((ROOT / "notebooks").glob("*.ipynb"))
    commands = [
        ("ruff", "check", "."),
        ("ruff", "format", "--check", "."),
        ("lint-imports",),
        ("mypy", "--strict"),
        *(("jupyter-execute", "--kernel_name=python3", "--timeout=600", str(notebook)) for notebook in notebooks),
    ]
    failed = []
    with ThreadPoolExecutor(max_workers=2) as two:
        for command, ran in zip(commands, two.map(lambda each: venv.told(*each), commands), strict=True):
            print(ran.stdout, end="", flush=True)  # whole, and in this order
            if ran.returncode != 0:
                failed.append(" ".join(command))
    for line in failed:
        say("failed: " + line)
    if not failed:
        say(f"style, types, import rules and {len(notebooks)} notebooks: all as they must be")
    return 1 if failed else 0


def must(*command: object) -> None:
    """Run a command of the set-up, which cannot go on without it."""
    if run(*command) != 0:
        sys.exit("do.py: the set-up failed at: " + " ".join(map(str, command)))


def run(*command: object) -> int:
    """Run a command in the project's folder, with a clean environment; return its exit code."""
    return completed(*command).returncode


def completed(*command: object, **streams: Any) -> "subprocess.CompletedProcess[str]":
    """The same, with its output where ``streams`` say."""
    environment = {key: value for key, value in os.environ.items() if key not in UNWANTED}
    return subprocess.run([str(part) for part in command], cwd=str(ROOT), env=environment, **streams)


def say(message: str) -> None:
    """Print at once, so that it stands in order with what the programs print."""
    print("do.py: " + message, flush=True)


def main() -> int:
    """Do what the command line says; return the exit code."""
    if sys.version_info < OLDEST:
        needed = ".".join(map(str, OLDEST))
        sys.exit(f"do.py: simcomm needs Python {needed} or newer; this is Python {sys.version.split()[0]}")
    tasks = {"demo": demo, "test": test, "cover": cover, "check": check}
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("task", choices=tasks)
    parser.add_argument("--venv", type=Path, default=ROOT / ".venv", help="where to set up (default: .venv)")
    arguments = parser.parse_args()
    venv = Venv(arguments.venv.absolute())
    venv.set_up()
    return tasks[arguments.task](venv)


if __name__ == "__main__":
    sys.exit(main())
