"""The options of a collective, checked against the annotations of its builder's keywords."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from numbers import Integral, Real
from typing import Any, Literal, get_args, get_origin, get_type_hints

from simcomm.errors import InputError, did_you_mean

_SEVERAL = {int: "whole numbers", float: "numbers", str: "words"}


def check_options(
    owner: str, build: Callable[..., Any], defaults: Mapping[str, object], options: Mapping[str, object]
) -> None:
    """Raise InputError for an option that is not among the defaults, or whose value is of the wrong type."""
    hints = _hints(build)
    for name, value in options.items():
        if name not in defaults:
            known = f"expected {'one of ' * (len(defaults) > 1)}{', '.join(defaults)}" if defaults else "it has none"
            raise InputError(f"unknown option {name!r} of {owner}; {known}{did_you_mean(name, defaults)}")
        hint = hints.get(name, type(defaults[name]))
        if not fits(value, hint):
            where, culprit, expected = _culprit(value, hint)
            near = did_you_mean(culprit, (word for word in _words(expected) if isinstance(culprit, str)))
            raise InputError(f"{name}: {where}{culprit!r}; expected {_describe(expected)}{near}")


def hashable(value: object) -> object:
    """The same with tuples for lists, so that equal options are equal however they were given."""
    return tuple(map(hashable, value)) if isinstance(value, list | tuple) else value


@cache
def _hints(build: Callable[..., Any]) -> dict[str, Any]:
    return get_type_hints(build)


def _words(hint: Any) -> list[str]:
    """The words that a value may be."""
    words = get_args(hint) if get_origin(hint) is Literal else [w for part in get_args(hint) for w in _words(part)]
    return [word for word in words if isinstance(word, str)]


def fits(value: object, hint: Any) -> bool:
    """Whether a value is of this type, or one of these; a list is as good as a tuple."""
    if get_origin(hint) is Literal:
        return value in get_args(hint)
    if get_origin(hint) is tuple:
        return isinstance(value, list | tuple) and all(fits(item, get_args(hint)[0]) for item in value)
    if get_args(hint):
        return any(fits(value, choice) for choice in get_args(hint))
    if hint in (int, float):
        return isinstance(value, Integral if hint is int else Real) and not isinstance(value, bool)
    return hint is Any or isinstance(value, hint)


def _culprit(value: Any, hint: Any) -> tuple[str, Any, Any]:
    """What exactly does not fit, where, and what was expected: of a list its first such item, as deep as it lies."""
    where = ""
    for level in ("row", "column"):
        item_of = [get_args(kind)[0] for kind in (hint, *get_args(hint)) if get_origin(kind) is tuple]
        if not item_of or not isinstance(value, list | tuple):
            break
        index = next(index for index, item in enumerate(value) if not fits(item, item_of[0]))
        where, value, hint = f"{where}{', ' * bool(where)}{level} {index}", value[index], item_of[0]
    return f"{where}: " * bool(where), value, hint


def _describe(hint: Any) -> str:
    words = {int: "a whole number", float: "a number", bool: "true or false", str: "a word", type(None): "nothing"}
    if get_origin(hint) is Literal:
        return " or ".join(map(str, get_args(hint)))
    if get_origin(hint) is tuple:
        return f"a list of {_SEVERAL.get(get_args(hint)[0]) or _describe(get_args(hint)[0]).replace('a list', 'lists')}"
    if get_args(hint):
        return " or ".join(map(_describe, get_args(hint)))
    return words.get(hint, getattr(hint, "__name__", str(hint)))
