"""Scenario files as a user writes them: what is read, and every refusal with its place."""

import os
import pickle
import subprocess
import sys
from pathlib import Path

import pytest

from simcomm import collectives, engines, networks, topology
from simcomm.errors import InputError
from simcomm.networks.loggp import LogGP
from simcomm.networks.options import options_of
from simcomm.scenario import Problem, ScenarioError, from_mapping, load

GOOD = """\
question: When does a ring overtake a parameter server?
workers: 8
parameters: 25557032
collective: ring_all_reduce
link: {bandwidth: 100 Gbit/s, latency: 5 us}
"""
LINK = {"bandwidth": "100 Gbit/s", "latency": "5 us"}
MAPPING = {"workers": 8, "parameters": 10, "collective": "ring_all_reduce", "link": LINK}
COUNT = "expected a count such as 25600000 or '25.6e6 parameters'"
SIZES = "expected exactly one of parameters, size, model, layers"
COLLECTIVES = ", ".join(collectives.names())
KINDS = ", ".join(topology.kinds())
NETWORKS = ", ".join(networks.names())
OPTIONS = ", ".join(options_of(LogGP))
NAME = "expected a name such as ring_all_reduce (simcomm list shows all)"


@pytest.fixture
def refusals(tmp_path, monkeypatch):
    """The lines of the error message for a file x.yaml with this text."""
    monkeypatch.chdir(tmp_path)

    def lines(text, *overrides):
        Path("x.yaml").write_text(text, encoding="utf-8")
        with pytest.raises(ScenarioError) as caught:
            load("x.yaml", overrides)
        return str(caught.value).splitlines()

    return lines


def changed(line, new):
    """The good scenario with one line replaced (or taken out), or with lines after it."""
    lines = GOOD.splitlines()
    number = next(index for index, old in enumerate(lines) if old.startswith(line))
    lines[number : number + 1] = [new] if new is not None else []
    return "\n".join(lines)


def test_reads_a_file(tmp_path):
    path = tmp_path / "x.yaml"
    path.write_text(GOOD)
    document = load(str(path))
    assert document.question == "When does a ring overtake a parameter server?"
    assert (document.source, document.base_dir) == (str(path), tmp_path)
    assert (document.plugins, document.swept, document.collectives, document.files) == ((), (), {}, ())
    (point,) = document.points
    assert (point.workers, point.elements, point.collective.name) == (8, 25557032, "ring_all_reduce")
    assert (point.link.bandwidth_Bps, point.link.latency_s) == (12.5e9, 5e-6)


def test_expands_the_contract_of_the_design():
    sweep = {"collective": ["all_to_all", "parameter_server", "ring_all_reduce"], "workers": {"log2": [2, 64]}}
    document = from_mapping({"parameters": 25557032, "link": LINK, "sweep": sweep})
    assert document.swept == ("collective", "workers")
    assert [(point.collective.name, point.workers) for point in document.points] == [
        (name, 2**power) for name in sweep["collective"] for power in range(1, 7)
    ]


