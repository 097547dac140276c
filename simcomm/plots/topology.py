"""The topology of a run, with the bytes that cross each of its links."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple

import networkx as nx
import numpy as np
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import LinearSegmentedColormap, Normalize
from matplotlib.figure import Figure
from matplotlib.patches import FancyArrowPatch
from matplotlib.ticker import FuncFormatter

from simcomm.errors import InputError
from simcomm.plots.frame import finish, new_figure
from simcomm.plots.style import MAP, drawing
from simcomm.units import format_size

MOST_NODES = 256
MOST_NAMED_LINKS = 24
SIDE_IN = 7.5
LARGEST_NODE_PT = 36.0
_FEW_LINKS = 30
_SMALLEST_TEXT_PT = 3.5
#: About how many points a unit of the positions has: the circle has a radius of 1.
_UNIT_PT = SIDE_IN * 72 / 2.5

Positions = dict[Any, tuple[float, float]]


class Sketch(NamedTuple):
    """Where to draw: the axes, the positions of the nodes, their diameters in points, and how many links there are."""

    axes: Axes
    at: Positions
    node_pt: Mapping[Any, float]
    links: int

    @property
    def room(self) -> float:
        """1 where nodes are as large as they may be, less where they are crowded."""
        return min(self.node_pt.values()) / LARGEST_NODE_PT

    @property
    def bend(self) -> float:
        """How much links bend to their right, as a part of their length: less where nodes are crowded."""
        return 0.12 * self.room

    def width_pt(self, share: float) -> float:
        """The width of a link that carries this share of the busiest one's bytes: less where links are crowded."""
        crowd = max(0.2, min(self.room, math.sqrt(_FEW_LINKS / max(self.links, 1))))
        return (0.8 + 4.2 * share) * crowd if share else 0.6

    def on_link(self, link: tuple[Any, Any], part: float) -> tuple[float, float]:
        """The point of a link after this part of its (quadratic Bézier) curve."""
        (ax, ay), (bx, by) = self.at[link[0]], self.at[link[1]]
        off = 2 * part * (1 - part) * self.bend
        return ax + part * (bx - ax) + off * (by - ay), ay + part * (by - ay) - off * (bx - ax)


def traffic(graph: nx.DiGraph[Any], bytes_on_link: Mapping[tuple[Any, Any], int], labels: Mapping[Any, str]) -> Figure:
    """The topology, each link an arrow of its own, the wider and darker the more bytes cross it.

    ``labels`` has the names of nodes, such as the ranks of hosts; others keep their own. Links that carry nothing are
    thin and dashed. Raises InputError for bytes on a link that does not exist, and above 256 nodes.
    """
    _check(graph, bytes_on_link)
    carried = {link: int(bytes_on_link.get(link, 0)) for link in graph.edges}
    with drawing():
        figure = shaded_links(graph, carried, labels, format_size, "bytes that cross the link (bytes)")
        return finish(figure, "Traffic on the links", _about(carried, labels), (), notes(graph, carried))


def shaded_links(
    graph: nx.DiGraph[Any],
    values: Mapping[tuple[Any, Any], float],
    labels: Mapping[Any, str],
    write: Callable[[float], str],
    meaning: str,
) -> Figure:
    """The topology, each link an arrow, the wider and darker the larger its value; dashed at 0; with a colour bar."""
    most = max(values.values(), default=0)
    at = positions(graph)
    shades = LinearSegmentedColormap.from_list("traffic", colormaps[MAP](np.linspace(0.88, 0.0, 256)))
    colours = ScalarMappable(Normalize(0, most or 1), shades)
    figure = new_figure(SIDE_IN + (4.5 if is_wide(at) else 1.5), SIDE_IN)
    sketch = Sketch(figure.subplots(), at, diameters_pt(graph, at), len(values))
    frame(sketch)
    for link, value in sorted(values.items(), key=lambda item: item[1]):
        _draw_link(sketch, link, value / (most or 1), colours.to_rgba(np.array(value)))
    _name_links(sketch, values, write)
    draw_nodes(sketch, graph, labels)
    if most:
        bar = figure.colorbar(colours, ax=sketch.axes, shrink=0.7, format=FuncFormatter(lambda value, _: write(value)))
        bar.set_label(meaning)
    return figure


def _check(graph: nx.DiGraph[Any], bytes_on_link: Mapping[tuple[Any, Any], int]) -> None:
    if not 1 <= len(graph) <= MOST_NODES:
        raise InputError(f"a topology of {len(graph)} nodes cannot be drawn; expected 1 to {MOST_NODES}")
    for (a, b), size_bytes in bytes_on_link.items():
        if not graph.has_edge(a, b):
            raise InputError(f"{size_bytes} bytes on link {a!r} -> {b!r}; expected a link of the topology")
        if size_bytes < 0:
            raise InputError(f"{size_bytes} bytes on link {a!r} -> {b!r}; expected 0 or more")


