"""The tidy row of a run, its columns with their units, and the table that the rows make."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Annotated, Any, ClassVar, cast, overload

from simcomm.errors import InputError, did_you_mean
from simcomm.link_table import LINKS_FILE, Links, load_links
from simcomm.tables import (
    Cell,
    Column,
    RawTable,
    check_names,
    columns_of,
    read_table,
    typed_row,
)
from simcomm.writable import Writable

RESULTS_VERSION = 4
"""Raised when a column is added, removed or changes its meaning; files of another version are refused."""

RESULTS_FILE = "results.csv"
JOURNAL_FILE = "journal.jsonl"


PARTS = {
    "critical_data_wait_s": "late start of a worker",
    "critical_compute_s": "computing",
    "critical_port_wait_s": "waiting for a port or link",
    "critical_latency_s": "latency",
    "critical_serialisation_s": "bytes on the wire",
    "critical_reduction_s": "adding up",
}
"""The columns that add up to the time, and what each is called."""


@dataclass(frozen=True)
class Result:
    """What one run found: one tidy row; its links, schedule, timeline and counts per rank ride along when kept.

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
    topology_options: Annotated[str, "Options of the topology as key=value words, empty when it has none."]
    bandwidth_Bps: Annotated[float | None, "Bandwidth of a link, in bytes per second; empty when links differ."]
    latency_s: Annotated[float | None, "Latency of a link, in seconds; empty when links differ."]
    placement: Annotated[str, "How ranks were placed on hosts: a name, or the host of every rank."]
    routing: Annotated[str, "How routes were found: a name, and its options as key=value words."]
    network: Annotated[str, "Name of the network model."]
    network_options: Annotated[str, "Parameters of the network model that are not its defaults, as key=value words."]
    engine: Annotated[str, "Name of the engine that executed the schedule."]
    engine_reason: Annotated[str, "Why that engine was taken."]
    seed: Annotated[int, "Seed of the random numbers."]
    compute_s: Annotated[float, "Time that a worker computes before its gradient is ready, in seconds."]
    jitter: Annotated[float, "Standard deviation of that time relative to it."]
    stragglers: Annotated[str, "Ranks that differ, as rank:key=value words."]
    messages: Annotated[int, "Messages counted in the schedule."]
    total_bytes: Annotated[int, "Bytes of all messages, counted in the schedule."]
    max_bytes_sent: Annotated[int, "Bytes sent by the rank that sends most, counted in the schedule."]
    max_bytes_received: Annotated[int, "Bytes received by the rank that receives most, counted in the schedule."]
    steps: Annotated[int, "Messages on the longest chain of dependent messages, counted in the schedule."]
    expected_messages: Annotated[int | None, "Messages by the closed form; empty without one."]
    expected_bytes: Annotated[int | None, "Bytes of all messages by the closed form; empty without one."]
    expected_max_bytes_sent: Annotated[
        int | None, "Bytes sent by the rank that sends most, by the closed form; empty without one."
    ]
    expected_max_bytes_received: Annotated[
        int | None, "Bytes received by the rank that receives most, by the closed form; empty without one."
    ]
    expected_steps: Annotated[
        int | None, "Messages on the longest chain of dependent messages, by the closed form; empty without one."
    ]
    counts_match: Annotated[
        bool | None, "Whether every count equals its closed form as an exact integer; empty without one."
    ]
    proven: Annotated[bool, "Whether every rank was proven to end with what the collective promises."]
    proof: Annotated[
        str,
        "How it was proven: bitsets (exact), multiplicities (exact, of what is inexact) or fingerprints (an error "
        "survives with 2**-64).",
    ]
    guarantee: Annotated[str, "Of an inexact collective, what was proven of it; empty if all is exact."]
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
    lower_bound_s: Annotated[float, "Least time that any algorithm needs for this task on this cluster, in seconds."]
    lower_bound_ratio: Annotated[float | None, "Time over the lower bound, 1 is the best; empty where the bound is 0."]
    lower_bound_by: Annotated[str, "What bounds it: the ports of the hosts, or a cut of the graph, named."]
    latency_bound_s: Annotated[
        float | None,
        "ceil(log2 n) latencies, in seconds: the bound for ports that have one message under way; "
        "a schedule with several may beat it; empty if none is known.",
    ]
    bandwidth_bound_s: Annotated[
        float | None, "Least time for the bytes at the hosts' ports alone, in seconds; empty if none is known."
    ]
    compute_bound_s: Annotated[
        float | None, "Least time for adding up alone, spread over all ranks, in seconds; empty if none is known."
    ]
    cut_bound_s: Annotated[float | None, "Least time by the tightest cut of the graph, in seconds; empty without one."]
    critical_compute_s: Annotated[float, "Computing on the critical path, in seconds."]
    critical_latency_s: Annotated[float, "Latency of links on the critical path, in seconds."]
    critical_serialisation_s: Annotated[float, "Putting bytes on links on the critical path, in seconds."]
    critical_port_wait_s: Annotated[float, "Waiting for a busy port or link on the critical path, in seconds."]
    critical_wait_at: Annotated[str, "The port or link that the critical path waited for longest, empty if never."]
    critical_wait_at_s: Annotated[float, "How long it waited for that one, in seconds."]
    critical_data_wait_s: Annotated[float, "Waiting for data on the critical path, in seconds."]
    critical_reduction_s: Annotated[float, "Adding what was received on the critical path, in seconds."]
    max_busy_s: Annotated[float, "Busy time of the rank that is busy longest, in seconds."]
    max_waiting_s: Annotated[float, "Waiting time of the rank that waits longest, in seconds."]
    bottleneck: Annotated[str, "The link that its bytes keep busy longest, as src -> dst; empty if nothing is sent."]
    bottleneck_bytes: Annotated[int, "Bytes that crossed it."]
    bottleneck_utilisation: Annotated[
        float | None,
        "Its bytes / bandwidth / time_s; above 1 only if the model does not see links; empty at time 0.",
    ]
    bottleneck_peak: Annotated[
        int | None, "Most messages (or packets) at it at once; empty if the model does not see links."
    ]
    bottleneck_from_s: Annotated[
        float | None, "When somebody first had to wait for it or was slowed down by it, in seconds; empty if never."
    ]
    bottleneck_until_s: Annotated[float | None, "When that ended for the last time, in seconds; empty if never."]
    results_version: Annotated[int, "Version of these columns."] = RESULTS_VERSION
    schedule: Any = field(default=None, compare=False, repr=False)
    timeline: Any = field(default=None, compare=False, repr=False)
    goal: Any = field(default=None, compare=False, repr=False)
    counts: Any = field(default=None, compare=False, repr=False)
    cluster: Any = field(default=None, compare=False, repr=False)
    links: Links | None = field(default=None, compare=False, repr=False)
    bound: Any = field(default=None, compare=False, repr=False)

    def as_row(self) -> dict[str, Cell]:
        """The columns in their order as plain Python values; InputError if a value is not of its column's kind."""
        return _checked({column.name: getattr(self, column.name) for column in COLUMNS})

    @classmethod
    def from_row(cls, row: Mapping[str, object]) -> Result:
        """The result that a row of plain values stands for; InputError on a missing, unknown or bad value."""
        check_names(tuple(row), COLUMNS, "row")
        return cls(**cast(dict[str, Any], _checked(row)))


