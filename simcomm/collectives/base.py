"""What a collective is: a claim, a goal, a citation and the code that writes its schedule."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from simcomm.closed_forms import Claim, TimeFormula, Vector
from simcomm.collectives.options import check_options, fits, hashable
from simcomm.errors import InputError
from simcomm.goals import Goal
from simcomm.schedule import Schedule
from simcomm.segments import claim_of, segmented

#: The option that every collective has that can be pipelined.
SEGMENTS = "segments"
#: And how many of them may be under way at once in each of its messages; 0: any number.
WINDOW = "window"


def nothing_to_tune(workers: int) -> Mapping[str, Sequence[Any]]:
    """No option makes it faster or slower."""
    return {}


def workers_only(workers: int, **options: object) -> int:
    """As many ranks as workers: there is no server."""
    return workers


@dataclass(frozen=True)
class Fitted:
    """What the cluster says to a collective that is fitted to it.

    ``given`` are further arguments of the builder and its closed form (trees, say), plain values as options are;
    ``further`` are the switches on which the ranks after the workers stand, in their order; ``routes`` the ways, node
    by node, that messages are meant to take where they are not the shortest.
    """

    given: Mapping[str, Any] = field(default_factory=dict)
    further: tuple[Any, ...] = ()
    routes: tuple[tuple[Any, ...], ...] = ()


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
    vector, segments, **options)`` is the time of several, where that is known. With a ``window`` w a message of a
    segment also waits until that of the w-th segment before it has arrived, and no formula says the time.

    A collective that knows the graph has ``fitted(graph, hosts, workers, options)``: what a checked graph, with worker
    r on ``hosts[r]``, has to say to it, or InputError why it cannot be. :meth:`fitted_to` makes an ordinary collective
    of both, which is ``given`` that; without a graph, builder and closed form have defaults of their own. Its ranks
    after the workers stand on switches.

    A schedule from a file has no closed form (None): it is proven, and nothing says what it should send. It is for
    ``only_workers``; ``places`` say where in the file every operation stands.
    """

    name: str
    goal: Goal | Callable[..., Goal]
    build: Callable[..., Schedule]
    closed_form: Callable[..., Claim] | None
    source: str
    ranks: Callable[..., int] = workers_only
    variants: tuple[Mapping[str, Any], ...] = ({},)
    tuning: Callable[[int], Mapping[str, Sequence[Any]]] = nothing_to_tune
    segmentable: bool = True
    segmented_time: Callable[..., TimeFormula | None] | None = None
    fitted: Callable[..., Fitted] | None = None
    given: Mapping[str, Any] = field(default_factory=dict)
    only_workers: int | None = None
    places: Sequence[str] = ()

    @property
    def summary(self) -> str:
        """The first sentence of the builder's docstring."""
        return (inspect.getdoc(self.build) or "").split("\n\n")[0].replace("\n", " ")

    @property
    def options(self) -> dict[str, object]:
        """The options with their defaults."""
        parameters = inspect.signature(self.build).parameters.values()
        own = {p.name: p.default for p in parameters if p.kind is p.KEYWORD_ONLY}
        return own | ({SEGMENTS: 1, WINDOW: 0} if self.segmentable else {})

    def check(self, workers: int, options: Mapping[str, object]) -> dict[str, object]:
        """The options as given, or InputError saying which is unknown, of the wrong type or impossible here.

        What was given as a list comes back as a tuple.
        """
        if not fits(workers, int) or workers < 1:
            raise InputError(f"workers: {workers!r}; expected a whole number of at least 1")
        for name in (SEGMENTS, WINDOW):
            if name in options and not self.segmentable:
                raise InputError(f"{name}: {options[name]!r}; {self.name} cannot be cut into segments")
        check_options(self.name, self.build, self.options, options)
        if self._of_one_segment(options)[1] < 1:
            raise InputError(f"{SEGMENTS}: {options[SEGMENTS]}; expected at least 1")
        window = options.get(WINDOW, 0)
        if isinstance(window, int) and window < 0:
            raise InputError(f"{WINDOW}: {window}; expected at least 0, for as many segments as there are")
        self.rank_count(workers, options)
        return {name: hashable(value) for name, value in options.items()}

    def rank_count(self, workers: int, options: Mapping[str, Any]) -> int:
        """How many ranks there are: the workers and their servers."""
        return self.ranks(workers, **self._of_one_segment(options)[0])

    def hosts(self, workers: int, options: Mapping[str, Any]) -> int:
        """How many ranks stand on hosts: all, or the workers alone where the others stand on switches."""
        return workers if self.fitted is not None else self.rank_count(workers, options)

    def fitted_to(self, graph: Any, hosts: Sequence[Any], options: Mapping[str, Any]) -> tuple[Collective, Fitted]:
        """The same collective for workers on these hosts of a checked graph, and what that says to it."""
        if self.fitted is None:
            return self, Fitted()
        found = self.fitted(graph, hosts, len(hosts), self.check(len(hosts), options))
        return replace(self, given=found.given), found

    def goal_of(self, workers: int, options: Mapping[str, Any]) -> Goal:
        """What is to be reached with these options."""
        own, segments = self._of_one_segment(options)
        goal = self.goal if isinstance(self.goal, Goal) else self.goal(workers, **own)
        return goal.of_pieces(segments) if segments > 1 and goal.cuts(workers) else goal

    def schedule(self, workers: int, **options: Any) -> Schedule:
        """The schedule for so many workers."""
        own, segments = self._of_one_segment(self.check(workers, options))
        schedule = self.build(workers, **own)
        if segments == 1:
            return schedule
        return segmented(schedule, segments, self.goal_of(workers, own).cuts(workers), options.get(WINDOW, 0))

    def claim(self, workers: int, vector: Vector, **options: Any) -> Claim:
        """The closed form for so many workers and this vector; a vector of no element takes no time.

        InputError if there is none.
        """
        own, segments = self._of_one_segment(self.check(workers, options))
        claim = self._claim(workers, vector, own, segments, options.get(WINDOW, 0))
        return claim if vector.elements else replace(claim, time=lambda alpha, beta, gamma: 0 * alpha)

    def _claim(self, workers: int, vector: Vector, own: Mapping[str, Any], segments: int, window: int) -> Claim:
        form = self.closed_form
        if form is None:
            raise InputError(f"{self.name} has no closed form")
        if segments == 1:
            return form(workers, vector, **own)
        blocks = workers if self.goal_of(workers, own).cuts(workers) else None
        claim = claim_of(lambda part: form(workers, part, **own), vector, segments, blocks)
        if window and claim.steps:
            return replace(claim, steps=claim.steps + (segments - 1) // window)  # from window to window, any way round
        if self.segmented_time is None:
            return claim
        return replace(claim, time=self.segmented_time(workers, vector, segments, **own))

    def _of_one_segment(self, options: Mapping[str, Any]) -> tuple[dict[str, Any], int]:
        """The arguments of builder and closed form, and the number of segments."""
        own = {name: value for name, value in options.items() if name not in (SEGMENTS, WINDOW)}
        return {**own, **self.given}, options.get(SEGMENTS, 1)
