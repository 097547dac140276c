"""A mapping from Python to the plain data that YAML gives: dict, list, str, int, float, bool, None."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from numbers import Integral, Real
from typing import Any

from simcomm.scenario.problems import Path
from simcomm.scenario.yaml_text import MAX_DEPTH


def plain(value: Any, refuse: Callable[[Path, str], None], where: Path = ()) -> Any:
    """Copy a value as plain data; tuples become lists, numpy's numbers become Python's, file paths become text.

    What YAML cannot hold goes to ``refuse`` with its place, and None stands for it.
    """
    if value is None or isinstance(value, bool | str | int | float):
        return float(value) if isinstance(value, float) else value
    if len(where) > MAX_DEPTH:
        return refuse(where[:3], f"nested more than {MAX_DEPTH} deep")
    if isinstance(value, Mapping):
        return {key: plain(inner, refuse, (*where, key)) for key, inner in value.items() if _is_key(key, refuse, where)}
    if isinstance(value, list | tuple | range):
        return [plain(inner, refuse, (*where, index)) for index, inner in enumerate(value)]
    if isinstance(value, Integral):
        return int(value)
    if isinstance(value, Real):
        return float(value)
    if isinstance(value, os.PathLike):
        return os.fspath(value)
    return refuse(where, f"a {type(value).__name__} does not fit; expected text, a number, a list or a mapping")


def _is_key(key: Any, refuse: Callable[[Path, str], None], where: Path) -> bool:
    is_key = isinstance(key, str | int) and not isinstance(key, bool)
    if not is_key:
        refuse(where, f"the key {key!r} is not text")
    return is_key
