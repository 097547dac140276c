"""A schedule as an MSCCL program, so that reading it gives the same schedule, in all its columns.

Every message is an ``s`` in a threadblock that only sends to one GPU on one channel, and an ``r`` or ``rrc`` in one
that only receives. A message goes to the first channel where what the sends before it waited for is over anyway when it
may start: the order of a threadblock adds no dependency. The input is left as it is; what arrives is added to what lies
there (``rrc``) where that is there by then and everybody reads the two together, else it goes to scratch and is added
(``cpy``, ``re``) before it is read. Nothing is overwritten that is not over and read by then. A computation of 0 s is
such an addition in a threadblock that neither sends nor receives.

The attribute ``op``, which the runtimes do not look at, is the number of the operation, on which ties depend; without
it the steps say the same schedule in another order, and its computations are folded into what waits for them.
"""

from __future__ import annotations

from typing import Final

from simcomm.errors import InputError
from simcomm.formats.msccl.carried import Carried, Sum, name
from simcomm.formats.msccl.layout import OPERATIONS, Layout, Place, of_goal
from simcomm.formats.msccl.places import Places
from simcomm.formats.msccl.program import Head, Line, Thread, text_of_program
from simcomm.goals import Goal
from simcomm.schedule import COMPUTE, Operation, Schedule

#: What is over after every operation is kept as bits, one for each operation.
MOST_OPERATIONS: Final = 50_000


def text_of(schedule: Schedule, workers: int, title: str, goal: Goal | None) -> str:
    """The file; InputError for what MSCCL cannot say."""
    if workers != schedule.ranks:
        raise InputError(f"{schedule.ranks - workers} servers; MSCCL knows workers only")
    if len(schedule) > MOST_OPERATIONS:
        raise InputError(f"{len(schedule)} operations; expected at most {MOST_OPERATIONS} in an MSCCL file")
    busy = (schedule.kind == COMPUTE) & (schedule.seconds > 0)
    if busy.any():
        index = int(busy.argmax())
        raise InputError(f"{name(index, schedule[index])}: MSCCL has no computations that take time")
    coll, root = of_goal(goal, workers, schedule.chunks_per_vector)
    layout = Layout(OPERATIONS[coll], workers, schedule.chunks_per_vector, root)
    if schedule.vectors != layout.vectors:
        raise InputError(f"chunks of {schedule.vectors} vectors; expected {layout.vectors} for coll {coll}")
    writer = _Writer(Carried(schedule, layout))
    for number in writer.carried.order:
        writer.write(number)
    writer.finish()
    sizes = [{"i": len(own.inputs), "o": len(own.outputs), "s": own.scratch} for own in writer.places]
    return text_of_program(Head(title, coll, root, layout.chunks), sizes, writer.threads)


