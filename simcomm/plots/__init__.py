"""Plots: results in, figures out. Nothing here simulates, and matplotlib is imported nowhere else.

Figures are plain :class:`matplotlib.figure.Figure` objects without a window. matplotlib is loaded when one is drawn.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from importlib import import_module
from typing import TYPE_CHECKING, Any

from simcomm.errors import InputError

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from simcomm.plots.bandwidth import bandwidth_vs_n
    from simcomm.plots.decision_map import who_wins
    from simcomm.plots.gantt_chart import gantt
    from simcomm.plots.heat_map import link_heat
    from simcomm.plots.link_plots import link_queues, link_utilisation
    from simcomm.plots.link_timeline import link_gantt
    from simcomm.plots.parts import time_parts
    from simcomm.plots.saving import save
    from simcomm.plots.times import time_vs_n, time_vs_size
    from simcomm.plots.topology import traffic
    from simcomm.plots.wiring import drawn
    from simcomm.results import Result

__all__ = [
    "bandwidth_vs_n",
    "drawn",
    "gantt",
    "link_gantt",
    "link_heat",
    "link_queues",
    "link_utilisation",
    "plots_for",
    "plots_of_run",
    "save",
    "time_parts",
    "time_vs_n",
    "time_vs_size",
    "traffic",
    "who_wins",
]

_WHERE = {
    "bandwidth_vs_n": "bandwidth",
    "drawn": "wiring",
    "gantt": "gantt_chart",
    "link_gantt": "link_timeline",
    "link_heat": "heat_map",
    "link_queues": "link_plots",
    "link_utilisation": "link_plots",
    "save": "saving",
    "time_parts": "parts",
    "time_vs_n": "times",
    "time_vs_size": "times",
    "traffic": "topology",
    "who_wins": "decision_map",
}


def __getattr__(name: str) -> Any:
    if name not in _WHERE:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_WHERE[name]}"), name)


def plots_for(results: Iterable[Result]) -> dict[str, Callable[[], Figure]]:
    """The plots that suit these results, by name: over n if n varies, over the size if the size varies.

    If neither does, the parts of each result's time, for up to 40 results.

    Each draws when it is called; it may still raise InputError, for results of more series than one plot can show.

    >>> plots_for([])
    {}
    """
    rows = list(results)
    suited = []
    if len({row.workers for row in rows}) > 1:
        suited += ["bandwidth_vs_n", "time_vs_n"]
    if len({row.vector_bytes for row in rows}) > 1:
        suited += ["time_vs_size"]
    if not suited and len(rows) <= 40 and any(row.time_s for row in rows):
        suited += ["time_parts"]
    return {name: _later(name, rows) for name in suited}


def plots_of_run(result: Result) -> dict[str, Callable[[], Figure]]:
    """The plots of one run with its timeline, by name: by ranks (gantt), over the topology, and by links over time.

    Each draws when it is called; it may still raise InputError, for a topology too large to be drawn. Raises InputError
    for a result without what rides along with one of :func:`simcomm.simulate` with ``timeline=True``.
    """
    if result.timeline is None or result.cluster is None or result.links is None:
        raise InputError("the result has no timeline or no links to draw; expected one of a run that keeps both")
    labels = {host: str(rank) for rank, host in enumerate(result.cluster.hosts)}
    carried = {ends: use.bytes for ends, use in zip(result.cluster.graph.edges, result.links, strict=True)}
    return {
        "gantt": _later("gantt", result),
        "traffic": _later("traffic", result.cluster.graph, carried, labels),
        **{name: _later(name, result) for name in ("link_heat", "link_gantt", "link_utilisation", "link_queues")},
    }


def _later(name: str, *arguments: Any) -> Callable[[], Figure]:
    def draw() -> Figure:
        figure: Figure = __getattr__(name)(*arguments)
        return figure

    return draw