@pytest.mark.parametrize(
    ("line", "new", "expected"),
    [
        ("workers", "workers: 0", "x.yaml:2:10: workers: 0 is too small; expected an integer >= 1"),
        ("workers", "workers: -3", "x.yaml:2:10: workers: -3 is too small; expected an integer >= 1"),
        ("workers", "workers: 1.5", "x.yaml:2:10: workers: 1.5 is not a whole number; expected an integer >= 1"),
        ("workers", "workers: eight", "x.yaml:2:10: workers: 'eight' is not a whole number; expected an integer >= 1"),
        ("workers", "workers: '8'", "x.yaml:2:10: workers: '8' is not a whole number; expected an integer >= 1"),
        ("workers", "workers: true", "x.yaml:2:10: workers: true is not a whole number; expected an integer >= 1"),
        ("workers", "workers: .inf", "x.yaml:2:10: workers: inf is not a whole number; expected an integer >= 1"),
        ("workers", "workers:", "x.yaml:2:9: workers: nothing is not a whole number; expected an integer >= 1"),
        ("workers", "workers: [8]", "x.yaml:2:10: workers: a list is not a whole number; expected an integer >= 1"),
        ("workers", None, "x.yaml:1:1: workers: missing; expected an integer >= 1"),
        ("workers", "workers: 8\nworkers: 9", "x.yaml:3:1: workers: duplicate key; it is given first in line 2"),
        ("workers", "workers: 8\nworker: 9", "x.yaml:3:1: worker: unknown key; did you mean 'workers'?"),
        (
            "workers",
            "workers: 8\n3: 9",
            "x.yaml:3:1: [3]: unknown key; expected one of question, workers, parameters, "
            "size, model, layers, dtype, collective, topology, link, placement, routing, network, one_send_at_a_time, "
            "engine, compute, seed, stragglers, plugins, sweep",
        ),
        ("parameters", "parameters: -1", f"x.yaml:3:13: parameters: -1 is negative; {COUNT}"),
        ("parameters", "parameters: 1.5", f"x.yaml:3:13: parameters: 1.5 is not a whole number of parameters; {COUNT}"),
        ("parameters", "parameters: true", f"x.yaml:3:13: parameters: true is not a count; {COUNT}"),
        ("parameters", "parameters:", f"x.yaml:3:12: parameters: nothing is given; {SIZES}"),
        ("parameters", None, f"x.yaml:1:1: the gradient has no size; {SIZES}"),
        (
            "parameters",
            "parameters: 1\nsize: 4 B",
            f"x.yaml:4:1: size: the size is given twice, also by 'parameters'; {SIZES}",
        ),
        ("parameters", "size: 100 Mbit", "x.yaml:3:7: size: '100 Mbit' is in bits; expected bytes: '12.5 MB'"),
        (
            "parameters",
            "size: 6 B",
            "x.yaml:3:7: size: 6 bytes is not a whole number of elements of 4 bytes of float32",
        ),
        ("parameters", "model: resnet_50", "did you mean 'resnet50'?"),
        (
            "parameters",
            "layers: 5",
            "x.yaml:3:9: layers: 5 is not a list; expected layers such as [{linear: {in: 8, out: 8}}]",
        ),
        (
            "parameters",
            "layers:\n- linear: {in: 0, out: 8}",
            "x.yaml:4:16: layers[0].linear.in: got 0, expected a positive integer",
        ),
        (
            "collective",
            "colective: ring_all_reduce",
            f"x.yaml:1:1: collective: missing; {NAME}\nx.yaml:4:1: colective: unknown key; did you mean 'collective'?",
        ),
        (
            "collective",
            "collective: ring_allreduce",
            "x.yaml:4:13: collective: unknown collective 'ring_allreduce'; did you mean 'ring_all_reduce'? "
            "(simcomm list shows all)",
        ),
        (
            "collective",
            "collective: {name: ring_allreduce}",
            "x.yaml:4:20: collective.name: unknown collective 'ring_allreduce'; did you mean 'ring_all_reduce'? "
            "(simcomm list shows all)",
        ),
        ("collective", "collective: 5", f"x.yaml:4:13: collective: 5 is not a name; expected {COLLECTIVES}"),
        ("collective", "collective: {servers: 5}", f"x.yaml:4:13: collective.name: missing; {NAME}"),
        (
            "collective",
            "collective:",
            "x.yaml:4:12: collective: nothing does not fit; expected a name or a mapping with name, file",
        ),
        (
            "collective",
            "collective: {name: parameter_server, server: 5}",
            "x.yaml:4:38: collective.server: unknown option 'server' of parameter_server; "
            "expected one of servers, placement, segments, window; did you mean 'servers'?",
        ),
        (
            "collective",
            "collective: {name: parameter_server, servers: many}",
            "x.yaml:4:47: collective.servers: 'many'; expected a whole number or workers",
        ),
        (
            "link",
            "link: {bandwidth: 100, latency: 5 us}",
            "x.yaml:5:19: link.bandwidth: 100 has no unit; expected a bandwidth such as '100 Gbit/s' or '12.5 GB/s'",
        ),
        (
            "link",
            "link: {bandwidth: fast, latency: 5 us}",
            "x.yaml:5:19: link.bandwidth: 'fast' is not a bandwidth; "
            "expected a bandwidth such as '100 Gbit/s' or '12.5 GB/s'",
        ),
        (
            "link",
            "link: {bandwidth: 0 GB/s, latency: 5 us}",
            "x.yaml:5:19: link.bandwidth: '0 GB/s' is zero; "
            "expected a bandwidth greater than zero, such as '100 Gbit/s' or '12.5 GB/s'",
        ),
        (
            "link",
            "link: {bandwidth: 100 Gbit/s, latncy: 5 us}",
            "x.yaml:5:7: link.latency: missing; expected a time such as '5 us' or '1.5 ms'\n"
            "x.yaml:5:31: link.latncy: unknown key; did you mean 'latency'?",
        ),
        (
            "link",
            "link: {bandwidth: 1 B/s, latency: null}",
            "x.yaml:5:35: link.latency: nothing is not a time; expected a time such as '5 us' or '1.5 ms'",
        ),
        (
            "link",
            "link: 100 Gbit/s",
            "x.yaml:5:7: link: '100 Gbit/s' does not fit; expected a mapping with bandwidth, latency",
        ),
        (
            "link",
            None,
            "x.yaml:1:1: link: missing; expected {bandwidth: 100 Gbit/s, latency: 5 us}, or a topology from a file",
        ),
        (
            "link",
            "link:",
            "x.yaml:5:6: link: missing; expected {bandwidth: 100 Gbit/s, latency: 5 us}, or a topology from a file",
        ),
        ("question", "question: [1]", "x.yaml:1:11: question: a list is not text; expected a question, in quotes"),
        (
            "question",
            "plugins: a:b",
            "x.yaml:1:10: plugins: 'a:b' does not fit; expected a list such as ['my_collectives:tree']",
        ),
        ("question", "dtype: float31", "did you mean 'float32'?"),
        (
            "question",
            "engine: dess",
            f"x.yaml:1:9: engine: unknown engine 'dess'; expected {', '.join(engines.names())}; did you mean 'des'?",
        ),
        ("question", "seed: -1", "x.yaml:1:7: seed: -1 is too small; expected an integer >= 0"),
        (
            "question",
            "topology: sta",
            f"x.yaml:1:11: topology: unknown topology 'sta'; expected {KINDS}; did you mean 'star'?",
        ),
        (
            "question",
            "topology: {kind: star, leaves: 4}",
            "x.yaml:1:24: topology.leaves: unknown option 'leaves' of topology star; it has none",
        ),
        ("question", "topology: {leaves: 4}", "x.yaml:1:11: topology: expected either a kind, such as star, or a file"),
        (
            "question",
            "topology: {file: 5}",
            "x.yaml:1:18: topology.file: 5 is not a file name; expected a graph such as 'cluster.graphml'",
        ),
        (
            "question",
            "topology: {file: gone.graphml, hosts: 3}",
            "x.yaml:1:18: topology.file: 'gone.graphml' is not a file; expected a graph: GraphML, GEXF, node-link JSON "
            "or NCCL topology XML\n"
            "x.yaml:1:32: topology.hosts: unknown key; a topology from a file has no options",
        ),
        (
            "question",
            "topology: [star]",
            f"x.yaml:1:11: topology: a list is not a name; expected {KINDS}",
        ),
        (
            "question",
            "topology:",
            "x.yaml:1:10: topology: nothing does not fit; expected a name or a mapping with kind, file",
        ),
        (
            "question",
            "network: logp",
            f"x.yaml:1:10: network: unknown network model 'logp'; expected {NETWORKS}; did you mean 'loggp'?",
        ),
        (
            "question",
            "network: {model: loggp, overhed: 1 us}",
            "x.yaml:1:25: network.overhed: unknown option 'overhed' of network loggp; expected one of "
            f"{OPTIONS}; did you mean 'overhead'?",
        ),
        (
            "question",
            "compute: fast",
            "x.yaml:1:10: compute: 'fast' is not a time; expected a time such as '5 us' or '1.5 ms'",
        ),
        (
            "question",
            "compute: {jitter: much}",
            "x.yaml:1:19: compute.jitter: 'much' is not a number; expected a number >= 0",
        ),
        (
            "question",
            "compute: {jitter: -1}",
            "x.yaml:1:19: compute.jitter: -1 is out of range; expected a number >= 0",
        ),
        (
            "question",
            "compute: {jitter: .nan}",
            "x.yaml:1:19: compute.jitter: nan is out of range; expected a number >= 0",
        ),
        (
            "question",
            "stragglers: {3: {bandwidth_factor: 0}}",
            "x.yaml:1:36: stragglers.3.bandwidth_factor: 0 is out of range; expected a number > 0",
        ),
        (
            "question",
            "stragglers: {3: {strt: 1 s}}",
            "x.yaml:1:18: stragglers.3.strt: unknown key; did you mean 'start'?",
        ),
        (
            "question",
            "stragglers: {three: {}}",
            "x.yaml:1:14: stragglers.three: 'three' is not a whole number; expected an integer >= 0",
        ),
        (
            "question",
            "stragglers: {3: slow}",
            "x.yaml:1:17: stragglers.3: 'slow' does not fit; "
            "expected a mapping with start, bandwidth_factor, compute_factor",
        ),
        (
            "question",
            "stragglers: 3",
            "x.yaml:1:13: stragglers: 3 does not fit; "
            "expected a mapping of ranks, such as {3: {bandwidth_factor: 0.5}}",
        ),
        ("question", "dtype: !mine x", "x.yaml:1:8: dtype: the tag '!mine' is not supported; expected plain YAML"),
        ("question", "sweep: {worker: [1]}", "x.yaml:1:9: worker: unknown key; did you mean 'workers'?"),
        ("question", "sweep: {link.latncy: [5 us]}", "x.yaml:1:9: link.latncy: unknown key; did you mean 'latency'?"),
        (
            "question",
            "sweep: {workers: [8, eight, 0]}",
            "x.yaml:1:22: workers: 'eight' is not a whole number; expected an integer >= 1\n"
            "x.yaml:1:29: workers: 0 is too small; expected an integer >= 1",
        ),
        (
            "question",
            "sweep: {workers: {range: [-9, 9, 1]}}",
            "x.yaml:1:18: workers: -9 is too small; expected an integer >= 1",
        ),
        ("question", "sweep: {workers: []}", "x.yaml:1:18: sweep.workers: an empty list; expected one value or more"),
        (
            "question",
            "sweep: {link: [5], link.latency: [5 us]}",
            "x.yaml:1:16: link: 5 does not fit; expected a mapping with bandwidth, latency",
        ),
        (
            "question",
            "sweep: {workers: [8], exclude: [{workers: 8}]}",
            "x.yaml:1:32: sweep.exclude: every point is excluded",
        ),
        (
            "question",
            "sweep: {workers: {range: [1, 1001, 1]}, seed: {range: [1, 1000, 1]}}",
            "x.yaml:1:8: sweep: expands to 1,001,000 points; expected at most 1,000,000",
        ),
        (
            "question",
            "sweep: {collective.servers: [1, 2]}",
            "x.yaml:1:9: collective.servers: unknown option 'servers' of ring_all_reduce; expected one of segments, "
            "window",
        ),
    ],
)
def test_refuses_with_the_place(refusals, line, new, expected):
    found = "\n".join(refusals(changed(line, new)))
    assert found == expected if expected.startswith("x.yaml") else found.endswith(expected)