class _Writer:
    """The program so far."""

    def __init__(self, carried: Carried) -> None:
        self.carried = carried
        ranks = range(carried.layout.ranks)
        self.places = [Places(rank, carried) for rank in ranks]
        self.threads: list[list[Thread]] = [[] for _ in ranks]
        self.receiving: dict[tuple[int, int, int], Thread] = {}
        #: Of every operation, all that are over when it is, as bits, and the step that ends it.
        self.past: dict[int, int] = {}
        self.ends: dict[int, Line] = {}
        self.last: dict[tuple[int, int, int], int] = {}

    def write(self, number: int) -> None:
        """One operation, after all those that it waits for."""
        row = self.carried.rows[number]
        before = 0
        for waited in row.after:
            before |= self.past[waited]
        if row.kind == "compute":
            self._join(number, row, before)
        else:
            self._send(number, row, before)

    def _send(self, number: int, row: Operation, before: int) -> None:
        thread = self._thread(row.src, row.dst, before)
        connection = row.src, row.dst, thread.channel
        past = before | self.past.get(self.last.get(connection, -1), 0)
        self.past[number], self.last[connection] = past | 1 << number, number
        lines, source = self._read(number, row)
        receive = self._receive(number, row, past)
        lines.append(Line("s", source, receive.target, row.count, more={"op": number}))
        if receive.type == "r":
            receive.source = source
        self._commit(thread, number, row, before, lines)
        if len(lines) == 1:
            self.places[row.src].touch(source, row.count, number, lines[-1])
        key = row.dst, row.src, thread.channel
        if key not in self.receiving:
            self.receiving[key] = Thread(row.dst, receive=row.src, channel=thread.channel)
            self.threads[row.dst].append(self.receiving[key])
        self.receiving[key].add([receive])
        self.ends[number] = receive

    def _join(self, number: int, row: Operation, before: int) -> None:
        thread = self._thread(row.src, -1, before)
        self.past[number] = before | 1 << number
        own, chunks = self.places[row.src], row.chunks
        if not chunks:
            some = "i" if own.inputs else "o"
            lines = [Line("cpy", (some, 0), (some, 0), 0, more={"op": number, "barrier": row.chunk})]
        else:
            target = own.output(chunks)
            if target is None or not own.is_free(target, row.count, before, lambda slot: frozenset([number])):
                target = own.fresh(row.count)
            covers = [own.cover(chunk, self.carried.reads[number, chunk]) for chunk in chunks]
            lines = own.bring(covers, target, number)
            if not lines or (lines[-1].target, lines[-1].count) != (target, row.count):
                moved = own.fresh(row.count)
                lines.append(Line("cpy", target, moved, row.count))
                target = moved
            lines[-1].more["op"] = number
            own.write(target, chunks, [frozenset([number])] * row.count, number, lines[-1])
        self._commit(thread, number, row, before, lines)
        thread.over |= 1 << number
        self.ends[number] = lines[-1]

    def _commit(self, thread: Thread, number: int, row: Operation, before: int, lines: list[Line]) -> None:
        """Append steps that wait for all that the operation waits for."""
        lines[0].waits = [self.ends[waited] for waited in row.after]
        thread.add(lines)
        thread.over |= before

    def _thread(self, rank: int, peer: int, before: int) -> Thread:
        """The first threadblock whose order adds no dependency to what waits for ``before``."""
        mine = [thread for thread in self.threads[rank] if thread.send == peer and thread.receive < 0]
        for thread in mine:
            if not thread.over & ~before:
                return thread
        thread = Thread(rank, send=peer, channel=len(mine))
        self.threads[rank].append(thread)
        return thread

    def _receive(self, number: int, row: Operation, past: int) -> Line:
        """What arrives is added to what is there, or stored."""
        own, chunks = self.places[row.dst], row.chunks
        output = own.output(chunks)
        alone: list[Sum] = [frozenset([number])] * row.count
        if row.kind == "reduce":
            for source in (output, own.input(chunks)):
                if source is None or not own.can_add(source, chunks, number, past):
                    continue
                in_place = output is not None and own.is_free(
                    output, row.count, past, (lambda slot: slot.what | {number}) if source == output else None
                )
                target = output if in_place and output is not None else own.fresh(row.count)
                sums = own.add(source, chunks, number)
                line = Line("rrc", source, target, row.count)
                own.touch(source, row.count, number, line)
                own.write(target, chunks, sums, number, line)
                return line
            if not any(number in what for c in chunks for _, what in self.carried.readers[row.dst, c]):
                what = f"{name(number, row)} is added to a sum that nobody reads"
                raise InputError(f"{what}, at a rank that has nothing of its own there; MSCCL has no empty buffer")
        free = row.kind == "copy" and output is not None and own.is_free(output, row.count, past)
        target = output if free and output is not None else own.fresh(row.count)
        line = Line("r", target, target, row.count)
        own.write(target, chunks, alone, number, line)
        return line

    def _read(self, number: int, row: Operation) -> tuple[list[Line], Place]:
        """Where what an operation carries lies, after steps that bring it together there."""
        own = self.places[row.src]
        covers = [own.cover(chunk, self.carried.reads[number, chunk]) for chunk in row.chunks]
        first = covers[0][0]
        if all(cover == [(first[0], first[1] + k)] for k, cover in enumerate(covers)):
            return [], first
        target = own.fresh(row.count)
        return own.bring(covers, target, number), target

    def finish(self) -> None:
        """Bring to the output what does not lie there yet: nobody waits for that, it waits for all who were there."""
        for own in self.places:
            wanted = [
                (place, chunk, own.cover(chunk, self.carried.ends[own.rank, chunk]))
                for chunk, place in own.outputs.items()
            ]
            left = [(place, cover) for place, _, cover in wanted if cover != [place]]
            if not left:
                continue
            thread = Thread(own.rank, channel=len([t for t in self.threads[own.rank] if t.send == t.receive == -1]))
            self.threads[own.rank].append(thread)
            for lines, waits in own.bring_home(left):
                lines[0].waits = waits
                thread.add(lines)
