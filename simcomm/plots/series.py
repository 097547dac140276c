"""Which results belong to one line of a plot, what the line is called, and what all results have in common."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from simcomm.errors import InputError
from simcomm.plots.style import Look, look, usable
from simcomm.results import Result
from simcomm.units import format_bandwidth, format_size, format_time

MOST_SERIES = 12
LONGEST_LABEL = 110

Value = Callable[[Result], float | None]


def _link(bandwidth_Bps: float | None) -> str:
    return "links differ" if bandwidth_Bps is None else f"links {format_bandwidth(bandwidth_Bps)}"


#: What may tell one series from another beside its collective, and how each value is written.
SETTINGS: Mapping[str, Callable[[Any], str]] = {
    "options": str,
    "workers": lambda n: f"n = {n}",
    "vector_bytes": lambda size: f"S = {format_size(size)}",
    "dtype": str,
    "topology": str,
    "bandwidth_Bps": _link,
    "latency_s": lambda s: "latencies differ" if s is None else f"latency {format_time(s)}",
    "network": str,
    "engine": lambda name: f"engine {name}",
}
NAMES = {"workers": "n", "vector_bytes": "S", "bandwidth_Bps": "bandwidth", "latency_s": "latency"}


@dataclass(frozen=True)
class Series:
    """The results of one line; ``setting`` is what tells it from other series of the same collective and options."""

    label: str
    setting: tuple[Any, ...]
    rows: tuple[Result, ...]
    look: Look

    def points(self, x: str, value: Value) -> tuple[list[float], list[float]]:
        """Where a logarithmic axis can show ``value``: all such results in the order of ``x``."""
        found = [(float(getattr(row, x)), usable(value(row))) for row in self.rows]
        drawn = sorted((at, y) for at, y in found if y is not None and at > 0)
        return [at for at, _ in drawn], [y for _, y in drawn]

    def line(self, x: str, value: Value) -> tuple[list[float], list[float]]:
        """One value for each ``x``: nan where there is none, or where results at the same place disagree."""
        found: dict[float, set[float]] = {}
        for row in self.rows:
            found.setdefault(float(getattr(row, x)), set()).add(usable(value(row)) or math.nan)
        at = sorted(place for place in found if place > 0)
        return at, [next(iter(found[place])) if len(found[place]) == 1 else math.nan for place in at]


def series_label(rows: Sequence[Result], split: Iterable[str] = ()) -> str:
    """What a series is called: its collective, its options, and the columns of ``split`` that tell it from others."""
    words = [f"{rows[0].collective} {rows[0].options}".strip()]
    if len({row.options for row in rows}) > 1:
        words = [f"{rows[0].collective} (options vary)"]
    words += [SETTINGS[name](getattr(rows[0], name)) for name in split if name != "options"]
    label = ", ".join(words)
    return label if len(label) <= LONGEST_LABEL else f"{label[: LONGEST_LABEL - 1]}…"


def split_columns(results: Iterable[Result], x: str) -> list[str]:
    """The columns that differ between results of one collective at the same ``x``; others may go with ``x``."""
    at: dict[tuple[str, Any], list[Result]] = {}
    for row in results:
        at.setdefault((row.collective, getattr(row, x)), []).append(row)
    return [name for name in SETTINGS if name != x and any(varies(rows, name) for rows in at.values())]


def varies(rows: Iterable[Result], name: str) -> bool:
    """Whether the results differ in this column."""
    return len({getattr(row, name) for row in rows}) > 1


def series_of(results: Iterable[Result], x: str, values: Sequence[Value]) -> tuple[Series, ...]:
    """The series of a plot over ``x`` in the order of their first results; those that show no value are left out.

    Raises InputError for no results, for nothing to draw, and for more than 12 series, naming the column to filter
    with.
    """
    if not (given := list(results)):
        raise InputError("no results to plot; expected at least one")
    every = [row for row in given if getattr(row, x) > 0 and any(usable(value(row)) for value in values)]
    if not every:
        raise InputError("nothing to draw: no result sends a byte or takes any time")
    split = split_columns(every, x)
    groups: dict[tuple[Any, ...], list[Result]] = {}
    for row in every:
        groups.setdefault((row.collective, *(getattr(row, name) for name in split)), []).append(row)
    if len(groups) > MOST_SERIES:
        raise InputError(_too_many(every, len(groups), ["collective", *split]))
    setting = [name for name in split if name != "options"]
    return tuple(
        Series(series_label(rows, split), tuple(getattr(rows[0], n) for n in setting), tuple(rows), look(index))
        for index, rows in enumerate(groups.values())
    )


def _too_many(results: Sequence[Result], count: int, split: Sequence[str]) -> str:
    values = {name: list(dict.fromkeys(getattr(row, name) for row in results)) for name in split}
    name = max(split, key=lambda name: len(values[name]))
    return (
        f"{count} series are too many for one plot; expected at most {MOST_SERIES}: filter with the column {name}, "
        f"which has {len(values[name])} values, for example results.where({name}={values[name][0]!r})"
    )


def constants(results: Sequence[Result], x: str = "") -> str:
    """What all results share, for a title.

    >>> constants([])
    ''
    """
    shared = [name for name in SETTINGS if results and name not in (x, "options") and not varies(results, name)]
    return " · ".join(SETTINGS[name](getattr(results[0], name)) for name in shared)


def notes(results: Sequence[Result], series: Sequence[Series], x: str, values: Sequence[Value]) -> list[str]:
    """What a reader must know of points that are missing, or that share a place, or that differ unseen."""
    found = []
    name = NAMES[x]
    missing = [row for row in results if getattr(row, x) <= 0 or any(usable(v(row)) is None for v in values)]
    if missing:
        found.append(f"Left out where a logarithmic axis cannot show it (0 or undefined): {_which(missing, x)}.")
    told = [name for name in SETTINGS if name not in (x, "engine")]  # engines agree to the last bit
    along = [NAMES.get(n, n) for n in told if any(varies(one.rows, n) for one in series)]
    if along:
        found.append(f"Along a line, {', '.join(along)} differ{'s' * (len(along) == 1)} too.")
    if any(len({getattr(row, x) for row in one.rows}) < len(one.rows) for one in series):
        found.append(f"Points of one series at the same {name} differ in the seed or in what is no column.")
    return found


def _which(missing: Sequence[Result], x: str) -> str:
    words = ["S = 0 B"] if any(row.vector_bytes == 0 for row in missing) else []
    at = sorted({getattr(row, x) for row in missing if row.vector_bytes})
    words += [SETTINGS[x](value) for value in at[:6]]
    return ", ".join(words) + (f" and {len(at) - 6} more" if at[6:] else "")
