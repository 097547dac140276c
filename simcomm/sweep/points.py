"""The points of a checked scenario as something to run: an id, words for a reader, and a picklable argument."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from simcomm.sweep.identity import content_hash, point_id
from simcomm.tables import Cell

if TYPE_CHECKING:
    from simcomm.scenario import Document, Scenario

Argument = tuple["Scenario", tuple[str, ...], Path]
"""A point, the plugins that it needs and the folder where they are looked for: what a worker process gets."""


@dataclass(frozen=True)
class Point:
    """Something to run: its full id, words that name it to a reader, and the argument of the function that runs it."""

    id: str
    label: str
    argument: Any


def points_of(document: Document) -> Iterator[Point]:
    """Every point with its strong id: the scenario, the graph file and the plugin module that it uses, by content.

    What a plugin imports from other modules is not looked at.
    """
    hashes = {file: content_hash(file) for file in document.files}
    modules = _plugin_of_each_name(document)
    for scenario in document.points:
        plugin, source = modules.get(scenario.collective.name, ((), None))
        files = [file for file in (scenario.topology.file, source) if file is not None]
        identity = point_id(scenario.canonical(), " ".join(hashes[file] for file in files))
        yield Point(identity, _label(scenario, document.swept), (scenario, plugin, document.base_dir))


def simulate(argument: Argument) -> dict[str, Cell]:
    """Simulate one point, in whatever process this is, and return its row."""
    from simcomm.scenario import load_plugins
    from simcomm.simulation import simulate_point

    scenario, plugins, base_dir = argument
    return simulate_point(scenario, load_plugins(plugins, base_dir)).as_row()


def _plugin_of_each_name(document: Document) -> dict[str, tuple[tuple[str, ...], Path | None]]:
    from simcomm.scenario.plugins import load_plugins, source_of

    found: dict[str, tuple[tuple[str, ...], Path | None]] = {}
    for plugin in document.plugins:
        for name in load_plugins((plugin,), document.base_dir):
            found[name] = ((plugin,), source_of(plugin))
    return found


def _label(scenario: Scenario, swept: tuple[str, ...]) -> str:
    data = scenario.model_dump(mode="json", by_alias=True)
    words = []
    for path in dict.fromkeys(("collective", "workers", *swept)):
        value: Any = data
        for key in path.split("."):
            value = value.get(key) if isinstance(value, dict) else None
        if isinstance(value, dict):
            value = value.get("name")
        if value is not None:
            words.append(f"{path}={value}")
    return " ".join(words)