@pytest.mark.parametrize(("value", "workers"), [("8.0", 8), ("1e3", 1000), ("0x10", 16), ("012", 12), ("1", 1)])
def test_whole_numbers_may_be_written_as_floats(tmp_path, value, workers):
    path = tmp_path / "x.yaml"
    path.write_text(changed("workers", f"workers: {value}"))
    assert load(path).points[0].workers == workers


def test_zero_parameters_are_legal(tmp_path):
    path = tmp_path / "x.yaml"
    path.write_text(changed("parameters", "parameters: 0"))
    assert load(path).points[0].vector_bytes == 0


def test_all_problems_come_at_once_in_the_order_of_the_file(refusals):
    text = """\
workers: 1.5
colective: ring_all_reduce
parameters: -1
link: {bandwidth: 100, latency: 5}
dtype: !odd x
seed: 1
seed: 2
collective: {name: parameter_server, server: 1}
sweep: {workers: [0, 8], link.latency: {ranje: [1]}, zip: {engine: [auto], seed: [1, 2]}}
"""
    assert [line.partition(": ")[0] for line in refusals(text)] == [
        "x.yaml:2:1", "x.yaml:3:13", "x.yaml:4:19", "x.yaml:5:8", "x.yaml:7:1", "x.yaml:8:38", "x.yaml:9:19",
        "x.yaml:9:40", "x.yaml:9:59",
    ]  # fmt: skip


