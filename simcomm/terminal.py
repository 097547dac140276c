"""Tables on the terminal."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import click
from rich import box
from rich.console import Console
from rich.table import Table

from simcomm.columns import name_place
from simcomm.engines.explain import CriticalPath, critical_path
from simcomm.engines.meters import Wait
from simcomm.engines.timeline import Timeline
from simcomm.link_table import Links
from simcomm.results import PARTS, Result, Results
from simcomm.schedule import COMPUTE
from simcomm.units import format_bandwidth, format_size, format_time
from simcomm.verify import Cell, Row

if TYPE_CHECKING:
    from simcomm.bounds import Explanation
    from simcomm.forecast import Forecast
    from simcomm.scenario import Scenario

#: Columns that the table of a run shows where they differ.
_SETTINGS: tuple[str, ...] = (
    "topology",
    "topology_options",
    "bandwidth_Bps",
    "latency_s",
    "placement",
    "routing",
    "dtype",
)
_SETTINGS += ("network", "network_options", "compute_s", "jitter", "stragglers")

WIDTH_WITHOUT_TERMINAL = 180
MOST_OPERATIONS = 12
MOST_LINKS = 5


def results_table(results: Results) -> Table:
    """One row per result, with the settings that differ, and the bottleneck unless the network is an equal star."""
    named = any(r.topology != "star" or r.bandwidth_Bps is None for r in results)
    shown = [column for column in _SETTINGS if len({*results.column(column)} - {None}) > 1]
    columns = ("n", "size", "messages", "total", "busiest", "time", "busbw", "of bound", "checks")
    rows = table(
        "collective",
        *(column.removesuffix("_Bps").removesuffix("_s") for column in shown),
        *columns,
        *["bottleneck"] * named,
    )
    for r in results:
        rows.add_row(
            f"{r.collective} {r.options}".strip(),
            *(_setting(column, getattr(r, column)) for column in shown),
            str(r.workers),
            format_size(r.vector_bytes),
            str(r.messages),
            format_size(r.total_bytes),
            format_size(max(r.max_bytes_sent, r.max_bytes_received)),
            format_time(r.time_s),
            "" if r.busbw_Bps is None else format_bandwidth(r.busbw_Bps).split(" = ")[0],
            "" if r.lower_bound_ratio is None else f"{r.lower_bound_ratio:.3g}x",
            _checks(r),
            *[_bottleneck(r)] * named,
        )
    return rows


def _checks(r: Result) -> str:
    """The checks that a result has passed."""
    passed = {"counts": r.counts_match, "inexact" if r.guarantee else "proof": r.proven, "time": r.time_matches}
    return " ".join(name for name, held in passed.items() if held)


def forecast_table(labels: Sequence[str], points: Sequence[Scenario], forecasts: Sequence[Forecast]) -> Table:
    """One row per point: what it would send and take, and on which engine it would run."""
    rows = table("point", "workers", "messages", "chunks", "memory", "engine", "because", "")
    for label, point, found in zip(labels, points, forecasts, strict=True):
        numbers = found.estimate
        rows.add_row(
            label,
            f"{point.workers:,}",
            f"{numbers.messages:,}",
            f"{numbers.chunks:,}",
            format_size(numbers.memory_bytes),
            found.engine,
            found.engine_reason,
            "does not fit" if found.refused else "",
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


def _setting(column: str, value: Any) -> str:
    if value is None:
        return ""
    if column.endswith("_Bps"):
        return format_bandwidth(value).split(" = ")[0]
    return format_time(value) if column.endswith("_s") else str(value)


def _bottleneck(result: Result) -> str:
    used = result.bottleneck_utilisation
    return result.bottleneck + ("" if used is None else f" {used:.0%}")


def explain(result: Result) -> None:
    """What the time of a run with a timeline is made of, its critical path and its busiest links."""
    if result.guarantee:
        click.echo(f"inexact: {result.guarantee}")
    if result.time_s:
        show(parts_table(result))
        click.echo(path_words(result))
        if result.critical_wait_at:
            show(path_table(result))
    if result.links is not None and result.links.busiest(1):
        show(links_table(result.links))


def path_words(result: Result) -> str:
    """How many operations set the time of a run with a timeline, and what they waited for longest."""
    path = critical_path(result.timeline)
    count = len(_timed(result.timeline, path))
    operations = f"critical path: {count} operation{'s' * (count != 1)}"
    waited = len({operation for operation, _ in path.waits})
    if not waited:
        return f"{operations}, none waited for a port or link"
    longest = f"{format_time(result.critical_wait_at_s)} ({result.critical_wait_at_s / result.time_s:.1%} of the time)"
    return f"{operations}, {waited} waited for a port or link; longest for {result.critical_wait_at}: {longest}"


def path_table(result: Result) -> Table:
    """The operations that set the time of a run with a timeline, at most 12: those that waited longest, in order."""
    run: Timeline = result.timeline
    path = critical_path(run)
    waits: dict[int, list[Wait]] = {}
    for operation, wait in path.waits:
        waits.setdefault(operation, []).append(wait)
    waited = {operation: sum(wait.seconds for wait in waits.get(operation, ())) for operation in path.operations}
    timed = _timed(run, path)
    longest = sorted(timed, key=lambda operation: -waited[operation])[:MOST_OPERATIONS]
    title = f"{len(longest)} of {len(timed)}" if len(timed) > len(longest) else "operation"
    parts = {"computing": run.compute_s, "latency": run.latency_s, "on the wire": run.serialisation_s}
    parts = {name: of for name, of in (parts | {"adding": run.reduction_s}).items() if of[list(longest)].any()}
    made = table(title, "message", "ready", "waited", "at", "behind", *parts, "end")
    for operation in sorted(longest, key=timed.index):
        held = max(waits.get(operation, ()), key=lambda wait: wait.seconds, default=None)
        more = f" and {len(waits[operation]) - 1} more" if held and waits[operation][1:] else ""
        made.add_row(
            str(operation),
            _message(run, operation),
            format_time(float(run.ready_s[operation])),
            format_time(float(waited[operation])) if held else "",
            name_place(held.place) + more if held else "",
            _behind(run, held) if held else "",
            *(format_time(float(of[operation])) if of[operation] else "" for of in parts.values()),
            format_time(float(run.end_s[operation])),
        )
    return made


def _timed(run: Timeline, path: CriticalPath) -> list[int]:
    """The operations that take time: not those of no byte or computation."""
    return [operation for operation in path.operations if run.end_s[operation] > run.ready_s[operation]]


def _message(run: Timeline, operation: int) -> str:
    src, dst = int(run.schedule.src[operation]), int(run.schedule.dst[operation])
    return f"rank {src}" if run.schedule.kind[operation] == COMPUTE else f"{src} -> {dst}"


def _behind(run: Timeline, wait: Wait) -> str:
    return "others" if wait.behind < 0 else f"{wait.behind}: {_message(run, wait.behind)}"


def links_table(links: Links) -> Table:
    """The links of one run that their bytes keep busy longest, at most 5."""
    busiest = links.busiest(MOST_LINKS)
    times = ("contended", "from", "until") if any(use.contended_s for use in busiest) else ()
    peak = any(use.peak is not None for use in busiest)
    made = table(
        f"busiest of {len(links)} links", "bandwidth", "messages", "bytes", "utilisation", *["peak"] * peak, *times
    )
    for use in busiest:
        seconds = (use.contended_s, use.contended_from_s, use.contended_until_s) if times else ()
        made.add_row(
            use.name,
            format_bandwidth(use.bandwidth_Bps).split(" = ")[0],
            str(use.messages),
            format_size(use.bytes),
            "" if use.utilisation is None else f"{use.utilisation:.1%}",
            *[str(use.peak)] * peak,
            *("" if s is None else format_time(s) for s in seconds),
        )
    return made


def bounds_table(found: Explanation) -> Table:
    """One row per bound: how it is made, what it comes to, and how far the time is from it."""
    made = table("bound", "in numbers", "at least", "time / bound", "above it")
    for line in found.lines:
        far = _times_and_percent(found.time_s / line.time_s) if line.time_s else ("", "")
        made.add_row(line.name, line.formula, format_time(line.time_s), *far)
    return made


def _times_and_percent(ratio: float) -> tuple[str, str]:
    above = round(ratio - 1, 3) + 0.0  # not −0
    percent = f"{above:+,.{1 if ratio < 1.1 else 0}%}"
    return f"{ratio:.3g}x" if ratio < 1000 else f"{ratio:,.0f}x", percent.replace("%", " %")


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


def table(*columns: str, words: int = 1) -> Table:
    """An empty table; so many columns at the left are words, the others numbers."""
    made = Table(box=box.SIMPLE_HEAD)
    for index, column in enumerate(columns):
        made.add_column(column, justify="left" if index < words else "right", overflow="fold")
    return made


def show(made: Table) -> None:
    """Print a table, as wide as the terminal; wide enough for most where there is none."""
    Console(width=None if sys.stdout.isatty() else WIDTH_WITHOUT_TERMINAL).print(made)
