"""``key=value`` from the command line: one value sets a path, several sweep it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from simcomm.errors import InputError
from simcomm.scenario.paths import normalised, replaced, split
from simcomm.scenario.problems import Mark, Path, Problem, ScenarioError, shown
from simcomm.scenario.sweep_values import is_generator
from simcomm.scenario.yaml_text import Document, parse

_LISTS: Final = (
    "plugins",
    "layers",
    "placement",
    "placement.order",
    "routing.routes",
    "collective.matrix",
    "topology.dims",
)
"""Keys whose value is a list, so that a list given for them is one value."""


def apply(document: Document, overrides: Sequence[str]) -> None:
    """Write the overrides into a document whose data is a mapping; the place of what they set is their own text."""
    for text in overrides:
        key, equals, value = (part.strip() for part in text.partition("="))
        try:
            if not equals or not key or not value:
                raise InputError("expected key=value, such as workers=8 or workers=2,4,8")
            if split(key)[0] == "sweep":
                raise InputError("a sweep cannot be given here; write the path itself, such as workers=2,4,8")
            values = [value] if key == "question" else _values(key, value)
            if len(values) == 1 and not is_generator(values[0]):
                _set(document, text, key, values[0])
            else:
                _sweep(document, text, key, values[0] if is_generator(values[0]) else values)
        except ScenarioError as error:
            document.problems += [Problem(text, None, None, key, problem.message) for problem in error.problems]
        except InputError as error:
            document.problems.append(Problem(text, None, None, "", str(error)))


def _values(key: str, value: str) -> list[Any]:
    """Read ``2,4,8`` or ``[2, 4, 8]`` (or one value) as YAML."""
    parsed = parse(f"[{value}]", key)
    if parsed.problems:
        raise ScenarioError(parsed.problems)
    values: list[Any] = parsed.data
    is_list = len(values) == 1 and isinstance(values[0], list) and key not in _LISTS
    values = values[0] if is_list else values
    if not values:
        raise InputError("an empty list; expected one value or more")
    return values


def _set(document: Document, text: str, key: str, value: Any) -> None:
    path = split(key)
    data = {**document.data, key: value} if len(path) == 1 else replaced(normalised(document.data), path, value)
    if isinstance(data.get("sweep"), Mapping):
        data["sweep"] = _without(data["sweep"], key)
    document.data = data
    _place(document, path, Mark(text))


def _sweep(document: Document, text: str, key: str, values: Any) -> None:
    sweep = document.data.get("sweep") or {}
    if not isinstance(sweep, Mapping):
        return  # refused at its own place
    product = sweep.get("product")
    if isinstance(product, Mapping) and key in product:
        where: Path = ("sweep", "product", key)
        sweep = {**sweep, "product": {**product, key: values}}
    else:
        where = ("sweep", key)
        sweep = {**(sweep if key in sweep else _without(sweep, key)), key: values}
    document.data = {**document.data, "sweep": sweep}
    _place(document, where, Mark(text))
    for index, value in enumerate(values if isinstance(values, list) else ()):
        if not isinstance(value, Mapping | list):
            document.marks.values[(*where, index)] = Mark(f"{key}={value if isinstance(value, str) else shown(value)}")


def _without(sweep: Mapping[str | int, Any], key: str) -> dict[str | int, Any]:
    """The sweep without this path, wherever it is swept."""
    rest = {name: value for name, value in sweep.items() if name != key}
    for name in ("product", "zip"):
        group = rest.get(name)
        if isinstance(group, Mapping):
            rest[name] = _without(group, key)
        elif isinstance(group, list):
            rest[name] = [_without(inner, key) if isinstance(inner, Mapping) else inner for inner in group]
    return rest


def _place(document: Document, path: Path, mark: Mark) -> None:
    """Forget where the old value and all in it stood."""
    for places in (document.marks.values, document.marks.keys):
        for old in [old for old in places if old[: len(path)] == path]:
            del places[old]
        places[path] = mark
