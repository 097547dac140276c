"""What is wrong with a scenario, and where: every problem of a file is reported at once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from simcomm.errors import InputError

Path = tuple[str | int, ...]
"""Where a value stands in the document: ``("sweep", "workers", 0)``."""


@dataclass(frozen=True, slots=True)
class Mark:
    """A place: a file with line and column (from 1), or the text of an override, or "scenario" for a mapping."""

    file: str
    line: int | None = None
    column: int | None = None

    def __str__(self) -> str:
        return ":".join(str(part) for part in (self.file, self.line, self.column) if part is not None)


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong: the place, the key's path in the scenario, and what was expected instead."""

    file: str
    line: int | None
    column: int | None
    path: str
    message: str

    def __str__(self) -> str:
        place = str(Mark(self.file, self.line, self.column))
        return ": ".join(part for part in (place, self.path, self.message) if part)


class ScenarioError(InputError):
    """A scenario is refused; ``problems`` holds all that is wrong with it, in the order of the file.

    >>> print(ScenarioError([Problem("a.yaml", 3, 1, "workers", "0 is too small"), Problem("a.yaml", 1, 5, "", "oh")]))
    a.yaml:1:5: oh
    a.yaml:3:1: workers: 0 is too small
    """

    def __init__(self, problems: Iterable[Problem]) -> None:
        # The sort is stable: problems at one place stay in the order in which they were found.
        self.problems = tuple(sorted(dict.fromkeys(problems), key=lambda found: (found.line or 0, found.column or 0)))
        super().__init__("\n".join(map(str, self.problems)))

    def __reduce__(self) -> tuple[type[ScenarioError], tuple[tuple[Problem, ...]]]:
        return (ScenarioError, (self.problems,))


@dataclass(slots=True)
class Marks:
    """Where the keys and values of a document stand; a path without a place of its own has its parent's."""

    source: str
    values: dict[Path, Mark] = field(default_factory=dict)
    keys: dict[Path, Mark] = field(default_factory=dict)

    def problem(self, where: Path, message: str, *, shown: Path | None = None, at_key: bool = False) -> Problem:
        """Place a problem at the value (or the key) of ``where``; ``shown`` is the path in the text, when another."""
        mark = self._nearest(self.keys if at_key else self.values, where)
        path = path_text(where if shown is None else shown)
        return Problem(mark.file, mark.line, mark.column, path, message)

    def _nearest(self, marks: Mapping[Path, Mark], where: Path) -> Mark:
        for length in range(len(where), -1, -1):
            if where[:length] in marks:
                return marks[where[:length]]
        return Mark(self.source)


def path_text(path: Path) -> str:
    """Write a path as a reader would: dots for keys, brackets for the items of a list.

    >>> path_text(("layers", 2, "conv")), path_text(("stragglers", 3, "start"))
    ('layers[2].conv', 'stragglers.3.start')
    """
    text = ""
    for index, part in enumerate(path):
        is_item = isinstance(part, int) and (index == 0 or path[index - 1] != "stragglers")
        text += f"[{part}]" if is_item else f".{part}"
    return text.removeprefix(".")


def shown(value: Any) -> str:
    """Write a value as it would stand in YAML, shortened.

    >>> shown(True), shown(None), shown("eight"), shown({"a": 1})
    ('true', 'nothing', "'eight'", 'a mapping')
    """
    if value is None or isinstance(value, bool):
        return {None: "nothing", True: "true", False: "false"}[value]
    if isinstance(value, Mapping | list | tuple):
        return "a mapping" if isinstance(value, Mapping) else "a list"
    text = repr(value) if isinstance(value, str | float) else str(value)
    return text if len(text) <= 60 else f"{text[:57]}..."
