"""Engines: a schedule on a network gives a timeline. One file per engine, one line here."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from importlib import import_module
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from simcomm.errors import EngineError, InputError, did_you_mean

if TYPE_CHECKING:
    from simcomm.engines.timeline import Timeline
    from simcomm.networks.base import NetworkModel
    from simcomm.topology.routes import Route

#: Engines that keep the times of all operations, by module and function: they give the same timeline, to the last bit.
ENGINES: dict[str, str] = {
    "compiled": "simcomm.engines.compiled:run",
    "des": "simcomm.engines.des:run",
}

#: Engines that say what a result says of its time, and no more.
WITHOUT_TIMELINE = ("symmetry", "maxplus")

#: Runs of no more operations than this are over before compiled code is loaded.
FEW_OPERATIONS: Final = 1_000


class Choice(NamedTuple):
    """An engine, and why it is taken."""

    name: str
    reason: str


def names() -> tuple[str, ...]:
    """The names that a scenario may give."""
    return ("auto", *WITHOUT_TIMELINE, *ENGINES)


def check_name(name: str) -> None:
    """Raise InputError for an engine that there is not."""
    if name not in names():
        raise InputError(f"unknown engine {name!r}; expected one of {', '.join(names())}{did_you_mean(name, names())}")


def function(name: str) -> Callable[..., Timeline]:
    """An engine that keeps a timeline."""
    module, attribute = ENGINES[name].split(":")
    run: Callable[..., Timeline] = getattr(import_module(module), attribute)
    return run


def plan(
    name: str,
    model: NetworkModel,
    routes: Mapping[tuple[int, int], Route],
    operations: int,
    folds: bool,
    exact: bool,
    timeline: bool,
) -> list[Choice]:
    """The engines to be tried, the first one that takes the run first; ``auto`` begins with the fastest.

    ``folds`` says whether the schedule has a quotient, ``timeline`` whether the times of all operations are wanted.
    """
    check_name(name)
    if name in WITHOUT_TIMELINE and timeline:
        raise InputError(f"engine: {name} keeps no timeline; expected {', '.join(['auto', *ENGINES])}")
    if name == "maxplus":
        return [Choice(name, "asked for"), Choice("compiled", "maxplus was asked for")]
    if name != "auto":
        return [Choice(name, "asked for")]
    return list(_fastest_first(model, routes, operations, folds, exact, timeline))


def why(error: EngineError) -> str:
    """The reason that an engine gives."""
    return str(error).removeprefix("engine: ").split("; expected")[0]


def _fastest_first(
    model: NetworkModel, routes: Any, operations: int, folds: bool, exact: bool, timeline: bool
) -> Iterator[Choice]:
    from simcomm.networks.programs import is_plain

    if exact:
        yield Choice("des", "exact times")
        return
    if operations <= FEW_OPERATIONS:
        yield Choice("des", f"no more than {FEW_OPERATIONS:,} operations")
        return
    if not is_plain(model, routes):
        yield Choice("des", "numbers that are not floats")
        return
    if folds and not timeline:
        yield Choice("symmetry", "all ranks do the same")
    if not hasattr(model, "lower"):
        yield Choice("des", "the network model has no programs (lower)")
        return
    if model.one_port and not timeline:
        yield Choice("maxplus", "ports serve in the order of the schedule")
    yield Choice("compiled", "programs in float64")
    yield Choice("des", "the reference takes every run")
