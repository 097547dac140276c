"""`simcomm topology` as a user types it: numbers, routes, pictures, and what is refused."""

from __future__ import annotations

import json

import networkx as nx
import pytest
from conftest import ROOT

from simcomm.topology import build, kinds

ROME = ROOT / "scenarios" / "nccl" / "rccl_topo_8p_rome.xml"


def rows(text: str) -> list[list[str]]:
    """The words of every line of the tables."""
    return [line.split() for line in text.splitlines()]


def test_a_kind_its_numbers_and_its_picture(command, tmp_path):
    ran = command("topology", "fat_tree", "k=4", "--bandwidth", "10 Gbit/s", "--latency", "1 us")
    assert ran.code == 0
    assert ran.out.startswith(
        "fat_tree: 16 hosts in 8 groups of 2, 20 switches, 96 links\n"
        "diameter: 6 links\n"
        "bisection bandwidth: at most 10 GB/s = 80 Gbit/s\n"
        "latency of a route: 2 us to 6 us\n"
    )
    assert ["switch-switch", "1", "1.25", "GB/s", "=", "10", "Gbit/s", "1", "us", "64"] in rows(ran.out)
    assert ran.out.splitlines()[-2:] == [f"plot results/fat_tree/topology.{suffix}" for suffix in ("png", "svg")]
    assert (tmp_path / "results" / "fat_tree" / "topology.svg").read_text().startswith("<?xml")


@pytest.mark.parametrize("kind", kinds())
def test_every_kind_can_be_shown_as_it_is(command, kind):
    ran = command("topology", kind, "--no-plots")
    assert (ran.code, ran.err) == (0, "")
    assert f"{kind}: " in ran.out
    assert "plot" not in ran.out


def test_eight_hosts_unless_told_otherwise_or_the_options_say_fewer(command):
    assert command("topology", "star", "--no-plots").out.startswith("star: 8 hosts, 1 switch, 16 links\n")
    assert command("topology", "star", "-n", "3", "--no-plots").out.startswith("star: 3 hosts, ")
    assert command("topology", "torus", "dims=[2,3]", "--no-plots").out.startswith("torus: 6 hosts, 0 switches, ")
    assert command("topology", "torus", "dims=2,3,4", "--no-plots").out.startswith("torus: 24 hosts, ")
    ran = command("topology", "torus", "dims=[2,3]", "-n", "8")
    assert ran.code == 2
    assert ran.err == "error: dims: [2, 3]; expected a product of at least 8, one for every host; got 2·3 = 6\n"


def test_a_single_host_has_no_way_to_go(command):
    ran = command("topology", "star", "-n", "1", "--no-plots")
    assert ran.out.startswith("star: 1 host, 1 switch, 2 links\ndiameter: 0 links\n")
    assert "bisection" not in ran.out


def test_groups_of_different_sizes(command, tmp_path):
    graph = build("star", 3, 1, 0)
    nx.set_node_attributes(graph, {0: "left", 1: "left", 2: "right"}, "group")
    (tmp_path / "it.json").write_text(json.dumps(nx.node_link_data(graph, edges="edges")))
    assert "it.json: 3 hosts in 2 groups of 1 to 2, " in command("topology", "it.json", "--no-plots").out


def test_a_file_and_routes_by_number_and_by_name(command):
    ran = command("topology", ROME, "--route", "0", "5", "--route", "gpu0", "gpu6", "-o", "out", "-f", "png")
    assert ran.code == 0
    assert f"{ROME}: 8 hosts in 2 groups of 4, 12 switches, 54 links" in ran.out
    lines = rows(ran.out)
    assert ["route", "gpu0", "to", "gpu5", "link", "bandwidth", "latency"] in lines
    assert ["in", "all", "2", "links", "24", "GB/s", "=", "192", "Gbit/s", "1.2", "us"] in lines
    assert ["cpu0", "->", "cpu1", "socket", "16", "GB/s", "=", "128", "Gbit/s", "100", "ns"] in lines
    assert "gpu0 (0000:43:00.0) -> pci0 (0000:41:00.0) " in ran.out
    assert ["in", "all", "5", "links", "16", "GB/s", "=", "128", "Gbit/s", "2.1", "us"] in lines
    assert ran.out.splitlines()[-1] == "plot out/topology.png"


def test_the_name_of_a_host_goes_before_its_number(command, tmp_path):
    graph = nx.relabel_nodes(build("line", 3, "1 GB/s", "1 us"), {0: "2", 1: "0", 2: "1"})
    for _, attributes in graph.nodes(data=True):
        del attributes["position"]
    graph.graph.clear()
    nx.write_graphml(graph, tmp_path / "it.graphml")
    ran = command("topology", "it.graphml", "--route", "2", "1", "--no-plots")
    assert [line[:3] for line in rows(ran.out) if "->" in line] == [["2", "->", "0"], ["0", "->", "1"]]
    assert ["in", "all", "2", "links"] in [line[:4] for line in rows(ran.out)]


