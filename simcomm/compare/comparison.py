"""What a comparison found: the ranking everywhere, crossovers, sentences, and the tuning table as files."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, fields
from functools import cached_property
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, ClassVar

from simcomm.compare.effort import Effort
from simcomm.compare.ranges import Range, border, ranges_of, sentence
from simcomm.compare.ranking import Cell, Crossover, LeftOut
from simcomm.results import Results
from simcomm.tables import Cell as Value
from simcomm.tables import Column, columns_of, write_file
from simcomm.writable import Writable

if TYPE_CHECKING:
    from simcomm.scenario import Document

TABLE_VERSION = 2
"""Raised when a column is added, removed or changes its meaning."""


@dataclass(frozen=True)
class Choice:
    """One row of a tuning table: what to take with so many workers and a size in a range."""

    operation: Annotated[str, "What is done: all_reduce, broadcast, …"]
    workers: Annotated[int, "Number of workers n."]
    from_bytes: Annotated[int, "The row holds for sizes of at least so many bytes …"]
    until_bytes: Annotated[int | None, "… and less than so many; empty in the last row of an n: there is no end."]
    size_bytes: Annotated[int, "The size that was simulated, in bytes of one worker's vector."]
    best: Annotated[str, "The fastest algorithm there."]
    options: Annotated[str, "Its options as key=value words, empty if all are as by default."]
    time_s: Annotated[float, "Its time, in seconds."]
    runner_up: Annotated[str, "The second fastest; empty if no other can run."]
    runner_up_options: Annotated[str, "Its options."]
    runner_up_time_s: Annotated[float | None, "Its time, in seconds; empty if there is none."]
    margin: Annotated[float | None, "(second − first) / first; empty without a second, or if nothing takes any time."]
    distinguishable: Annotated[bool, "Whether the margin is more than the model error: if not, the best is only first."]
    equals: Annotated[str, "Algorithms that the model cannot tell from the best, with spaces; empty if there is none."]
    evaluations: Annotated[int, "Simulations behind this row: of all algorithms with all options that were tried."]

    def as_row(self) -> dict[str, Value]:
        """The columns in their order."""
        return {name: getattr(self, name) for name in self.__dataclass_fields__}


@dataclass(frozen=True)
class TuningTable(Writable):
    """What to take, for every number of workers and range of sizes."""

    columns: ClassVar[tuple[Column, ...]] = columns_of(Choice)
    rows: tuple[Choice, ...]


@dataclass(frozen=True)
class Comparison:
    """Every algorithm of one operation on one cluster: ``cells`` by workers and size, ``crossovers``, what is missing.

    ``untried`` are single settings that do not fit or were refused; ``ended_by_budget`` of ``searches`` stopped before
    they came to an end. ``results`` has a row for every simulation.
    """

    operation: str
    document: Document
    effort: Effort
    cells: tuple[Cell, ...]
    crossovers: tuple[Crossover, ...]
    left_out: tuple[LeftOut, ...]
    untried: tuple[LeftOut, ...]
    ended_by_budget: int
    searches: int
    results: Results

    @property
    def workers(self) -> tuple[int, ...]:
        """The numbers of workers, ascending."""
        return tuple(dict.fromkeys(cell.workers for cell in self.cells))

    def cells_of(self, workers: int) -> tuple[Cell, ...]:
        """Those of one number of workers, by ascending sizes."""
        return tuple(cell for cell in self.cells if cell.workers == workers)

    def ranges(self, workers: int) -> tuple[Range, ...]:
        """Which algorithm to take at which sizes."""
        return ranges_of(self.cells_of(workers), self.crossovers)

    @property
    def sentences(self) -> tuple[str, ...]:
        """One for every number of workers."""
        return tuple(sentence(self.cells_of(workers), self.crossovers) for workers in self.workers)

    @cached_property
    def table(self) -> TuningTable:
        """What an application would look up; it can be written as CSV or Parquet."""
        return TuningTable(tuple(row for workers in self.workers for row in self._rows(self.cells_of(workers))))

    @property
    def rows(self) -> tuple[Choice, ...]:
        """The rows of the tuning table."""
        return self.table.rows

    def _rows(self, cells: tuple[Cell, ...]) -> Iterator[Choice]:
        borders = [
            border(first, second, self.crossovers if first.best.algorithm != second.best.algorithm else ())
            for first, second in pairwise(cells)
        ]
        for cell, first, last in zip(cells, [0, *borders], [*borders, None], strict=True):
            best, second = cell.best, cell.runner_up
            yield Choice(
                self.operation,
                cell.workers,
                first,
                last,
                cell.size_bytes,
                best.algorithm,
                best.words,
                best.time_s,
                second.algorithm if second else "",
                second.words if second else "",
                second.time_s if second else None,
                cell.margin,
                cell.is_clear,
                " ".join(cell.names[1:]),
                cell.evaluations,
            )

    def to_json(self, path: str | Path) -> None:
        """Write the tuning table and all that belongs to it; InputError if the place is wrong, else OutputError."""
        write_file(path, (json.dumps(self.as_json(), indent=1, allow_nan=False) + "\n").encode())

    def as_json(self) -> dict[str, Any]:
        """The tuning table with the cluster, the limits, the crossovers and what was left out, as plain values."""
        cluster = self.document.points[0].canonical()
        varied = ("workers", "collective", "elements")
        return {
            "simcomm_tuning_table": TABLE_VERSION,
            "operation": self.operation,
            "scenario": Path(self.document.source).name,
            "question": self.document.question.strip(),
            "cluster": {name: value for name, value in cluster.items() if name not in varied},
            "effort": {each.name: getattr(self.effort, each.name) for each in fields(self.effort)},
            "simulations": len(self.results),
            "searches": self.searches,
            "searches_ended_by_budget": self.ended_by_budget,
            "sentences": list(self.sentences),
            "ranges": [each.as_json() for workers in self.workers for each in self.ranges(workers)],
            "rows": [row.as_row() | _structured(cell) for row, cell in zip(self.rows, self.cells, strict=True)],
            "crossovers": [cross._asdict() for cross in self.crossovers],
            "left_out": [each._asdict() for each in self.left_out],
            "untried": [each._asdict() for each in self.untried],
        }


def _structured(cell: Cell) -> dict[str, Any]:
    """The columns that are words in a table and structures in JSON."""
    second = cell.runner_up
    return {
        "options": dict(cell.best.options),
        "runner_up_options": dict(second.options) if second else {},
        "equals": list(cell.names[1:]),
    }
