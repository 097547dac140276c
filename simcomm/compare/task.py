"""What is compared: one operation on one cluster, over a grid of workers and sizes, by every algorithm for it."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from simcomm import collectives as registry
from simcomm.collectives.base import SEGMENTS, Collective
from simcomm.compare.search import Setting, Space
from simcomm.errors import InputError, did_you_mean
from simcomm.goals import Goal
from simcomm.scenario.model import CollectiveChoice

if TYPE_CHECKING:
    from simcomm.scenario import Document, Scenario

#: Sizes where the scenario sweeps none and no override sets one: 1 KiB, 2 KiB, … 1 GiB.
SIZES_BYTES = tuple(2**exponent for exponent in range(10, 31))

#: Segments that are tried, of every algorithm that can be cut into them.
SEGMENTS_TRIED = tuple(2**exponent for exponent in range(11))

#: Workers that are asked what an algorithm promises; what it is called does not depend on them.
FEW = 4

#: What a scenario may sweep to be compared: the grid, and the collective, which is compared anyway.
_SIZE_KEYS = ("parameters", "size", "model", "layers")
_MAY_VARY = ("workers", "collective", *_SIZE_KEYS)


@dataclass(frozen=True)
class Task:
    """One operation by its ``algorithms`` on the cluster of ``base``, at every (workers, elements) of the ``grid``.

    ``given`` are options that say what is to be done, not how (a root): every algorithm gets them. ``excluded`` are
    algorithms of the operation that are not compared, with the reason; ``named`` those that were asked for by name.
    """

    operation: str
    document: Document
    base: Scenario
    grid: tuple[tuple[int, int], ...]
    algorithms: Mapping[str, Collective]
    given: Mapping[str, Any]
    excluded: Mapping[str, str]
    named: Collection[str]

    def space(self, name: str, workers: int) -> Space:
        """The options of an algorithm that are worth trying with so many workers; InputError if it refuses them."""
        return space_of(self.algorithms[name], workers, self.given)

    def options(self, setting: Setting) -> dict[str, Any]:
        """What the algorithm is given."""
        return {**self.given, **dict(setting)}

    def takes_more_hosts(self, name: str, workers: int, setting: Setting) -> bool:
        """Whether it is ahead by machines that the others do not have; nobody's concern if it was asked for by name."""
        return name not in self.named and self.algorithms[name].hosts(workers, self.options(setting)) > workers

    def point(self, name: str, workers: int, elements: int, setting: Setting) -> Scenario:
        """The point of a sweep; InputError if the algorithm, or a list of hosts or stragglers, does not fit."""
        collective, options = self.algorithms[name], self.options(setting)
        collective.check(workers, options)
        ranks, hosts = collective.hosts(workers, options), self.base.placement.order
        if not isinstance(hosts, str) and len(hosts) != ranks:
            raise InputError(f"placement: {len(hosts)} hosts for {ranks} ranks")
        if self.base.stragglers and max(self.base.stragglers) >= ranks:
            raise InputError(f"stragglers: there is no rank {max(self.base.stragglers)} of {ranks}")
        size = {"parameters": elements, "size_bytes": None, "model": None, "layers": None}
        choice = CollectiveChoice.model_construct(name=name, **options)  # checked above
        return self.base.model_copy(update={"workers": workers, "collective": choice, **size})


def task_of(
    document: Document, operation: str | None = None, only: Sequence[str] = (), without: Sequence[str] = ()
) -> Task:
    """What a scenario asks for: the operation of its collectives, unless another one is named.

    ``only`` restricts the algorithms, ``without`` names those that the cluster cannot run. InputError for a scenario
    that varies more than workers, size and collective, for an unknown operation, and if fewer than two algorithms
    remain.
    """
    odd = [path for path in document.swept if path.split(".")[0] not in _MAY_VARY]
    if odd:
        what = "compare takes one cluster and varies workers and size alone"
        raise InputError(f"{document.source}: {', '.join(odd)} swept; {what}: set one value by KEY=VALUE")
    known = {**{name: registry.get(name) for name in registry.names()}, **document.collectives}
    operation, exact, given = _asked(document, known, operation)
    named = {*only, *(name for point in document.points if (name := point.collective.name) is not None)}
    algorithms: dict[str, Collective] = {}
    excluded: dict[str, str] = {}
    for name, collective in known.items():
        if operation_of(collective) == operation:
            why = _excluded(collective, exact, given, name in named)
            excluded |= {name: why} if why else {}
            algorithms |= {} if why else {name: collective}
    algorithms = _chosen(algorithms, excluded, only, without, operation)
    excluded = {} if only else excluded
    excluded |= dict.fromkeys(without, "not wanted (--without)")
    return Task(operation, document, document.points[0], _grid(document), algorithms, given, excluded, named)