def kinds(graph: nx.DiGraph[Any]) -> list[tuple[Any, Any]]:
    """Every node with its kind."""
    return [(node, attributes.get("kind")) for node, attributes in graph.nodes(data=True)]


def positions(graph: nx.DiGraph[Any]) -> Positions:
    """Where the nodes stand, the same every time.

    One switch: in the middle of its hosts. More switches: on a circle inside that of the hosts if each has hosts and
    they are joined to each other alone, else in layers above the hosts, by hops to the nearest of them.
    No switch: on the grid that their ``position`` gives if that is a plane one, on a circle if the links are a ring or
    connect everything, else where springs pull them (seeded).
    """
    cables = graph.to_undirected()
    hosts = [node for node, kind in kinds(graph) if kind != "switch"]
    switches = [node for node, kind in kinds(graph) if kind == "switch"]
    if len(switches) == 1 and cables.degree(switches[0]) == len(hosts) == cables.number_of_edges():
        return _circle(hosts) | {switches[0]: (0.0, 0.0)}
    if switches and hosts:
        joined = sum(a in switches and b in switches for a, b in cables.edges) >= len(switches) > 2
        flat = joined and all(any(node in hosts for node in cables[switch]) for switch in switches)
        return _wheel(cables, hosts, switches) if flat else _layers(cables, hosts, switches)
    places = [graph.nodes[node].get("position", ()) for node in graph]
    if {len(place) for place in places} == {2} and min(map(max, zip(*places, strict=True))) > 0:
        return _grid(dict(zip(graph, places, strict=True)))
    if cables.number_of_edges() == len(graph) * (len(graph) - 1) // 2:
        return _circle(list(graph))
    if all(degree <= 2 for _, degree in cables.degree()):
        ends = [node for node, degree in cables.degree() if degree == 1]
        return _circle(list(nx.dfs_preorder_nodes(cables, (ends or list(graph))[0])))
    placed = nx.spring_layout(cables, seed=0, iterations=200)
    return {node: (float(x), float(y)) for node, (x, y) in placed.items()}


def _circle(nodes: list[Any]) -> Positions:
    """Clockwise from the top; one node alone above the middle."""
    angles = [math.pi / 2 - 2 * math.pi * place / len(nodes) for place in range(len(nodes))]
    return {node: (math.cos(angle), math.sin(angle)) for node, angle in zip(nodes, angles, strict=True)}


def _grid(places: Mapping[Any, tuple[int, int]]) -> Positions:
    """The first coordinate down, the second to the right; square."""
    down, right = (max(values) for values in zip(*places.values(), strict=True))
    size = max(down, right) / 2
    return {node: ((y - right / 2) / size, (down / 2 - x) / size) for node, (x, y) in places.items()}


def _wheel(cables: nx.Graph[Any], hosts: list[Any], switches: list[Any]) -> Positions:
    """Hosts on the outer circle, switches on the inner one, in the order of their first hosts."""
    place = {host: index for index, host in enumerate(hosts)}
    first = {switch: min(place[node] for node in cables[switch] if node in place) for switch in switches}
    inner = _circle(sorted(switches, key=first.__getitem__))
    # Turned by half a step of each circle, so that a switch stands before the middle of its hosts.
    turn = math.pi / len(switches) - math.pi / len(hosts)
    cos, sin = math.cos(turn), math.sin(turn)
    return _circle(hosts) | {
        node: (0.7 * (x * cos + y * sin), 0.7 * (y * cos - x * sin)) for node, (x, y) in inner.items()
    }


def _layers(cables: nx.Graph[Any], hosts: list[Any], switches: list[Any]) -> Positions:
    """Hosts in the lowest row; a switch above the middle of those below it that it has cables to."""
    hops = {node: int(d) for node, d in nx.multi_source_dijkstra_path_length(cables, set(hosts), weight=None).items()}
    place = {node: (index + 0.5) / len(hosts) for index, node in enumerate(hosts)}
    height = max(hops.get(node, 1) for node in switches)
    found = {node: (2.4 * (place[node] - 0.5), -0.8) for node in hosts}
    for level in range(1, height + 1):
        row = [node for node in switches if hops.get(node, 1) == level]
        middle = {
            node: float(np.mean([place[below] for below in cables[node] if below in place] or [0.5])) for node in row
        }
        row.sort(key=lambda node: middle[node])
        for index, node in enumerate(row):
            place[node] = (index + 0.5) / len(row)
            found[node] = (2.4 * (place[node] - 0.5), -0.8 + 1.6 * level / height)
    return found


def is_wide(at: Positions) -> bool:
    """Whether the nodes stand in layers."""
    return max(abs(x) for x, _ in at.values()) > 1.05


def frame(sketch: Sketch, curves: Iterable[tuple[float, float]] = ()) -> None:
    """No axes, just room around the nodes and these points of curves; a circle is round."""
    for which, values in zip("xy", zip(*sketch.at.values(), *curves, strict=True), strict=True):
        middle, half = (max(values) + min(values)) / 2, max((max(values) - min(values)) / 2, 0.4) + 0.2
        sketch.axes.set(**{f"{which}lim": (middle - half, middle + half)})
    sketch.axes.set_axis_off()
    if not is_wide(sketch.at):
        sketch.axes.set_aspect("equal")


