"""Compiling: the one place that knows Numba, and where what it compiles is kept.

Numba keeps compiled code beside a function's own file and looks at that file alone to see whether it is still right.
Compiled functions of several files call each other, so the folder's name is a digest of all files that mention this one
(``simcomm.jit``): what is compiled, and numbers that it uses. The folder is in the user's cache folder
(``NUMBA_CACHE_DIR`` if that is set), because that of a package may be read-only. Where it cannot be written, every
process compiles for itself.

To import this takes as long as to import Numba: import modules of compiled functions where they are called.
"""

from __future__ import annotations

import hashlib
import logging
import os
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Any, TypeVar, cast

import numba
import numba.core.config
import numba.core.event

_Function = TypeVar("_Function", bound=Callable[..., Any])
_LOG = logging.getLogger(__name__)
_EVENTS: Any = numba.core.event


@cache
def folder() -> Path | None:
    """Where compiled code is kept between processes, None if nowhere."""
    digest = hashlib.sha256(f"{numba.__version__} {sys.version}".encode())
    for source in sorted(Path(__file__).parent.rglob("*.py")):
        text = source.read_bytes()
        if source == Path(__file__) or b"simcomm.jit" in text:
            digest.update(text)
    own = os.environ.get("XDG_CACHE_HOME") or ("~/Library/Caches" if sys.platform == "darwin" else "~/.cache")
    try:
        base = Path(os.environ.get("NUMBA_CACHE_DIR") or own).expanduser()
        path = base / "simcomm" / digest.hexdigest()[:16]
        path.mkdir(parents=True, exist_ok=True)
    except (OSError, RuntimeError):  # not writable, or nobody's home
        return None
    return path if os.access(path, os.W_OK) else None


def jit(function: _Function) -> _Function:
    """Compile a part of the loop: into its caller, because to hand over dozens of arrays takes longer than its work."""
    return _compiled(function, _nrt=False, forceinline=True)


def jit_loop(function: _Function) -> _Function:
    """Compile what Python calls. It must not make arrays, and so need not count references to those that it has."""
    return _compiled(function, _nrt=False)


def jit_with_arrays(function: _Function) -> _Function:
    """Compile what Python calls and what makes arrays."""
    return _compiled(function)


def _compiled(function: _Function, **options: bool) -> _Function:
    """Have ``function`` compiled when it is first called, or loaded if that has happened before."""
    where, settings = folder(), cast(Any, numba.core.config)
    njit: Any = numba.njit
    before = settings.CACHE_DIR
    try:
        settings.CACHE_DIR = str(where or "")
        compiled: _Function = njit(cache=where is not None, error_model="numpy", **options)(function)
    finally:
        settings.CACHE_DIR = before
    return compiled


class _Announcer(numba.core.event.Listener):
    """Says when something of ours is compiled; what is loaded is not."""

    def on_start(self, event: Any) -> None:
        """Say so: once a process, and once for all processes that use one folder at the same time."""
        if event.data["dispatcher"].py_func.__module__.startswith(__package__):
            _EVENTS.unregister("numba:compile", self)
            if _is_first():
                _LOG.warning("compiling simcomm's loops: up to a minute, the first time on this machine")

    def on_end(self, event: Any) -> None:
        """Nothing more is said."""


def _is_first() -> bool:
    """Whether nobody has announced the same within a minute."""
    where = folder()
    if where is None:
        return True
    mark = where / "compiling"
    with suppress(OSError):
        if time.time() - mark.stat().st_mtime < 60:
            return False
        mark.unlink()
    with suppress(OSError):
        mark.touch(exist_ok=False)
        return True
    return False


_EVENTS.register("numba:compile", _Announcer())
