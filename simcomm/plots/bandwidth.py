"""Bandwidth over the number of workers: what is sent, what the busiest rank carries, and how fast that goes."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from simcomm.plots.frame import finish, new_figure
from simcomm.plots.series import Series, Value, constants, notes, series_of
from simcomm.plots.style import bandwidth_axis, bytes_axis, drawing, no_values, workers_axis
from simcomm.results import Result


class Panel(NamedTuple):
    """One panel: its title, what was simulated, what theory says, and its y axis."""

    title: str
    simulated: Value
    expected: Value
    axis: Callable[[Axes, Sequence[float]], None]


def bandwidth_vs_n(results: Iterable[Result]) -> Figure:
    """Four panels over n: total bytes, algbw, bytes through the busiest rank and busbw (in the order of the axes).

    Markers are simulated, thin lines the closed form: expected bytes, and S/T (times the busbw factor) where a
    formula T holds. Series are split by what varies. Raises InputError for more than 12 series, or nothing to draw.

    >>> bandwidth_vs_n([])
    Traceback (most recent call last):
    simcomm.errors.InputError: no results to plot; expected at least one
    """
    rows = list(results)
    shown = panels(rows)
    simulated = [panel.simulated for panel in shown]
    series = series_of(rows, "workers", simulated)
    with drawing():
        figure = new_figure(11, 7.4)
        for axes, panel in zip(figure.subplots(2, 2).flat, shown, strict=True):
            _draw(axes, panel, series)
        words = ["Markers: simulated. Lines: closed form (algbw and busbw: only where the α–β–γ formula holds)."]
        words += notes(rows, series, "workers", simulated)
        handles = [one.look.handle(one.label) for one in series]
        return finish(figure, "Bandwidth over the number of workers", constants(rows, "workers"), handles, words)


def panels(rows: Iterable[Result]) -> tuple[Panel, ...]:
    """The four panels; the last one names the busbw factor of these results."""
    factor = busbw_factor_name(rows)
    return (
        Panel(
            "Total bytes",
            lambda r: r.total_bytes,
            lambda r: r.expected_bytes,
            lambda axes, values: bytes_axis(axes, "y", values, "sent in all"),
        ),
        Panel(
            "algbw = S / time",
            lambda r: r.algbw_Bps,
            _expected_algbw_Bps,
            lambda axes, values: bandwidth_axis(axes, values, "algbw"),
        ),
        Panel(
            "Bytes through the busiest rank (servers included)",
            lambda r: max(r.max_bytes_sent, r.max_bytes_received),
            _expected_busiest_bytes,
            lambda axes, values: bytes_axis(axes, "y", values, "most sent or received"),
        ),
        Panel(
            f"busbw = algbw × {factor}",
            lambda r: r.busbw_Bps,
            _expected_busbw_Bps,
            lambda axes, values: bandwidth_axis(axes, values, "busbw"),
        ),
    )


def _expected_busiest_bytes(row: Result) -> int | None:
    sent, received = row.expected_max_bytes_sent, row.expected_max_bytes_received
    return None if sent is None or received is None else max(sent, received)


def _expected_algbw_Bps(row: Result) -> float | None:
    return row.vector_bytes / row.formula_s if row.formula_s else None


def _expected_busbw_Bps(row: Result) -> float | None:
    algbw_Bps = _expected_algbw_Bps(row)
    return None if algbw_Bps is None or row.busbw_factor is None else algbw_Bps * row.busbw_factor


def busbw_factor_name(rows: Iterable[Result]) -> str:
    """The factor from algbw to busbw as a formula of n, if these results have the same one."""
    known = [(row.workers, row.busbw_factor) for row in rows if row.busbw_factor is not None and row.workers > 1]
    for name, times in (("2(n−1)/n", 2), ("(n−1)/n", 1)):
        if all(math.isclose(factor, times * (n - 1) / n) for n, factor in known):
            return name
    return "factor (all-reduce 2(n−1)/n, halves (n−1)/n)"


def _draw(axes: Axes, panel: Panel, series: Sequence[Series]) -> None:
    axes.set_title(panel.title, size=10)
    drawn: list[float] = []
    for one in series:
        at, expected = one.line("workers", panel.expected)
        axes.plot(at, expected, linestyle=one.look.line, lw=1, color=one.look.colour, zorder=2, label=f"_{one.label}")
        at, simulated = one.points("workers", panel.simulated)
        axes.plot(at, simulated, linestyle="none", zorder=3, label=one.label, **one.look.marks())
        drawn += [*simulated, *(value for value in expected if not math.isnan(value))]
    if not drawn:
        return no_values(axes)
    axes.grid(color="0.9", zorder=0)
    workers_axis(axes, (row.workers for one in series for row in one.rows))
    panel.axis(axes, drawn)
