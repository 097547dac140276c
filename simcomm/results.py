"""The tidy row of a run, its columns with their units, and the table that the rows make."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, cast, get_args, get_type_hints, overload

from simcomm.errors import InputError, did_you_mean
from simcomm.tables import Cell, Column, Kind, RawTable, csv_bytes, pandas_frame, parquet_bytes, read_table, write_file

if TYPE_CHECKING:
    import pandas

RESULTS_VERSION = 1
"""Raised when a column is added, removed or changes its meaning; files of another version are refused."""

RESULTS_FILE = "results.csv"
JOURNAL_FILE = "journal.jsonl"


PARTS = {
    "critical_data_wait_s": "late start of a worker",
    "critical_compute_s": "computing",
    "critical_port_wait_s": "waiting for a port",
    "critical_latency_s": "latency",
    "critical_serialisation_s": "bytes on the wire",
    "critical_reduction_s": "adding up",
}
"""The columns that add up to the time, and what each is called."""


@dataclass(frozen=True)
class Result:
    """What one run found: one tidy row; the schedule, the timeline and the counts per rank ride along when kept.

    ``None`` stands for "there is no such number here": no formula holds, nothing was moved, the links differ.
    """

    point: Annotated[str, "Id of the point: 16 hexadecimal digits of the hash of everything that affects the answer."]
    collective: Annotated[str, "Name of the collective algorithm."]
    options: Annotated[str, "Options of the collective as key=value words, empty when it has none."]
    workers: Annotated[int, "Number of workers n, each with a gradient of its own."]
    ranks: Annotated[int, "Number of ranks: the workers and the dedicated servers."]
    parameters: Annotated[int, "Number of elements of the gradient."]
    dtype: Annotated[str, "Type of an element."]
    vector_bytes: Annotated[int, "Size of the gradient of one worker, in bytes."]
    topology: Annotated[str, "Name of the topology."]
    bandwidth_Bps: Annotated[float | None, "Bandwidth of a link, in bytes per second; empty when links differ."]
    latency_s: Annotated[float | None, "Latency of a link, in seconds; empty when links differ."]
    network: Annotated[str, "Name of the network model."]
    network_options: Annotated[str, "Parameters of the network model that are not its defaults, as key=value words."]
    engine: Annotated[str, "Name of the engine that executed the schedule."]
    seed: Annotated[int, "Seed of the random numbers."]
    compute_s: Annotated[float, "Time that a worker computes before its gradient is ready, in seconds."]
    jitter: Annotated[float, "Standard deviation of that time relative to it."]
    stragglers: Annotated[str, "Ranks that differ, as rank:key=value words."]
    messages: Annotated[int, "Messages counted in the schedule."]
    total_bytes: Annotated[int, "Bytes of all messages, counted in the schedule."]
    max_bytes_sent: Annotated[int, "Bytes sent by the rank that sends most, counted in the schedule."]
    max_bytes_received: Annotated[int, "Bytes received by the rank that receives most, counted in the schedule."]
    steps: Annotated[int, "Messages on the longest chain of dependent messages, counted in the schedule."]
    expected_messages: Annotated[int, "Messages by the closed form."]
    expected_bytes: Annotated[int, "Bytes of all messages by the closed form."]
    expected_max_bytes_sent: Annotated[int, "Bytes sent by the rank that sends most, by the closed form."]
    expected_max_bytes_received: Annotated[int, "Bytes received by the rank that receives most, by the closed form."]
    expected_steps: Annotated[int, "Messages on the longest chain of dependent messages, by the closed form."]
    counts_match: Annotated[bool, "Whether every count equals its closed form as an exact integer."]
    proven: Annotated[bool, "Whether every rank was proven to end with what the collective promises."]
    proof: Annotated[str, "How it was proven: bitsets (exact) or fingerprints (an error survives with 2**-64)."]
    time_s: Annotated[float, "Time until the last operation ends (makespan), in seconds."]
    formula_s: Annotated[float | None, "Time by the formula, in seconds; empty where no formula holds."]
    time_matches: Annotated[bool | None, "Whether the time equals the formula; empty where no formula holds."]
    algbw_Bps: Annotated[
        float | None, "Algorithm bandwidth vector_bytes / time_s, in bytes per second; empty at time 0."
    ]
    busbw_factor: Annotated[float | None, "Factor from algbw to busbw as nccl-tests defines it; empty if undefined."]
    busbw_Bps: Annotated[
        float | None, "Bus bandwidth algbw_Bps * busbw_factor, in bytes per second; empty without algbw."
    ]
    lower_bound_s: Annotated[float, "Least time that any algorithm needs for this task on these links, in seconds."]
    lower_bound_ratio: Annotated[float | None, "Time over the lower bound, 1 is the best; empty where the bound is 0."]
    critical_compute_s: Annotated[float, "Computing on the critical path, in seconds."]
    critical_latency_s: Annotated[float, "Latency of links on the critical path, in seconds."]
    critical_serialisation_s: Annotated[float, "Putting bytes on links on the critical path, in seconds."]
    critical_port_wait_s: Annotated[float, "Waiting for a busy port on the critical path, in seconds."]
    critical_data_wait_s: Annotated[float, "Waiting for data on the critical path, in seconds."]
    critical_reduction_s: Annotated[float, "Adding what was received on the critical path, in seconds."]
    max_busy_s: Annotated[float, "Busy time of the rank that is busy longest, in seconds."]
    max_waiting_s: Annotated[float, "Waiting time of the rank that waits longest, in seconds."]
    results_version: Annotated[int, "Version of these columns."] = RESULTS_VERSION
    schedule: Any = field(default=None, compare=False, repr=False)
    timeline: Any = field(default=None, compare=False, repr=False)
    counts: Any = field(default=None, compare=False, repr=False)
    cluster: Any = field(default=None, compare=False, repr=False)
    link_bytes: Any = field(default=None, compare=False, repr=False)

    def as_row(self) -> dict[str, Cell]:
        """The columns in their order as plain Python values; InputError if a value is not of its column's kind."""
        return _checked({column.name: getattr(self, column.name) for column in COLUMNS})

    @classmethod
    def from_row(cls, row: Mapping[str, object]) -> Result:
        """The result that a row of plain values stands for; InputError on a missing, unknown or bad value."""
        _check_names(tuple(row), "row")
        return cls(**cast(dict[str, Any], _checked(row)))


