"""Engines: a schedule on a network gives a timeline. One file per engine, one line here."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from simcomm.errors import EngineError, InputError, did_you_mean

if TYPE_CHECKING:
    from simcomm.engines.timeline import Timeline
    from simcomm.networks.base import NetworkModel
    from simcomm.topology.routes import Route

#: name -> module and function. All give the same timeline.
ENGINES: dict[str, str] = {
    "compiled": "simcomm.engines.compiled:run",
    "des": "simcomm.engines.des:run",
}

#: Runs of no more operations than this are over before compiled code is loaded.
FEW_OPERATIONS: Final = 1_000


class Choice(NamedTuple):
    """An engine: its name, why it was taken, and how to call it."""

    name: str
    reason: str
    run: Callable[..., Timeline]


def names() -> tuple[str, ...]:
    """The names that a scenario may give."""
    return ("auto", *ENGINES)


def choose(
    name: str, model: NetworkModel, routes: dict[tuple[int, int], Route] | Any, operations: int, exact: bool
) -> Choice:
    """The engine of that name; ``auto`` is the fastest that computes what the reference does, to the last bit."""
    check_name(name)
    if name == "auto":
        return _choice(*_fastest(model, routes, operations, exact))
    return _choice(name, "asked for")


def instead(error: EngineError) -> Choice:
    """The reference, where an engine that ``auto`` had taken refuses a run after all."""
    return _choice("des", str(error))


def check_name(name: str) -> None:
    """Raise InputError for an engine that there is not."""
    if name not in names():
        raise InputError(f"unknown engine {name!r}; expected one of {', '.join(names())}{did_you_mean(name, names())}")


def _choice(name: str, reason: str) -> Choice:
    module, attribute = ENGINES[name].split(":")
    return Choice(name, reason, getattr(import_module(module), attribute))


def _fastest(model: NetworkModel, routes: Any, operations: int, exact: bool) -> tuple[str, str]:
    from simcomm.networks.programs import is_plain

    if exact:
        return "des", "exact times"
    if operations <= FEW_OPERATIONS:
        return "des", f"no more than {FEW_OPERATIONS:,} operations"
    if not hasattr(model, "lower"):
        return "des", "the network model has no programs (lower)"
    if not is_plain(model, routes.values()):
        return "des", "numbers that are not floats"
    return "compiled", "programs in float64"
