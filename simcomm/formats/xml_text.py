"""XML as elements that know their line, so that an error can name it.

A document type declaration is refused, and with it all entities but the five of XML: no file is fetched, and none
grows while it is read.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final
from xml.parsers import expat

from simcomm.errors import InputError, did_you_mean

MOST_BYTES: Final = 256 * 2**20

_MOST_DIGITS: Final = 15
_MOST_SHOWN: Final = 40


@dataclass(frozen=True, eq=False)
class Element:
    """An element with its attributes and what is in it; ``file`` and ``line`` say where it begins."""

    file: str
    line: int
    tag: str
    attributes: dict[str, str]
    inside: list[Element] = field(default_factory=list, repr=False)

    def __str__(self) -> str:
        """Where it is, and its first attributes.

        >>> print(Element("ring.xml", 14, "step", {"s": "3", "type": "rrc", "srcbuf": "i"}))
        ring.xml:14: <step s="3" type="rrc" …>
        """
        shown = [f' {name}="{_short(value)}"' for name, value in list(self.attributes.items())[:2]]
        more = " …" if len(self.attributes) > 2 else ""
        return f"{self.file}:{self.line}: <{self.tag}{''.join(shown)}{more}>"

    def wrong(self, message: str, kind: Callable[[str], Exception] = InputError) -> Exception:
        """An error that names this element."""
        return kind(f"{self}: {message}")

    def text(self, name: str, default: str | None = None) -> str:
        """An attribute; InputError if it is missing and there is no default."""
        found = self.attributes.get(name, default)
        if found is None:
            near = did_you_mean(name, self.attributes)
            raise self.wrong(f"the attribute {name!r} is missing{near}")
        return found

    def one_of(self, name: str, choices: Collection[str], default: str | None = None) -> str:
        """An attribute that is one of several words."""
        found = self.text(name, default)
        if found not in choices:
            expected = f"expected one of {', '.join(choices)}{did_you_mean(found, choices)}"
            raise self.wrong(f"{name}: {_short(found)!r}; {expected}")
        return found

    def whole(self, name: str, least: int = 0, below: int | None = None, default: int | None = None) -> int:
        """An attribute that is a whole number, at least ``least`` and less than ``below``."""
        found = self.text(name, None if default is None else str(default))
        expected = f"{least} or more" if below is None else f"{least} to {below - 1}"
        digits = found.removeprefix("-")
        if not (digits.isascii() and digits.isdecimal()):
            raise self.wrong(f"{name}: {_short(found)!r} is not a whole number; expected {expected}")
        if len(digits) > _MOST_DIGITS:
            raise self.wrong(f"{name}: {_short(found)} has more than {_MOST_DIGITS} digits; expected {expected}")
        if int(found) < least or (below is not None and int(found) >= below):
            raise self.wrong(f"{name}: {found}; expected {expected}")
        return int(found)

    def refuse_slips(self, optional: Collection[str]) -> None:
        """InputError for an attribute that nearly has the name of one that may be left out, and is."""
        left_out = [name for name in optional if name not in self.attributes]
        for name in self.attributes:
            near = did_you_mean(name, left_out) if name not in optional else ""
            if near:
                raise self.wrong(f"there is no attribute {_short(name)!r}{near}")

    def all_inside(self, tag: str) -> list[Element]:
        """What is in it, which must be elements of one tag."""
        for element in self.inside:
            if element.tag != tag:
                raise element.wrong(f"in <{self.tag}>; expected <{tag}>{did_you_mean(element.tag, [tag])}")
        return self.inside


def read(path: Path, what: str) -> Element:
    """The outermost element of a file; InputError with the line of what is wrong. ``what`` is what was expected."""
    try:
        with path.open("rb") as file:
            data = file.read(MOST_BYTES + 1)
    except OSError as error:
        raise InputError(f"{path}: {error.strerror or error}; expected {what}") from None
    if len(data) > MOST_BYTES:
        raise InputError(f"{path}: larger than {MOST_BYTES // 2**20} MiB; expected {what}")
    return _Reader(str(path), what).read(data)


class _Reader:
    """Builds the elements while expat goes through the text."""

    def __init__(self, file: str, what: str) -> None:
        self.file, self.what = file, what
        self.open: list[Element] = []
        self.root: Element | None = None
        self.parser = expat.ParserCreate()
        self.parser.buffer_text = True
        self.parser.StartElementHandler = self._start
        self.parser.EndElementHandler = self._end
        self.parser.CharacterDataHandler = self._text
        self.parser.StartDoctypeDeclHandler = self._doctype

    def read(self, data: bytes) -> Element:
        try:
            self.parser.Parse(data, True)
        except expat.ExpatError as error:
            what = f"not well-formed XML: {expat.ErrorString(error.code)}"
            raise InputError(f"{self.file}:{error.lineno}:{error.offset + 1}: {what}; expected {self.what}") from None
        assert self.root is not None  # expat does not end without one
        return self.root

    def _start(self, tag: str, attributes: dict[str, str]) -> None:
        element = Element(self.file, self.parser.CurrentLineNumber, tag, attributes)
        if self.open:
            self.open[-1].inside.append(element)
        else:
            self.root = element
        self.open.append(element)

    def _end(self, _tag: str) -> None:
        self.open.pop()

    def _text(self, text: str) -> None:
        if text.strip():
            line = self.parser.CurrentLineNumber
            raise InputError(f"{self.file}:{line}: text between the elements: {_short(text.strip())!r}; expected none")

    def _doctype(self, name: str, *_: Any) -> None:
        line = self.parser.CurrentLineNumber
        raise InputError(f"{self.file}:{line}: a document type declaration, {name}; expected none")


def _short(text: str) -> str:
    """As much of a text as a message has room for."""
    return text if len(text) <= _MOST_SHOWN else text[: _MOST_SHOWN - 1] + "…"
