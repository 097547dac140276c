"""GraphML, GEXF and node-link JSON: there and back, and one clear message for every file that is broken."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import networkx as nx
import pytest

from simcomm.errors import InputError
from simcomm.topology import build
from simcomm.topology.check import checked
from simcomm.topology.files import load

DEFAULTS = {
    "it.graphml": """<graphml xmlns="http://graphml.graphdrawing.org/xmlns">
<key id="k" for="node" attr.name="kind" attr.type="string"><default>host</default></key>
<key id="l" for="edge" attr.name="latency_s" attr.type="double"><default>0.5</default></key>
<key id="w" for="edge" attr.name="bandwidth" attr.type="string"><default>1 GB/s</default></key>
<graph edgedefault="undirected"><node id="a"/><node id="b"/><node id="s"><data key="k">switch</data></node>
<edge source="a" target="s"/><edge source="b" target="s"><data key="l">0.25</data></edge></graph></graphml>""",
    "it.gexf": """<gexf xmlns="http://www.gexf.net/1.2draft" version="1.2"><graph defaultedgetype="undirected">
<attributes class="node"><attribute id="k" title="kind" type="string"><default>host</default></attribute></attributes>
<attributes class="edge"><attribute id="l" title="latency_s" type="double"><default>0.5</default></attribute>
<attribute id="w" title="bandwidth" type="string"><default>1 GB/s</default></attribute></attributes>
<nodes><node id="a"/><node id="b"/><node id="s"><attvalues><attvalue for="k" value="switch"/></attvalues></node></nodes>
<edges><edge id="0" source="a" target="s"/><edge id="1" source="b" target="s">
<attvalues><attvalue for="l" value="0.25"/></attvalues></edge></edges></graph></gexf>""",
}
KINDS = [nx.Graph, nx.DiGraph, nx.MultiGraph, nx.MultiDiGraph]
XMLNS = 'xmlns="http://graphml.graphdrawing.org/xmlns"'
GRAPHML = f'<graphml {XMLNS}><key id="k" for="node" attr.name="kind" attr.type="{{type}}"/>{{graph}}</graphml>'
ONE_HOST = '<graph edgedefault="directed"><node id="a"><data key="{key}">host</data></node></graph>'


def lab(kind: type[nx.Graph[Any]]) -> nx.Graph[Any]:
    """Two hosts and a switch; two parallel cables to the second host if the class has them."""
    graph = kind()
    graph.add_nodes_from(["b", "a"], kind="host")
    graph.add_node("s", kind="switch")
    cables = [("b", "s"), ("a", "s"), ("a", "s")]
    for x, y in cables + ([(y, x) for x, y in cables] if graph.is_directed() else []):
        graph.add_edge(x, y, bandwidth_Bps=8.5, latency_s=0.25)
    return graph


def write_json(path: Path, graph: nx.Graph[Any], edges: str = "edges") -> None:
    path.write_text(json.dumps(nx.node_link_data(graph, edges=edges)), encoding="utf-8")


def refusal(path: Path) -> str:
    """The message, without the folder."""
    with pytest.raises(InputError) as refused:
        load(path)
    text = str(refused.value)
    assert text.startswith(f"{path}: ")
    return text.removeprefix(f"{path.parent}/")


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("form", ["lab.graphml", "lab.GraphML", "lab.gexf", "lab.json", "links.json"])
def test_every_class_of_graph_comes_back(tmp_path: Path, kind: type[nx.Graph[Any]], form: str) -> None:
    graph, path = lab(kind), tmp_path / form
    if form.endswith(".json"):
        write_json(path, graph, "links" if form == "links.json" else "edges")
    else:
        (nx.write_gexf if form == "lab.gexf" else nx.write_graphml)(graph, path)
    loaded = load(path)
    for _, _, link in loaded.edges(data=True):
        link.pop("id", None)  # networkx keeps the keys of parallel links there
    for _, node in loaded.nodes(data=True):
        node.pop("label", None)  # every node has one in GEXF
    loaded.graph.pop("mode", None)
    assert list(loaded) == ["b", "a", "s"]
    assert nx.utils.graphs_equal(loaded, checked(lab(kind)))
    assert loaded["a"]["s"].get("count") == (2 if graph.is_multigraph() else None)
    assert loaded["s"]["a"]["bandwidth_Bps"] == (17 if graph.is_multigraph() else 8.5)


def test_a_built_topology_comes_back_from_json_as_it_was_and_else_with_text_for_names(tmp_path: Path) -> None:
    graph = build("leaf_spine", 4, "100 Gbit/s", "5 us", leaves=2, oversubscription=2)
    write_json(tmp_path / "it.json", graph)
    nx.write_graphml(graph, tmp_path / "it.graphml")
    nx.write_gexf(graph, tmp_path / "it.gexf")
    gexf = load(tmp_path / "it.gexf")
    assert nx.utils.graphs_equal(load(tmp_path / "it.json"), graph)
    assert nx.utils.graphs_equal(load(tmp_path / "it.graphml"), nx.relabel_nodes(graph, str))
    assert list(gexf) == [str(node) for node in graph]
    assert gexf["0"]["leaf0"]["bandwidth_Bps"] == graph[0]["leaf0"]["bandwidth_Bps"]
    assert load(tmp_path / "it.json").graph["kind"] == "leaf_spine"


def test_quantities_may_stand_in_a_file(tmp_path: Path) -> None:
    graph = lab(nx.Graph)
    for _, _, link in graph.edges(data=True):
        link.clear()
        link.update(bandwidth="100 Gbit/s", latency="5 us")
    nx.write_graphml(graph, tmp_path / "lab.graphml")
    assert load(tmp_path / "lab.graphml")["s"]["b"] == {"bandwidth_Bps": 12.5e9, "latency_s": 5e-6}


def test_cables_that_stand_for_several_already_are_counted_together(tmp_path: Path) -> None:
    graph = lab(nx.MultiGraph)
    graph["a"]["s"][1]["count"] = 3
    write_json(tmp_path / "lab.json", graph)
    link = load(tmp_path / "lab.json")["a"]["s"]
    assert (link["count"], link["bandwidth_Bps"]) == (4, 17)


@pytest.mark.parametrize("name", ["it.graphml", "it.gexf"])
def test_what_a_file_declares_for_all_holds_for_those_that_do_not_say_otherwise(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text(DEFAULTS[name])
    loaded = load(tmp_path / name)
    assert dict(loaded.nodes(data="kind")) == {"a": "host", "b": "host", "s": "switch"}
    assert loaded["a"]["s"]["latency_s"] == 0.5
    assert loaded["s"]["b"]["latency_s"] == 0.25
    assert loaded["s"]["b"]["bandwidth_Bps"] == 1e9


def test_a_path_may_be_text(tmp_path: Path) -> None:
    write_json(tmp_path / "lab.json", lab(nx.Graph))
    assert list(load(str(tmp_path / "lab.json"))) == ["b", "a", "s"]


def test_what_is_wrong_in_the_graph_is_told_with_the_name_of_the_file(tmp_path: Path) -> None:
    graph = lab(nx.Graph)
    graph["a"]["s"]["bandwidth_Bps"] = 0
    write_json(tmp_path / "lab.json", graph)
    assert refusal(tmp_path / "lab.json") == "lab.json: link 'a' -> 's': bandwidth_Bps is 0; expected more than 0"


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("lab.json", b"", "not a readable graph (JSONDecodeError: Expecting value: line 1 column 1 (char 0))"),
        (
            "lab.json",
            b'{"nodes": [{"id":',
            "not a readable graph (JSONDecodeError: Expecting value: line 1 column 18 (char 17))",
        ),
        (
            "lab.json",
            b"\x89PNG\r\n\x1a\n",
            "not a readable graph (UnicodeDecodeError: 'utf-8' codec can't decode byte 0x89 in position 0: invalid "
            "start byte)",
        ),
        ("lab.json", b"[]", "not a readable graph (ValueError: expected an object with nodes and edges at the top)"),
        ("lab.json", b"3", "not a readable graph (ValueError: expected an object with nodes and edges at the top)"),
        ("lab.json", b"{}", "not a readable graph (KeyError: 'nodes')"),
        ("lab.json", b'{"nodes": []}', "not a readable graph (KeyError: 'edges')"),
        ("lab.json", b'{"nodes": [], "edges": []}', "no host; expected nodes with kind 'host'"),
        (
            "lab.json",
            b'{"nodes": ["a"], "edges": []}',
            "not a readable graph (AttributeError: 'str' object has no attribute 'get')",
        ),
        (
            "lab.json",
            b'{"nodes": 3, "edges": []}',
            "not a readable graph (TypeError: 'int' object is not iterable)",
        ),
        (
            "lab.json",
            b'{"nodes": [{"id": "a", "kind": "host"}], "edges": [{"source": "a"}]}',
            "not a readable graph (KeyError: 'target')",
        ),
        (
            "lab.json",
            b'{"nodes": [{"id": "a", "kind": "host"}], "edges": [{"source": "a", "target": "b"}]}',
            "node 'b' has kind None; expected 'host' or 'switch'",
        ),
        ("lab.graphml", b"", "not a readable graph (ParseError: no element found: line 1, column 0)"),
        (
            "lab.graphml",
            b"\x89PNG\r\n\x1a\n",
            "not a readable graph (ParseError: not well-formed (invalid token): line 1, column 0)",
        ),
        (
            "lab.graphml",
            b"<svg/>",
            "not a readable graph (NetworkXError: file not successfully read as graphml)",
        ),
        (
            "lab.graphml",
            GRAPHML.format(type="string", graph=ONE_HOST.format(key="nope")).encode(),
            "not a readable graph (NetworkXError: Bad GraphML data: no key nope)",
        ),
        (
            "lab.graphml",
            GRAPHML.format(type="int", graph=ONE_HOST.format(key="k")).encode(),
            "not a readable graph (ValueError: invalid literal for int() with base 10: 'host')",
        ),
        (
            "lab.graphml",
            GRAPHML.format(type="text", graph=ONE_HOST.format(key="k")).encode(),
            "not a readable graph (KeyError: 'text')",
        ),
        ("lab.gexf", b"", "not a readable graph (ParseError: no element found: line 1, column 0)"),
        ("lab.gexf", b"<svg/>", "not a readable graph (NetworkXError: No <graph> element in GEXF file.)"),
        (
            "lab.gexf",
            DEFAULTS["it.gexf"].replace('class="edge"', 'class="edges"').encode(),
            "not a readable graph (RuntimeError: No active exception to reraise)",
        ),
        (
            "lab.gexf",
            DEFAULTS["it.gexf"].replace('type="double"', 'type="length"').encode(),
            "not a readable graph (KeyError: 'length')",
        ),
        ("lab.txt", b"{}", "unknown kind of graph file; expected .graphml, .gexf, .json or .xml"),
        ("lab", b"{}", "unknown kind of graph file; expected .graphml, .gexf, .json or .xml"),
        ("lab.gml", b"graph []", "unknown kind of graph file; expected .graphml, .gexf, .json or .xml"),
    ],
)
def test_a_broken_file_is_one_clear_message(tmp_path: Path, name: str, content: bytes, message: str) -> None:
    (tmp_path / name).write_bytes(content)
    assert refusal(tmp_path / name) == f"{name}: {message}"


def test_the_graphml_of_these_tests_is_right_where_it_is_not_broken(tmp_path: Path) -> None:
    (tmp_path / "one.graphml").write_text(GRAPHML.format(type="string", graph=ONE_HOST.format(key="k")))
    assert list(load(tmp_path / "one.graphml").nodes(data="kind")) == [("a", "host")]


@pytest.mark.parametrize("suffix", ["graphml", "gexf", "json"])
def test_a_file_cut_short_anywhere_is_refused_or_still_whole(tmp_path: Path, suffix: str) -> None:
    whole, cut = tmp_path / f"whole.{suffix}", tmp_path / f"cut.{suffix}"
    if suffix == "json":
        write_json(whole, lab(nx.MultiDiGraph))
    else:
        (nx.write_gexf if suffix == "gexf" else nx.write_graphml)(lab(nx.MultiDiGraph), whole)
    text = whole.read_bytes().rstrip()
    for length in range(0, len(text), 7):
        cut.write_bytes(text[:length])
        refusal(cut)


@pytest.mark.parametrize("name", ["lab.graphml", "lab.gexf", "lab.json", "lab.xml"])
def test_a_missing_file_and_a_folder_are_named(tmp_path: Path, name: str) -> None:
    assert refusal(tmp_path / name) == f"{name}: No such file or directory; expected a graph file"
    (tmp_path / name).mkdir()
    assert refusal(tmp_path / name) == f"{name}: Is a directory; expected a graph file"


@pytest.mark.parametrize(("name", "root"), [("it.graphml", "graphml"), ("it.gexf", "gexf"), ("it.xml", "system")])
def test_entities_that_explode_are_refused(tmp_path: Path, name: str, root: str) -> None:
    entities = "".join(f'<!ENTITY e{i + 1} "{f"&e{i};" * 10}">' for i in range(9))
    bomb = f'<!DOCTYPE {root} [<!ENTITY e0 "{"x" * 100}">{entities}]><{root} {XMLNS}>&e9;</{root}>'
    (tmp_path / name).write_text(bomb)
    assert f"{name}: not a readable graph (" in refusal(tmp_path / name)


NODES = b'"nodes": [{"id": 1, "kind": "host"}, {"id": 2, "kind": "host"}]'
PORT = f'<graphml {XMLNS}><graph edgedefault="directed"><node id="a"><port name="p"/></node></graph></graphml>'


@pytest.mark.parametrize(
    ("name", "content"),
    [
        pytest.param("lab.json", b"[" * 200_000, id="RecursionError in the JSON parser"),
        pytest.param("lab.json", b'{"graph": 3, ' + NODES + b', "edges": []}', id="TypeError in checked"),
        pytest.param(
            "lab.json",
            b"{"
            + NODES
            + b', "edges": [{"source": 1, "target": 2, "latency_s": 0, "bandwidth_Bps": 1'
            + b"0" * 400
            + b"}]}",
            id="OverflowError in checked",
        ),
        pytest.param("lab.graphml", PORT.encode(), id="UserWarning of networkx"),
    ],
)
def test_no_other_exception_leaks(tmp_path: Path, name: str, content: bytes) -> None:
    (tmp_path / name).write_bytes(content)
    refusal(tmp_path / name)


def test_an_attribute_may_be_called_what_networkx_calls_an_argument(tmp_path: Path) -> None:
    link = b'{"source": 1, "target": 2, "latency_s": 0, "bandwidth_Bps": 1, "u_of_edge": 1}'
    (tmp_path / "lab.json").write_bytes(b'{"directed": false, ' + NODES + b', "edges": [' + link + b"]}")
    assert load(tmp_path / "lab.json")[1][2]["u_of_edge"] == 1
