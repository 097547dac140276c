"""What lies in the buffers while the steps run: whose contributions, and by which messages they came.

The steps are gone through once, in an order that they allow. The value of a place in a buffer is a chunk, whether the
GPU's own contribution is in it, and the messages that are: the sum of all of these. What two steps do to one place must
not depend on chance: one of them has to wait for the other.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from simcomm.errors import ProofError
from simcomm.formats.msccl.elements import READS, RECEIVES, SENDS, WRITES, Algorithm, Step
from simcomm.formats.msccl.layout import Layout, Place
from simcomm.formats.msccl.order import Order
from simcomm.formats.msccl.story import Story, Value


@dataclass
class _Slot:
    """A place in a buffer: what it holds, who wrote it and who has read that since."""

    value: Value | None = None
    writer: Step | None = None
    readers: list[Step] = field(default_factory=list)


def interpret(algorithm: Algorithm, layout: Layout, order: Order) -> Story:
    """Go through all steps; ProofError or InputError naming the step that goes wrong."""
    machine = _Machine(algorithm, layout, order)
    for step in order.steps:
        machine.do(step)
    for rank in range(layout.ranks):
        machine.end(rank)
    return machine.story


class _Machine:
    """The buffers of all GPUs, and the story of what happened so far."""

    def __init__(self, algorithm: Algorithm, layout: Layout, order: Order) -> None:
        self.algorithm, self.layout, self.order = algorithm, layout, order
        self.receive_of = {send: receive for receive, send in order.sent_by.items()}
        self.story = Story(layout, order)
        #: Of every receive, the value of each place that arrives.
        self.arriving: dict[Step, list[Value]] = {}
        self.slots: list[dict[Place, _Slot]] = []
        for rank, gpu in enumerate(algorithm.gpus):
            inputs = layout.inputs(rank)
            for buffer, needed in (("i", len(inputs)), ("o", len(layout.outputs(rank)))):
                if self._size(rank, buffer) < needed:
                    expected = f"expected {needed} for {algorithm.collective}"
                    raise gpu.at.wrong(f"{buffer}_chunks: {gpu.sizes[buffer]}; {expected}")
            slots: dict[Place, _Slot] = defaultdict(_Slot)
            for place, chunk in inputs.items():
                slots[layout.place(rank, *place)].value = Value(chunk, True, frozenset())
            self.slots.append(slots)

    def do(self, step: Step) -> None:
        """One step: what arrives, what it reads, what it writes, what it sends."""
        self.story.begin(step, step in self.arriving)
        values = self.arriving.pop(step, None)
        if step.type in READS:
            read = [self._read(step, place) for place in self._places(step, step.source)]
            if step.type == "re":
                values = [self._read(step, place) for place in self._places(step, step.target)]
            values = read if values is None else [self._sum(step, *pair) for pair in zip(values, read, strict=True)]
        if step.type in WRITES and values is not None:
            self._write(step, values)
        if step.type in SENDS and values is not None:
            receive = self.receive_of[step]
            self.arriving[receive] = self.story.send(step, receive, values)
        elif step.operation is not None and step.barrier is not None:
            self.story.wait(step)
        elif step.operation is not None and values is not None and step.type not in RECEIVES:
            self._set(step, self.story.join(step, values))

    def end(self, rank: int) -> None:
        """Look at what a GPU ends with; where there is no goal, it need not be what a goal would have there."""
        for place, chunk in self.layout.outputs(rank).items():
            slot = self.slots[rank][self.layout.place(rank, *place)]
            at, value = self.algorithm.gpus[rank].at if slot.writer is None else slot.writer.at, slot.value
            if value is not None and value.chunk == chunk:
                self.story.held.append((rank, value, str(at)))
            elif self.layout.goal is not None:
                found = "nothing was written there" if value is None else f"chunk {value.chunk}, misplaced"
                where = f"gpu {rank}, {place[0]}[{place[1]}] at the end"
                raise at.wrong(f"{where}: {found}; expected chunk {chunk}", ProofError)

    def _size(self, gpu: int, buffer: str) -> int:
        sizes = self.algorithm.gpus[gpu].sizes
        return max(sizes["i"], sizes["o"]) if self.layout.in_place and buffer != "s" else sizes[buffer]

    def _places(self, step: Step, first: tuple[str, int]) -> Iterator[Place]:
        buffer, offset = first
        size = self._size(step.gpu, buffer)
        if offset < 0 or offset + step.count > size:
            what = f"{buffer}[{offset}]" if step.count == 1 else f"{buffer}[{offset}]..[{offset + step.count - 1}]"
            raise step.at.wrong(f"{what} is out of range; gpu {step.gpu} has {size} chunks in {buffer}")
        return (self.layout.place(step.gpu, buffer, offset + k) for k in range(step.count))

    def _read(self, step: Step, place: Place) -> Value:
        slot = self.slots[step.gpu][place]
        if slot.value is None:
            raise step.at.wrong(f"it reads {place[0]}[{place[1]}] of gpu {step.gpu}, where nothing was written")
        if slot.writer is not None:
            self._check_order(slot.writer, step, "reads", place, "may not yet have written")
        slot.readers.append(step)
        return slot.value

    def _write(self, step: Step, values: Sequence[Value]) -> None:
        for place, value in zip(self._places(step, step.target), values, strict=True):
            slot = self.slots[step.gpu][place]
            for reader in slot.readers:
                if reader is not step:
                    self._check_order(reader, step, "writes", place, "may still read")
            if slot.writer is not None:
                self._check_order(slot.writer, step, "writes", place, "may also be writing")
            slot.value, slot.writer, slot.readers = value, step, []

    def _set(self, step: Step, values: Sequence[Value]) -> None:
        for place, value in zip(self._places(step, step.target), values, strict=True):
            self.slots[step.gpu][place].value = value

    def _check_order(self, first: Step, then: Step, does: str, place: Place, other: str) -> None:
        if not self.order.comes_before(first, then):
            what = f"it {does} {place[0]}[{place[1]}] of gpu {then.gpu}, which {first.at} {other}"
            raise then.at.wrong(f"{what}; expected one of them to wait for the other")

    def _sum(self, step: Step, one: Value, other: Value) -> Value:
        if one.chunk != other.chunk:
            raise step.at.wrong(f"chunk {other.chunk} is added to chunk {one.chunk}; expected the same", ProofError)
        if one.own and other.own:
            raise step.at.wrong(f"the gradient of gpu {step.gpu} is added twice to chunk {one.chunk}", ProofError)
        for operation in sorted(one.operations & other.operations):
            came = f"what came by {self.story.operations[operation].at.at}"
            raise step.at.wrong(f"{came} is added twice to chunk {one.chunk}", ProofError)
        return Value(one.chunk, one.own or other.own, one.operations | other.operations)
