"""The links of a run as rows of a plot (its ports, if the network model sees no links): which, and what they did."""

from __future__ import annotations

from collections.abc import Container, Hashable, Iterable
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes

from simcomm.columns import name_place
from simcomm.engines.meters import Crossing, Rate
from simcomm.engines.timeline import Timeline
from simcomm.errors import InputError
from simcomm.link_table import by_load
from simcomm.plots.series import constants, series_label
from simcomm.plots.style import time_unit
from simcomm.results import Result
from simcomm.topology.routes import Link
from simcomm.units import format_time

MOST_ROWS = 16
PORTS = ("send", "receive", "cpu")
WIDTH_IN = 12.0

Floats = npt.NDArray[np.float64]


class Row(NamedTuple):
    """One link or port, every message (or packet) that crossed it, and the rates of the flows that share it."""

    place: Hashable
    crossings: list[Crossing]
    rates: list[Rate]

    @property
    def name(self) -> str:
        """'leaf0 -> spine1', or 'send port of rank 3'."""
        return name_place(self.place).removeprefix("link ")


class Rows(NamedTuple):
    """The busiest links (or ports), the busiest first, of how many that were used."""

    result: Result
    chosen: list[Row]
    used: int

    @property
    def run(self) -> Timeline:
        """The timeline of the run."""
        run: Timeline = self.result.timeline
        return run

    @property
    def end_s(self) -> float:
        """The end of the time axis; not 0."""
        return self.result.time_s or 1.0

    @property
    def what(self) -> str:
        """What the rows are."""
        return "links" if any(isinstance(row.place, Link) for row in self.chosen) else "ports"

    @property
    def title(self) -> str:
        """The run by its collective, as in the titles of all plots of one run."""
        return f"{series_label([self.result])}, n = {self.result.workers}"

    def about(self, bars: str = "") -> str:
        """What is left out, how long the run took, and its settings."""
        left_out = f"the {len(self.chosen)} busiest of {self.used} {self.what} in use"
        words = [left_out] if self.used > len(self.chosen) else []
        words += [bars] if bars else []
        return " · ".join([*words, f"makespan {format_time(self.result.time_s)}", constants([self.result], "workers")])


def rows_of(result: Result, most: int = MOST_ROWS) -> Rows:
    """The links that their bytes keep busy longest, or the ports that are busy longest; ties in the graph's order.

    Raises InputError for a result whose timeline has no crossings.
    """
    if not isinstance(result.timeline, Timeline) or not result.timeline.log.detailed or result.links is None:
        raise InputError("the result has no crossings to draw; expected one of a run that keeps them (timeline=True)")
    places: dict[Hashable, list[Crossing]] = {}
    for crossing in result.timeline.log.crossings:
        places.setdefault(crossing.place, []).append(crossing)
    load = _load_of_links(result, places) or _load_of_ports(result, places)
    busiest = sorted(load, key=lambda place: -float(f"{load[place]:.9g}"))[:most]
    rates: dict[Hashable, list[Rate]] = {place: [] for place in busiest}
    for rate in result.timeline.log.rates:
        if rate.place in rates:
            rates[rate.place].append(rate)
    return Rows(result, [Row(place, places[place], rates[place]) for place in busiest], len(load))


def _load_of_links(result: Result, places: Container[Hashable]) -> dict[Hashable, float]:
    links = [Link(a, b, link["bandwidth_Bps"], link["latency_s"]) for a, b, link in result.cluster.graph.edges.data()]
    return {link: by_load(use) for link, use in zip(links, result.links or (), strict=True) if link in places}


def _load_of_ports(result: Result, places: Iterable[Hashable]) -> dict[Hashable, float]:
    ports = [place for place in places if isinstance(place, tuple) and place[0] in PORTS]
    ports.sort(key=lambda port: (port[1], PORTS.index(port[0]), port[2:]))  # a switch has one for every other end
    return {port: float(result.timeline.log.meters[port].busy_s) for port in ports}


def stairs(intervals: Iterable[tuple[Any, Any]]) -> tuple[Floats, Floats]:
    """How many of the intervals [begin, end) there are from each time on, until the next one.

    Times that differ by less than a clock of floats can tell are one time: who comes when another leaves is not there
    together with it.

    >>> [column.tolist() for column in stairs([(0, 2), (1, 3)])]
    [[0.0, 1.0, 2.0, 3.0], [1.0, 2.0, 1.0, 0.0]]
    """
    ends = np.array([*intervals], dtype=np.float64).reshape(-1, 2)
    every = np.sort(ends.ravel())
    apart = np.diff(every, prepend=-np.inf) > 1e-12 * every
    times, which = every[apart], (np.cumsum(apart) - 1)[np.searchsorted(every, ends.T.ravel())]
    change = np.bincount(which, np.repeat([1.0, -1.0], len(ends)), minlength=len(times))
    return times, np.array(change, dtype=np.float64).cumsum()


def means(times: Floats, values: Floats, edges: Floats) -> Floats:
    """The mean of a step function (0 before its first time, its last value from the last one on) between the edges."""
    times, values = np.append(times, max(edges[-1], times[-1])), np.append(values, 0.0)
    area = np.concatenate([[0.0], np.cumsum(values[:-1] * np.diff(times))])
    found: Floats = np.diff(np.interp(edges, times, area)) / np.diff(edges)
    return found


def peaks(times: Floats, values: Floats, edges: Floats) -> Floats:
    """The largest value of a step function between the edges."""
    before = np.searchsorted(times, edges[:-1], side="right") - 1
    found = np.where(before >= 0, values[before], 0.0)
    within = np.clip(np.searchsorted(edges, times, side="right") - 1, 0, len(found) - 1)
    np.maximum.at(found, within, values)
    return found


def time_axis(axes: Axes, rows: Rows) -> float:
    """From 0 to the end of the run, in a unit that suits it: how many of it make a second."""
    scale, unit = time_unit(rows.end_s)
    axes.set_xlim(0, rows.end_s * scale)
    axes.set_xlabel(f"time ({unit})")
    if not rows.chosen:
        axes.set_yticks([])
        axes.text(0.5, 0.5, "nothing is sent", ha="center", va="center", transform=axes.transAxes)
    return scale


def name_rows(axes: Axes, names: Iterable[str]) -> None:
    """The names of the rows, the first one at the top, and lines between them."""
    every = list(names)
    axes.set_yticks(range(len(every)), every, size=8.5)
    axes.set_ylim(len(every) - 0.5, -0.5)
    axes.tick_params(axis="y", length=0)
    for place in range(len(every) - 1):
        axes.axhline(place + 0.5, color="0.8", linewidth=0.8, zorder=1)