def test_option_problems_come_with_the_others_when_the_workers_are_right(refusals):
    text = GOOD.replace("ring_all_reduce", "{name: parameter_server, server: 1}").replace("5 us", "5")
    assert [line.split(": ")[1] for line in refusals(text)] == ["collective.server", "link.latency"]


def test_a_problem_of_a_swept_value_is_reported_once(refusals):
    text = changed("workers", "sweep: {workers: {log2: [2, 64]}, collective: [all_to_all, {name: all_to_all, x: 1}]}")
    (line,) = refusals(text)
    assert line.startswith("x.yaml:2:79: collective.x: unknown option 'x' of all_to_all")


def test_a_sweep_that_is_refused_is_not_read_to_its_end(refusals):
    text = changed("workers", "sweep: {workers: {range: [1, 1000, 1]}, seed: {range: [-1, 998, 1]}}")
    assert refusals(text) == ["x.yaml:2:47: seed: -1 is too small; expected an integer >= 0"]


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"", "x.yaml: the file is empty; expected a mapping with workers, parameters, collective, link, ..."),
        (b"# nothing\n", "the file is empty; expected a mapping with workers, parameters, collective, link, ..."),
        (b"- 1\n", "x.yaml:1:1: a list at the top; expected a mapping with workers, parameters, collective, link, ..."),
        (b"text", "x.yaml:1:1: 'text' at the top; expected a mapping with workers, parameters, collective, link, ..."),
        (b"!odd x", "x.yaml:1:1: the tag '!odd' is not supported; expected plain YAML"),
        (b"a: 1\nb\0", "x.yaml:2:2: a binary file (it holds NUL bytes); expected a scenario in YAML, as UTF-8 text"),
        (b"a: \xff\xfe", "x.yaml:1:4: the byte 0xff is not UTF-8; expected a scenario in YAML, as UTF-8 text"),
        (b"a: 1\n" * 300_000, "x.yaml: larger than 1 MiB; expected a scenario in YAML"),
        (
            b"a: [1",
            "x.yaml:1:6: not valid YAML: expected ',' or ']', but got '<stream end>' (while parsing a flow sequence)",
        ),
    ],
)
def test_files_that_are_no_scenario(tmp_path, monkeypatch, content, expected):
    monkeypatch.chdir(tmp_path)
    Path("x.yaml").write_bytes(content)
    with pytest.raises(ScenarioError) as caught:
        load("x.yaml")
    assert str(caught.value).endswith(expected)
    assert str(caught.value).startswith("x.yaml")


