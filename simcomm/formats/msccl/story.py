"""The operations of a schedule as they turn up while the steps of a file are gone through.

A message waits for what its sender's step waits for. A step is over, for those that wait for it:

* one that receives, when the message is there; the messages of one connection come in the order of its steps, so the
  last of them stands for all before it;
* one that sends, when the message is on its way: a later send of that threadblock waits for what this one waited for,
  and then for its turn at the port, not for the arrival;
* any other at once: local copies and additions take no time.

A dependency is left out where another one implies it, unless the step names it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from simcomm.formats.msccl.elements import Step
from simcomm.formats.msccl.layout import Layout
from simcomm.formats.msccl.order import Order

Key = tuple[int, ...]

#: Why what one step does may be several operations.
_APART = "a chunk is there twice, or would get what only another one waits for"


class Value(NamedTuple):
    """What a place holds: a chunk, with the GPU's own contribution or without, and what these operations brought."""

    chunk: int
    own: bool
    operations: frozenset[int]


@dataclass(frozen=True, eq=False)
class Happened:
    """An operation: a message, or (``dst == src``) a computation of 0 s; ``key`` says where it is in the schedule.

    ``reads`` is what it carries of every chunk, ``arrives`` the step that receives it, ``at`` the step that sends it.
    """

    at: Step
    arrives: Step | None
    src: int
    dst: int
    chunk: int
    reads: tuple[Value, ...]
    after: frozenset[int]
    key: Key


