"""A reference case: the numbers that a peer gave, and how to get the same ones here; and what came of it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from simcomm.conformance.fields import Fields

AGREES, DIFFERS, NOT_RUN, NOT_UNDERSTOOD = "agrees", "differs", "not run", "not understood"


class Number(NamedTuple):
    """One number of a case, theirs and ours; ``difference`` is measured as the peer's tolerance ``allowed`` is."""

    what: str
    theirs: Any
    ours: Any
    difference: Any
    allowed: Any

    @property
    def agrees(self) -> bool:
        """Whether the difference is allowed; one that is no number is not."""
        return bool(self.difference <= self.allowed)


def to_the_digit(what: str, theirs: int, ours: Any) -> Number:
    """Two exact numbers, of which no difference is allowed.

    >>> to_the_digit("finish", 3, 3.0).agrees, to_the_digit("finish", 3, 3.5).difference
    (True, Fraction(1, 2))
    """
    exact = Fraction(ours)
    return Number(what, theirs, exact, abs(exact - theirs), 0)


def relatively(what: str, theirs: float, ours: float, allowed: float) -> Number:
    """Two floats and their relative difference.

    >>> relatively("makespan", 2.0, 2.5, 1e-6).difference
    0.25
    """
    apart = abs(ours - theirs)
    return Number(what, theirs, ours, apart / abs(theirs) if theirs else apart, allowed)


@dataclass(frozen=True)
class Case:
    """What a reader makes of a case: ``run(engine)`` does it here and compares; ``crossings`` is what that costs.

    ``crossings`` are messages times the links that a message crosses on average. The first number of ``run`` is the
    time of the whole case.
    """

    messages: int
    crossings: int
    run: Callable[[str], Sequence[Number]]


@dataclass(frozen=True)
class Peer:
    """A simulator whose answers are known: how to read one of its cases, and how to write its numbers."""

    unit: str
    read: Callable[[Fields], Case]
    shown: Callable[[Any], str]
    difference: Callable[[Any], str]


@dataclass(frozen=True)
class Outcome:
    """What came of one case: ``numbers`` if it was run, else ``why`` not; ``why`` also if it failed."""

    case: str
    verdict: str
    numbers: tuple[Number, ...] = ()
    why: str = ""

    @property
    def worst(self) -> Number | None:
        """The number that is furthest from being right, if any was compared."""
        return max(self.numbers, key=lambda n: (not n.agrees, n.difference), default=None)
