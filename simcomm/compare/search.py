"""A search over the options of one algorithm, one place of the grid at a time: pure bookkeeping, nothing is simulated.

Options have values in an order (1, 2, 4, … segments). The search begins with the settings that the algorithm declares
worth showing, then climbs: around the best so far it tries every option one and two values up and down, and what is
best at the neighbouring places of the grid. It ends where nothing around the best is untried, or with the budget.
Coordinate descent with shared starts: it finds the best value of an option whose time first falls and then rises, as
that of pipelining does, (d + k)(α + S/k·β); of two options that depend on each other it may find a local best.

An option must be worth it: of all settings within ``WORTH`` of the shortest time the simplest is the best. Otherwise a
network on which a message costs its port nothing but its bytes would always want the most segments, for nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

#: The options that are not as by default, by name: one point of a search.
Setting = tuple[tuple[str, Any], ...]

#: How many values up and down an option is moved at once: two, to get over a pair of equals.
STEPS = (1, -1, 2, -2)

#: The part of its time that a setting must save to be preferred to a simpler one.
WORTH = 0.01


@dataclass(frozen=True)
class Space:
    """What an algorithm may be given: the values of its options in their order, its defaults, where to start.

    >>> space = Space({"segments": (1, 2, 4, 8)}, {"segments": 1}, ((),))
    >>> space.moves(()), space.moves((("segments", 4),))
    ([(('segments', 2),), (('segments', 4),)], [(('segments', 8),), (('segments', 2),), ()])
    """

    choices: Mapping[str, tuple[Any, ...]]
    defaults: Mapping[str, Any]
    starts: tuple[Setting, ...]

    def setting(self, options: Mapping[str, Any]) -> Setting:
        """The options without those that are as by default."""
        return tuple(sorted((name, value) for name, value in options.items() if self.defaults.get(name) != value))

    def holds(self, setting: Setting) -> bool:
        """Whether its values are among those worth trying: what is good for other workers need not be."""
        return all(value in self.choices[name] for name, value in setting if name in self.choices)

    def effort(self, setting: Setting) -> int:
        """How far it is from the default: one for every option, and one for every value that it is further on.

        >>> Space({"segments": (1, 2, 4, 8)}, {"segments": 1}, ((),)).effort((("segments", 4),))
        3
        """
        return sum(1 + _index(self.choices.get(name, ()), value) for name, value in setting)

    def moves(self, setting: Setting) -> list[Setting]:
        """The settings around this one, each once, the nearest of every option first."""
        options = dict(setting)
        found = []
        for name, values in self.choices.items():
            now = options.get(name, self.defaults.get(name))
            found += [self.setting({**options, name: value}) for value in _around(values, now)]
        return list(dict.fromkeys(move for move in found if move != setting))


def _around(values: tuple[Any, ...], now: Any) -> Iterator[Any]:
    """The values near this one; of values without an order, and for one that is not among them, all."""
    if now not in values or not all(_is_number(value) for value in values):
        yield from values
        return
    at = values.index(now)
    yield from (values[at + step] for step in STEPS if 0 <= at + step < len(values))


def _index(values: tuple[Any, ...], value: Any) -> int:
    return values.index(value) if value in values else 0


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


@dataclass
class Climb:
    """The search of one algorithm at one place: what was tried, with its time, or None where there is none.

    ``is_spent``: the budget has ended it, and something that it would have tried is left.
    """

    space: Space
    budget: int
    tried: dict[Setting, float | None] = field(default_factory=dict)
    is_spent: bool = False
    _asked: int = 0

    @property
    def best(self) -> Setting | None:
        """The simplest setting of those that are as good as the fastest so far; None before there is one."""
        timed = {setting: time_s for setting, time_s in self.tried.items() if time_s is not None}
        longest_s = min(timed.values(), default=0.0) * (1 + WORTH)
        near = [setting for setting, time_s in timed.items() if time_s <= longest_s]
        return min(near, key=lambda setting: (self.space.effort(setting), timed[setting], repr(setting)), default=None)

    def next(self, hints: Iterable[Setting], is_possible: Callable[[Setting], bool]) -> list[Setting]:
        """What to try now, of ``hints`` and around the best: nothing that was tried, and no more than is left.

        What is not possible costs nothing of the budget.
        """
        best = self.best
        wanted = [*hints, *(self.space.moves(best) if best is not None else self.space.starts)]
        chosen = []
        for setting in dict.fromkeys(wanted):
            if setting not in self.tried and is_possible(setting):
                self.is_spent = self._asked == self.budget
                if self.is_spent:
                    break
                chosen.append(setting)
                self._asked += 1
        return chosen
