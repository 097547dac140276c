"""One point: its values in SI units, its size, and what identifies it."""

import json
import pickle
from fractions import Fraction
from pathlib import Path

import numpy as np
import pydantic
import pytest

from simcomm import scenario
from simcomm.networks.loggp import LogGP
from simcomm.scenario import ScenarioError, from_mapping
from simcomm.scenario.problems import path_text, shown

LINK = {"bandwidth": "100 Gbit/s", "latency": "5 us"}
MAPPING = {"workers": 8, "parameters": 10, "collective": "ring_all_reduce", "link": LINK}


def point_of(**changes):
    (point,) = from_mapping({key: value for key, value in (MAPPING | changes).items() if value is not None}).points
    return point


def test_defaults():
    point = point_of()
    assert (point.dtype, point.engine, point.seed, point.stragglers) == ("float32", "auto", 0, {})
    assert (point.topology.kind, point.topology.file, point.topology.options) == ("star", None, {})
    assert point.network.model == "loggp"
    assert point.network.build() == LogGP()
    assert (point.placement.order, point.routing.name, point.one_send_at_a_time) == ("linear", "shortest", False)
    assert (point.compute.time_s, point.compute.jitter) == (0.0, 0.0)


def test_values_are_in_si_units():
    point = point_of(
        network={"overhead": "1 us", "gap": "2 us", "reduce_bandwidth": "50 GB/s"},
        compute={"time": "30 ms", "jitter": 0.05},
        stragglers={3: {"start": "10 ms", "bandwidth_factor": 0.5, "compute_factor": 2}},
        topology="ring",
    )
    assert point.network.build() == LogGP(1e-6, 2e-6, 5e10)
    assert (point.compute.time_s, point.compute.jitter) == (0.03, 0.05)
    straggler = point.stragglers[3]
    assert (straggler.start_s, straggler.bandwidth_factor, straggler.compute_factor) == (0.01, 0.5, 2.0)
    assert point.topology.kind == "ring"
    assert point_of(compute="30 ms").compute.time_s == 0.03


@pytest.mark.parametrize(
    ("size", "dtype", "elements", "itemsize"),
    [
        ({"parameters": "25.6e6 parameters"}, "float32", 25_600_000, 4),
        ({"size": "100 MB"}, "float64", 12_500_000, 8),
        ({"size": "0 B"}, "bfloat16", 0, 2),
        ({"model": "resnet50"}, "int8", 25_557_032, 1),
        ({"layers": [{"conv": {"kernel": 3, "in": 3, "out": 4}}]}, "float16", 108, 2),
        ({"parameters": 2**70}, "float32", 2**70, 4),
    ],
)
def test_elements_and_bytes(size, dtype, elements, itemsize):
    point = point_of(**{"parameters": None, "dtype": dtype} | size)
    assert (point.elements, point.itemsize, point.vector_bytes) == (elements, itemsize, elements * itemsize)


def test_a_point_cannot_be_changed_and_travels_to_other_processes():
    point = point_of(stragglers={3: {"start": "1 s"}})
    with pytest.raises(pydantic.ValidationError):
        point.workers = 9
    assert pickle.loads(pickle.dumps(point)) == point


def test_canonical_holds_all_that_affects_the_answer():
    assert json.loads(json.dumps(point_of(stragglers={3: {"start": "1 s"}}).canonical())) == {
        "workers": 8,
        "elements": 10,
        "dtype": "float32",
        "collective": {"name": "ring_all_reduce"},
        "topology": {"kind": "star"},
        "link": {"bandwidth_Bps": 12.5e9, "latency_s": 5e-6},
        "placement": {"order": "linear"},
        "routing": {"name": "shortest"},
        "network": {
            "model": "loggp",
            "overhead_s": 0.0,
            "gap_s": 0.0,
            "reduce_bandwidth_Bps": None,
            "cpu_bandwidth_Bps": None,
            "rendezvous_above_bytes": None,
            "first_byte_free": False,
            "ports": "full_duplex",
        },
        "one_send_at_a_time": False,
        "engine": "auto",
        "compute": {"time_s": 0.0, "jitter": 0.0},
        "seed": 0,
        "stragglers": {"3": {"start_s": 1.0, "bandwidth_factor": 1.0, "compute_factor": 1.0}},
    }


