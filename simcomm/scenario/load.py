"""A scenario file (or mapping) to checked points; all that is wrong is reported at once."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from simcomm.scenario import overrides as override_texts
from simcomm.scenario.files import read_text
from simcomm.scenario.grammar import Sweep, read_sweep
from simcomm.scenario.plain import plain
from simcomm.scenario.problems import Marks, Problem, ScenarioError, path_text, shown
from simcomm.scenario.report import Report
from simcomm.scenario.yaml_text import Document as Text
from simcomm.scenario.yaml_text import parse

if TYPE_CHECKING:
    from simcomm.collectives.base import Collective
    from simcomm.scenario.checks import Checker
    from simcomm.scenario.model import Scenario


_ABOUT: Final = ("question", "plugins")
"""Keys of the whole document, not of a point."""

_ENOUGH: Final = 1_000
"""Points after which a document that is already refused is read no further."""


@dataclass(frozen=True)
class Document:
    """A scenario that is right in every point.

    ``points`` are in the order of the sweep (the last axis varies fastest), without repetitions; ``swept`` are the
    dotted paths that vary, ``overridden`` those that overrides set; ``collectives`` are those of the plugins, by name.
    """

    question: str
    source: str
    base_dir: Path
    plugins: tuple[str, ...]
    points: tuple[Scenario, ...]
    swept: tuple[str, ...]
    overridden: tuple[str, ...] = ()
    collectives: dict[str, Collective] = field(default_factory=dict)

    @property
    def files(self) -> tuple[Path, ...]:
        """The files, besides the scenario, whose content affects the answer: graphs, schedules, modules of plugins."""
        from simcomm.scenario.plugins import source_of

        of_points = [file for point in self.points for file in point.files]
        modules = [source_of(plugin) for plugin in self.plugins]
        return tuple(dict.fromkeys([*of_points, *(file for file in modules if file is not None)]))


def load(path: str | Path, overrides: Sequence[str] = ()) -> Document:
    """Read a scenario file, with ``key=value`` overrides, and check every point of its sweep.

    Raises :class:`ScenarioError` with everything that is wrong, each with file, line and column.
    """
    path = Path(path)
    text = parse(read_text(path), str(path))
    return _document(text, overrides, path.resolve().parent, {})


def from_mapping(
    mapping: Mapping[str, Any],
    overrides: Sequence[str] = (),
    source: str = "scenario",
    collectives: Mapping[str, Collective] | None = None,
) -> Document:
    """Check a scenario that is given as a mapping, with the keys of the YAML form; files are looked for from here.

    ``collectives`` are further ones, by name, beside the built-in ones and those of plugins.

    >>> link = {"bandwidth": "100 Gbit/s", "latency": "5 us"}
    >>> mapping = {"collective": "ring_all_reduce", "parameters": 10, "link": link, "sweep": {"workers": [2, 4]}}
    >>> [point.workers for point in from_mapping(mapping).points]
    [2, 4]
    """
    marks = Marks(source)
    problems: list[Problem] = []
    data = plain(mapping, lambda where, message: problems.append(marks.problem(where, message)))
    return _document(Text(data, marks, problems), overrides, Path.cwd(), collectives or {})


def _document(text: Text, overrides: Sequence[str], base_dir: Path, own: Mapping[str, Collective]) -> Document:
    if not isinstance(text.data, dict):
        found = "the file is empty" if text.data is None else f"{shown(text.data)} at the top"
        expected = "expected a mapping with workers, parameters, collective, link, ..."
        raise ScenarioError(text.problems or [text.marks.problem((), f"{found}; {expected}")])
    override_texts.apply(text, overrides)
    report = Report(text)
    question, plugins = _question(report), _plugins(report)
    collectives = {**own, **_load_plugins(plugins, base_dir, report)}
    sweep = read_sweep({key: value for key, value in text.data.items() if key not in _ABOUT}, report.refuse)

    from simcomm.scenario.checks import Checker  # pydantic costs more than all that comes before

    points = _points(sweep, Checker(base_dir, collectives), report)
    swept = tuple(path_text(path) for path in sweep.paths)
    overridden = tuple(each.partition("=")[0].strip() for each in overrides)
    return Document(question, text.marks.source, base_dir, plugins, points, swept, overridden, collectives)


def _question(report: Report) -> str:
    question = report.text.data.get("question", "")
    if isinstance(question, str):
        return question
    report.refuse(("question",), f"{shown(question)} is not text; expected a question, in quotes")
    return ""


def _plugins(report: Report) -> tuple[str, ...]:
    plugins = report.text.data.get("plugins", [])
    if isinstance(plugins, list):
        return tuple(plugins)
    report.refuse(("plugins",), f"{shown(plugins)} does not fit; expected a list such as ['my_collectives:tree']")
    return ()


def _load_plugins(plugins: Sequence[Any], base_dir: Path, report: Report) -> dict[str, Collective]:
    if not plugins:
        return {}
    from simcomm.scenario.plugins import load_plugins

    return load_plugins(plugins, base_dir, lambda index, message: report.refuse(("plugins", index), message))


def _points(sweep: Sweep, checker: Checker, report: Report) -> tuple[Scenario, ...]:
    scenarios: dict[str, Scenario] = {}
    count = 0
    for count, point in enumerate(sweep.points(), start=1):
        scenario, wrong = checker.read(point.data)
        report.add(wrong, point, sweep)
        if scenario is not None:
            named = [str(file) for file in scenario.files]  # which canonical() calls by their last name
            scenarios.setdefault(json.dumps([scenario.canonical(), named], sort_keys=True), scenario)
        if report.problems and count >= _ENOUGH:
            break
    if not count and not report.problems:
        report.refuse(("sweep", "exclude"), "every point is excluded")
    if report.problems:
        raise ScenarioError(report.problems)
    return tuple(scenarios.values())