COLUMNS: tuple[Column, ...] = columns_of(Result)
"""The columns of a results file in their order: exactly the annotated fields of `Result`."""


@dataclass(frozen=True)
class Failure:
    """A point without a result: its id (16 digits), what it is, why, and the exit code that this deserves."""

    point: str
    label: str
    message: str
    exit_code: int = 1


@dataclass(frozen=True)
class Results(Writable, Sequence[Result]):
    """An immutable table of results in the order of the sweep, and what became of the points that have none.

    ``failed``: points whose run or check failed; ``skipped``: points that killed their worker twice; ``ran`` and
    ``reused``: how many points were simulated now and taken from an earlier run; ``interrupted``: stopped by
    Ctrl-C; ``warnings``: what was odd in the results folder.

    >>> len(Results()), list(Results().where(workers=8))
    (0, [])
    """

    columns: ClassVar[tuple[Column, ...]] = COLUMNS
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

    @property
    def links(self) -> Links:
        """The second table: what every link did, one result after the other; nothing of results without links."""
        return Links(tuple(use for result in self.rows for use in result.links or ()))


def load_results(path: str | Path, links: bool = True) -> Results:
    """Read a results file (CSV or Parquet) or a results folder; InputError says which line and column is wrong.

    From a folder every result has its ``links``, if there is a links.csv (and ``links`` is not False).
    """
    place = Path(path)
    table_of_links = place / LINKS_FILE
    if place.is_dir():
        if not (place / RESULTS_FILE).exists():
            unfinished = (place / JOURNAL_FILE).exists()
            hint = "; its run was killed: run the scenario again, finished points are kept" if unfinished else ""
            raise InputError(f"{place}: a folder without {RESULTS_FILE}{hint}")
        place /= RESULTS_FILE
    table = read_table(place)
    _check_version(place, table)
    check_names(table.names, COLUMNS, str(place))
    rows = tuple(Result(**typed_row(where, table, cells, COLUMNS)) for where, cells in table.rows)
    return Results(_with_links(rows, table_of_links) if links and table_of_links.exists() else rows)


def _with_links(rows: tuple[Result, ...], path: Path) -> tuple[Result, ...]:
    found = load_links(path)
    known = {result.point for result in rows}
    for point in found:
        if point not in known:
            raise InputError(f"{path}: links of point {point}, which is not in {RESULTS_FILE}; run the scenario again")
    return tuple(replace(result, links=found.get(result.point, Links())) for result in rows)


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


def _check_known(name: str) -> None:
    known = [column.name for column in COLUMNS]
    if name not in known:
        raise InputError(f"no column {name!r}{did_you_mean(name, known)}")


def _checked(row: Mapping[str, object]) -> dict[str, Cell]:
    try:
        return {column.name: column.plain(row[column.name]) for column in COLUMNS}
    except ValueError as error:
        raise InputError(f"result {row['point']}: {error}") from error
