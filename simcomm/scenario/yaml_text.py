"""YAML 1.2 text to plain data and the place of every key and value.

Differs from PyYAML's own reading: scalars follow the core schema of YAML 1.2 (``1e9`` is a number, ``on`` a string,
``012`` twelve); duplicate keys, merge keys, foreign tags, self-references and alias bombs are refused.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final

import yaml
from yaml.composer import Composer
from yaml.parser import Parser
from yaml.reader import Reader, ReaderError
from yaml.resolver import BaseResolver
from yaml.scanner import Scanner

from simcomm.scenario.problems import Mark, Marks, Path, Problem, ScenarioError

MAX_DEPTH: Final = 50
MAX_REPEATED: Final = 10_000
"""Values that aliases may repeat; with aliases of aliases, a file of a few lines can stand for billions."""

_TAG: Final = "tag:yaml.org,2002:"
_CORE_SCHEMA: Final[dict[str, tuple[str, Callable[[str], Any]]]] = {
    "null": (r"null|Null|NULL|~|", lambda text: None),
    "bool": (r"true|True|TRUE|false|False|FALSE", lambda text: text.lower() == "true"),
    "int": (r"[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+", lambda text: _integer(text)),
    "float": (
        r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)",
        lambda text: float(re.sub(r"\.(?=[iInN])", "", text)),
    ),
}


@dataclass(slots=True)
class Document:
    """Plain data, the places of its keys and values, and what is wrong with the text."""

    data: Any
    marks: Marks
    problems: list[Problem] = field(default_factory=list)


class _Loader(Reader, Scanner, Parser, Composer, BaseResolver):
    """PyYAML's reader up to the node tree, with the scalars of YAML 1.2."""

    def __init__(self, text: str) -> None:
        Reader.__init__(self, text)
        Scanner.__init__(self)
        Parser.__init__(self)
        Composer.__init__(self)
        BaseResolver.__init__(self)
        self._depth = 0

    def compose_node(self, parent: yaml.Node | None, index: Any) -> yaml.Node | None:
        self._depth += 1
        if self._depth > MAX_DEPTH:
            mark = self.peek_event().start_mark  # type: ignore[no-untyped-call]
            raise yaml.MarkedYAMLError(problem=f"nested more than {MAX_DEPTH} deep", problem_mark=mark)
        node = super().compose_node(parent, index)
        self._depth -= 1
        return node


for _name, (_pattern, _) in _CORE_SCHEMA.items():
    _Loader.add_implicit_resolver(_TAG + _name, re.compile(f"(?:{_pattern})\\Z"), [None])


def parse(text: str, source: str) -> Document:
    """Read one YAML document; what stops the reading raises ``ScenarioError``, the rest is in ``problems``.

    >>> parse("workers: 1e3", "a.yaml").data
    {'workers': 1000.0}
    """
    try:
        node = _Loader(text).get_single_node()
    except ReaderError as error:
        before = text[: error.position]
        mark = Mark(source, before.count("\n") + 1, len(before) - before.rfind("\n"))
        raise ScenarioError([_at(mark, (), f"the character {chr(error.character)!r} is not allowed in YAML")]) from None
    except yaml.MarkedYAMLError as error:
        raise ScenarioError([_syntax_problem(error, source)]) from None
    reader = _NodeReader(source)
    data = None if node is None else reader.read(node, (), ())
    return Document(data, reader.marks, reader.problems)


