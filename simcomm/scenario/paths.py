"""Dotted paths into a scenario: ``link.bandwidth``, ``collective.servers``, ``stragglers.3.start``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from simcomm.errors import InputError
from simcomm.scenario.problems import Path, path_text, shown

SHORTHANDS: Final = {
    "collective": "name",
    "topology": "kind",
    "placement": "order",
    "routing": "name",
    "network": "model",
    "compute": "time",
}
"""``collective: ring_all_reduce`` is short for ``collective: {name: ring_all_reduce}``."""

ABSENT: Final = object()


def split(dotted: str) -> Path:
    """Split a dotted path; numbers are ranks under ``stragglers`` and places in a list elsewhere.

    >>> split("stragglers.3.start")
    ('stragglers', 3, 'start')
    """
    parts = dotted.split(".")
    return tuple(int(part) if part.isdecimal() and index else part for index, part in enumerate(parts))


def normalised(data: Mapping[str | int, Any]) -> dict[str | int, Any]:
    """Write every shorthand out, so that a path such as ``collective.servers`` always has a mapping to go into."""
    return {key: _written_out(key, value) for key, value in data.items()}


def replaced(data: Mapping[str | int, Any], path: Path, value: Any) -> dict[str | int, Any]:
    """Return a copy of the data with the value at the path; missing mappings on the way are made.

    >>> replaced({"collective": {"name": "parameter_server"}}, ("collective", "servers"), 4)
    {'collective': {'name': 'parameter_server', 'servers': 4}}
    """
    new: dict[str | int, Any] = _replaced(data, path, 0, value)
    return new


def get(data: Any, path: Path) -> Any:
    """Return what stands at the path, or ``ABSENT``."""
    for part in path:
        is_item = isinstance(data, list) and isinstance(part, int) and part < len(data)
        if not is_item and not (isinstance(data, Mapping) and part in data):
            return ABSENT
        data = data[part]
    return data


def _replaced(data: Any, path: Path, depth: int, value: Any) -> Any:
    if depth == len(path):
        return _written_out(path[0], value) if depth == 1 else value
    part = path[depth]
    if isinstance(data, list) and isinstance(part, int) and part < len(data):
        return [_replaced(old, path, depth + 1, value) if index == part else old for index, old in enumerate(data)]
    if data is not None and not isinstance(data, Mapping):
        there = path_text(path[:depth])
        raise InputError(f"there is no {path_text(path)!r}, because {there!r} is {shown(data)} and not a mapping")
    inner = data or {}
    return {**inner, part: _replaced(inner.get(part), path, depth + 1, value)}


def _written_out(key: str | int, value: Any) -> Any:
    is_short = key in SHORTHANDS and value is not None and not isinstance(value, Mapping)
    return {SHORTHANDS[str(key)]: value} if is_short else value
