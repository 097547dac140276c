"""A topology as it is: every cable a line, every kind of cable a look, nothing through a node, nothing cut off."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import networkx as nx
import numpy as np
import pytest
from conftest import ROOT
from matplotlib.figure import Figure
from matplotlib.patches import PathPatch
from plot_runs import assert_legible, legend_labels, words

from simcomm.errors import InputError
from simcomm.plots import drawn, save
from simcomm.plots.topology import MOST_NODES, positions
from simcomm.plots.wiring import MOST_KINDS
from simcomm.topology import build
from simcomm.topology.files import load

ROME = ROOT / "scenarios" / "nccl" / "rccl_topo_8p_rome.xml"
BUILT: list[tuple[str, int, dict[str, Any]]] = [
    ("star", 1, {}),
    ("star", 8, {}),
    ("line", 5, {}),
    ("mesh", 6, {"dims": [2, 3]}),
    ("torus", 16, {"dims": [4, 4]}),
    ("torus", 27, {"dims": [3, 3, 3]}),
    ("hypercube", 8, {}),
    ("leaf_spine", 16, {"leaves": 4, "spines": 2, "oversubscription": 4}),
    ("fat_tree", 16, {}),
    ("dragonfly", 72, {}),
    ("rail_optimised", 16, {"spines": 2}),
    ("shared_nic", 16, {}),
]


def lines(figure: Figure) -> list[PathPatch]:
    return [patch for patch in figure.axes[0].patches if isinstance(patch, PathPatch)]


def texts(figure: Figure) -> list[str]:
    return [text.get_text() for text in figure.axes[0].texts]


@pytest.mark.parametrize(("kind", "hosts", "options"), BUILT)
def test_every_cable_is_a_line_and_none_runs_through_a_node(kind: str, hosts: int, options: dict[str, Any]) -> None:
    graph = build(kind, hosts, "100 Gbit/s", "5 us", **options)
    figure = drawn(graph, kind)
    assert_legible(figure)
    assert len(lines(figure)) == graph.number_of_edges() // 2
    places = np.array(list(positions(graph).values()))
    for line in lines(figure):
        start, control, end = np.array(line.get_path().vertices)
        middle = (start + 2 * control + end) / 4
        assert np.hypot(*(places - middle).T).min() > 0.02
    low, high = (np.array(limit) for limit in zip(figure.axes[0].get_xlim(), figure.axes[0].get_ylim(), strict=True))
    for line in lines(figure):
        start, control, end = np.array(line.get_path().vertices)
        assert np.all((low < (start + 2 * control + end) / 4) & ((start + 2 * control + end) / 4 < high))


def test_a_real_machine(tmp_path: Path) -> None:
    figure = drawn(load(ROME), "rome")
    assert_legible(figure)
    assert legend_labels(figure) == [
        *("pcie 31.5 GB/s, 500 ns", "port 25 GB/s, 350 ns", "xgmi 24 GB/s, 600 ns", "socket 16 GB/s, 100 ns")
    ]
    assert "8 hosts, 12 switches, 27 lines" in words(figure)
    assert "gpu\n7" in texts(figure)
    assert len({line.get_linewidth() for line in lines(figure)}) == 4
    save(figure, tmp_path / "a")
    save(drawn(load(ROME), "rome"), tmp_path / "b")
    for suffix in (".png", ".svg"):
        assert (tmp_path / f"a{suffix}").read_bytes() == (tmp_path / f"b{suffix}").read_bytes()


def test_cables_that_are_alike_look_alike_and_kinds_differ_without_colour() -> None:
    graph = build("leaf_spine", 8, "100 Gbit/s", "5 us", leaves=2, spines=2, oversubscription=8)
    figure = drawn(graph, "x")
    looks = {(str(line.get_linestyle()), line.get_linewidth()) for line in lines(figure)}
    assert len(looks) == 2
    assert legend_labels(figure) == ["12.5 GB/s, 5 us", "3.12 GB/s, 5 us"]
    assert "The wider a line, the higher its bandwidth." in words(figure)
    assert "wider" not in words(drawn(build("ring", 4, "1 GB/s", "1 us"), "ring"))


def test_several_cables_are_named_and_a_link_of_one_way_is_drawn() -> None:
    graph: nx.DiGraph[Any] = nx.DiGraph()
    graph.add_nodes_from("ab", kind="host")
    graph.add_edge("b", "a", bandwidth_Bps=2e9, latency_s=0, count=4, type="nvlink")
    figure = drawn(graph, "x")
    assert legend_labels(figure) == ["nvlink (4 cables) 2 GB/s, 0 s"]
    assert len(lines(figure)) == 1


def test_too_many_kinds_for_a_legend_are_told_apart_by_width() -> None:
    graph = build("ring", MOST_KINDS + 1, "1 GB/s", "1 us")
    for index, (a, b) in enumerate(graph.edges):
        graph[a][b]["bandwidth_Bps"] = graph[b][a]["bandwidth_Bps"] = 1e9 * (1 + index)
    figure = drawn(graph, "x")
    assert legend_labels(figure) == []
    assert len({line.get_linewidth() for line in lines(figure)}) == MOST_KINDS + 1
    assert len({line.get_edgecolor() for line in lines(figure)}) == 1


def test_a_plane_grid_stands_on_its_grid_and_other_graphs_do_not() -> None:
    at = positions(build("mesh", 6, "1 GB/s", "1 us", dims=[2, 3]))
    assert [at[host] for host in range(6)] == [(-1, 0.5), (0, 0.5), (1, 0.5), (-1, -0.5), (0, -0.5), (1, -0.5)]
    row = positions(build("mesh", 6, "1 GB/s", "1 us", dims=[1, 6]))
    assert len({round(x * x + y * y, 9) for x, y in row.values()}) == 1  # a circle, not a row of dots


def test_switches_that_are_joined_to_each_other_stand_inside_the_circle_of_hosts() -> None:
    graph = build("dragonfly", 72, "1 GB/s", "1 us")
    at = positions(graph)
    apart = {node: float(np.hypot(*place)) for node, place in at.items()}
    assert {round(apart[node], 9) for node in range(72)} == {1}
    assert {round(radius, 9) for node, radius in apart.items() if isinstance(node, str)} == {0.7}
    for host in range(72):
        (switch,) = graph[host]
        assert np.dot(at[host], at[switch]) > 0.69  # before its hosts


def test_too_many_nodes_are_refused() -> None:
    with pytest.raises(InputError, match="a topology of 257 nodes cannot be drawn; expected at most 256"):
        drawn(build("star", MOST_NODES, "1 GB/s", "1 us"), "star")
