"""Bad input of every kind: one clear message, the right exit code, no traceback, nothing lost."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import networkx as nx
import pytest

from simcomm.results import RESULTS_VERSION


def refused(ran, *expected):
    """Check the exit code and that the message has every one of ``expected``; return the message."""
    assert ran.code == 2, ran
    assert "Traceback" not in ran.err
    assert ran.err.startswith("error: ")
    for part in expected:
        assert part in ran.err
    return ran.err


@pytest.mark.parametrize("value", ["0", "-3", "1.5", '"eight"', "eight", "true", "null", "[]"])
def test_workers_that_are_not_a_positive_whole_number(command, scenario, value):
    message = refused(command("run", scenario(f"workers: {value}")), "s.yaml:1:10: workers: ", "expected")
    assert message.count("\n") == 1


@pytest.mark.parametrize("value", ["-1", "1.5", '"many"', "25 MB"])
def test_parameters_that_are_no_count(command, scenario, value):
    refused(command("run", scenario(f"parameters: {value}")), "s.yaml:1:13: parameters: ", "expected")


def test_no_parameters_at_all_is_legal_and_sends_nothing(command, scenario, tmp_path):
    ran = command("run", scenario("parameters: 0"), "-o", "out")
    assert ran.code == 0, ran
    (row,) = (tmp_path / "out" / "results.csv").read_text().splitlines()[1:]
    assert "ring_all_reduce,,4,4,0,float32,0,star" in row


@pytest.mark.parametrize(
    ("value", "why"),
    [
        ("0 Gbit/s", "greater than zero"),
        ("fast", "expected a bandwidth such as"),
        ("100", "no unit"),
        ("100 Gbps", "Gbit/s"),
        ("100 GB", "bandwidth"),
    ],
)
def test_bandwidths_that_are_none(command, scenario, value, why):
    text = f"link: {{bandwidth: {value}, latency: 5 us}}"
    refused(command("run", scenario(text)), "s.yaml:1:19: link.bandwidth: ", why)


def test_bits_where_bytes_are_meant(command, tmp_path):
    path = tmp_path / "s.yaml"
    link = "link: {bandwidth: 1 GB/s, latency: 0 s}\n"
    path.write_text("size: 100 Mbit\nworkers: 2\ncollective: all_to_all\n" + link)
    refused(command("run", path), "s.yaml:1:7: size: ", "bits", "12.5 MB")


def test_unknown_names_say_the_nearest_right_one(command, scenario):
    refused(command("run", scenario("collective: ring_allreduce")), "did you mean 'ring_all_reduce'?")
    refused(
        command("run", scenario("colective: ring_all_reduce")), "s.yaml:1:1: colective", "did you mean 'collective'?"
    )
    refused(command("run", scenario("topology: stars")), "did you mean 'star'?")
    refused(command("run", scenario("topology: {kind: star, spokes: 3}")), "unknown option 'spokes' of topology star")
    refused(command("run", scenario("network: logp")), "did you mean 'loggp'?")
    refused(command("show", "ring"), "unknown collective 'ring'")
    refused(command("verify", "ring_allgather"), "did you mean 'ring_all_gather'?")


def test_all_errors_at_once_in_the_order_of_the_file(command, scenario):
    message = refused(command("run", scenario("workers: 0\nparameters: -1\nsede: 1")))
    positions = [line.removeprefix("error: ").split(":")[1] for line in message.splitlines()]
    assert positions == ["1", "2", "3"]


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"", "the file is empty"),
        (b"- 1\n- 2\n", "expected a mapping"),
        (b"\x00\x01\xff\xfe\x00binary", "a binary file"),
        (b"workers: 4\nworkers: 8\n", "s.yaml:2:1: workers"),
        (b"a: &a [*a]\n", "alias"),
        (b"workers: [\n", "s.yaml:"),
    ],
)
def test_files_that_are_no_scenario(command, tmp_path, content, why):
    path = tmp_path / "s.yaml"
    path.write_bytes(content)
    refused(command("run", path), why)


def test_alias_bombs_are_refused_at_once(command, tmp_path):
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 9)}]" for i in range(1, 12)]
    path = tmp_path / "s.yaml"
    path.write_text("\n".join(lines))
    refused(command("run", path), "alias")


def test_a_folder_a_missing_file_and_no_permission(command, tmp_path, unprivileged):
    (tmp_path / "folder.yaml").mkdir()
    refused(command("run", tmp_path / "folder.yaml"), "folder.yaml")
    refused(command("run", tmp_path / "absent.yaml"), "absent.yaml")
    closed = tmp_path / "closed.yaml"
    closed.write_text("workers: 4\n")
    closed.chmod(0)
    with unprivileged():
        refused(command("run", closed), "closed.yaml", "ermission")


def test_a_read_only_output_folder_is_refused_before_anything_runs(command, scenario, tmp_path, unprivileged):
    (tmp_path / "out").mkdir(mode=0o555)
    path = scenario()
    assert command("run", path, "-o", "warm-up", "--no-plots").code == 0  # imports, while they may be read
    with unprivileged():
        ran = command("run", path, "-o", "out")
    refused(ran, "out", "ermission")
    assert "points done" not in ran.err
    assert list((tmp_path / "out").iterdir()) == []


def graph_file(tmp_path: Path, *edges: tuple[int, int], **attributes: object) -> Path:
    graph = nx.Graph()
    graph.add_nodes_from(range(4), kind="host")
    graph.add_edges_from(edges, **{"bandwidth_Bps": 1e9, "latency_s": 1e-6, **attributes})
    nx.write_graphml(graph, tmp_path / "g.graphml")
    return tmp_path / "g.graphml"


def test_graphs_are_refused_before_anything_runs(command, scenario, tmp_path):
    graph_file(tmp_path, (0, 1), (1, 2))
    path = scenario("topology: {file: g.graphml}\nworkers: 3")
    ran = command("run", path)
    refused(ran, "g.graphml: host '3' cannot be reached from host '0'; the graph is disconnected")
    assert "points done" not in ran.err
    graph_file(tmp_path, (0, 1), (1, 2), (2, 3), bandwidth_Bps=0.0)
    refused(command("run", path), "g.graphml: link '0' -> '1': bandwidth_Bps is 0.0; expected more than 0")
    graph_file(tmp_path, (0, 1), (1, 2), (2, 3))
    refused(command("run", path, "workers=5"), "has 4 hosts; expected at least 5")
    refused(command("run", path, "topology.file=absent.graphml"), "absent.graphml")


def test_what_would_not_fit_into_memory_is_refused_with_its_size_and_what_would(command, scenario, monkeypatch):
    monkeypatch.setenv("SIMCOMM_MEMORY", "1 GB")
    ran = command("run", scenario("workers: 100000\nengine: des"))
    refused(ran, "ring_all_reduce with 100,000 workers sends 19,999,800,000 messages, which need about 45 TB")
    assert " with engine des; there are 1 GB; expected at most 471 workers" in ran.err
    monkeypatch.setenv("SIMCOMM_MEMORY", "1 MB")
    ran = command("run", scenario("workers: 15\nengine: des"))
    refused(ran, " with engine des and a timeline; there are 1 MB; expected at most 13 workers or engine compiled (")
    monkeypatch.setenv("SIMCOMM_MEMORY", "much")
    refused(command("run", scenario()), "SIMCOMM_MEMORY: 'much' is not")


def test_results_of_another_version(command, scenario, tmp_path):
    assert command("run", scenario(), "-o", "out", "--no-plots").code == 0
    table = tmp_path / "out" / "results.csv"
    head, row = table.read_text().splitlines()
    other = row.removesuffix(str(RESULTS_VERSION)) + str(RESULTS_VERSION + 1)
    table.write_text(f"{head}\n{other}\n")
    refused(command("plot", tmp_path / "out"), "results.csv:2", "written by another version of simcomm")
    table.write_text("a,b\n1,2\n")
    refused(command("plot", tmp_path / "out"), "results.csv")
    refused(command("plot", tmp_path / "nowhere"), "nowhere")


def test_wrong_words_on_the_command_line(command, scenario):
    refused(command("run", scenario(), "workers=eight"), "workers=eight: workers: ")
    refused(command("run", scenario(), "wrokers=8"), "did you mean 'workers'?")
    refused(command("run", scenario(), "workers"), "expected key=value")
    for count in ("two", "0", "4,-1", "1.5", ""):
        refused(command("verify", "-n", count), "expected whole numbers of at least 1, such as 4 or 2,4,8")
    refused(command("show", "parameter_server", "placement=collocated"), "did you mean 'colocated'?")
    refused(command("verify", "-p", "-5"), "-5")
    refused(command("show", "parameter_server", "servers=9", "placement=colocated"), "expected at most 4")
    refused(command("verify", "--plugin", "absent_module:x"), "cannot import 'absent_module'")
    assert command("run").code == 2
    assert command("run", scenario(), "-j", "0").code == 2


def test_a_full_disk_is_one_message_and_keeps_what_was_written(scenario, tmp_path):
    """A limit on the size of files cuts the journal short, as a full disk does."""
    path = scenario("sweep: {workers: {range: [2, 40, 1]}}")
    code = (
        "import resource, signal, sys; signal.signal(signal.SIGXFSZ, signal.SIG_IGN);"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (6000, 6000));"
        f"sys.argv = ['simcomm', 'run', {str(path)!r}, '-o', 'out', '--no-plots', '-j', '1'];"
        "from simcomm.cli import main; main()"
    )
    plain = {key: value for key, value in os.environ.items() if not key.startswith("COV")}  # its data file is cut, too
    full = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, env=plain, capture_output=True, text=True, timeout=120
    )
    assert full.returncode == 1, full
    assert "Traceback" not in full.stderr
    assert "error: " in full.stderr
    again = [sys.executable, "-m", "simcomm", "run", str(path), "-o", "out", "--no-plots", "-j", "1"]
    ran = subprocess.run(again, cwd=tmp_path, capture_output=True, text=True, timeout=120)
    assert ran.returncode == 0, ran
    done = int(ran.stderr.splitlines()[0].split(" of ")[0])
    assert 0 < done < 39
    assert len((tmp_path / "out" / "results.csv").read_text().splitlines()) == 40


@pytest.mark.parametrize("arguments", [("--help",), ("run", "--help"), ("--version",)])
def test_help_costs_no_heavy_import(arguments):
    code = (
        f"import sys; sys.argv = ['simcomm', *{arguments!r}];"
        "from simcomm.cli import main\ntry: main()\nexcept SystemExit: pass\n"
        "print(sorted({'numpy', 'networkx', 'matplotlib', 'simpy', 'pydantic', 'rich'} & set(sys.modules)))"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env=os.environ)
    assert ran.stdout.splitlines()[-1] == "[]"


def test_import_simcomm_is_light():
    code = "import sys, simcomm; print(sorted(m for m in sys.modules if m.split('.')[0] in ('numpy', 'yaml', 'click')))"
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == "[]"


def test_a_yaml_error_costs_no_graph_and_no_plot(tmp_path):
    path = tmp_path / "s.yaml"
    path.write_text("workers: 0\n")
    code = (
        f"import sys; sys.argv = ['simcomm', 'run', {str(path)!r}];"
        "from simcomm.cli import main\ntry: main()\nexcept SystemExit: pass\n"
        "print(sorted({'numpy', 'networkx', 'matplotlib', 'simpy', 'rich'} & set(sys.modules)))"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout.splitlines()[-1] == "[]"
