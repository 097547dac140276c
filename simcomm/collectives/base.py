"""What a collective is: a claim, a goal, a citation and the code that writes its schedule."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from simcomm.closed_forms import Claim, TimeFormula, Vector
from simcomm.collectives.options import check_options, fits, hashable
from simcomm.errors import InputError
from simcomm.goals import Goal
from simcomm.schedule import Schedule
from simcomm.segments import claim_of, segmented

#: The option that every collective has that can be pipelined.
SEGMENTS = "segments"


def nothing_to_tune(workers: int) -> Mapping[str, Sequence[Any]]:
    """No option makes it faster or slower."""
    return {}


def workers_only(workers: int, **options: object) -> int:
    """As many ranks as workers: there is no server."""
    return workers


@dataclass(frozen=True)
class Collective:
    """A collective operation by one algorithm.

    ``build(workers, **options)`` writes the schedule; ``closed_form(workers, vector, **options)`` says, without
    looking at one, what it sends and how long it takes. Ranks 0 … workers − 1 are the workers; further ranks are
    servers. Options are the keyword-only parameters of ``build``, checked against their annotations (int, float, bool,
    str, Literal, tuples of any length and unions of them); ``ranks(workers, **options)`` says how many ranks that makes
    and refuses, with InputError, what else is illegal. ``goal`` says who must hold what at the end: a goal, or a
    function that says it for so many workers and these options. ``source`` says where the algorithm is described,
    ``variants`` which sets of options are worth showing, ``tuning(workers)`` which values of which options are worth
    trying for speed.

    Every ``segmentable`` collective has one more option: ``segments``, into which the vector is cut to be pipelined
    (see :mod:`~simcomm.segments`); builder and closed form are of one of them. ``segmented_time(workers,
    vector, segments, **options)`` is the time of several, where that is known.
    """

    name: str
    goal: Goal | Callable[..., Goal]
    build: Callable[..., Schedule]
    closed_form: Callable[..., Claim]
    source: str
    ranks: Callable[..., int] = workers_only
    variants: tuple[Mapping[str, Any], ...] = ({},)
    tuning: Callable[[int], Mapping[str, Sequence[Any]]] = nothing_to_tune
    segmentable: bool = True
    segmented_time: Callable[..., TimeFormula | None] | None = None

    @property
    def summary(self) -> str:
        """The first sentence of the builder's docstring."""
        return (inspect.getdoc(self.build) or "").split("\n\n")[0].replace("\n", " ")

    @property
    def options(self) -> dict[str, object]:
        """The options with their defaults."""
        parameters = inspect.signature(self.build).parameters.values()
        own = {p.name: p.default for p in parameters if p.kind is p.KEYWORD_ONLY}
        return own | ({SEGMENTS: 1} if self.segmentable else {})

    def check(self, workers: int, options: Mapping[str, object]) -> dict[str, object]:
        """The options as given, or InputError saying which is unknown, of the wrong type or impossible here.

        What was given as a list comes back as a tuple.
        """
        if not fits(workers, int) or workers < 1:
            raise InputError(f"workers: {workers!r}; expected a whole number of at least 1")
        check_options(self.name, self.build, self.options, options)
        if _of_one_segment(options)[1] < 1:
            raise InputError(f"{SEGMENTS}: {options[SEGMENTS]}; expected at least 1")
        self.rank_count(workers, options)
        return {name: hashable(value) for name, value in options.items()}

    def rank_count(self, workers: int, options: Mapping[str, Any]) -> int:
        """How many ranks there are: the workers and their servers."""
        return self.ranks(workers, **_of_one_segment(options)[0])

    def goal_of(self, workers: int, options: Mapping[str, Any]) -> Goal:
        """What is to be reached with these options."""
        own, segments = _of_one_segment(options)
        goal = self.goal if isinstance(self.goal, Goal) else self.goal(workers, **own)
        return goal.of_pieces(segments) if segments > 1 and goal.cuts(workers) else goal

    def schedule(self, workers: int, **options: Any) -> Schedule:
        """The schedule for so many workers."""
        own, segments = _of_one_segment(self.check(workers, options))
        schedule = self.build(workers, **own)
        return schedule if segments == 1 else segmented(schedule, segments, self.goal_of(workers, own).cuts(workers))

    def claim(self, workers: int, vector: Vector, **options: Any) -> Claim:
        """The closed form for so many workers and this vector; a vector of no element takes no time."""
        own, segments = _of_one_segment(self.check(workers, options))
        claim = self._claim(workers, vector, own, segments)
        return claim if vector.elements else replace(claim, time=lambda alpha, beta, gamma: 0 * alpha)

    def _claim(self, workers: int, vector: Vector, own: Mapping[str, Any], segments: int) -> Claim:
        if segments == 1:
            return self.closed_form(workers, vector, **own)
        blocks = workers if self.goal_of(workers, own).cuts(workers) else None
        claim = claim_of(lambda part: self.closed_form(workers, part, **own), vector, segments, blocks)
        if self.segmented_time is None:
            return claim
        return replace(claim, time=self.segmented_time(workers, vector, segments, **own))


def _of_one_segment(options: Mapping[str, Any]) -> tuple[dict[str, Any], int]:
    """The options of builder and closed form, and the number of segments."""
    return {name: value for name, value in options.items() if name != SEGMENTS}, options.get(SEGMENTS, 1)
