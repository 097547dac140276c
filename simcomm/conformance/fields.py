"""Reading a case field by field: what is missing, of a wrong kind or unknown is refused by name, never passed over."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, TypeVar

from simcomm.errors import InputError, did_you_mean

Chosen = TypeVar("Chosen")


class Fields:
    """The fields of a case (or of a part of it, named by ``where``).

    >>> fields = Fields({"workers": 8, "colour": "red"})
    >>> fields.whole("workers")
    8
    >>> fields.none_left()
    Traceback (most recent call last):
    simcomm.errors.InputError: unknown field 'colour'; expected only id, note, workers
    """

    def __init__(self, given: Any, where: str = "") -> None:
        if not isinstance(given, Mapping):
            raise InputError(f"{where or 'a case: '}{_shown(given)}; expected named fields")
        self._given = given
        self._where = where
        self._asked = {"id": None, "note": None}

    def __contains__(self, name: str) -> bool:
        return name in self._given

    def get(self, name: str) -> Any:
        """The field as it is; InputError if there is none."""
        self._asked[name] = None
        if name not in self._given:
            near = did_you_mean(name, set(self._given) - set(self._asked))
            raise InputError(f"{self._where}no field {name!r}" + (f", but {near[2:]}" if near else ""))
        return self._given[name]

    def whole(self, name: str, least: int = 0) -> int:
        """A whole number of at least ``least``, below 2**63."""
        value = self.get(name)
        if not isinstance(value, int) or isinstance(value, bool) or not least <= value < 2**63:
            raise self.refusal(name, f"expected a whole number of at least {least}, below 2**63")
        return value

    def number(self, name: str) -> float:
        """A finite number of at least 0."""
        value = self.get(name)
        if not isinstance(value, int | float) or isinstance(value, bool) or not 0 <= value < math.inf:
            raise self.refusal(name, "expected a number of at least 0")
        return value

    def one_of(self, name: str, choices: Mapping[str, Chosen]) -> Chosen:
        """What a word stands for."""
        value = self.get(name)
        if not isinstance(value, str) or value not in choices:
            raise self.refusal(name, f"expected one of {', '.join(choices)}{did_you_mean(value, choices)}")
        return choices[value]

    def part(self, name: str) -> dict[str, Fields]:
        """Named parts, each with fields of its own."""
        value = self.get(name)
        if not isinstance(value, Mapping):
            raise self.refusal(name, "expected parts with their names")
        return {str(key): Fields(own, f"{self._where}{name} {key}: ") for key, own in value.items()}

    def rows(self, name: str) -> list[Any]:
        """A list."""
        value = self.get(name)
        if not isinstance(value, list):
            raise self.refusal(name, "expected a list")
        return value

    def parts(self, name: str) -> list[Fields]:
        """A list of parts, each with fields of its own."""
        return [Fields(own, f"{self._where}{name} {index}: ") for index, own in enumerate(self.rows(name))]

    def refusal(self, name: str, expected: str) -> InputError:
        """The error that says what is wrong with a field."""
        return InputError(f"{self._where}{name}: {_shown(self._given[name])}; {expected}")

    def none_left(self) -> None:
        """Refuse fields that nobody has asked for: what they mean for the case is not known."""
        for name in self._given:
            if name not in self._asked:
                raise InputError(f"{self._where}unknown field {name!r}; expected only {', '.join(self._asked)}")


def _shown(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."
