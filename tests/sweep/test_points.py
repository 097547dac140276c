"""Scenarios as points: what changes the answer changes the id, and plugins are found in every process."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from simcomm.errors import InputError
from simcomm.link_table import Links
from simcomm.results import load_results
from simcomm.scenario import from_mapping, load
from simcomm.sweep import points, run
from simcomm.sweep.points import points_of

LINK = "link: {bandwidth: 100 Gbit/s, latency: 5 us}\n"
PLUGIN = """
from dataclasses import replace
from simcomm import collectives

mine = replace(collectives.get("ring_all_reduce"), name="{name}")
"""


def ids(path: Path) -> dict[str, str]:
    return {point.label: point.id for point in points_of(load(path))}


def scenario(folder: Path, text: str) -> Path:
    path = folder / "scenario.yaml"
    path.write_text("parameters: 100\n" + text)
    return path


def mapping(**changes: Any) -> dict[str, Any]:
    link = {"bandwidth": "100 Gbit/s", "latency": "5 us"}
    return {"collective": "ring_all_reduce", "workers": 4, "parameters": 100, "link": link} | changes


def test_labels_name_what_is_swept(tmp_path: Path) -> None:
    text = "collective: parameter_server\nsweep: {collective.servers: [1, 2], workers: [4], link.latency: [1 us]}\n"
    assert list(ids(scenario(tmp_path, text + LINK))) == [
        f"collective=parameter_server workers=4 collective.servers={servers} link.latency=1e-06" for servers in (1, 2)
    ]


def labels(**changes: Any) -> list[str]:
    return [point.label for point in points_of(from_mapping(mapping(**changes)))]


def test_labels_tell_the_choices_of_a_section_apart() -> None:
    networks = ["loggp", "fair_share", {"model": "fair_share", "weights": "inverse_latency"}]
    assert labels(sweep={"network": networks}) == [
        "collective=ring_all_reduce workers=4 network=loggp",
        "collective=ring_all_reduce workers=4 network=fair_share",
        "collective=ring_all_reduce workers=4 network=fair_share network.weights=inverse_latency",
    ]
    servers = [{"name": "parameter_server", "servers": count} for count in (1, 2)]
    assert labels(sweep={"collective": servers}) == [
        "collective=parameter_server workers=4 collective.servers=1",
        "collective=parameter_server workers=4 collective.servers=2",
    ]
    sweep = {"topology": ["star", {"kind": "torus", "dims": [2, 2]}], "placement": ["linear", [3, 2, 1, 0]]}
    assert labels(sweep=sweep)[3] == (
        "collective=ring_all_reduce workers=4 topology=torus placement=[3, 2, 1, 0] topology.dims=[2, 2]"
    )


def test_labels_tell_ranks_that_differ_apart() -> None:
    found = labels(sweep={"stragglers.1.start": ["0 s", "1 ms"]}, stragglers={1: {"bandwidth_factor": 0.5}})
    assert found == [f"collective=ring_all_reduce workers=4 stragglers.1.start={start}" for start in ("0.0", "0.001")]


def test_of_a_long_value_a_label_has_both_ends() -> None:
    orders = [[*range(20)], [*range(18), 19, 18]]
    last = labels(workers=20, sweep={"placement": orders})[1]
    assert last.endswith("placement=[0, 1, 2, 3, 4, 5, 6…15, 16, 17, 19, 18]")
    longest = "0123456789" * 4
    assert points._short(longest) == longest
    assert points._short(longest + "x") == "01234567890123456789…234567890123456789x"


def test_links_come_from_every_process_and_only_if_wanted(tmp_path: Path) -> None:
    text = "collective: all_to_all\nsweep: {workers: [2, 4], topology: [star, ring]}\n"
    path = scenario(tmp_path, text + LINK)
    results = run(path, tmp_path / "out", jobs=2)
    assert [len(result.links or ()) for result in results] == [4, 2, 8, 8]
    assert {use.point for use in results.links} == set(results.column("point"))
    assert load_results(tmp_path / "out").links == results.links == run(path).links
    assert run(path, links=False).links == Links()
    assert all(result.schedule is None and result.cluster is None for result in results)


def test_a_timeline_is_kept_if_it_is_asked_for() -> None:
    (result,) = run(mapping(), timeline=True)
    assert result.timeline.makespan_s == result.time_s
    assert result.cluster is not None
    assert len(result.point) == 16


def test_a_swept_layer_stays_out_of_the_label() -> None:
    swept = mapping(stragglers={1: {"start": "1 ms"}}, sweep={"stragglers": [{1: {"start": "1 ms"}}]})
    (point,) = points_of(from_mapping(swept))
    assert point.label == "collective=ring_all_reduce workers=4"


def test_the_same_point_written_differently_has_the_same_id() -> None:
    (one,) = points_of(from_mapping(mapping(parameters="0.1 k parameters", question="Why?")))
    (other,) = points_of(from_mapping(mapping(topology={"kind": "star"})))
    (another,) = points_of(from_mapping(mapping(seed=1)))
    assert one.id == other.id != another.id


def test_a_plugin_runs_in_every_process_and_counts_by_content(tmp_path: Path) -> None:
    (tmp_path / "sweep_plugin_a.py").write_text(PLUGIN.format(name="ring_a"))
    text = "plugins: ['sweep_plugin_a:mine']\nsweep: {collective: [ring_a, all_to_all], workers: [2, 4]}\n"
    path = scenario(tmp_path, text + LINK)
    results = run(path, tmp_path / "out", jobs=2)
    assert results.column("collective") == ["ring_a", "ring_a", "all_to_all", "all_to_all"]
    assert (results.failed, results.ran) == ((), 4)
    before = ids(path)
    assert results.column("point") == [id[:16] for id in before.values()]
    with (tmp_path / "sweep_plugin_a.py").open("a") as file:
        file.write("# changed\n")
    after = ids(path)
    changed = [label for label in before if before[label] != after[label]]
    assert changed == ["collective=ring_a workers=2", "collective=ring_a workers=4"]


def test_a_graph_counts_by_content(tmp_path: Path) -> None:
    graph = tmp_path / "cluster.graphml"
    path = scenario(tmp_path, "collective: all_to_all\nworkers: 2\ntopology: {file: cluster.graphml}\n")
    found = set()
    for text in ("<graphml/>", "<graphml />", "<graphml/>"):
        graph.write_text(text)
        found |= set(ids(path).values())
    assert len(found) == 2


def test_a_file_runs_with_overrides_and_resumes(tmp_path: Path) -> None:
    path = scenario(tmp_path, "collective: ring_all_reduce\nworkers: 2\n" + LINK)
    first = run(str(path), str(tmp_path / "out"), overrides=["workers=2,4"])
    assert first.column("workers") == [2, 4]
    second = run(path, tmp_path / "out", overrides=["workers=2,4,8"])
    assert (second.ran, second.reused) == (1, 2)
    assert load_results(tmp_path / "out") == second


def test_a_mapping_runs_without_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    results = run(mapping(sweep={"workers": [1, 2]}))
    assert [result.messages for result in results] == [0, 4]
    assert all(result.proven and result.counts_match for result in results)
    assert list(tmp_path.iterdir()) == []


def test_a_wrong_scenario_leaves_no_folder(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="workers"):
        run(mapping(workers=0), tmp_path / "out")
    assert list(tmp_path.iterdir()) == []
