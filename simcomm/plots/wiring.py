"""A topology as it is: its nodes, its cables, and what these are."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

import networkx as nx
import numpy as np
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import PathPatch
from matplotlib.path import Path

from simcomm.errors import InputError
from simcomm.plots.frame import finish, new_figure
from simcomm.plots.style import COLOURS, GREY, LINES, drawing, rate
from simcomm.plots.topology import (
    MOST_NODES,
    SIDE_IN,
    Sketch,
    diameters_pt,
    draw_nodes,
    frame,
    is_wide,
    kinds,
    positions,
)
from simcomm.units import format_time

#: More kinds of cables than this are told apart by their width alone.
MOST_KINDS = 12
_NARROWEST_PT, _WIDEST_PT = 0.8, 4.0
#: Where the control point of a curve is, beside its middle, as a part of its length; the curve goes half as far.
_BEND = 0.3
#: A line runs through what is as near as this to it, of a drawing that is about 2 wide.
_NEAR = 0.02

Point = tuple[float, float]
Points = np.ndarray[tuple[int, int], np.dtype[np.float64]]


class Cable(NamedTuple):
    """What joins two nodes, one way: the other may differ."""

    kind: str
    bandwidth_Bps: float
    latency_s: float

    @property
    def label(self) -> str:
        """'xgmi 24 GB/s, 600 ns'."""
        return f"{self.kind} {rate(self.bandwidth_Bps)}, {format_time(self.latency_s)}".lstrip()


def drawn(graph: nx.DiGraph[Any], name: str) -> Figure:
    """The topology: a line for every cable, whose look and width say which kind it is; the wider the faster.

    Two links between the same nodes are one line, that of the link from the earlier node. Raises InputError above 256
    nodes.
    """
    if len(graph) > MOST_NODES:
        raise InputError(f"a topology of {len(graph)} nodes cannot be drawn; expected at most {MOST_NODES}")
    at = positions(graph)
    cables = _cables(graph)
    looks = _looks(cables.values())
    with drawing():
        figure = new_figure(SIDE_IN + (4.5 if is_wide(at) else 0.0), SIDE_IN)
        sketch = Sketch(figure.subplots(), at, diameters_pt(graph, at), len(cables))
        points = np.array(list(at.values()))
        lines = {(a, b): (at[a], at[b], _bend(at[a], at[b], points)) for a, b in cables}
        frame(sketch, [_beside(start, end, bend / 2) for start, end, bend in lines.values()])
        for ends, cable in sorted(cables.items(), key=lambda item: -item[1].bandwidth_Bps):
            start, end, bend = lines[ends]
            path = Path([start, _beside(start, end, bend), end], [Path.MOVETO, Path.CURVE3, Path.CURVE3])
            sketch.axes.add_patch(PathPatch(path, fill=False, zorder=1, **looks[cable]))
        draw_nodes(sketch, graph, {node: _label(node) for node in graph})
        return finish(figure, f"Topology {name}", _about(graph, cables), _legend(looks), _notes(graph, len(looks)))


def _cables(graph: nx.DiGraph[Any]) -> dict[tuple[Any, Any], Cable]:
    number = {node: index for index, node in enumerate(graph)}
    found = {}
    for a, b, link in graph.edges(data=True):
        if number[a] < number[b] or not graph.has_edge(b, a):
            count = link.get("count", 1)
            kind = str(link.get("type", "")) + (f" ({count} cables)" if count > 1 else "")
            found[a, b] = Cable(kind, float(link["bandwidth_Bps"]), float(link["latency_s"]))
    return found


def _looks(cables: Iterable[Cable]) -> dict[Cable, dict[str, Any]]:
    """Colour and dashes by kind, the most frequent one solid; width by the logarithm of the bandwidth."""
    found = [cable for cable, _ in Counter(cables).most_common()]
    logs = [math.log(cable.bandwidth_Bps) for cable in found]
    looks: dict[Cable, dict[str, Any]] = {}
    for index, cable in enumerate(found):
        share = (logs[index] - min(logs)) / (max(logs) - min(logs)) if max(logs) > min(logs) else 0.25
        look = {"color": COLOURS[index % len(COLOURS)], "linestyle": LINES[index % len(LINES)]}
        plain = {"color": GREY, "linestyle": "-"}
        width = _NARROWEST_PT + share * (_WIDEST_PT - _NARROWEST_PT)
        looks[cable] = {"linewidth": width, **(look if len(found) <= MOST_KINDS else plain)}
    return looks


def _legend(looks: Mapping[Cable, Mapping[str, Any]]) -> list[Line2D]:
    """The kinds of cables, the fastest first; lines of one width, so that all their dashes can be seen."""
    shown = sorted(looks, key=lambda cable: -cable.bandwidth_Bps) if len(looks) <= MOST_KINDS else []
    return [Line2D([], [], label=cable.label, **{**looks[cable], "linewidth": 1.3}) for cable in shown]


def _bend(start: Point, end: Point, points: Points) -> float:
    """How far to bend, to the right if positive: 0 unless a straight line runs through a node; away from the middle."""
    along, towards = np.subtract(end, start), points - start
    length = float(np.hypot(*along)) or 1.0
    part = towards @ along / length**2
    off = np.abs(towards[:, 0] * along[1] - towards[:, 1] * along[0]) / length
    if not np.any((off < _NEAR) & (part > _NEAR) & (part < 1 - _NEAR)):
        return 0.0
    x, y = towards.mean(axis=0)
    return _BEND if along[0] * y >= along[1] * x else -_BEND


def _beside(start: Point, end: Point, off: float) -> Point:
    """The point beside the middle, to the right, this part of the length away from it."""
    (ax, ay), (bx, by) = start, end
    return (ax + bx) / 2 + off * (by - ay), (ay + by) / 2 - off * (bx - ax)


def _label(node: Any) -> str:
    """'gpu3' in two lines, 'nvswitch' too."""
    return re.sub(r"(?<=[a-z])(?=\d)|(?<=^nv)(?=switch)", " ", str(node))


def _about(graph: nx.DiGraph[Any], cables: Mapping[tuple[Any, Any], Cable]) -> str:
    hosts = sum(kind == "host" for _, kind in kinds(graph))
    switches = len(graph) - hosts
    numbers = (f"{hosts} host{'s' * (hosts != 1)}", f"{switches} switch{'es' * (switches != 1)}")
    return f"{', '.join(numbers)}, {len(cables)} line{'s' * (len(cables) != 1)}"


def _notes(graph: nx.DiGraph[Any], looks: int) -> list[str]:
    words = ["Circles: hosts."]
    if any(kind == "switch" for _, kind in kinds(graph)):
        words.append("Squares: switches.")
    if looks > 1:
        words.append("The wider a line, the higher its bandwidth.")
    return [" ".join(words)]
