import json

import jsonschema
import pytest

from simcomm import collectives, networks, topology, training
from simcomm.scenario import ScenarioError, from_mapping, schema

LINK = {"bandwidth": "100 Gbit/s", "latency": "5 us"}
MAPPING = {"workers": 8, "parameters": 10, "collective": "ring_all_reduce", "link": LINK}


def is_valid(mapping):
    return jsonschema.Draft202012Validator(schema()).is_valid(json.loads(json.dumps(mapping)))


def test_is_a_json_schema_with_a_description_for_every_key():
    document = json.loads(json.dumps(schema()))
    jsonschema.Draft202012Validator.check_schema(document)
    definitions = document["$defs"].values()
    for properties in [document["properties"], *(definition["properties"] for definition in definitions)]:
        assert all("title" not in field for field in properties.values())
        assert all("description" in field for field in properties.values())


def test_names_are_enumerated():
    document = schema()
    assert document["properties"]["model"]["enum"] == list(training.models())
    assert document["then"]["properties"]["collective"]["anyOf"][0]["enum"] == list(collectives.names())
    assert document["properties"]["topology"]["anyOf"][0]["enum"] == list(topology.kinds())
    assert document["properties"]["network"]["anyOf"][0]["enum"] == list(networks.names())


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"question": "why?", "seed": 3, "engine": "des", "dtype": "float64"},
        {"collective": {"name": "parameter_server", "servers": 4}},
        {
            "topology": {"kind": "star"},
            "network": {"model": "loggp", "overhead": "1 us", "reduce_bandwidth": "50 GB/s"},
        },
        {"topology": "ring", "network": "loggp", "compute": "30 ms"},
        {"compute": {"time": "5 \u00b5s", "jitter": 0.1}},
        {"stragglers": {"3": {"start": "10 ms", "bandwidth_factor": 0.5}}},
        {"parameters": "25.6 M parameters"},
        {"sweep": {"workers": {"log2": [2, 64]}, "link.bandwidth": ["1 GB/s"]}},
        {"sweep": {"zip": {"workers": [1, 2], "seed": [1, 2]}, "exclude": [{"workers": 2}]}},
        {"sweep": {"zip": [{"workers": [1]}], "product": {"seed": {"range": [1, 3, 1]}}}},
    ],
)
def test_agrees_with_the_loader_on_what_is_right(changes):
    assert is_valid(MAPPING | changes)
    loadable = MAPPING | changes
    if "stragglers" in loadable:  # a key of JSON is text; of YAML, a number
        loadable["stragglers"] = {int(rank): value for rank, value in loadable["stragglers"].items()}
    assert from_mapping(loadable).points


@pytest.mark.parametrize(
    "changes",
    [
        {"workers": 0},
        {"workers": "eight"},
        {"parameters": -1},
        {"colective": "ring_all_reduce"},
        {"collective": "ring_allreduce"},
        {"collective": {"name": "ring_allreduce"}},
        {"link": {"bandwidth": 100, "latency": "5 us"}},
        {"link": {"bandwidth": "100 Gbps", "latency": "5 us"}},
        {"dtype": "float31"},
        {"engine": "dess"},
        {"topology": "sta"},
        {"network": {"model": "logp"}},
        {"compute": {"jitter": -1}},
        {"stragglers": {"3": {"strt": "1 s"}}},
        {"plugins": ["no_colon"]},
        {"sweep": {"workers": 8}},
        {"sweep": {"workers": {"log2": [2]}}},
        {"sweep": {"workers": {"log3": [2, 3]}}},
    ],
)
def test_agrees_with_the_loader_on_what_is_wrong(changes):
    assert not is_valid(MAPPING | changes)
    with pytest.raises(ScenarioError):
        from_mapping(MAPPING | changes)


def test_with_plugins_any_name_may_be_a_collective():
    assert is_valid(MAPPING | {"plugins": ["mine:tree"], "collective": "my_tree"})
    assert is_valid(MAPPING | {"plugins": ["mine:tree"], "collective": {"name": "my_tree", "arity": 2}})