def space_of(collective: Collective, workers: int, given: Mapping[str, Any]) -> Space:
    """The options that the collective declares worth trying, and segments; the search starts from its variants."""
    choices = {name: tuple(values) for name, values in collective.tuning(workers).items() if name not in given}
    if collective.segmentable and SEGMENTS not in choices:
        choices[SEGMENTS] = SEGMENTS_TRIED
    space = Space(choices, collective.options, ())
    ways = [each for each in collective.variants if not given.keys() & each and not _of_the_task(collective, each)]
    return replace(space, starts=tuple(dict.fromkeys(space.setting(each) for each in ({}, *ways))))


def operation_of(collective: Collective) -> str:
    """What a collective does, whatever its options."""
    return goal_of(collective).operation


def goal_of(collective: Collective, options: Mapping[str, Any] | None = None) -> Goal:
    """What it promises, to a few workers."""
    return collective.goal if isinstance(collective.goal, Goal) else collective.goal_of(FEW, options or {})


def _asked(
    document: Document, known: Mapping[str, Collective], operation: str | None
) -> tuple[str, bool, dict[str, Any]]:
    """The operation, whether its result is exact, and the options that belong to it."""
    operations = {name: operation_of(collective) for name, collective in known.items()}
    if operation is not None and operation not in operations.values():
        every = list(dict.fromkeys(operations.values()))
        near = did_you_mean(operation, every)
        raise InputError(f"unknown operation {operation!r}; expected one of {', '.join(every)}{near}")
    choices = {repr(each): (each.name, each.options) for each in (p.collective for p in document.points)}.values()
    named = [(name, options) for name, options in choices if name is not None]
    if operation is None and len(named) < len(choices):
        raise InputError(f"{document.source}: a schedule from a file; expected an algorithm, or --operation NAME")
    asked = list(dict.fromkeys(operations[name] for name, _ in named))
    if operation is None and len(asked) > 1:
        raise InputError(f"{document.source}: several operations: {', '.join(asked)}; expected one: --operation NAME")
    does = operation or asked[0]
    if list(operations.values()).count(does) < 2:  # two tasks of such a kind can often not even be told apart
        only = next(name for name, each in operations.items() if each == does)
        raise InputError(f"{does}: {only}: nothing to compare; expected two algorithms or more")
    own = [(known[name], options) for name, options in named if operations[name] == does]
    exact = any(is_exact(collective) for collective, _ in own) or not own
    given = [_of_the_task(collective, options) for collective, options in own] or [{}]
    if any(each != given[0] for each in given):
        raise InputError(f"{document.source}: its points do different things, {given[0]} and others; expected one")
    return does, exact, given[0]


def is_exact(collective: Collective) -> bool:
    """Whether it promises the sum itself, and not something near it."""
    return goal_of(collective).multiplicity is None


def _of_the_task(collective: Collective, options: Mapping[str, Any]) -> dict[str, Any]:
    """The options that change what is promised, and not only how it is done."""
    plain = goal_of(collective)
    changing = {}
    for name, value in options.items():
        if name != SEGMENTS and goal_of(collective, {name: value}) != plain:
            changing[name] = value
    return changing


def _excluded(collective: Collective, exact: bool, given: Mapping[str, Any], named: bool) -> str:
    if not named and collective.hosts(FEW, {}) < collective.rank_count(FEW, {}):
        return "needs switches that add; it is compared if the scenario or --only names it"
    if is_exact(collective) != exact:
        return "its result is inexact: never ranked with exact ones" if exact else "exact: never ranked with inexact"
    missing = [name for name in given if name not in collective.options]
    return f"has no option {', '.join(missing)}" if missing else ""


def _chosen(
    algorithms: dict[str, Collective],
    excluded: Mapping[str, str],
    only: Sequence[str],
    without: Sequence[str],
    operation: str,
) -> dict[str, Collective]:
    for option, names in (("--only", only), ("--without", without)):
        for name in names:
            if name not in algorithms:
                why = excluded.get(name, f"no algorithm of {operation}")
                expected = f"expected {', '.join(algorithms)}{did_you_mean(name, algorithms)}"
                raise InputError(f"{option} {name}: {why}; {expected}")
    wanted = [name for name in only or algorithms if name not in without]
    chosen = {name: collective for name, collective in algorithms.items() if name in wanted}
    if len(chosen) < 2:
        names = ", ".join(chosen) or "none"
        raise InputError(f"{operation}: {names}: nothing to compare; expected two algorithms or more")
    return chosen


def _grid(document: Document) -> tuple[tuple[int, int], ...]:
    """The workers and elements of the scenario's points; of all sizes, if it sweeps none and no override sets one."""
    points = document.points
    if any(path.split(".")[0] in _SIZE_KEYS for path in (*document.swept, *document.overridden)):
        pairs = {(point.workers, point.elements) for point in points}
    else:
        pairs = {(point.workers, size // point.itemsize) for point in points for size in SIZES_BYTES}
    return tuple(sorted(pairs))
