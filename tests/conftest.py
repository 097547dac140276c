"""What many tests use: the command line in this process, and a small legal scenario."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import NamedTuple

import pytest
from hypothesis import settings

from simcomm.cli import main

settings.register_profile("simcomm", deadline=None, derandomize=True)
settings.load_profile("simcomm")

ROOT = Path(__file__).parents[1]
SHARED = ROOT.parent / "shared"


class Ran(NamedTuple):
    """What a command did."""

    code: int
    out: str
    err: str


@pytest.fixture
def command(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Callable[..., Ran]:
    """Run ``simcomm ARGUMENTS`` in this process, in a folder of its own."""
    monkeypatch.chdir(tmp_path)

    def run(*arguments: object) -> Ran:
        monkeypatch.setattr(sys, "argv", ["simcomm", *map(str, arguments)])
        code = 0
        try:
            main()
        except SystemExit as stopped:
            code = int(stopped.code or 0)
        out, err = capsys.readouterr()
        return Ran(code, out, err)

    return run


@pytest.fixture
def scenario(tmp_path: Path) -> Callable[[str], Path]:
    """Write a scenario of this text, completed to a legal one by workers, parameters, collective and link."""

    def write(text: str = "") -> Path:
        path = tmp_path / "s.yaml"
        lines = {
            "workers": "workers: 4",
            "parameters": "parameters: 100",
            "collective": "collective: ring_all_reduce",
            "link": "link: {bandwidth: 100 Gbit/s, latency: 5 us}",
        }
        given = [line for key, line in lines.items() if f"{key}:" not in text]
        path.write_text("\n".join([*text.splitlines(), *given]) + "\n")
        return path

    return write


@pytest.fixture
def unprivileged() -> Callable[[], AbstractContextManager[None]]:
    """A block without the superuser's power to read and write everything."""

    @contextmanager
    def block() -> Iterator[None]:
        root = os.geteuid() == 0
        if root:
            os.seteuid(65534)
        try:
            yield
        finally:
            if root:
                os.seteuid(0)

    return block