def _columns() -> tuple[Column, ...]:
    hints = get_type_hints(Result, include_extras=True)
    found = []
    for name in (item.name for item in fields(Result)):
        if hasattr(hints[name], "__metadata__"):
            kind, *none = get_args(hints[name].__origin__) or (hints[name].__origin__,)
            found.append(Column(name, cast(Kind, kind.__name__), hints[name].__metadata__[0], optional=bool(none)))
    return tuple(found)


COLUMNS: tuple[Column, ...] = _columns()
"""The columns of a results file in their order: exactly the annotated fields of `Result`."""


@dataclass(frozen=True)
class Failure:
    """A point without a result: its id (16 digits), what it is, why, and the exit code that this deserves."""

    point: str
    label: str
    message: str
    exit_code: int = 1


@dataclass(frozen=True)
class Results(Sequence[Result]):
    """An immutable table of results in the order of the sweep, and what became of the points that have none.

    ``failed``: points whose run or check failed; ``skipped``: points that killed their worker twice; ``ran`` and
    ``reused``: how many points were simulated now and taken from an earlier run; ``interrupted``: stopped by
    Ctrl-C; ``warnings``: what was odd in the results folder.

    >>> len(Results()), list(Results().where(workers=8))
    (0, [])
    """

    rows: tuple[Result, ...] = ()
    failed: tuple[Failure, ...] = field(default=(), compare=False)
    skipped: tuple[Failure, ...] = field(default=(), compare=False)
    ran: int = field(default=0, compare=False)
    reused: int = field(default=0, compare=False)
    interrupted: bool = field(default=False, compare=False)
    warnings: tuple[str, ...] = field(default=(), compare=False)

    def __len__(self) -> int:
        return len(self.rows)

    def __iter__(self) -> Iterator[Result]:
        return iter(self.rows)

    @overload
    def __getitem__(self, index: int) -> Result: ...
    @overload
    def __getitem__(self, index: slice) -> Results: ...
    def __getitem__(self, index: int | slice) -> Result | Results:
        return Results(self.rows[index]) if isinstance(index, slice) else self.rows[index]

    def column(self, name: str) -> list[Any]:
        """The values of one column; InputError naming the nearest column if there is none of this name."""
        _check_known(name)
        return [getattr(result, name) for result in self.rows]

    def where(self, **equals: object) -> Results:
        """The results whose columns equal the given values; InputError for an unknown column."""
        for name in equals:
            _check_known(name)
        return Results(tuple(r for r in self.rows if all(getattr(r, name) == v for name, v in equals.items())))

    def to_csv(self, path: str | Path) -> None:
        """Write a CSV file, whole or not at all; InputError if the place is wrong, OutputError if the disk fails."""
        write_file(path, csv_bytes(COLUMNS, self._cells()))

    def to_parquet(self, path: str | Path) -> None:
        """Write a Parquet file, whole or not at all; integers past int64 are decimals; InputError without pyarrow."""
        write_file(path, parquet_bytes(COLUMNS, self._cells()))

    def to_pandas(self) -> pandas.DataFrame:
        """The table as a DataFrame; integers past int64 stay exact Python ints; InputError without pandas."""
        return pandas_frame(COLUMNS, self._cells())

    def _cells(self) -> list[tuple[Cell, ...]]:
        return [tuple(result.as_row().values()) for result in self.rows]


