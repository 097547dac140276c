"""From a document with ``sweep:`` to one mapping per point: product, zip, exclude.

An axis is a tuple of alternatives; an alternative sets one path (or several, in a zip). The points are the product of
the axes in the order of the file; the last axis varies fastest.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from simcomm.errors import InputError, did_you_mean
from simcomm.scenario.paths import ABSENT, SHORTHANDS, get, normalised, replaced, split
from simcomm.scenario.problems import Path, path_text, shown
from simcomm.scenario.sweep_values import MAX_POINTS, values_of

Refuse = Callable[[Path, str], None]
"""Called with a place in the document and what is wrong there."""


@dataclass(frozen=True, slots=True)
class Setting:
    """One path takes one value, which stands at ``origin`` in the document."""

    path: Path
    value: Any
    origin: Path


Alternative = tuple[Setting, ...]
Axis = tuple[Alternative, ...]


@dataclass(frozen=True, slots=True)
class Point:
    """One point: its data, and where in the document each swept path got its value."""

    data: dict[str | int, Any]
    origins: dict[Path, Path]


@dataclass(slots=True)
class Sweep:
    """The axes, the entries of ``exclude``, and the paths whose values could not be read."""

    base: dict[str | int, Any]
    axes: list[Axis] = field(default_factory=list)
    excluded: list[dict[Path, list[Any]]] = field(default_factory=list)
    broken: set[Path] = field(default_factory=set)

    @property
    def paths(self) -> tuple[Path, ...]:
        """The swept paths, in order."""
        return tuple(setting.path for axis in self.axes for setting in axis[0])

    def points(self) -> Iterator[Point]:
        """All points that are not excluded, in order."""
        return filter(self.included, (self.point(combination) for combination in itertools.product(*self.axes)))

    def point(self, combination: tuple[Alternative, ...]) -> Point:
        """Put the values of one alternative per axis into the base."""
        settings = [setting for alternative in combination for setting in alternative]
        data = self.base
        # A short path goes first: `collective` must not wipe out `collective.servers`.
        for setting in sorted(settings, key=lambda setting: len(setting.path)):
            with suppress(InputError):  # a value on the way is no mapping: the model refuses it, at its own place
                data = replaced(data, setting.path, setting.value)
        return Point(data, {setting.path: setting.origin for setting in settings})

    def included(self, point: Point) -> bool:
        """Whether no entry of ``exclude`` matches the point in every key."""
        return not any(
            all(any(_matches(get(point.data, path), value) for value in values) for path, values in entry.items())
            for entry in self.excluded
        )


def read_sweep(data: Mapping[str | int, Any], refuse: Refuse) -> Sweep:
    """Read ``sweep:``; what is wrong goes to ``refuse`` and its paths to ``broken``."""
    sweep = Sweep(normalised({key: value for key, value in data.items() if key != "sweep"}))
    spec = data.get("sweep", {})
    if not isinstance(spec, Mapping):
        refuse(("sweep",), f"{shown(spec)} is not a mapping; expected paths with their values")
        return sweep
    reader = _Reader(sweep, refuse)
    for key, value in spec.items():
        where: Path = ("sweep", key)
        if key == "zip":
            groups = [(where, value)] if isinstance(value, Mapping) else reader.items(value, where)
            for place, group in groups:
                reader.add_zip(group, place)
        elif key == "product":
            for inner, values in reader.mapping(value, where):
                reader.add_axis({inner: values}, where)
        elif key != "exclude":
            reader.add_axis({key: value}, ("sweep",))
    for place, entry in reader.items(spec.get("exclude", []), ("sweep", "exclude")):
        reader.add_exclude(entry, place)
    count = math.prod(map(len, sweep.axes))
    if count > MAX_POINTS:
        refuse(("sweep",), f"expands to {count:,} points; expected at most {MAX_POINTS:,}")
    return sweep


@dataclass(frozen=True, slots=True)
class _Reader:
    sweep: Sweep
    refuse: Refuse

    def items(self, value: Any, where: Path) -> list[tuple[Path, Any]]:
        if not isinstance(value, list):
            self.refuse(where, f"{shown(value)} does not fit; expected a list of mappings")
            return []
        return [((*where, index), item) for index, item in enumerate(value)]

    def mapping(self, value: Any, where: Path) -> list[tuple[str | int, Any]]:
        if not isinstance(value, Mapping):
            self.refuse(where, f"{shown(value)} does not fit; expected a mapping of paths to values")
            return []
        return list(value.items())

    def add_zip(self, group: Any, where: Path) -> None:
        self.add_axis(dict(self.mapping(group, where)), where)

    def add_axis(self, group: Mapping[str | int, Any], where: Path) -> None:
        columns = []
        for key, spec in group.items():
            column = self._column(key, spec, (*where, key))
            if column:
                columns.append(column)
        lengths = {path_text(column[0].path): len(column) for column in columns}
        if len(set(lengths.values())) > 1:
            self.refuse(where, f"zip needs lists of one length; got {lengths}".replace("{", "").replace("}", ""))
            self.sweep.broken.update(column[0].path for column in columns)
        elif columns:
            self.sweep.axes.append(tuple(zip(*columns, strict=True)))

    def _column(self, key: str | int, spec: Any, where: Path) -> list[Setting]:
        path: Path = (key,)
        try:
            path = split(str(key))
            if path in self.sweep.paths:
                raise InputError("swept twice; expected one list per path")
            if path[0] in ("sweep", "plugins", "question"):
                raise InputError(f"{path[0]!r} cannot be swept")
            values = values_of(spec, str(key))
            replaced(self.sweep.base, path, None)
        except InputError as error:
            self.refuse(where, str(error))
            self.sweep.broken.add(path)
            return []
        is_list = isinstance(spec, list)
        return [Setting(path, value, (*where, index) if is_list else where) for index, value in enumerate(values)]

    def add_exclude(self, entry: Any, where: Path) -> None:
        known = {".".join(map(str, path)) for path in self.sweep.paths} | set(map(str, self.sweep.base))
        conditions: dict[Path, list[Any]] = {}
        for key, value in self.mapping(entry, where):
            path = split(str(key))
            if path in self.sweep.broken:
                continue
            if path not in self.sweep.paths and get(self.sweep.base, path) is ABSENT:
                near = did_you_mean(key, sorted(known))
                self.refuse((*where, key), f"no point has this path; expected a swept path{near}")
            conditions[path] = value if isinstance(value, list) else [value]
        if conditions:
            self.sweep.excluded.append(conditions)


def _matches(actual: Any, wanted: Any) -> bool:
    if isinstance(actual, Mapping) and not isinstance(wanted, Mapping):
        return any(actual.get(key) == wanted for key in SHORTHANDS.values())
    return bool(actual == wanted) and isinstance(actual, bool) == isinstance(wanted, bool)