class Story:
    """What happened, and what every step so far waited for."""

    def __init__(self, layout: Layout, order: Order) -> None:
        self.layout, self.order = layout, order
        self.operations: list[Happened] = []
        #: What a GPU holds at the end where it must, as (rank, value, where that was written).
        self.held: list[tuple[int, Value, str]] = []
        #: Of every operation, all that are over when it is, as bits.
        self._past: list[int] = []
        #: Of every step, the operations of its own, and those that are over when it is, without what they imply.
        self._of: dict[Step, tuple[int, ...]] = {}
        self._over: dict[Step, tuple[int, ...]] = {}
        #: Of every threadblock, what the steps since its last operation name as what they wait for.
        self._named: dict[tuple[int, int], set[int]] = defaultdict(set)
        #: Who wrote to every (rank, chunk), and the last message of every connection.
        self._wrote: dict[tuple[int, int], list[int]] = defaultdict(list)
        self._last: dict[tuple[int, int, int], int] = {}

    def begin(self, step: Step, receives: bool) -> None:
        """A step is reached: all that it waits for is over."""
        over: set[int] = set()
        for waited in self.order.before[step]:
            if waited is not self.order.sent_by.get(step):
                over.update(self._over[waited])
                if step.waits_for == (waited.block, waited.number) and waited.gpu == step.gpu:
                    self._named[step.gpu, step.block].update(self._of.get(waited, ()))
        if receives:
            over.update(self._of[step])
        self._over[step] = self._without_implied(over)

    def send(self, step: Step, receive: Step, values: Sequence[Value]) -> list[Value]:
        """One message, or several where some must not wait for the others; returns what arrives."""
        runs = self._runs(step.gpu, values)
        if len(runs) > 1 and step.operation is not None:
            raise step.at.wrong(f"op {step.operation} sends what is no one message: {_APART}; expected one, or no op")
        connection = (step.gpu, receive.gpu, self.order.channel[step])
        before = self._last.get(connection)
        named = self._named.pop((step.gpu, step.block), set())
        mine = [self._add(step, receive, run, named, self._key(step, receive, n), before) for n, run in enumerate(runs)]
        self._last[connection] = mine[-1]
        self._of[receive] = tuple(mine)
        each = zip(mine, runs, strict=True)
        return [Value(value.chunk, False, frozenset([number])) for number, run in each for value in run]

    def join(self, step: Step, values: Sequence[Value]) -> list[Value]:
        """A computation of 0 s that hands on what these places hold; returns what they hold now."""
        runs = self._runs(step.gpu, values)
        if len(runs) > 1:
            raise step.at.wrong(f"op {step.operation} joins what is no one operation: {_APART}; expected one, or no op")
        self._local(step, values)
        return [Value(value.chunk, False, frozenset(self._of[step])) for value in values]

    def wait(self, step: Step) -> None:
        """A computation of 0 s on no chunk: something to wait for."""
        self._local(step, ())

    def harmless(self, rank: int, operation: int, value: Value) -> bool:
        """Whether to wait for an operation leaves what is carried as it is."""
        if operation in value.operations or operation not in self._wrote[rank, value.chunk]:
            return True
        key = self.operations[operation].key
        return not value.own and key < min(self.operations[other].key for other in value.operations)

    def writers(self, rank: int, chunk: int) -> list[int]:
        """All operations that wrote a chunk at a GPU, in the order of the schedule."""
        return sorted(self._wrote[rank, chunk], key=lambda number: self.operations[number].key)

    def _local(self, step: Step, values: Sequence[Value]) -> None:
        named = self._named.pop((step.gpu, step.block), set())
        number = self._add(step, None, values, named, self._key(step, step, 0), None)
        self._of[step] = (number,)
        self._over[step] = self._without_implied({*self._over[step], number})

    def _add(
        self, step: Step, receive: Step | None, values: Sequence[Value], named: set[int], key: Key, before: int | None
    ) -> int:
        """One operation: it waits for what it carries, for what its steps name, and for what they do not imply."""
        rank, dst = step.gpu, step.gpu if receive is None else receive.gpu
        after = named.union(*(value.operations for value in values))
        past = self._joined(after)
        after.update(number for number in self._over[step] if not past >> number & 1)
        harmful = {a for a in after if not all(self.harmless(rank, a, value) for value in values)}
        if harmful:
            after = after - harmful | {self._append(step, None, rank, rank, 0, (), harmful, (*key[:-1], -1))}
        chunk = values[0].chunk if values else step.barrier or 0
        number = self._append(step, receive, rank, dst, chunk, values, after, key)
        if before is not None:
            self._past[number] |= self._past[before]
        return number

    def _append(
        self,
        step: Step,
        receive: Step | None,
        src: int,
        dst: int,
        chunk: int,
        values: Sequence[Value],
        after: set[int],
        key: Key,
    ) -> int:
        number = len(self.operations)
        self.operations.append(Happened(step, receive, src, dst, chunk, tuple(values), frozenset(after), key))
        self._past.append(1 << number | self._joined(after))
        for value in values:
            self._wrote[dst, value.chunk].append(number)
        return number

    def _key(self, step: Step, ends: Step, run: int) -> Key:
        """Where it goes in the schedule: by simcomm's number, or after all that its end comes after."""
        if step.operation is not None:
            return (step.operation, 0)
        return (self.order.level[ends], step.gpu, step.block, step.number, run)

    def _runs(self, rank: int, values: Sequence[Value]) -> list[list[Value]]:
        """What one operation can carry: each chunk once, and none waits for more than it may carry."""
        runs: list[list[Value]] = []
        chunks, after = set[int](), set[int]()
        for value in values:
            further = value.operations - after
            if (
                runs
                and value.chunk not in chunks
                and all(self.harmless(rank, waited, value) for waited in after)
                and all(self.harmless(rank, waited, other) for waited in further for other in runs[-1])
            ):
                runs[-1].append(value)
            else:
                runs.append([value])
                chunks, after = set(), set()
            chunks.add(value.chunk)
            after |= value.operations
        return runs

    def _joined(self, operations: Iterable[int]) -> int:
        past = 0
        for number in operations:
            past |= self._past[number]
        return past

    def _without_implied(self, operations: set[int]) -> tuple[int, ...]:
        """Those that no other of them implies; an operation implies none that turned up later."""
        kept, past = [], 0
        for number in sorted(operations, reverse=True):
            if not past >> number & 1:
                kept.append(number)
                past |= self._past[number]
        return tuple(kept)
