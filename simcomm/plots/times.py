"""Time over the number of workers and over the size: simulated, by the formula, and the least that is possible."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from itertools import combinations
from typing import NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from simcomm.plots.frame import finish, new_figure
from simcomm.plots.series import Series, constants, notes, series_of
from simcomm.plots.style import GREY, bytes_axis, drawing, seconds_axis, workers_axis
from simcomm.results import Result
from simcomm.units import format_size

MOST_CROSSOVERS = 4
#: Where the letters of crossovers stand, in points above the place: never two at the same.
_LETTERS = (("A", 26), ("B", -26), ("C", 44), ("D", -44))


def time_vs_n(results: Iterable[Result]) -> Figure:
    """Time over the number of workers: markers simulated, lines the α–β–γ formula, the lower bound dotted.

    Raises InputError for more than 12 series, or if no result takes any time.

    >>> time_vs_n([])
    Traceback (most recent call last):
    simcomm.errors.InputError: no results to plot; expected at least one
    """
    rows = list(results)
    return _figure(rows, "workers", "Time over the number of workers")


def time_vs_size(results: Iterable[Result]) -> Figure:
    """Time over the size of the gradient, as :func:`time_vs_n`; up to four crossovers are marked and explained.

    A crossover is where of two collectives the other one becomes the faster, by lines between the simulated points
    on logarithmic axes.
    """
    rows = list(results)
    return _figure(rows, "vector_bytes", "Time over the size of the gradient")


def _figure(rows: Sequence[Result], x: str, title: str) -> Figure:
    series = series_of(rows, x, [_time_s])
    with drawing():
        figure = new_figure(9, 5.4)
        axes = figure.subplots()
        _draw(axes, series, x)
        words = ["Markers: simulated. Lines: α–β–γ formula, where it holds. Dotted: lower bound."]
        if any(colour != GREY for _, colour in bounds(series, x)):
            words[0] += " In colour: of that series alone."
        if x == "vector_bytes":
            words += _mark(axes, series)
        words += notes(rows, series, x, [_time_s])
        handles = [one.look.handle(one.label) for one in series]
        handles.append(Line2D([], [], color=GREY, linestyle=":", linewidth=1.3, label="lower bound"))
        return finish(figure, title, constants(rows, x), handles, words)


def _time_s(row: Result) -> float:
    return row.time_s


def _draw(axes: Axes, series: Sequence[Series], x: str) -> None:
    drawn: list[float] = []
    for one in series:
        at, formula = one.line(x, lambda row: row.formula_s)
        axes.plot(at, formula, linestyle=one.look.line, lw=1, color=one.look.colour, zorder=2, label=f"_{one.label}")
        places, simulated = one.points(x, _time_s)
        axes.plot(places, simulated, linestyle="none", zorder=3, label=one.label, **one.look.marks())
        drawn += [*simulated, *formula]
    for bound, colour in bounds(series, x):
        at, least = sorted(bound), [bound[place] for place in sorted(bound)]
        axes.plot(at, least, linestyle=":", linewidth=1.5, color=colour, zorder=1, label="_lower bound")
        drawn += least
    axes.grid(color="0.9", zorder=0)
    seconds_axis(axes, "y", [value for value in drawn if not math.isnan(value)], "time")
    if x == "workers":
        workers_axis(axes, (row.workers for one in series for row in one.rows))
    else:
        sizes = [row.vector_bytes for one in series for row in one.rows if row.vector_bytes > 0]
        bytes_axis(axes, "x", sizes, "size S of the gradient of one worker")


def bounds(series: Iterable[Series], x: str) -> list[tuple[dict[float, float], str]]:
    """The lower bounds that differ, from place to seconds, with a colour: grey if several series share it."""
    found: list[tuple[dict[float, float], str]] = []
    for one in series:
        at, least = one.line(x, lambda row: row.lower_bound_s)
        own = {place: value for place, value in zip(at, least, strict=True) if not math.isnan(value)}
        for index, (other, _) in enumerate(found):
            common = own.keys() & other.keys()
            if common and all(math.isclose(own[place], other[place]) for place in common):
                found[index] = (other | own, GREY)
                break
        else:
            found += [(own, one.look.colour)] if own else []
    return found if len(found) > 1 else [(bound, GREY) for bound, _ in found]


class Crossover(NamedTuple):
    """From ``size_bytes`` on, ``faster`` takes less time than ``slower``; there both take ``time_s``."""

    size_bytes: float
    time_s: float
    faster: str
    slower: str


def crossovers(series: Sequence[Series]) -> list[Crossover]:
    """Where one collective begins to beat another one in the same setting, by size.

    Straight lines on logarithmic axes between the simulated points; series with several results at one size have none.
    """
    found = []
    for first, second in combinations(series, 2):
        if first.setting == second.setting:
            found += _crossovers(first, second)
    return sorted(found)


def _crossovers(first: Series, second: Series) -> list[Crossover]:
    columns = [one.points("vector_bytes", _time_s) for one in (first, second)]
    times = [dict(zip(at, values, strict=True)) for at, values in columns]
    if any(len(by_size) < len(at) for by_size, (at, _) in zip(times, columns, strict=True)):
        return []
    found = []
    before: tuple[float, float, float] | None = None
    equal: float | None = None
    for size in sorted(times[0].keys() & times[1].keys()):
        a, b = times[0][size], times[1][size]
        if math.isclose(a, b):
            equal = size if equal is None else equal
            continue
        now = (math.log(size), math.log(a), math.log(b))
        if before and (before[1] < before[2]) != (a < b):
            at, time_s = (equal, times[0][equal]) if equal else _meet(before, now)
            faster, slower = (first, second) if a < b else (second, first)
            found.append(Crossover(at, time_s, faster.label, slower.label))
        before, equal = now, None
    return found


def _meet(before: tuple[float, float, float], now: tuple[float, float, float]) -> tuple[float, float]:
    """Where two lines meet between two places, each (log x, log of one, log of the other)."""
    gap, later_gap = before[1] - before[2], now[1] - now[2]
    part = gap / (gap - later_gap)
    return math.exp(before[0] + part * (now[0] - before[0])), math.exp(before[1] + part * (now[1] - before[1]))


def _where_the_fastest_changes(found: Sequence[Crossover], series: Sequence[Series]) -> list[Crossover]:
    """The crossovers below which there is nobody: their faster one becomes the fastest of all in its setting."""
    setting = {one.label: one.setting for one in series}
    rivals = [(one.setting, one.points("vector_bytes", _time_s)) for one in series]
    return [
        one
        for one in found
        if all(
            one.time_s <= np.exp(np.interp(np.log(one.size_bytes), np.log(at), np.log(times))) * (1 + 1e-9)
            for rival, (at, times) in rivals
            if at and rival == setting[one.faster]
        )
    ]


def _mark(axes: Axes, series: Sequence[Series]) -> list[str]:
    """Letters at the crossovers, and what they mean; of too many only those where the fastest changes."""
    found, words = crossovers(series), []
    if len(found) > MOST_CROSSOVERS:
        words.append(f"{len(found)} crossovers; marked are those where the fastest changes.")
        found = _where_the_fastest_changes(found, series)
    if len(found) > MOST_CROSSOVERS:
        return [f"{len(found)} crossovers where the fastest changes, more than can be marked."]
    for one, (letter, above) in zip(found, _LETTERS, strict=False):
        axes.annotate(
            letter,
            (one.size_bytes, one.time_s),
            xytext=(0, above),
            textcoords="offset points",
            ha="center",
            va="center",
            size=9,
            weight="bold",
            bbox={"boxstyle": "circle,pad=0.2", "facecolor": "white", "edgecolor": "black", "linewidth": 0.8},
            arrowprops={"arrowstyle": "-", "linewidth": 0.8},
            zorder=5,
        )
        words.append(f"{letter}: from {format_size(one.size_bytes)} on {one.faster} beats {one.slower}.")
    return words
