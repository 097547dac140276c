"""The second table of results: one row for every link of every run, its columns with their units."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from pathlib import Path
from typing import Annotated, ClassVar, overload

import numpy as np
import numpy.typing as npt

from simcomm.errors import InputError
from simcomm.lazy import Lazy
from simcomm.tables import (
    Cell,
    Column,
    check_names,
    columns_of,
    read_table,
    typed_row,
)
from simcomm.writable import Writable

LINKS_FILE = "links.csv"


@dataclass(frozen=True, slots=True)
class LinkUse:
    """One directed link in one run.

    A model that has no queues or flows on links (loggp) leaves the columns empty that speak of them; a utilisation
    above 1 then says that it let more pass than the link can carry.
    """

    point: Annotated[str, "Id of the point, as in results.csv."]
    src: Annotated[str, "Where the link begins."]
    dst: Annotated[str, "Where it ends."]
    cables: Annotated[int, "Parallel cables that it stands for."]
    bandwidth_Bps: Annotated[float, "Its bandwidth, of all cables together, in bytes per second."]
    latency_s: Annotated[float, "Its latency, in seconds."]
    messages: Annotated[int, "Messages that crossed it."]
    bytes: Annotated[int, "Bytes that crossed it."]
    utilisation: Annotated[float | None, "bytes / bandwidth / time_s of the run; empty at time 0."]
    busy_s: Annotated[float | None, "Time in which it served somebody, in seconds."]
    peak: Annotated[int | None, "Most messages (or packets) that it served, or that waited for it, at once."]
    contended_s: Annotated[float | None, "Time in which somebody waited for it or was slowed down by it, in seconds."]
    contended_from_s: Annotated[float | None, "When that was so for the first time, in seconds; empty if never."]
    contended_until_s: Annotated[float | None, "When that ended for the last time, in seconds; empty if never."]

    def as_row(self) -> dict[str, Cell]:
        """The columns in their order as plain Python values."""
        return {column.name: column.plain(getattr(self, column.name)) for column in LINK_COLUMNS}

    @property
    def name(self) -> str:
        """'leaf0 -> spine1'."""
        return f"{self.src} -> {self.dst}"


LINK_COLUMNS: tuple[Column, ...] = columns_of(LinkUse)
"""The columns of links.csv in their order: exactly the fields of `LinkUse`."""


def by_load(use: LinkUse) -> float:
    """How long its bytes keep a link busy, in seconds."""
    return use.bytes / use.bandwidth_Bps


class Uses(Lazy[LinkUse]):
    """Rows that are made when somebody looks; what they are made of knows which links are the busiest."""

    @property
    @abstractmethod
    def loads_s(self) -> npt.NDArray[np.float64]:
        """How long its bytes keep each link busy, as :func:`by_load` says, in seconds."""

    @abstractmethod
    def at(self, point: str) -> Uses:
        """The same rows of another point."""


@dataclass(frozen=True)
class Links(Writable, Sequence[LinkUse]):
    """An immutable table of links, those of one run after those of another.

    >>> len(Links()), Links().busiest(5)
    (0, ())
    """

    columns: ClassVar[tuple[Column, ...]] = LINK_COLUMNS
    rows: Sequence[LinkUse] = ()

    def __len__(self) -> int:
        return len(self.rows)

    def __iter__(self) -> Iterator[LinkUse]:
        return iter(self.rows)

    @overload
    def __getitem__(self, index: int) -> LinkUse: ...
    @overload
    def __getitem__(self, index: slice) -> Links: ...
    def __getitem__(self, index: int | slice) -> LinkUse | Links:
        return Links(tuple(self.rows[index])) if isinstance(index, slice) else self.rows[index]

    def at(self, point: str) -> Links:
        """The same links of another point."""
        if isinstance(self.rows, Uses):
            return Links(self.rows.at(point))
        return Links(tuple(replace(use, point=point) for use in self.rows))

    def busiest(self, most: int) -> tuple[LinkUse, ...]:
        """At most so many of the links that carry something: those that their bytes keep busy longest come first."""
        if isinstance(self.rows, Uses):
            loads_s = self.rows.loads_s
            order = (
                [int(loads_s.argmax())] if most == 1 and len(loads_s) else np.argsort(-loads_s, kind="stable")[:most]
            )
            return tuple(self.rows[index] for index in map(int, order) if loads_s[index])
        return tuple(sorted((use for use in self.rows if use.bytes), key=by_load, reverse=True)[:most])


def load_links(path: str | Path) -> dict[str, Links]:
    """Read the links of every point from a file (CSV or Parquet); InputError says which line and column is wrong."""
    table = read_table(Path(path))
    check_names(table.names, LINK_COLUMNS, str(path))
    uses = [LinkUse(**typed_row(where, table, cells, LINK_COLUMNS)) for where, cells in table.rows]
    found: dict[str, Links] = {}
    for point, its in groupby(uses, key=lambda use: use.point):
        if point in found:
            raise InputError(f"{path}: the links of point {point} stand in two places; expected them together")
        found[point] = Links(tuple(its))
    return found