def test_routing_and_its_seed(command):
    def route(*arguments):
        ran = command("topology", "fat_tree", "k=4", "--no-plots", "--route", "0", "15", *arguments)
        assert ran.code == 0
        return [line[2] for line in rows(ran.out) if "->" in line]

    assert route() == ["edge0.0", "agg0.0", "core0", "agg3.0", "edge3.1", "15"]
    ways = {tuple(route("--routing", "ecmp", "--seed", seed)) for seed in range(8)}
    assert len(ways) > 1
    assert tuple(route("--routing", "ecmp")) == tuple(route("--routing", "ecmp", "--seed", 0))
    ran = command("topology", "torus", "dims=[3,3]", "--routing", "dimension_order", "--route", "0", "8", "--no-plots")
    assert [line[:3] for line in rows(ran.out) if "->" in line] == [["0", "->", "6"], ["6", "->", "8"]]


def test_a_graph_too_large_for_a_picture_is_described(command, tmp_path):
    ran = command("topology", "star", "-n", "300")
    assert ran.code == 0
    assert "star: 300 hosts, 1 switch, 600 links" in ran.out
    assert "latency of a route" not in ran.out
    assert ran.err == "no plot topology: a topology of 301 nodes cannot be drawn; expected at most 256\n"
    assert not (tmp_path / "results").exists()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["fat_tre"], "error: unknown topology 'fat_tre'; expected dragonfly, fat_tree, "),
        (["it.gml"], "error: it.gml: unknown kind of graph file; expected .graphml, .gexf, .json or .xml\n"),
        (["it.xml"], "error: it.xml: No such file or directory; expected a graph file\n"),
        (["ring", "k=3"], "error: unknown option 'k' of topology ring; it has none\n"),
        (
            ["torus", "dim=3"],
            "error: unknown option 'dim' of topology torus; expected one of dims; did you mean 'dims'?",
        ),
        (["fat_tree", "k=3"], "error: k: 3; expected an even number of at least 2\n"),
        (["torus", "dims"], "error: dims: expected OPTION=VALUE, such as k=4 or dims=[4,4]\n"),
        (["torus", "dims=["], "error: dims=[:1:4: not valid YAML: expected ',' or ']'"),
        (["torus", "dims=!x 3"], "error: dims=!x 3: expected OPTION=VALUE, such as k=4 or dims=[4,4]\n"),
        (["torus", "=3"], "error: =3: expected OPTION=VALUE, such as k=4 or dims=[4,4]\n"),
        (["ring", "--bandwidth", "100"], "error: --bandwidth: '100' has no unit; expected a bandwidth such as "),
        (["ring", "--latency", "5 usec"], "error: --latency: '5 usec' has an unknown unit 'usec'"),
        (["ring", "--routing", "ecpm"], "error: unknown routing 'ecpm'; expected shortest, "),
        (["ring", "--seed", "3"], "error: unknown option 'seed' of routing shortest; it has none\n"),
        (["star", "--routing", "valiant"], "error: routing: valiant needs switches in three groups or more"),
        (["ring", "--route", "0", "9"], "error: --route: there is no host '9'; expected 0, 1, 2, … 7\n"),
        (["star", "--route", "0", "switch"], "error: --route: there is no host 'switch'"),
        (["ring", "--route", "1", "1"], "error: routing: 1 "),
        ([ROME, "k=4"], "error: k=4: is of a KIND that is built; a topology from a file is as it is\n"),
        ([ROME, "-n", "4"], "error: -n: is of a KIND that is built; a topology from a file is as it is\n"),
        ([ROME, "--latency", "1 us"], "error: --latency: is of a KIND that is built"),
        ([ROME, "--route", "gpu0", "gpu9"], "error: --route: there is no host 'gpu9'; did you mean 'gpu7'?\n"),
    ],
)
def test_what_is_refused_and_how(command, arguments, message):
    ran = command("topology", *arguments)
    assert ran.code == 2
    assert ran.out == ""
    assert ran.err.startswith(message)


def test_the_nearest_kind_is_named(command):
    assert command("topology", "fat_tre").err.endswith("or a graph file; did you mean 'fat_tree'?\n")


def test_help_names_what_files_and_options_there_are(command):
    out = " ".join(command("topology", "--help").out.split())
    assert ".graphml, .gexf, .json, NCCL's .xml" in out
    assert "--route SRC DST" in out