class _NodeReader:
    """Turns nodes into data and notes where each stands."""

    def __init__(self, source: str) -> None:
        self.marks = Marks(source)
        self.problems: list[Problem] = []
        self._seen: set[int] = set()
        self._repeated = 0

    def read(self, node: yaml.Node, path: Path, parents: tuple[int, ...]) -> Any:
        mark = self.marks.values[path] = self._mark(node)
        self._repeated += id(node) in self._seen
        self._seen.add(id(node))
        if id(node) in parents:
            raise ScenarioError([*self.problems, _at(mark, path, "an alias refers to the value that holds it")])
        if self._repeated > MAX_REPEATED:
            message = f"its aliases repeat more than {MAX_REPEATED:,} values; write fewer of them"
            raise ScenarioError([*self.problems, _at(mark, (), message)])
        inner = (*parents, id(node))
        if isinstance(node, yaml.MappingNode) and node.tag == _TAG + "map":
            return self._mapping(node, path, inner)
        if isinstance(node, yaml.SequenceNode) and node.tag == _TAG + "seq":
            return [self.read(item, (*path, index), inner) for index, item in enumerate(node.value)]
        if isinstance(node, yaml.ScalarNode):
            return self._scalar(node, path)
        return self._refuse(node, path, f"the tag {_short(node.tag)!r} is not supported; expected plain YAML")

    def _mapping(self, node: yaml.MappingNode, path: Path, parents: tuple[int, ...]) -> dict[str | int, Any]:
        data: dict[str | int, Any] = {}
        for key_node, value_node in node.value:
            key = self._key(key_node, path)
            if key is None:
                continue
            if key in data:
                first = self.marks.keys[(*path, key)]
                self._refuse(key_node, (*path, key), f"duplicate key; it is given first in line {first.line}")
                continue
            self.marks.keys[(*path, key)] = self._mark(key_node)
            data[key] = self.read(value_node, (*path, key), parents)
        return data

    def _key(self, node: yaml.Node, path: Path) -> str | int | None:
        if not isinstance(node, yaml.ScalarNode):
            self._refuse(node, path, "a key is a list or a mapping; expected a name")
            return None
        if node.value == "<<" and node.style is None:
            self._refuse(node, path, "merge keys ('<<') are not supported; write the keys out")
            return None
        before = len(self.problems)
        key = self._scalar(node, path)
        if not isinstance(key, bool) and isinstance(key, str | int):
            return key
        if len(self.problems) == before:
            self._refuse(node, path, f"the key {node.value!r} is not text; write it in quotes")
        return None

    def _scalar(self, node: yaml.ScalarNode, path: Path) -> Any:
        if node.tag == _TAG + "str":
            return node.value
        pattern, convert = _CORE_SCHEMA.get(node.tag.removeprefix(_TAG), (None, None))
        if pattern is None or convert is None:
            return self._refuse(node, path, f"the tag {_short(node.tag)!r} is not supported; expected plain YAML")
        if not re.fullmatch(pattern, node.value):
            return self._refuse(node, path, f"{node.value[:40]!r} is not a value of the tag {_short(node.tag)!r}")
        value = convert(node.value)
        if value is None and node.tag == _TAG + "int":
            return self._refuse(node, path, f"an integer of {len(node.value)} digits; expected at most 1,000")
        if isinstance(value, float) and math.isinf(value) and "inf" not in node.value.lower():
            return self._refuse(node, path, f"{node.value[:40]} is too large for a number")
        return value

    def _refuse(self, node: yaml.Node, path: Path, message: str) -> Any:
        """Note what is wrong; None stands for the value."""
        self.problems.append(_at(self._mark(node), path, message))
        return None

    def _mark(self, node: yaml.Node) -> Mark:
        return Mark(self.marks.source, node.start_mark.line + 1, node.start_mark.column + 1)


def _integer(text: str) -> int | None:
    if len(text) > 1000:
        return None
    return int(text[2:], 8 if text[1] == "o" else 16) if text[:2] in ("0o", "0x") else int(text)


def _short(tag: str) -> str:
    return tag.replace(_TAG, "!!")[:40]


def _at(mark: Mark, path: Path, message: str) -> Problem:
    return Marks(mark.file, {(): mark}).problem((), message, shown=path)


def _syntax_problem(error: yaml.MarkedYAMLError, source: str) -> Problem:
    mark = error.problem_mark or error.context_mark
    place = Mark(source, mark.line + 1, mark.column + 1) if mark else Mark(source)
    if error.problem == "but found another document":
        return _at(place, (), "a second document starts here; expected one document in the file")
    what = error.problem or error.context or "not YAML"
    if "character '\\t'" in what:
        what = "a tab cannot be used here; indent with spaces"
    context = f" ({error.context})" if error.context and error.context != what else ""
    return _at(place, (), f"not valid YAML: {what}{context}")
