"""Does cost grow with the messages, and no faster? A ring all-reduce of 64 … 4,096 workers under every engine."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Final

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from benchmarks import fresh, report
from benchmarks.measure import Measured
from benchmarks.rows import NAMED
from simcomm.plots.frame import finish, new_figure
from simcomm.plots.saving import save
from simcomm.plots.style import GREY, drawing, limits, log_axis, look

#: Engine -> the largest ring that it is asked for.
LARGEST: Final = {"des": 256, "compiled": 4_096, "maxplus": 4_096, "symmetry": 4_096}
WORKERS: Final = tuple(2**power for power in range(6, 13))


def main(out: Path, limit_s: float) -> int:
    """Measure, print the table and the slopes, and draw ``linearity.png`` into ``out``."""
    print(report.machine())
    print(f"{'engine':10}{'n':>7}{'messages':>14}{'seconds':>12}{'messages/s':>14}{'× yardstick':>13}{'peak MB':>9}")
    found = {engine: list(_measured(engine, most, limit_s)) for engine, most in LARGEST.items()}
    drawn = {engine: rows for engine, rows in found.items() if rows}
    for engine, rows in drawn.items():
        if len(rows) > 1:
            print(f"{engine}: seconds grow with messages to the power {slope(rows):.2f}{_at_the_end(rows)}")
    if drawn:
        print(f"picture: {save(figure(drawn), out / 'linearity', ['png'])[0]}")
    return 0


def slope(rows: Sequence[Measured]) -> float:
    """The exponent of cost in messages: the slope of a straight line through the logarithms; 1 is linear."""
    counts, seconds = ([row.count for row in rows], [row.median_s for row in rows])
    return float(np.polyfit(np.log(counts), np.log(seconds), 1)[0])


def _at_the_end(rows: Sequence[Measured]) -> str:
    """What a call costs whatever its size flattens the line of small runs; the largest ones tell."""
    return f" ({slope(rows[-3:]):.2f} in the three largest)" if len(rows) > 3 else ""


def _measured(engine: str, most: int, limit_s: float) -> Iterable[Measured]:
    for workers in WORKERS:
        if workers > most:
            return
        found = fresh.measure(NAMED["ring"], workers, engine, limit_s)
        if found.missing:
            print(f"{engine:10}{workers:7,} not available: {found.missing}", flush=True)
            return
        print(
            f"{engine:10}{workers:7,}{found.count:14,}{found.median_s:12.4g}{report.quantity(found.per_s):>14}"
            f"{found.ratio:13.3g}{found.peak_bytes / 1e6:9,.0f}",
            flush=True,
        )
        yield found


def figure(found: Mapping[str, Sequence[Measured]]) -> Figure:
    """Seconds, and messages per second, against messages; one mark and one kind of line for each engine."""
    with drawing():
        drawn = new_figure(9.0, 3.6)
        cost, speed = drawn.subplots(1, 2)
        _draw(
            cost,
            "Seconds of one call",
            "s",
            {name: [(row.count, row.median_s) for row in found[name]] for name in found},
        )
        _draw(
            speed,
            "Messages per second",
            "messages/s",
            {name: [(row.count, row.per_s) for row in found[name]] for name in found},
        )
        low, high = _linear(cost, [row for rows in found.values() for row in rows])
        cost.plot(low, high, color=GREY, linestyle=":", linewidth=1.2, zorder=1)
        handles = [look(index).handle(engine) for index, engine in enumerate(found)]
        handles.append(Line2D([], [], color=GREY, linestyle=":", linewidth=1.2, label="cost in proportion to messages"))
        subtitle = "ring all-reduce on a star, loggp, all workers alike; whole call of simulate(), median"
        largest = max(row.workers for rows in found.values() for row in rows)
        return finish(drawn, f"What messages cost, from {WORKERS[0]} to {largest:,} workers", subtitle, handles)


def _draw(axes: Axes, title: str, unit: str, series: Mapping[str, Sequence[tuple[float, float]]]) -> None:
    for index, points in enumerate(series.values()):
        how = look(index)
        across, up = zip(*points, strict=True)
        axes.plot(across, up, linestyle=how.line, linewidth=1.2, color=how.colour, **how.marks())
    points = [point for each in series.values() for point in each]
    log_axis(axes, "x", [x for x, _ in points], report.quantity)
    log_axis(axes, "y", [y for _, y in points], report.quantity)
    axes.set_title(title, size=10)
    axes.set_xlabel("messages")
    axes.set_ylabel(unit)
    axes.grid(color="0.9", zorder=0)


def _linear(axes: Axes, rows: Sequence[Measured]) -> tuple[list[float], list[float]]:
    """A line of slope 1 through the most costly run, as far as the panel goes."""
    most = max(rows, key=lambda row: row.median_s)
    first, last = limits([row.count for row in rows])
    return [first, last], [most.median_s * end / most.count for end in (first, last)]
