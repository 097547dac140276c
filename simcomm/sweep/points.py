"""The points of a checked scenario as something to run: an id, words for a reader, and a picklable argument."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from simcomm.common import Kept, content_hash, keeping
from simcomm.sweep.identity import point_id

if TYPE_CHECKING:
    from simcomm.results import Result
    from simcomm.scenario import Document, Scenario

Argument = tuple["Scenario", tuple[str, ...], Path]
"""A point, the plugins that it needs and the folder where they are looked for: what a worker process gets."""

LONGEST_VALUE = 40
"""Characters of a value in a label; the middle of a longer one is left out."""

_CHOOSES = ("name", "model", "kind", "order", "file")
"""The keys that name the choice of a section."""


@dataclass(frozen=True)
class Point:
    """Something to run: its full id, words that name it to a reader, and the argument of the function that runs it."""

    id: str
    label: str
    argument: Any


def points_of(document: Document) -> Iterator[Point]:
    """Every point with its strong id: the scenario, and by content the files and the plugin module that it uses.

    What a plugin imports from other modules is not looked at.
    """
    hashes = {file: content_hash(file) for file in document.files}
    modules = _plugin_of_each_name(document)
    for scenario, label in zip(document.points, _labels(document), strict=True):
        plugin, source = modules.get(scenario.collective.name or "", ((), None))
        files = [*scenario.files, *(() if source is None else (source,))]
        identity = point_id(scenario.canonical(), " ".join(hashes[file] for file in files))
        yield Point(identity, label, (scenario, plugin, document.base_dir))


def simulate(argument: Argument, timeline: bool = False) -> Result:
    """Simulate one point, in whatever process this is: its row and its links; all that rides along if ``timeline``."""
    from simcomm.scenario import load_plugins
    from simcomm.simulation import simulate_point

    scenario, plugins, base_dir = argument
    collectives = load_plugins(plugins, base_dir)
    if timeline:
        return simulate_point(scenario, collectives, timeline=True)
    with keeping(_of_this_process()):
        result = simulate_point(scenario, collectives)
    return replace(result, schedule=None, counts=None, cluster=None)


@cache
def _of_this_process() -> Kept:
    """What the points that this process simulates have in common; nobody outside gets to see it."""
    return Kept()


def _plugin_of_each_name(document: Document) -> dict[str, tuple[tuple[str, ...], Path | None]]:
    from simcomm.scenario.plugins import load_plugins, source_of

    found: dict[str, tuple[tuple[str, ...], Path | None]] = {}
    for plugin in document.plugins:
        for name in load_plugins((plugin,), document.base_dir):
            found[name] = ((plugin,), source_of(plugin))
    return found


def _labels(document: Document) -> list[str]:
    """What tells every point from the others, as path=value words after its collective and number of workers."""
    points = [dict(_settings(point.model_dump(mode="json", by_alias=True))) for point in document.points]
    always = ("collective", "workers", *document.swept)
    paths = dict.fromkeys([*always, *(path for point in points for path in point)])
    shown = [path for path in paths if path in always or len({point.get(path) for point in points}) > 1]
    return [" ".join(f"{path}={_short(point[path])}" for path in shown if path in point) for point in points]


def _settings(section: Mapping[str, Any], path: str = "") -> Iterator[tuple[str, str]]:
    """Everything that is set, by its dotted path; the name of a choice stands at the path of the choice."""
    for key, value in section.items():
        where = path if path and key in _CHOOSES else f"{path}.{key}".removeprefix(".")
        if isinstance(value, Mapping):
            yield from _settings(value, where)
        elif value is not None:
            yield where, Path(value).name if key == "file" else str(value)


def _short(value: str) -> str:
    half = LONGEST_VALUE // 2
    return value if len(value) <= LONGEST_VALUE else f"{value[:half]}…{value[1 - half :]}"
