"""Plots: results in, figures out. Nothing here simulates, and matplotlib is imported nowhere else.

Figures are plain :class:`matplotlib.figure.Figure` objects without a window. matplotlib is loaded when one is drawn.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from simcomm.plots.bandwidth import bandwidth_vs_n
    from simcomm.plots.gantt_chart import gantt
    from simcomm.plots.parts import time_parts
    from simcomm.plots.saving import save
    from simcomm.plots.times import time_vs_n, time_vs_size
    from simcomm.plots.topology import traffic
    from simcomm.results import Result

__all__ = ["bandwidth_vs_n", "gantt", "plots_for", "save", "time_parts", "time_vs_n", "time_vs_size", "traffic"]

_WHERE = {
    "bandwidth_vs_n": "bandwidth",
    "gantt": "gantt_chart",
    "save": "saving",
    "time_parts": "parts",
    "time_vs_n": "times",
    "time_vs_size": "times",
    "traffic": "topology",
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


def _later(name: str, rows: list[Result]) -> Callable[[], Figure]:
    def draw() -> Figure:
        figure: Figure = __getattr__(name)(rows)
        return figure

    return draw
