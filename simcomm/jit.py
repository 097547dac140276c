"""Compiling: the one place that knows Numba, and where what it compiles is kept.

Numba keeps compiled code beside a function's own file and looks at that file alone to see whether it is still right.
Compiled functions of several files call each other, so the folder's name is a digest of all files that mention this one
(``simcomm.jit``): what is compiled, and numbers that it uses. The folder is in the user's cache folder
(``NUMBA_CACHE_DIR`` if that is set), because that of a package may be read-only. Where it cannot be written, every
process compiles for itself.

Numba is imported when something is to be compiled: import modules of compiled functions where they are called.
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
from types import ModuleType
from typing import Any, Final, TypeVar, cast

_Function = TypeVar("_Function", bound=Callable[..., Any])
_LOG = logging.getLogger(__name__)

#: How many items plain Python gets through while compiled code is loaded, and while one compiled function is called.
_WHILE_LOADING: Final = 100_000
_WHILE_CALLING: Final = 50


def jit(function: _Function) -> _Function:
    """Compile a part of a loop: into its caller, because to hand over dozens of arrays takes longer than its work."""
    return _compiled(function, _nrt=False, forceinline=True)


def jit_loop(function: _Function) -> _Function:
    """Compile what Python calls. It must not make arrays, and so need not count references to those that it has."""
    return _compiled(function, _nrt=False)


@cache
def jit_with_arrays(function: _Function) -> _Function:
    """Compile what Python calls and what makes arrays."""
    return _compiled(function)


class _Done:
    """What has been done in plain Python."""

    items = 0


def large(function: _Function, items: int) -> _Function:
    """The function itself where it has little to do, else compiled; it must not call others. The answer is the same.

    >>> large(abs, 1) is abs
    True
    """
    if items < _WHILE_CALLING:
        return function
    if "numba" not in sys.modules:
        _Done.items += items
        if _Done.items < _WHILE_LOADING:
            return function
    return cast(_Function, jit_with_arrays(function))


def _compiled(function: _Function, **options: bool) -> _Function:
    """Have ``function`` compiled when it is first called, or loaded if that has happened before."""
    numba = _numba()
    where, settings = folder(), cast(Any, numba.core.config)
    before = settings.CACHE_DIR
    try:
        settings.CACHE_DIR = str(where or "")
        compiled: _Function = numba.njit(cache=where is not None, error_model="numpy", **options)(function)
    finally:
        settings.CACHE_DIR = before
    return compiled


@cache
def folder() -> Path | None:
    """Where compiled code is kept between processes, None if nowhere."""
    digest = hashlib.sha256(f"{_numba().__version__} {sys.version}".encode())
    for source in sorted(Path(__file__).parent.rglob("*.py")):
        text = source.read_bytes()
        if source == Path(__file__) or b"simcomm.jit" in text or b"simcomm import jit" in text:
            digest.update(text)
    own = os.environ.get("XDG_CACHE_HOME") or ("~/Library/Caches" if sys.platform == "darwin" else "~/.cache")
    try:
        base = Path(os.environ.get("NUMBA_CACHE_DIR") or own).expanduser()
        path = base / "simcomm" / digest.hexdigest()[:16]
        path.mkdir(parents=True, exist_ok=True)
    except (OSError, RuntimeError):  # not writable, or nobody's home
        return None
    return path if os.access(path, os.W_OK) else None


@cache
def _numba() -> ModuleType:
    """Numba, which from now on says when something of ours is compiled; what is loaded is not."""
    import numba
    import numba.core.config
    import numba.core.event

    events: Any = numba.core.event

    class Announcer(numba.core.event.Listener):
        def on_start(self, event: Any) -> None:
            if event.data["dispatcher"].py_func.__module__.startswith(__package__):
                events.unregister("numba:compile", self)
                if _is_first():
                    _LOG.warning("compiling simcomm's loops: up to a minute, the first time on this machine")

        def on_end(self, event: Any) -> None:
            pass

    events.register("numba:compile", Announcer())
    return numba


def _is_first() -> bool:
    """Whether nobody has announced the same within a minute: another process that uses the same folder, say."""
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
