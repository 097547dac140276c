import pytest

from simcomm import topology
from simcomm.scenario import ScenarioError, from_mapping, load

LINK = {"bandwidth": "100 Gbit/s", "latency": "5 us"}
MAPPING = {"workers": 8, "parameters": 10, "collective": "ring_all_reduce", "link": LINK}
SWEPT = MAPPING | {"sweep": {"workers": [2, 4], "seed": [1, 2]}}


def rows(mapping, *overrides):
    return [(point.workers, point.seed) for point in from_mapping(mapping, overrides).points]


def refusal(mapping, *overrides):
    with pytest.raises(ScenarioError) as caught:
        from_mapping(mapping, overrides)
    return str(caught.value).splitlines()


def test_one_value_sets_a_path():
    assert rows(MAPPING, "workers=16", "seed = 3") == [(16, 3)]


def test_several_values_sweep_it():
    assert rows(MAPPING, "workers=2,4,8") == [(2, 0), (4, 0), (8, 0)]
    assert rows(MAPPING, "workers=[2, 4]") == [(2, 0), (4, 0)]
    assert rows(MAPPING, "workers={log2: [2, 8]}") == [(2, 0), (4, 0), (8, 0)]


def test_a_set_path_is_swept_no_more():
    assert rows(SWEPT, "workers=16") == [(16, 1), (16, 2)]
    assert rows(SWEPT, "workers=16", "seed=0") == [(16, 0)]


def test_a_swept_path_keeps_its_axis():
    assert rows(SWEPT, "workers=6,7") == [(6, 1), (6, 2), (7, 1), (7, 2)]
    product = MAPPING | {"sweep": {"product": {"workers": [2], "seed": [1, 2]}}}
    assert rows(product, "workers=6,7") == [(6, 1), (6, 2), (7, 1), (7, 2)]


@pytest.mark.parametrize("group", [{"workers": [2, 4], "seed": [1, 2]}, [{"workers": [2, 4], "seed": [1, 2]}]])
def test_a_path_leaves_its_zip(group):
    mapping = MAPPING | {"sweep": {"zip": group}}
    assert rows(mapping, "workers=16") == [(16, 1), (16, 2)]
    assert rows(mapping, "workers=16,17") == [(16, 1), (17, 1), (16, 2), (17, 2)]
    assert rows(mapping, "workers=16", "seed=3") == [(16, 3)]


def test_paths_go_into_shorthands():
    mapping = MAPPING | {"collective": "parameter_server"}
    points = from_mapping(mapping, ["collective.servers=2,4", "link.latency=1 us"]).points
    assert [point.collective.options for point in points] == [{"servers": 2}, {"servers": 4}]
    assert points[0].link.latency_s == 1e-6
    (point,) = from_mapping(mapping, ["collective={name: parameter_server, servers: 3}"]).points
    assert point.collective.options == {"servers": 3}


def test_texts_and_lists_are_one_value():
    assert from_mapping(MAPPING, ["question=Does a, or b, win?"]).question == "Does a, or b, win?"
    base = {key: value for key, value in MAPPING.items() if key != "parameters"}
    (point,) = from_mapping(base, ["layers=[{linear: {in: 8, out: 8}}]"]).points
    assert point.elements == 8 * 8 + 8
    (point,) = from_mapping(
        MAPPING | {"collective": "all_to_all_v", "workers": 2}, ["collective.matrix=[[0, 3], [1, 0]]"]
    ).points
    assert point.collective.options == {"matrix": [[0, 3], [1, 0]]}
    torus = MAPPING | {"workers": 4, "topology": {"kind": "torus", "dims": [4]}}
    (point,) = from_mapping(torus, ["topology.dims=[2, 2]"]).points
    assert point.topology.options == {"dims": [2, 2]}


@pytest.mark.parametrize(
    ("override", "expected"),
    [
        ("workers=eight", ["workers=eight: workers: 'eight' is not a whole number; expected an integer >= 1"]),
        ("workers=2,eight", ["workers=eight: workers: 'eight' is not a whole number; expected an integer >= 1"]),
        ("workers=2,true", ["workers=true: workers: true is not a whole number; expected an integer >= 1"]),
        ("workers=2,[3]", ["workers=2,[3]: workers: a list is not a whole number; expected an integer >= 1"]),
        ("workers={log2: [3, 4]}", [
            "workers={log2: [3, 4]}: sweep.workers: 3 is not a power of two; "
            "expected log2: [first, last], such as [2, 1024]"
        ]),
        ("workers", ["workers: expected key=value, such as workers=8 or workers=2,4,8"]),
        ("workers=", ["workers=: expected key=value, such as workers=8 or workers=2,4,8"]),
        ("=8", ["=8: expected key=value, such as workers=8 or workers=2,4,8"]),
        ("workers=[]", ["workers=[]: an empty list; expected one value or more"]),
        ("sweep.workers=8", [
            "sweep.workers=8: a sweep cannot be given here; write the path itself, such as workers=2,4,8"
        ]),
        ("workers=[1", [
            "workers=[1: workers: not valid YAML: expected ',' or ']', but got '<stream end>' "
            "(while parsing a flow sequence)"
        ]),
        ("workers=!odd 1", ["workers=!odd 1: workers: the tag '!odd' is not supported; expected plain YAML"]),
        ("workers.x=1", ["workers.x=1: there is no 'workers.x', because 'workers' is 8 and not a mapping"]),
        ("worker=1", ["worker=1: worker: unknown key; did you mean 'workers'?"]),
        ("worker=1,2", ["worker=1,2: worker: unknown key; did you mean 'workers'?"]),
        ("collective=ring", [
            "collective=ring: collective: unknown collective 'ring' (simcomm list shows all)"
        ]),
        ("topology=sta", [
            f"topology=sta: topology: unknown topology 'sta'; expected {', '.join(topology.kinds())}; "
            "did you mean 'star'?"
        ]),
    ],
)  # fmt: skip
def test_refuses_with_its_own_text_as_the_place(override, expected):
    assert refusal(MAPPING, override) == expected


def test_the_file_keeps_its_places(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    text = "workers: 1.5\nparameters: x\ncollective: ring\nlink: {bandwidth: 1 B/s, latency: 0 s}\n"
    (tmp_path / "x.yaml").write_text(text)
    with pytest.raises(ScenarioError) as caught:
        load("x.yaml", ["workers=-1", "link.latency=3"])
    assert [str(problem).split(": ")[0] for problem in caught.value.problems] == [
        "workers=-1", "link.latency=3", "x.yaml:2:13", "x.yaml:3:13",
    ]  # fmt: skip


def test_a_sweep_that_is_no_mapping_is_refused_at_its_own_place():
    mapping = MAPPING | {"sweep": [1]}
    expected = ["scenario: sweep: a list is not a mapping; expected paths with their values"]
    assert refusal(mapping, "workers=2,4") == refusal(mapping, "workers=2") == expected
    odd = MAPPING | {"sweep": {"zip": [3]}}
    assert refusal(odd, "workers=2") == [
        "scenario: sweep.zip[0]: 3 does not fit; expected a mapping of paths to values"
    ]
