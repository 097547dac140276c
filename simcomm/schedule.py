"""Schedule: an immutable DAG of operations, columnar inside and readable as rows.

An operation is a message (``src`` sends chunks, a range or a packed list of them, to ``dst``, which stores them —
*copy* — or adds them to what it has — *reduce*) or a computation (a rank is busy for some seconds; with chunks it hands
on what its dependencies left there, which is also how many writers are joined once for many readers).

**What a message carries.** For each of its chunks: what its dependencies left at the sender. A copy (or a computation
on that chunk) among them replaces the sender's own gradient; without one, the sender's own gradient is included; the
reductions among them are added. Every write makes a new version, so the memory of a buffer that is used again is not
modelled, and neither are races on it.

A schedule knows ranks and chunks, never bytes: those are bound at run time by :meth:`Schedule.sizes_bytes`. Its chunks
divide one vector, of which every worker has its own version and which is added up or spread; or, where workers exchange
what is not to be mixed (MPI's all-to-all), the vectors of all workers, laid end to end: ``vectors`` of them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from simcomm.cargo import Cargo, carried, list_bytes, range_bytes, stow
from simcomm.closed_forms import Vector
from simcomm.operation import COMPUTE, COPY, KINDS, REDUCE, Operation, check_rows
from simcomm.order import after_previous_send, dependents, depths
from simcomm.quotient import Quotient
from simcomm.well_formed import check

__all__ = ["COMPUTE", "COPY", "KINDS", "REDUCE", "Ints", "Operation", "Schedule"]

Ints = npt.NDArray[np.int64]

_COLUMNS = ("kind", "src", "dst", "chunk", "count", "seconds", "after_start", "after")


@dataclass(frozen=True, eq=False)
class Schedule:
    """``ranks`` ranks, each with room for ``chunks`` chunks, and the operations on them.

    With ``vectors`` > 1, vector v is worker v's own, and its chunks are those from v·chunks/vectors on.
    Columns are numpy arrays of one value per operation; ``after_start`` and ``after`` are the dependencies of
    operation i, ``after[after_start[i]:after_start[i + 1]]`` (compressed sparse rows). The order of the operations
    is the tie rule of every engine: of two that could go at the same instant the lower index goes first.
    Operation i carries the chunks ``cargo[chunk[i]:chunk[i] + count[i]]`` (see :mod:`~simcomm.cargo`); without a cargo
    they are the range itself.
    Of a schedule that was recorded modulo a group, ``quotient`` says the same, and the columns are made of it when
    somebody looks at one of them.

    >>> pair = Schedule.of(2, 1, [Operation("reduce", 0, 1, 0), Operation("copy", 1, 0, 0, after=(0,))])
    >>> print(pair)
    step 0
          0  reduce 0 -> 1  chunk 0
    step 1
          1  copy 1 -> 0  chunk 0, after 0
    >>> pair.messages, pair.steps
    (2, 2)
    """

    ranks: int
    chunks: int
    kind: npt.NDArray[np.int8]
    src: npt.NDArray[np.int32]
    dst: npt.NDArray[np.int32]
    chunk: npt.NDArray[np.int32]
    count: npt.NDArray[np.int32]
    seconds: npt.NDArray[np.float64]
    after_start: npt.NDArray[np.int64]
    after: npt.NDArray[np.int32]
    vectors: int = 1
    cargo: Cargo | None = field(default_factory=lambda: None)  # no default of the class: it may be yet to unfold
    _checked: bool = field(default=False, repr=False)
    quotient: Quotient | None = field(default=None, init=False, repr=False)

    def __post_init__(self) -> None:
        self._freeze()
        if not self._checked:
            check(self)

    @classmethod
    def unfolding(cls, quotient: Quotient) -> Schedule:
        """The schedule of a quotient: no more than that until a column is looked at."""
        schedule = object.__new__(cls)
        known: dict[str, int | None] = {
            "ranks": quotient.group.order,
            "chunks": quotient.chunks,
            "vectors": quotient.vectors,
        }
        if not quotient.packs:
            known["cargo"] = None
        schedule.__dict__.update(known, _checked=True, quotient=quotient)
        return schedule

    def __getattr__(self, name: str) -> Any:
        """A column that is not there yet."""
        quotient = self.__dict__.get("quotient")
        if quotient is None or name not in (*_COLUMNS, "cargo"):
            raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}", name=name, obj=self)
        self.__dict__.update(quotient.unfold())
        self._freeze()
        return self.__dict__[name]

    def _freeze(self) -> None:
        for column in (*self.columns(), *([] if self.cargo is None else [self.cargo])):
            column.setflags(write=False)

    @classmethod
    def of(cls, ranks: int, chunks: int, operations: Iterable[Operation], vectors: int = 1) -> Schedule:
        """A schedule from rows, in any order; raises InputError naming the row that is wrong."""
        rows = list(operations)
        check_rows(rows)
        columns = np.array([[KINDS.index(r.kind), r.src, r.dst, r.chunk, r.count] for r in rows], dtype=np.int64)
        kind, src, dst, chunk, count = columns.reshape(-1, 5).T
        cargo = None
        if any(row.packed for row in rows):
            chunk, cargo = stow(chunks, chunk, count, np.array([c for row in rows for c in row.chunks]))
        lengths = np.array([len(set(r.after)) for r in rows], dtype=np.int64)
        return cls(
            ranks,
            chunks,
            kind.astype(np.int8),
            src.astype(np.int32),
            dst.astype(np.int32),
            chunk.astype(np.int32),
            count.astype(np.int32),
            np.array([r.seconds for r in rows], dtype=np.float64),
            np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64),
            np.array([d for r in rows for d in sorted(set(r.after))], dtype=np.int32),
            vectors,
            cargo,
        )

    def columns(self) -> tuple[npt.NDArray[Any], ...]:
        """The arrays of all operations, in the order of the fields; without the cargo."""
        return (self.kind, self.src, self.dst, self.chunk, self.count, self.seconds, self.after_start, self.after)

    def same_as(self, other: Schedule) -> bool:
        """Whether two schedules are equal in all that they say, operation by operation."""
        if (self.ranks, self.chunks, self.vectors) != (other.ranks, other.chunks, other.vectors):
            return False
        mine, others = ((*s.columns(), np.empty(0) if s.cargo is None else s.cargo) for s in (self, other))
        return all(np.array_equal(a, b) and a.dtype == b.dtype for a, b in zip(mine, others, strict=True))

    def __len__(self) -> int:
        return len(self.kind) if self.quotient is None else self.quotient.operations

    def __getitem__(self, index: int) -> Operation:
        return self.row(range(len(self))[index])

    def row(self, index: int, ranges: bool = False) -> Operation:
        """Operation ``index``; with ``ranges`` as if there were no cargo, to name one that is wrong."""
        first, count = int(self.chunk[index]), int(self.count[index])
        packed: tuple[int, ...] = ()
        if self.cargo is not None and first >= self.chunks and not ranges:
            packed = tuple(self.cargo[first : first + count].tolist())
        return Operation(
            KINDS[self.kind[index]],
            int(self.src[index]),
            int(self.dst[index]),
            packed[0] if packed else first,
            count,
            float(self.seconds[index]),
            tuple(self.after[self.after_start[index] : self.after_start[index + 1]].tolist()),
            packed,
        )

    def __iter__(self) -> Iterator[Operation]:
        return (self[index] for index in range(len(self)))

    def __str__(self) -> str:
        return "\n".join(self.lines())

    @property
    def is_message(self) -> npt.NDArray[np.bool_]:
        """Which operations are messages."""
        return np.not_equal(self.kind, COMPUTE)

    @property
    def messages(self) -> int:
        """How many operations are messages."""
        if self.quotient is not None:
            return int(np.count_nonzero(self.quotient.kind != COMPUTE)) * self.ranks
        return int(np.count_nonzero(self.is_message))

    @property
    def steps(self) -> int:
        """The longest chain of messages that wait for each other."""
        if self.quotient is not None:
            return int(self.quotient.depths[1][self.quotient.kind != COMPUTE].max(initial=-1)) + 1
        return int(self.step[self.is_message].max(initial=-1)) + 1

    @property
    def step(self) -> Ints:
        """Of every message, how many messages must have ended one after the other before it can start."""
        return self._depths[1]

    @property
    def level(self) -> Ints:
        """Of every operation, the length of the longest chain of operations before it."""
        return self._depths[0]

    @cached_property
    def _depths(self) -> tuple[Ints, Ints]:
        if self.quotient is not None:
            level, step = self.quotient.depths
            return np.repeat(level, self.ranks), np.repeat(step, self.ranks)
        return depths(self)

    @property
    def waits_for_earlier(self) -> bool:
        """Whether every operation waits only for those with lower numbers, as those of a recorder do."""
        return bool((self.after < np.repeat(np.arange(len(self)), np.diff(self.after_start))).all())

    @cached_property
    def dependents(self) -> tuple[Ints, npt.NDArray[np.int32]]:
        """Who waits for operation i: ``waiting[start[i]:start[i + 1]]``, as (start, waiting)."""
        return dependents(self)

    @property
    def chunks_per_vector(self) -> int:
        """Into how many chunks a vector is cut."""
        return self.chunks // self.vectors

    @cached_property
    def carried(self) -> Ints:
        """The chunks that operations carry, ``count`` each, one operation after the other."""
        return carried(self.cargo, self.chunk, self.count)

    def sizes_bytes(self, vector: Vector) -> Ints:
        """Bytes that each operation moves when ``vector``, one worker's, is cut into its chunks (computations: 0).

        Chunk i of C covers elements ⌊iE/C⌋ … ⌊(i+1)E/C⌋ − 1. Exact while the vector, or what the longest message
        carries of several, is below 2⁶³ bytes; raises InputError above.
        """
        if self.quotient is not None and (known := self.quotient.sizes_bytes(vector)) is not None:
            return self.quotient.unfolded(known, self.chunk)
        if self.cargo is not None:
            sizes = list_bytes(vector, self.chunks_per_vector, self.cargo, self.chunk, self.count)
        else:
            sizes = range_bytes(vector, self.chunks_per_vector, self.chunk, self.count)
        return np.where(self.is_message, sizes, 0)

    def one_send_at_a_time(self) -> Schedule:
        """The same operations, where a message also waits until its sender's message before it has arrived.

        Before it is: with a lower number. The new dependencies carry nothing, since those messages went elsewhere.

        >>> rows = [Operation("copy", 0, 1, 0), Operation("copy", 1, 2, 0), Operation("copy", 0, 2, 0)]
        >>> Schedule.of(3, 1, rows).one_send_at_a_time()[2].after
        (0,)
        """
        after_start, after = after_previous_send(self)
        return replace(self, after_start=after_start, after=after.astype(np.int32))

    def lines(self) -> Iterator[str]:
        """The schedule as text, step by step, one operation a line."""
        step = self.step
        shown = None
        for index in np.lexsort((np.arange(len(self)), step)).tolist():
            if step[index] != shown:
                shown = step[index]
                yield f"step {shown}"
            yield f"  {index:>5}  {self[index]}"
