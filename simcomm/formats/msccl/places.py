"""Where things lie in the buffers of one GPU while a program is written: nothing is overwritten that is still read."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

from simcomm.formats.msccl.carried import END, OWN, Carried, Sum
from simcomm.formats.msccl.layout import Place
from simcomm.formats.msccl.program import Line


@dataclass
class Slot:
    """A place: the chunk and the sum that it holds, and the operations (and their steps) that have touched it."""

    chunk: int = -1
    what: Sum = frozenset()
    touched: dict[int, Line] = field(default_factory=dict)


class Places:
    """The buffers of one GPU. The input is never written to; scratch is as large as it has to be."""

    def __init__(self, rank: int, carried: Carried) -> None:
        self.rank, self.carried = rank, carried
        self.slots: dict[Place, Slot] = defaultdict(Slot)
        self.inputs = {chunk: place for place, chunk in carried.layout.inputs(rank).items()}
        self.outputs = {chunk: place for place, chunk in carried.layout.outputs(rank).items()}
        for chunk, place in self.inputs.items():
            self.slots[place] = Slot(chunk, frozenset([OWN]))
        #: Of every chunk, where something of it lies.
        self.holding: dict[int, list[Place]] = defaultdict(list)
        for chunk, place in self.inputs.items():
            self.holding[chunk].append(place)
        #: Sums that an arrival was added to, by chunk.
        self.added: dict[int, list[tuple[int, Sum]]] = defaultdict(list)
        self.scratch = 0

    def fresh(self, count: int) -> Place:
        """Room in scratch that nothing else uses."""
        self.scratch += count
        return "s", self.scratch - count

    def output(self, chunks: Sequence[int]) -> Place | None:
        """Where these chunks must lie at the end, if that is one range of places."""
        return _range([self.outputs.get(chunk) for chunk in chunks])

    def input(self, chunks: Sequence[int]) -> Place | None:
        """Where these chunks lie at the start, if that is one range of places."""
        return _range([self.inputs.get(chunk) for chunk in chunks])

    def is_free(self, first: Place, count: int, past: int, then: Callable[[Slot], Sum] | None = None) -> bool:
        """Whether what lies there may be replaced by who comes after ``past``; ``then`` is what will lie there."""
        for slot in self._range(first, count):
            if any(not past >> other & 1 for other in slot.touched):
                return False
            for reader, what in self.carried.readers[self.rank, slot.chunk] if slot.what else ():
                is_over = reader != END and past >> reader & 1
                if slot.what <= what and not is_over and not (then is not None and slot.what < then(slot) <= what):
                    return False
        return True

    def can_add(self, first: Place, chunks: Sequence[int], arrival: int, past: int) -> bool:
        """Whether an arrival can be added to what lies there: it is there by then, and wherever both are read."""
        for slot, chunk in zip(self._range(first, len(chunks)), chunks, strict=True):
            if slot.chunk != chunk or not slot.what or any(n != OWN and not past >> n & 1 for n in slot.what):
                return False
            readers = [what for _, what in self.carried.readers[self.rank, chunk] if arrival in what]
            if not all(slot.what <= what for what in readers):
                return False
            for other, base in self.added[chunk]:
                if base & slot.what and other not in slot.what and any(other in what for what in readers):
                    return False
        return True

    def write(self, first: Place, chunks: Sequence[int], sums: Iterable[Sum], by: int, line: Line) -> None:
        """Something lies there now."""
        for k, (chunk, what) in enumerate(zip(chunks, sums, strict=True)):
            place = first[0], first[1] + k
            slot = self.slots[place]
            if place not in self.holding[chunk]:
                self.holding[chunk].append(place)
            slot.chunk, slot.what = chunk, what
            slot.touched[by] = line

    def touch(self, first: Place, count: int, by: int, line: Line) -> None:
        """Something there is read."""
        for slot in self._range(first, count):
            slot.touched[by] = line

    def add(self, first: Place, chunks: Sequence[int], arrival: int) -> list[Sum]:
        """The sums of what lies there and an arrival."""
        slots = self._range(first, len(chunks))
        for slot in slots:
            self.added[slot.chunk].append((arrival, slot.what))
        return [slot.what | {arrival} for slot in slots]

    def cover(self, chunk: int, what: Sum) -> list[Place]:
        """Places that add up to a sum: the ones that hold most of it first."""
        left, found = what, []
        places = [place for place in self.holding[chunk] if self.slots[place].chunk == chunk]
        for place in sorted(places, key=lambda place: -len(self.slots[place].what)):
            if self.slots[place].what <= left:
                found.append(place)
                left -= self.slots[place].what
            if not left:
                return found
        raise AssertionError(f"rank {self.rank}, chunk {chunk}: {sorted(left)} is nowhere")  # pragma: no cover

    def bring(self, covers: Sequence[Sequence[Place]], target: Place, by: int) -> list[Line]:
        """Steps after which a range of places from ``target`` on holds the sums of what ``covers`` lists for each."""
        wanted = [((target[0], target[1] + k), list(cover)) for k, cover in enumerate(covers)]
        lines = []
        for first, run in _runs(wanted):
            for kind, source in first_then_rest(first, run[0]):
                line = Line(kind, source, first, len(run))
                self.touch(source, len(run), by, line)
                lines.append(line)
        return lines

    def bring_home(self, wanted: Sequence[tuple[Place, Sequence[Place]]]) -> list[tuple[list[Line], list[Line]]]:
        """Steps, with what they wait for, that bring to each place the sum of what is at others."""
        found = []
        for first, run in _runs(wanted):
            lines = [Line(kind, source, first, len(run)) for kind, source in first_then_rest(first, run[0])]
            touched: dict[Line, None] = {}
            for place in (first, *run[0]):
                for slot in self._range(place, len(run)):
                    touched.update(dict.fromkeys(slot.touched.values()))
            found.append((lines, _last_of_each(touched)))
        return found

    def _range(self, first: Place, count: int) -> list[Slot]:
        return [self.slots[first[0], first[1] + k] for k in range(count)]


def _range(places: Sequence[Place | None]) -> Place | None:
    first = places[0]
    if first is None:
        return None
    in_a_row = all(place == (first[0], first[1] + k) for k, place in enumerate(places))
    return first if in_a_row else None


def first_then_rest(target: Place, cover: Sequence[Place]) -> list[tuple[str, Place]]:
    """A copy of the first part and additions of the others; of what lies at the target already, no copy."""
    if target in cover:
        return [("re", place) for place in cover if place != target]
    return [("cpy" if index == 0 else "re", place) for index, place in enumerate(cover)]


def _runs(wanted: Sequence[tuple[Place, Sequence[Place]]]) -> list[tuple[Place, list[Sequence[Place]]]]:
    """Neighbouring places whose parts are neighbours, too: the first place, and the parts of each."""
    runs: list[tuple[Place, list[Sequence[Place]]]] = []
    for place, cover in wanted:
        if runs:
            first, run = runs[-1]
            k = len(run)
            if place == (first[0], first[1] + k) and list(cover) == [(b, offset + k) for b, offset in run[0]]:
                run.append(cover)
                continue
        runs.append((place, [cover]))
    return runs


def _last_of_each(lines: Iterable[Line]) -> list[Line]:
    """Of the steps of one threadblock, the last stands for all."""
    last: dict[int, Line] = {}
    for line in lines:
        other = last.get(id(line.block))
        if other is None or other.number < line.number:
            last[id(line.block)] = line
    return list(last.values())
