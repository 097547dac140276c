"""Compiled code: kept between processes where that is possible, and announced when it has to be made."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from simcomm import jit

SMALL = """
import numpy as np
from simcomm.engines.kernel.alike import kinds
one = np.zeros(1, np.int64)
assert kinds(one, one + 1, one.astype(np.int8), one == 0)[0].tolist() == [0]
"""


def compiled(folder: Path, **environment: str) -> str:
    """What a process that needs compiled code writes to the terminal."""
    given = {**os.environ, "NUMBA_CACHE_DIR": str(folder), **environment}
    ran = subprocess.run([sys.executable, "-c", SMALL], check=True, env=given, capture_output=True, text=True)
    assert not ran.stdout
    return ran.stderr


def forget(folder: Path) -> None:
    """Remove all compiled code."""
    for code in folder.rglob("*.nbc"):
        code.unlink()


def test_it_is_announced_once_and_loaded_later(tmp_path: Path) -> None:
    assert compiled(tmp_path) == "compiling simcomm's loops: up to a minute, the first time on this machine\n"
    assert compiled(tmp_path) == ""
    forget(tmp_path)
    assert compiled(tmp_path) == ""  # announced a moment ago: by another worker of the same sweep, say
    (mark,) = tmp_path.rglob("compiling")
    forget(tmp_path)
    os.utime(mark, (0, 0))
    assert compiled(tmp_path).startswith("compiling")


def test_where_nothing_can_be_kept_every_process_compiles_for_itself(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    nowhere = tmp_path / "file" / "folder"
    for _ in range(2):
        assert compiled(nowhere).startswith("compiling")
        assert compiled(Path(), NUMBA_CACHE_DIR="", XDG_CACHE_HOME="", HOME=str(nowhere)).startswith("compiling")


def test_the_folder_is_the_users_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(tmp_path / "file"))
    jit.folder.cache_clear()
    try:
        assert jit.folder() is None
        assert jit.jit_loop(lambda number: number + 1)(2) == 3
        monkeypatch.setenv("NUMBA_CACHE_DIR", str(tmp_path / "mine"))
        jit.folder.cache_clear()
        assert jit.folder().parent.parent == tmp_path / "mine"  # type: ignore[union-attr]
    finally:
        monkeypatch.undo()
        jit.folder.cache_clear()