def test_a_byte_order_mark_is_skipped(tmp_path):
    path = tmp_path / "x.yaml"
    path.write_bytes(b"\xef\xbb\xbf" + GOOD.replace("\n", "\r\n").encode())
    assert load(path).points[0].workers == 8


def test_places_that_are_no_file(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("folder").mkdir()
    for name, expected in [
        ("gone.yaml", "gone.yaml: no such file; expected a scenario in YAML"),
        ("folder", "folder: is a folder; expected a scenario file in YAML"),
        ("a\0b", "a\0b: cannot be read: embedded null byte"),
    ]:
        with pytest.raises(ScenarioError) as caught:
            load(name)
        assert str(caught.value) == expected


def test_a_file_without_permission(tmp_path, monkeypatch):
    def refuse(*arguments):
        raise PermissionError(13, "Permission denied")

    path = tmp_path / "x.yaml"
    path.write_text(GOOD)
    if os.geteuid() == 0:  # root may read everything
        monkeypatch.setattr(Path, "open", refuse)
    else:
        path.chmod(0)
    with pytest.raises(ScenarioError, match="permission denied; expected a file that can be read"):
        load(path)


def test_a_file_that_fails_while_it_is_read(tmp_path, monkeypatch):
    def refuse(*arguments):
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(Path, "open", refuse)
    with pytest.raises(ScenarioError, match=r"x\.yaml: cannot be read: Input/output error"):
        load(tmp_path / "x.yaml")


def test_the_error_is_an_input_error_with_its_problems(refusals):
    with pytest.raises(InputError) as caught:
        from_mapping({**MAPPING, "workers": 0, "seed": -1})
    assert caught.value.exit_code == 2
    assert caught.value.problems == (
        Problem("scenario", None, None, "workers", "0 is too small; expected an integer >= 1"),
        Problem("scenario", None, None, "seed", "-1 is too small; expected an integer >= 0"),
    )
    again = pickle.loads(pickle.dumps(caught.value))
    assert (str(again), again.problems) == (str(caught.value), caught.value.problems)


def test_yaml_errors_come_without_the_heavy_libraries(tmp_path):
    path = tmp_path / "x.yaml"
    path.write_text(GOOD + "seed: x\n")
    code = (
        "import sys; from simcomm.scenario import load, ScenarioError\n"
        "assert 'pydantic' not in sys.modules\n"
        f"try: load({str(path)!r})\n"
        "except ScenarioError: print(*sorted({'numpy', 'networkx', 'simpy', 'matplotlib'} & set(sys.modules)))\n"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout == "\n"