@pytest.mark.parametrize(
    "same",
    [
        {"question": "why?"},
        {"parameters": None, "size": "40 B"},
        {"parameters": "10 parameters"},
        {"workers": 8.0},
        {"link": {"bandwidth": "12.5 GB/s", "latency": "5000 ns"}},
        {"collective": {"name": "ring_all_reduce"}},
        {"topology": {"kind": "star"}},
        {"network": {"model": "loggp", "overhead": "0 s"}},
        {"stragglers": {}},
    ],
)
def test_what_says_the_same_has_one_identity(same):
    assert point_of(**same).canonical() == point_of().canonical()


@pytest.mark.parametrize(
    "other",
    [
        {"workers": 9},
        {"parameters": 11},
        {"dtype": "int32"},
        {"collective": "all_to_all"},
        {"collective": {"name": "parameter_server", "servers": 2}},
        {"topology": "ring"},
        {"link": {"bandwidth": "100 Gbit/s", "latency": "6 us"}},
        {"network": {"gap": "1 us"}},
        {"engine": "des"},
        {"compute": "1 s"},
        {"seed": 1},
        {"stragglers": {0: {}}},
    ],
)
def test_what_affects_the_answer_changes_the_identity(other):
    assert point_of(**other).canonical() != point_of().canonical()


def test_a_graph_is_looked_for_beside_the_scenario(tmp_path):
    (tmp_path / "cluster.graphml").write_text("<graphml/>")
    path = tmp_path / "x.yaml"
    path.write_text("workers: 2\nparameters: 1\ncollective: all_to_all\ntopology: {file: cluster.graphml}\n")
    document = scenario.load(path)
    (point,) = document.points
    assert (point.topology.file, point.topology.kind, point.link) == (tmp_path / "cluster.graphml", None, None)
    assert point.canonical()["topology"] == {"file": "cluster.graphml"}
    assert document.files == (tmp_path / "cluster.graphml",)


def test_equal_points_of_a_sweep_are_one():
    sweep = {"link.bandwidth": ["100 Gbit/s", "12.5 GB/s", "1 GB/s"]}
    points = from_mapping(MAPPING | {"sweep": sweep}).points
    assert [point.link.bandwidth_Bps for point in points] == [12.5e9, 1e9]


def test_swept_names_the_paths():
    sweep = {"stragglers.3.start": ["1 s"], "zip": {"workers": [4, 8], "seed": [1, 2]}}
    assert from_mapping(MAPPING | {"sweep": sweep}).swept == ("stragglers.3.start", "workers", "seed")


def test_a_mapping_may_hold_pythons_own_and_numpys_values(tmp_path):
    (tmp_path / "g.json").write_text("{}")
    point = point_of(
        workers=np.int64(4),
        compute={"time": "1 s", "jitter": np.float64(0.5)},
        topology={"file": tmp_path / "g.json"},
        stragglers={1: {"compute_factor": Fraction(3, 2)}},
        sweep={"seed": (1,)},
    )
    assert (point.workers, type(point.workers), point.compute.jitter) == (4, int, 0.5)
    assert point.stragglers[1].compute_factor == 1.5
    assert point.topology.file == Path(tmp_path / "g.json")
    points = from_mapping(MAPPING | {"sweep": {"workers": range(2, 4)}}).points
    assert [point.workers for point in points] == [2, 3]


def test_a_mapping_that_holds_something_else_is_refused():
    itself = {}
    itself["link"] = itself
    for mapping, expected in [
        (
            MAPPING | {"seed": object()},
            "scenario: seed: a object does not fit; expected text, a number, a list or a mapping",
        ),
        (MAPPING | {True: 1}, "scenario: the key True is not text"),
        ([1], "scenario: a list at the top; expected a mapping with workers, parameters, collective, link, ..."),
        ({**MAPPING, **itself}, "scenario: link.link.link: nested more than 50 deep"),
    ]:
        with pytest.raises(ScenarioError) as caught:
            from_mapping(mapping)
        assert str(caught.value).splitlines()[0] == expected


def test_the_source_of_a_mapping_can_be_named():
    with pytest.raises(ScenarioError, match="notebook: workers: 0 is too small"):
        from_mapping(MAPPING | {"workers": 0}, source="notebook")


def test_the_public_names():
    assert all(getattr(scenario, name) for name in scenario.__all__)
    with pytest.raises(AttributeError, match="has no attribute 'Scenaro'"):
        scenario.Scenaro  # noqa: B018


def test_paths_and_values_as_a_reader_writes_them():
    assert path_text(("sweep", "link.latency", 2)) == "sweep.link.latency[2]"
    assert shown("x" * 100) == "'" + "x" * 56 + "..."
