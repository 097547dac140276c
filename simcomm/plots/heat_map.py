"""The topology of a run with how much of each link is used."""

from __future__ import annotations

from typing import Any

from matplotlib.figure import Figure

from simcomm.errors import InputError
from simcomm.plots.frame import finish
from simcomm.plots.series import constants, series_label
from simcomm.plots.style import drawing
from simcomm.plots.topology import MOST_NODES, notes, shaded_links
from simcomm.results import Result
from simcomm.units import format_time

#: Up to so many nodes the circles have room for a name and a rank.
FEW_NODES = 24


def link_heat(result: Result) -> Figure:
    """The topology, each link an arrow of its own, the wider and darker the more of it is used.

    What is used is bytes / bandwidth / time, over the whole run. Links that carry nothing are thin and dashed. Raises
    InputError above 256 nodes and for a result without its cluster and links.
    """
    if result.cluster is None or result.links is None:
        raise InputError("the result has no topology to draw; expected one that keeps it (simulate)")
    graph = result.cluster.graph
    if len(graph) > MOST_NODES:
        raise InputError(f"a topology of {len(graph)} nodes cannot be drawn; expected at most {MOST_NODES}")
    shares = {link: use.utilisation or 0.0 for link, use in zip(graph.edges, result.links, strict=True)}
    with drawing():
        figure = shaded_links(
            graph, shares, _labels(result), lambda share: f"{100 * share:.3g}%", "utilisation of the link (%)"
        )
        title = f"Utilisation of the links: {series_label([result])}, n = {result.workers}"
        return finish(figure, title, _about(result), (), [f"{' '.join(notes(graph, shares))} {_ranks(result)}"])


def _labels(result: Result) -> dict[Any, str]:
    """Hosts by name and, if these are not its rank, the rank that runs there: '5 r2'; where they are many, 'r2'."""
    if _are_ranks(result):
        return {}
    many = len(result.cluster.graph) > FEW_NODES
    return {host: f"r{rank}" if many else f"{host} r{rank}" for rank, host in enumerate(result.cluster.hosts)}


def _are_ranks(result: Result) -> bool:
    return all(str(host) == str(rank) for rank, host in enumerate(result.cluster.hosts))


def _ranks(result: Result) -> str:
    return "Hosts have the numbers of their ranks." if _are_ranks(result) else "r2: rank 2 is on this host."


def _about(result: Result) -> str:
    words = [f"makespan {format_time(result.time_s)}", constants([result], "workers")]
    if result.bottleneck:
        words.insert(0, f"the busiest {result.bottleneck}: {result.bottleneck_utilisation or 0:.1%}")
    return " · ".join(words)
