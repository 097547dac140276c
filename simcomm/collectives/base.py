"""What a collective is: a claim, a goal, a citation and the code that writes its schedule."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import cache
from numbers import Integral, Real
from typing import Any, Literal, get_args, get_origin, get_type_hints

from simcomm.closed_forms import Claim, Vector
from simcomm.errors import InputError, did_you_mean
from simcomm.proof import Goal
from simcomm.schedule import Schedule


def workers_only(workers: int, **options: object) -> int:
    """As many ranks as workers: there is no server."""
    return workers


@dataclass(frozen=True)
class Collective:
    """A collective operation by one algorithm.

    ``build(workers, **options)`` writes the schedule; ``closed_form(workers, vector, **options)`` says, without
    looking at one, what it sends and how long it takes. Ranks 0 … workers − 1 are the workers; further ranks are
    servers. Options are the keyword-only parameters of ``build``, checked against their annotations (int, float, bool,
    str, Literal and unions of them); ``ranks(workers, **options)`` says how many ranks that makes and refuses, with
    InputError, what else is illegal. ``goal`` says who must hold what at the end, ``source`` where the algorithm is
    described, ``variants`` which sets of options are worth showing.
    """

    name: str
    goal: Goal
    build: Callable[..., Schedule]
    closed_form: Callable[..., Claim]
    source: str
    ranks: Callable[..., int] = workers_only
    variants: tuple[Mapping[str, Any], ...] = ({},)

    @property
    def summary(self) -> str:
        """The first sentence of the builder's docstring."""
        return (inspect.getdoc(self.build) or "").split("\n\n")[0].replace("\n", " ")

    @property
    def options(self) -> dict[str, object]:
        """The options with their defaults."""
        parameters = inspect.signature(self.build).parameters.values()
        return {p.name: p.default for p in parameters if p.kind is p.KEYWORD_ONLY}

    def check(self, workers: int, options: Mapping[str, object]) -> dict[str, object]:
        """The options as given, or InputError saying which is unknown, of the wrong type or impossible here."""
        if not _fits(workers, int) or workers < 1:
            raise InputError(f"workers: {workers!r}; expected a whole number of at least 1")
        hints = _hints(self.build)
        for name, value in options.items():
            if name not in self.options:
                known = f"expected one of {', '.join(self.options)}" if self.options else "it has none"
                raise InputError(f"unknown option {name!r} of {self.name}; {known}{did_you_mean(name, self.options)}")
            hint = hints.get(name, type(self.options[name]))
            if not _fits(value, hint):
                near = did_you_mean(value, (word for word in _words(hint) if isinstance(value, str)))
                raise InputError(f"{name}: {value!r}; expected {_describe(hint)}{near}")
        self.ranks(workers, **options)
        return dict(options)

    def schedule(self, workers: int, **options: Any) -> Schedule:
        """The schedule for so many workers."""
        return self.build(workers, **self.check(workers, options))

    def claim(self, workers: int, vector: Vector, **options: Any) -> Claim:
        """The closed form for so many workers and this vector; a vector of no element takes no time."""
        claim = self.closed_form(workers, vector, **self.check(workers, options))
        return claim if vector.elements else replace(claim, time=lambda alpha, beta, gamma: 0 * alpha)


@cache
def _hints(build: Callable[..., Schedule]) -> dict[str, Any]:
    return get_type_hints(build)


def _words(hint: Any) -> list[str]:
    """The words that a value may be."""
    words = get_args(hint) if get_origin(hint) is Literal else [w for part in get_args(hint) for w in _words(part)]
    return [word for word in words if isinstance(word, str)]


def _fits(value: object, hint: Any) -> bool:
    if get_origin(hint) is Literal:
        return value in get_args(hint)
    if get_args(hint):
        return any(_fits(value, choice) for choice in get_args(hint))
    if hint in (int, float):
        return isinstance(value, Integral if hint is int else Real) and not isinstance(value, bool)
    return hint is Any or isinstance(value, hint)


def _describe(hint: Any) -> str:
    words = {int: "a whole number", float: "a number", bool: "true or false", str: "a word", type(None): "nothing"}
    if get_origin(hint) is Literal:
        return " or ".join(map(str, get_args(hint)))
    if get_args(hint):
        return " or ".join(map(_describe, get_args(hint)))
    return words.get(hint, getattr(hint, "__name__", str(hint)))