def load_results(path: str | Path) -> Results:
    """Read a results file (CSV or Parquet) or a results folder; InputError says which line and column is wrong."""
    place = Path(path)
    if place.is_dir():
        if not (place / RESULTS_FILE).exists():
            unfinished = (place / JOURNAL_FILE).exists()
            hint = "; its run was killed: run the scenario again, finished points are kept" if unfinished else ""
            raise InputError(f"{place}: a folder without {RESULTS_FILE}{hint}")
        place /= RESULTS_FILE
    table = read_table(place)
    _check_version(place, table)
    _check_names(table.names, str(place))
    return Results(tuple(_result(where, table, cells) for where, cells in table.rows))


def _result(where: str, table: RawTable, cells: tuple[Any, ...]) -> Result:
    if len(cells) != len(table.names):
        raise InputError(f"{where}: expected {len(table.names)} cells, found {len(cells)}")
    row = dict(zip(table.names, cells, strict=True))
    try:
        return Result(**{c.name: c.plain(row[c.name]) if table.typed else c.parse(row[c.name]) for c in COLUMNS})  # type: ignore[arg-type]
    except ValueError as error:
        raise InputError(f"{where}: {error}") from error


def _check_version(place: Path, table: RawTable) -> None:
    if "results_version" not in table.names:
        raise InputError(f"{place}: not a results file of simcomm: it has no column results_version")
    index = table.names.index("results_version")
    for where, cells in table.rows:
        if len(cells) == len(table.names) and str(cells[index]) != str(RESULTS_VERSION):
            raise InputError(
                f"{where}: results_version: expected {RESULTS_VERSION}, found {cells[index]}: written by another "
                "version of simcomm; read it with that version, or run the scenario again into another folder"
            )


def _check_names(names: Sequence[str], where: str) -> None:
    known = [column.name for column in COLUMNS]
    for name in names:
        if name not in known:
            raise InputError(f"{where}: unknown column {name!r}{did_you_mean(name, known)}")
        if list(names).count(name) > 1:
            raise InputError(f"{where}: column {name!r} stands twice")
    if missing := [name for name in known if name not in names]:
        raise InputError(f"{where}: missing column{'s' if missing[1:] else ''} {', '.join(missing)}")


def _check_known(name: str) -> None:
    known = [column.name for column in COLUMNS]
    if name not in known:
        raise InputError(f"no column {name!r}{did_you_mean(name, known)}")


def _checked(row: Mapping[str, object]) -> dict[str, Cell]:
    try:
        return {column.name: column.plain(row[column.name]) for column in COLUMNS}
    except ValueError as error:
        raise InputError(f"result {row['point']}: {error}") from error