def diameters_pt(graph: nx.DiGraph[Any], at: Positions) -> dict[Any, float]:
    """As large as other nodes allow: hosts by all others, switches, which are fewer, by other switches."""
    kind_of = dict(kinds(graph))
    everywhere = list(at.values())
    between = [at[node] for node in at if kind_of[node] == "switch"]
    host_pt, switch_pt = _diameter_pt(everywhere), _diameter_pt(between)
    return {node: switch_pt if kind_of[node] == "switch" else host_pt for node in at}


def _diameter_pt(places: list[tuple[float, float]]) -> float:
    if len(places) < 2:
        return LARGEST_NODE_PT
    points = np.array(places)
    apart = np.hypot(*(points[:, None] - points[None]).transpose(2, 0, 1))
    return float(np.clip(0.6 * apart[apart > 0].min() * _UNIT_PT, 5.0, LARGEST_NODE_PT))


def _draw_link(sketch: Sketch, link: tuple[Any, Any], share: float, colour: Any) -> None:
    """An arrow that bends to its right, so that the two directions of a cable lie side by side."""
    width = sketch.width_pt(share)
    arrow = FancyArrowPatch(
        sketch.at[link[0]],
        sketch.at[link[1]],
        connectionstyle=f"arc3,rad={sketch.bend}",
        arrowstyle=f"-|>,head_length={2 + width},head_width={1 + 0.6 * width}",
        mutation_scale=1,
        shrinkA=sketch.node_pt[link[0]] / 2,
        shrinkB=sketch.node_pt[link[1]] / 2,
        linewidth=width,
        linestyle="-" if share else (0, (4, 3)),
        color=colour if share else "0.6",
        zorder=1,
    )
    sketch.axes.add_patch(arrow)


def _name_links(sketch: Sketch, values: Mapping[tuple[Any, Any], float], write: Callable[[float], str]) -> None:
    """The value of a link on it, where few links have any and no node or other name is in the way."""
    busy = sorted((link for link in values if values[link]), key=lambda link: -values[link])
    taken = [(at, sketch.node_pt[node] / 2 / _UNIT_PT) for node, at in sketch.at.items()]
    for link in busy if len(busy) <= MOST_NAMED_LINKS else ():
        x, y = sketch.on_link(link, 0.62)
        if any(abs(x - a) < 0.07 + radius and abs(y - b) < 0.025 + radius for (a, b), radius in taken):
            continue
        taken.append(((x, y), 0.025))
        box = {"boxstyle": "round,pad=0.1", "facecolor": "white", "edgecolor": "none", "alpha": 0.9}
        sketch.axes.text(x, y, write(values[link]), size=7, ha="center", va="center", bbox=box, zorder=3)


def draw_nodes(sketch: Sketch, graph: nx.DiGraph[Any], labels: Mapping[Any, str]) -> None:
    """Hosts as circles, switches as squares, with their labels where these are legible; a space is a new line."""
    for node, kind in kinds(graph):
        x, y = sketch.at[node]
        across = sketch.node_pt[node]
        marker, colour = ("s", "0.85") if kind == "switch" else ("o", "white")
        look: dict[str, Any] = {"marker": marker, "markerfacecolor": colour, "markeredgecolor": "black"}
        sketch.axes.plot(x, y, markersize=across, zorder=4, **look)
        lines = labels.get(node, str(node)).split(" ")
        round_pt = 0.8 * across if kind != "switch" and len(lines) > 1 else across  # a circle has no corners
        size = min(10.0, 1.35 * round_pt / max(1, *map(len, lines)), 0.75 * round_pt / len(lines))
        if size >= _SMALLEST_TEXT_PT:
            sketch.axes.text(x, y, "\n".join(lines), size=size, ha="center", va="center", zorder=5)


def _about(carried: Mapping[tuple[Any, Any], int], labels: Mapping[Any, str]) -> str:
    busy = sum(size > 0 for size in carried.values())
    total = f"{format_size(sum(carried.values()))} over {busy} link{'s' * (busy != 1)}"
    if not any(carried.values()):
        return total
    (a, b), most = max(carried.items(), key=lambda item: item[1])
    busiest = f"the busiest from {labels.get(a, a)} to {labels.get(b, b)}: {format_size(most)}"
    return f"{total} · {busiest}"


def notes(graph: nx.DiGraph[Any], values: Mapping[tuple[Any, Any], float]) -> list[str]:
    """What the marks stand for."""
    words = ["Circles: hosts."]
    if any(kind == "switch" for _, kind in kinds(graph)):
        words.append("Squares: switches.")
    if not all(values.values()):
        words.append("Dashed: links that carry nothing.")
    return [" ".join(words)]
