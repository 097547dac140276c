"""Tables on the terminal."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from rich import box
from rich.console import Console
from rich.table import Table

from simcomm.results import PARTS, Result, Results
from simcomm.units import format_bandwidth, format_size, format_time
from simcomm.verify import Cell, Row

#: Columns that the table of a run shows where they differ.
_SETTINGS = ("topology", "bandwidth_Bps", "latency_s", "dtype", "network_options", "compute_s", "jitter", "stragglers")

WIDTH_WITHOUT_TERMINAL = 180


def results_table(results: Results) -> Table:
    """One row per result, with the settings that differ."""
    shown = [column for column in _SETTINGS if len(set(results.column(column))) > 1]
    columns = ("n", "size", "messages", "total", "busiest", "time", "busbw", "of bound", "checks")
    rows = table("collective", *shown, *columns)
    for r in results:
        rows.add_row(
            f"{r.collective} {r.options}".strip(),
            *(str(getattr(r, column)) for column in shown),
            str(r.workers),
            format_size(r.vector_bytes),
            str(r.messages),
            format_size(r.total_bytes),
            format_size(max(r.max_bytes_sent, r.max_bytes_received)),
            format_time(r.time_s),
            "" if r.busbw_Bps is None else format_bandwidth(r.busbw_Bps).split(" = ")[0],
            "" if r.lower_bound_ratio is None else f"{r.lower_bound_ratio:.3g}x",
            f"counts proof{' time' if r.time_matches else ''}",
        )
    return rows


def parts_table(result: Result) -> Table:
    """What the time of one run is made of, along its critical path."""
    made = table("what the time is made of", "", "share")
    for column, name in PARTS.items():
        seconds = getattr(result, column)
        if seconds:
            made.add_row(name, format_time(seconds), f"{seconds / result.time_s:.1%}")
    return made


def verify_table(rows: Sequence[Row]) -> Table:
    """One row per collective and number of workers, one cell per check."""
    made = table("collective", "n", *(rows[0].cells if rows else ()))
    for row in rows:
        options = "".join(f" {key}={value}" for key, value in row.options.items())
        made.add_row(row.collective + options, str(row.workers), *map(verdict, row.cells.values()))
    return made


def verdict(cell: Cell) -> str:
    """What was found, beside what was expected."""
    if not cell.right:
        return f"{cell.found} WRONG" + (f", expected {cell.expected}" if cell.expected else "")
    if cell.expected is None:
        return str(cell.found)
    return f"{cell.found} = {cell.expected} ok" if cell.expected else f"{cell.found} ok"


def table(*columns: str) -> Table:
    """An empty table; the first column is words, the others numbers."""
    made = Table(box=box.SIMPLE_HEAD)
    for index, column in enumerate(columns):
        made.add_column(column, justify="left" if index == 0 else "right", overflow="fold")
    return made


def show(made: Table) -> None:
    """Print a table, as wide as the terminal; wide enough for most where there is none."""
    Console(width=None if sys.stdout.isatty() else WIDTH_WITHOUT_TERMINAL).print(made)
