"""Collectives of the user's own, named in YAML as ``plugins: ["module:name"]``."""

from __future__ import annotations

import importlib
import importlib.machinery
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any, Final

from simcomm import collectives
from simcomm.errors import InputError
from simcomm.scenario.problems import shown

if TYPE_CHECKING:
    from simcomm.collectives.base import Collective

_SOURCE: Final = "__simcomm_source__"


def load_plugins(
    plugins: Sequence[Any], base_dir: Path, refuse: Callable[[int, str], None] | None = None
) -> dict[str, Collective]:
    """Import the collectives of ``plugins``, looked for in ``base_dir`` first, and return them by name.

    What is wrong goes to ``refuse`` with its place in the list; without it the first problem is an ``InputError``.
    """
    found: dict[str, Collective] = {}
    for index, plugin in enumerate(plugins):
        try:
            collective = _load(plugin, base_dir)
            if collective.name in collectives.names():
                raise InputError(f"{plugin!r} is called {collective.name!r}, as a built-in collective is; rename it")
            if found.setdefault(collective.name, collective) is not collective:
                raise InputError(f"{plugin!r} is called {collective.name!r}, as another plugin is; rename one")
        except InputError as error:
            if refuse is None:
                raise
            refuse(index, str(error))
    return found


def source_of(plugin: str) -> Path | None:
    """The file of a plugin that is loaded, or None for a module without one."""
    file = getattr(sys.modules.get(plugin.partition(":")[0]), "__file__", None)
    return Path(file) if file else None


def _load(plugin: Any, base_dir: Path) -> Collective:
    module_name, _, attribute = plugin.partition(":") if isinstance(plugin, str) else ("", "", "")
    if not module_name or not attribute:
        raise InputError(f"{shown(plugin)} is not a plugin; expected 'module:name', such as 'my_collectives:tree'")
    try:
        with _first_on_path(base_dir, module_name):
            module = _up_to_date(importlib.import_module(module_name))
    except (Exception, SystemExit) as error:  # whatever the user's own code does when it is imported
        raise InputError(f"cannot import {module_name!r}: {type(error).__name__}: {error}") from error
    collective = getattr(module, attribute, None)
    if collective is None:
        raise InputError(f"the module {module_name!r} has no {attribute!r}")
    if not isinstance(getattr(collective, "name", None), str) or not callable(getattr(collective, "check", None)):
        raise InputError(f"{plugin!r} is a {type(collective).__name__}; expected a simcomm Collective")
    found: Collective = collective
    return found


def _up_to_date(module: ModuleType) -> ModuleType:
    """Import a module again if its file has changed since: a long session must not run old code under a new id."""
    file = getattr(module, "__file__", None)
    source = Path(file).read_bytes() if file else b""
    if vars(module).setdefault(_SOURCE, source) != source:
        module = importlib.reload(module)
        vars(module)[_SOURCE] = source
    return module


@contextmanager
def _first_on_path(folder: Path, module_name: str) -> Iterator[None]:
    """Look in this folder first; forget a module of the same name that came from another folder."""
    top = module_name.partition(".")[0]
    spec = importlib.machinery.PathFinder.find_spec(top, [str(folder)])
    loaded = getattr(sys.modules.get(top), "__file__", None)
    if spec is not None and spec.origin and loaded and Path(loaded) != Path(spec.origin):
        for name in [name for name in sys.modules if name.partition(".")[0] == top]:
            del sys.modules[name]
    sys.path.insert(0, str(folder))
    try:
        yield
    finally:
        sys.path.remove(str(folder))
