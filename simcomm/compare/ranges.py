"""From the best at every size to few ranges of sizes, each with one algorithm, and to a sentence."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby, pairwise
from typing import Any

from simcomm.compare.ranking import Cell, Crossover
from simcomm.units import format_binary_size

#: Algorithms that a sentence names in one place.
MOST_NAMES = 4


@dataclass(frozen=True)
class Range:
    """With so many workers, ``algorithm`` is the one to take from ``from_bytes`` up to below ``until_bytes``.

    It is the fastest at all of its ``cells``, or cannot be told from the fastest. None stands for no end.
    """

    workers: int
    algorithm: str
    from_bytes: int | None
    until_bytes: int | None
    cells: tuple[Cell, ...]

    @property
    def sizes(self) -> str:
        """Its sizes in words: empty if it is the only range."""
        first, last = (
            None if size is None else format_binary_size(size) for size in (self.from_bytes, self.until_bytes)
        )
        if first and last:
            return f"from {first} to {last}"
        return f"below {last}" if last else f"above {first}" if first else ""

    @property
    def options(self) -> str:
        """Its options in words: those that it has at all sizes, or from which to which."""
        found: dict[str, list[object]] = {}
        for cell in self.cells:
            entry = next(entry for entry in cell.entries if entry.algorithm == self.algorithm)
            for name, value in entry.options:
                found.setdefault(name, []).append(value)
        return ", ".join(_option(name, values, len(self.cells)) for name, values in sorted(found.items()))

    def as_json(self) -> dict[str, Any]:
        """As plain values."""
        equals = {name: [cell.size_bytes for cell in where] for name, where in self.equals.items()}
        plain = {name: getattr(self, name) for name in ("workers", "algorithm", "from_bytes", "until_bytes", "options")}
        return {**plain, "equals_at_bytes": equals}

    @property
    def equals(self) -> dict[str, list[Cell]]:
        """The other algorithms that the model cannot tell from it, and where."""
        found: dict[str, list[Cell]] = {}
        for cell in self.cells:
            for name in cell.names:
                if name != self.algorithm:
                    found.setdefault(name, []).append(cell)
        return found


def ranges_of(cells: Sequence[Cell], crossovers: Iterable[Crossover]) -> tuple[Range, ...]:
    """The ranges for one number of workers, by ascending sizes.

    They change where the fastest does, at the crossover; a change that the model cannot tell from none is passed over:
    an algorithm stays as long as it is among those tied, unless that hides one that is ahead of it.
    """
    runs = [(name, list(own)) for name, own in groupby(cells, key=lambda cell: cell.best.algorithm)]
    while (found := _hidden(runs)) is not None:
        gone, into = found
        parts = [runs[gone], runs[into]] if gone < into else [runs[into], runs[gone]]
        runs[min(gone, into) : max(gone, into) + 1] = [(runs[into][0], [cell for _, own in parts for cell in own])]
        runs = [(name, [c for _, own in same for c in own]) for name, same in groupby(runs, key=lambda run: run[0])]
    known = tuple(crossovers)
    borders = [border(first[-1], second[0], known) for (_, first), (_, second) in pairwise(runs)]
    ends = zip([None, *borders], [*borders, None], strict=True)
    return tuple(
        Range(own[0].workers, name, first, last, tuple(own))
        for (name, own), (first, last) in zip(runs, ends, strict=True)
    )


def border(first: Cell, second: Cell, crossovers: Iterable[Crossover]) -> int:
    """From which size on a change between two neighbouring cells takes place: the crossover, if one was found there."""
    for cross in crossovers:
        if cross.workers == first.workers and first.size_bytes <= cross.size_bytes <= second.size_bytes:
            return cross.size_bytes
    return second.size_bytes


def _hidden(runs: Sequence[tuple[str, list[Cell]]]) -> tuple[int, int] | None:
    """A run that its neighbour can stand in for everywhere, and that neighbour; the one before rather than after."""
    for index, (_, own) in enumerate(runs):
        for other in (index - 1, index + 1):
            if 0 <= other < len(runs) and all(runs[other][0] in cell.names for cell in own):
                return index, other
    return None


def sentence(cells: Sequence[Cell], crossovers: Iterable[Crossover]) -> str:
    """Plain words for one number of workers: which algorithm below, between and above, and which never."""
    ranges = ranges_of(cells, crossovers)
    parts = [" ".join(filter(None, (each.sizes, _which(each)))) for each in ranges[:-1]]
    parts.append(f"above, {_which(ranges[-1])}" if parts else _which(ranges[-1]))
    tied = {name for cell in cells for name in cell.names}
    never = sorted({entry.algorithm for cell in cells for entry in cell.entries} - tied)
    parts += [f"never {_listed(never, len(never))}"] if never else []
    return f"n = {cells[0].workers}: {'; '.join(parts)}"


def _which(one: Range) -> str:
    """The algorithm with its options, and what the model cannot tell from it."""
    word = one.algorithm + (f" with {one.options}" if one.options else "")
    always = [name for name, where in one.equals.items() if len(where) == len(one.cells)]
    if always:
        word = f"{_listed([word, *always], MOST_NAMES)}: no difference that the model can tell"
    near: dict[str, list[str]] = {}
    for name, where in one.equals.items():
        if name not in always:
            near.setdefault(_sizes(where, one.cells), []).append(name)
    parts = [f"{sizes}: {_listed(names, MOST_NAMES)}" for sizes, names in near.items()]
    return word + (f" (as good {'; '.join(parts)})" if parts else "")


def _sizes(some: Sequence[Cell], cells: Sequence[Cell]) -> str:
    """Where some of the cells are."""
    first, last = (format_binary_size(cell.size_bytes) for cell in (some[0], some[-1]))
    if len(some) == 1:
        return f"at {first}"
    at = [cells.index(cell) for cell in some]
    gaps = "" if at[-1] - at[0] == len(at) - 1 else "at some sizes "
    return f"{gaps}from {first} on" if some[-1] == cells[-1] else f"{gaps}from {first} to {last}"


def _option(name: str, values: Sequence[object], cells: int) -> str:
    """One option over a range: its value, from which to which, or that only some sizes have it."""
    distinct = list(dict.fromkeys(values))
    if all(isinstance(value, int | float) and not isinstance(value, bool) for value in values):
        least, most = min(values, key=_number), max(values, key=_number)
        if len(values) < cells:
            return f"{name} up to {most}"
        return f"{name}={least}" if least == most else f"{name}={least} to {most}"
    word = f"{name}={'/'.join(map(str, distinct))}"
    return word if len(values) == cells else f"{word} at some sizes"


def _number(value: object) -> float:
    return float(value) if isinstance(value, int | float) else 0.0


def _listed(names: Sequence[str], most: int) -> str:
    """a, b or c; of too many the first ones.

    >>> _listed(["a", "b", "c"], 4), _listed(["a", "b", "c"], 2)
    ('a, b or c', 'a, b or 1 more')
    """
    shown = [*names[:most], *([f"{len(names) - most} more"] if names[most:] else [])]
    return f"{', '.join(shown[:-1])} or {shown[-1]}" if len(shown) > 1 else "".join(shown)
