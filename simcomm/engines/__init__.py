"""Engines: a schedule on a network gives a timeline. One file per engine, one line here."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import TYPE_CHECKING

from simcomm.errors import InputError, did_you_mean

if TYPE_CHECKING:
    from simcomm.engines.timeline import Timeline

#: name -> module and function, the fastest first; ``auto`` is the first one.
ENGINES: dict[str, str] = {
    "des": "simcomm.engines.des:run",
}


def names() -> tuple[str, ...]:
    """The names that a scenario may give."""
    return ("auto", *ENGINES)


def get(name: str) -> tuple[str, Callable[..., Timeline]]:
    """The engine of that name, with the name of the engine that ``auto`` stands for.

    >>> get("auto")[0]
    'des'
    """
    if name not in names():
        raise InputError(f"unknown engine {name!r}; expected one of {', '.join(names())}{did_you_mean(name, names())}")
    name = next(iter(ENGINES)) if name == "auto" else name
    module, attribute = ENGINES[name].split(":")
    run: Callable[..., Timeline] = getattr(import_module(module), attribute)
    return name, run
