"""From what is wrong with points to problems at places of the document, each once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from simcomm.scenario.grammar import Point, Sweep
from simcomm.scenario.paths import SHORTHANDS, get
from simcomm.scenario.problems import Path, Problem
from simcomm.scenario.yaml_text import Document

if TYPE_CHECKING:
    from simcomm.scenario.checks import Wrong


@dataclass(slots=True)
class Report:
    """The problems of a document so far; starts with those of its text."""

    text: Document
    problems: list[Problem] = field(init=False)
    _seen: set[tuple[Path, Path]] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.problems = list(self.text.problems)

    def refuse(self, where: Path, message: str) -> None:
        """Add a problem at a place of the document."""
        self._add(self.text.marks.problem(where, message))

    def add(self, wrong: Iterable[Wrong], point: Point, sweep: Sweep) -> None:
        """Add what is wrong with a point, at the value that the sweep took it from; one problem per such value."""
        for found in wrong:
            if any(_related(found.path, path) for path in sweep.broken):
                continue
            where = _origin(found.path, point)
            if (where, found.path) not in self._seen:
                self._seen.add((where, found.path))
                path = self._as_written(found.path, point)
                self._add(self.text.marks.problem(where, found.message, shown=path, at_key=found.at_key))

    def _add(self, problem: Problem) -> None:
        """Leave out what only follows from a value that could not be read."""
        if not any(_same_place(problem, known) for known in self.text.problems):
            self.problems.append(problem)

    def _as_written(self, path: Path, point: Point) -> Path:
        """``collective``, not ``collective.name``, when the shorthand was used."""
        if len(path) == 2 and SHORTHANDS.get(str(path[0])) == path[1]:
            written = get(self.text.data, point.origins.get(path[:1], path[:1]))
            return path if isinstance(written, Mapping) or path in point.origins else path[:1]
        return path


def _origin(path: Path, point: Point) -> Path:
    for length in range(len(path), 0, -1):
        if path[:length] in point.origins:
            return point.origins[path[:length]] + path[length:]
    inside = (origin for swept, origin in point.origins.items() if path and _related(path, swept))
    return next(inside, path)


def _related(one: Path, other: Path) -> bool:
    """Whether one path leads into the other."""
    return all(a == b for a, b in zip(one, other, strict=False))


def _same_place(problem: Problem, known: Problem) -> bool:
    if problem.line is None:
        return (problem.file, problem.path) == (known.file, known.path)
    return (problem.file, problem.line, problem.column) == (known.file, known.line, known.column)
