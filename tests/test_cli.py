"""The commands as a user types them: what they print, what they write, how they end."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time

import pytest
from conftest import ROOT
from examples import broken_collectives

import simcomm
from simcomm import engines
from simcomm.collectives import names
from simcomm.link_table import load_links


def test_run_writes_the_table_the_results_and_the_plots(command, scenario, tmp_path):
    path = scenario("question: Why?\nsweep: {workers: [2, 3, 4]}")
    ran = command("run", path, "-o", "out", "-j", "1")
    assert ran.code == 0
    assert ran.out.startswith("Why?\n")
    assert ran.out.count("counts proof time") == 3
    assert "3 of 3 points in out/results.csv" in ran.out
    written = sorted(file.name for file in (tmp_path / "out").iterdir())
    plots = [f"{plot}.{suffix}" for plot in ("bandwidth_vs_n", "time_vs_n") for suffix in ("png", "svg")]
    assert written == sorted([*plots, "journal.jsonl", "links.csv", "results.csv"])
    assert [f"plot out/{plot}" for plot in plots] == [line for line in ran.out.splitlines() if line.startswith("plot")]


def test_parquet_when_asked(command, scenario, tmp_path):
    assert command("run", scenario(), "-o", "out", "--no-plots", "--parquet").code == 0
    table, csv = (simcomm.load_results(tmp_path / "out" / f"results.{kind}") for kind in ("parquet", "csv"))
    assert list(table) == list(csv)
    links, same = (load_links(tmp_path / "out" / f"links.{kind}") for kind in ("parquet", "csv"))
    assert links == same
    assert [len(of) for of in links.values()] == [8]
    assert command("run", scenario(), "-o", "less", "--no-plots", "--no-links", "--parquet").code == 0
    assert not list((tmp_path / "less").glob("links.*"))


def test_links_are_written_unless_they_are_not_wanted(command, scenario, tmp_path):
    path = scenario("sweep: {workers: [2, 3]}")
    out = tmp_path / "out"
    assert command("run", path, "-o", "out", "--no-plots", "--no-links", "-j", "1").err.startswith("0 of 2")
    assert not (out / "links.csv").exists()
    assert command("run", path, "-o", "out", "--no-plots", "-j", "1").err.startswith("0 of 2")
    results = simcomm.load_results(out)
    assert [len(result.links) for result in results] == [4, 6]
    first = (out / "links.csv").read_bytes()
    assert command("run", path, "-o", "out", "--no-plots", "-j", "1").err.startswith("2 of 2")
    assert (out / "links.csv").read_bytes() == first


def test_run_again_runs_nothing_and_writes_the_same(command, scenario, tmp_path):
    path = scenario("sweep: {workers: [2, 3, 4]}")
    command("run", path, "-o", "out", "--no-plots", "-j", "1")
    first = (tmp_path / "out" / "results.csv").read_bytes()
    again = command("run", path, "-o", "out", "--no-plots", "-j", "1")
    assert again.err == "3 of 3 points done\n"
    assert (tmp_path / "out" / "results.csv").read_bytes() == first
    more = command("run", path, "workers=2,5", "-o", "out", "--no-plots", "-j", "1")
    assert more.err.splitlines()[0] == "1 of 2 points done"


def test_without_a_folder_results_go_to_one_named_after_the_scenario(command, scenario, tmp_path):
    command("run", scenario(), "--no-plots")
    assert (tmp_path / "results" / "s" / "results.csv").is_file()


def test_a_dry_run_lists_every_point_and_runs_none(command, scenario, tmp_path):
    path = scenario("question: Why?\nsweep: {collective: [ring_all_reduce, rabenseifner], workers: [4, 64]}")
    ran = command("run", path, "--dry-run", "-o", "out", "-j", "1")
    assert (ran.code, ran.err) == (0, "")
    rows = [line.split() for line in ran.out.splitlines() if line.strip().startswith("collective=")]
    assert [row[:5] for row in rows] == [
        ["collective=ring_all_reduce", "workers=4", "4", "24", "24"],
        ["collective=ring_all_reduce", "workers=64", "64", "8,064", "8,064"],
        ["collective=rabenseifner", "workers=4", "4", "16", "24"],
        ["collective=rabenseifner", "workers=64", "64", "768", "8,064"],
    ]
    assert rows[0][7:] == ["des", "no", "more", "than", "1,000", "operations"]
    assert rows[1][7:] == ["symmetry", "all", "ranks", "do", "the", "same"]
    assert ran.out.splitlines()[-1] == "4 points, 8,872 messages; nothing was run"
    assert not (tmp_path / "out").exists()


def test_a_dry_run_names_what_does_not_fit_and_lists_the_rest(command, scenario, monkeypatch):
    monkeypatch.setenv("SIMCOMM_MEMORY", "1 MB")
    path = scenario("engine: des\nsweep: {workers: [4, 64, 8]}")
    ran = command("run", path, "--dry-run")
    assert ran.code == 2
    assert [line.rstrip().endswith("does not fit") for line in ran.out.splitlines() if "workers=" in line] == [
        False,
        True,
        False,
    ]
    (error,) = ran.err.splitlines()
    assert error.startswith("error: point ")
    assert "(collective=ring_all_reduce workers=64): ring_all_reduce with 64 workers sends 8,064 messages" in error
    assert "there are 1 MB; expected at most 14 workers" in error
    refused = command("run", path, "-j", "1")
    assert (refused.code, refused.out) == (2, "")
    assert "there are 1 MB" in refused.err


def test_runs_that_do_not_fit_together_are_refused_together(command, scenario, monkeypatch):
    monkeypatch.setenv("SIMCOMM_MEMORY", "350 kB")
    path = scenario("engine: des\nsweep: {workers: [7, 8, 2]}")
    ran = command("run", path, "-j", "2", "--no-plots")
    assert ran.code == 2
    assert "jobs: the 2 largest runs need about" in ran.err
    assert "there are 350 kB; expected at most 1 at a time" in ran.err
    assert command("run", path, "-j", "1", "--no-plots").code == 0


def test_a_point_of_very_many_messages_is_run_without_a_timeline(command, scenario, tmp_path, monkeypatch):
    monkeypatch.setattr("simcomm.limits.MOST_IN_DETAIL", 23)
    for _ in range(2):
        ran = command("run", scenario(), "-o", "out")
        assert ran.code == 0
        assert "critical path" not in ran.out
        assert "no timeline of 24 messages: kept for at most 23" in ran.out
    assert not (tmp_path / "out" / "gantt.png").exists()
    monkeypatch.setattr("simcomm.limits.MOST_IN_DETAIL", 24)
    assert "critical path" in command("run", scenario(), "-o", "out", "--no-plots").out


RUN_PLOTS = ("gantt", "traffic", "link_heat", "link_gantt", "link_utilisation", "link_queues")


@pytest.mark.parametrize("options", [[], pytest.param(["--no-links"], marks=pytest.mark.no_cover)])
def test_a_single_point_is_drawn_and_explained_also_when_it_is_found_again(command, scenario, options):
    ran = command("run", scenario(), "-o", "out", *options)
    assert {f"plot out/{plot}.{kind}" for plot in RUN_PLOTS for kind in ("png", "svg")} <= set(ran.out.splitlines())
    lines = [line.split() for line in ran.out.splitlines()]
    assert ["latency", "60", "us", "99.9%"] in lines
    assert ["bytes", "on", "the", "wire", "48", "ns", "0.1%"] in lines
    assert "critical path: 6 operations, none waited for a port or link" in ran.out.splitlines()
    assert "busiest of 8 links" in ran.out
    again = command("run", scenario(), "-o", "out", *options)
    assert again.err == "1 of 1 points done\n"
    assert again.out == ran.out


def test_what_a_single_point_waited_for_is_explained(command, scenario):
    text = "collective: parameter_server\ntopology: {kind: leaf_spine, leaves: 2, oversubscription: 2}"
    ran = command("run", scenario(text), "network=store_and_forward", "-o", "out", "--no-plots")
    assert "waited for a port or link; longest for link " in ran.out
    assert " behind " in ran.out
    assert " bottleneck " in ran.out


def test_what_a_sweep_varies_is_in_the_table(command, scenario):
    sweep = "{network.overhead: [0 s, 1 us], stragglers.2.start: [1 ms, 2 ms], topology: [star, ring]}"
    ran = command("run", scenario(f"sweep: {sweep}"), "--no-plots")
    assert "network_options" in ran.out
    words = ran.out.split()
    assert ran.out.count("overhead=1 us") == 4
    assert (words.count("2:start_s=0.001"), words.count("ring")) == (4, 4)
    assert "latency_s" not in ran.out


def test_more_series_than_a_plot_can_show_cost_only_the_plot(command, scenario):
    sizes = ", ".join(f"{size} kB" for size in range(4, 72, 4))
    text = f"parameters: null\nsweep: {{workers: [2, 4], size: [{sizes}]}}"
    ran = command("run", scenario(text.replace("parameters: null\n", "# parameters:\n")), "-o", "out", "-j", "1")
    assert ran.code == 0
    assert "no plot bandwidth_vs_n: " in ran.err


def test_plot_results(command, scenario, tmp_path):
    command("run", scenario("sweep: {workers: [2, 4]}"), "-o", "out", "--no-plots")
    ran = command("plot", "out", "-f", "png")
    assert ran.out.splitlines() == ["plot out/bandwidth_vs_n.png", "plot out/time_vs_n.png"]
    elsewhere = command("plot", "out/results.csv", "-o", "plots", "-f", "svg")
    assert elsewhere.out.splitlines() == ["plot plots/bandwidth_vs_n.svg", "plot plots/time_vs_n.svg"]
    assert (tmp_path / "plots" / "time_vs_n.svg").read_text().startswith("<?xml")


def test_nothing_to_draw(command, scenario):
    command("run", scenario("parameters: 0"), "-o", "out", "--no-plots")
    assert command("plot", "out").out == "nothing to draw: no result takes any time\n"


def test_plot_one_point_of_a_scenario(command, scenario):
    path = scenario("sweep: {workers: [2, 4], collective: [ring_all_reduce, all_to_all]}")
    many = command("plot", path, "workers=4")
    assert many.code == 2
    assert "2 points; expected one: pick it by KEY=VALUE for collective" in many.err
    one = command("plot", path, "workers=4", "collective=all_to_all", "-o", "one", "-f", "png")
    assert one.out.splitlines() == [f"plot one/{plot}.png" for plot in RUN_PLOTS]
    wrong = command("plot", ".", "workers=4")
    assert wrong.code == 2
    assert "only with a scenario" in wrong.err


def test_verify_says_that_all_is_right(command):
    ran = command("verify", "-n", "1,2,5", "-p", "7")
    assert ran.code == 0
    assert ran.out.endswith("every count, proof and time is what theory says\n")
    assert all(name in ran.out for name in names())
    assert command("verify", "ring_all_reduce", "-p", "25.6e6 parameters", "-n", "4").code == 0


def test_verify_says_what_is_wrong(command, monkeypatch):
    monkeypatch.syspath_prepend(str(ROOT / "tests"))
    name = broken_collectives.wrong_rank.name
    ran = command("verify", name, "--plugin", "examples.broken_collectives:wrong_rank", "-n", "4", "-p", "20")
    assert ran.code == 1
    assert "WRONG" in ran.out
    assert ran.out.endswith("1 wrong verdicts\n")


def test_a_failed_check_is_exit_code_1_and_the_other_points_run(command, scenario, monkeypatch):
    monkeypatch.syspath_prepend(str(ROOT / "tests"))
    plugin = "plugins: ['examples.broken_collectives:wrong_rank']\n"
    own = broken_collectives.wrong_rank.name
    ran = command("run", scenario(f"{plugin}sweep: {{collective: [{own}, all_to_all]}}"), "-o", "out", "-j", "1")
    assert ran.code == 1
    assert f"(collective={own} workers=4): " in ran.err
    assert "1 of 2 points in out/results.csv" in ran.out


def test_show(command):
    ran = command("show", "parameter_server", "-n", "2", "servers=2", "placement=colocated")
    assert ran.code == 0
    assert ran.out.splitlines()[1:4] == [
        "2 ranks, 2 chunks, 4 messages, 2 steps",
        "step 0",
        "      0  reduce 0 -> 1  chunk 1",
    ]


def test_list_names_everything(command):
    out = command("list").out
    assert all(name in out for name in names())
    assert "topologies: dragonfly, fat_tree, fully_connected, " in out
    assert f"engines: {', '.join(engines.names())}" in out
    assert "resnet50" in out


def test_schema_is_a_json_schema(command):
    schema = json.loads(command("schema").out)
    assert schema["$schema"].startswith("https://json-schema.org/")
    assert {"workers", "collective", "sweep"} <= set(schema["properties"])


def test_version(command):
    assert command("--version").out.split()[-1] == simcomm.__version__


def test_python_m_simcomm_and_a_closed_pipe():
    shell = f"{sys.executable} -m simcomm show ring_all_reduce -n 128 | head -1"
    ran = subprocess.run(["bash", "-c", shell], capture_output=True, text=True, timeout=60)
    assert ran.stdout.startswith("Ring all-reduce")
    assert ran.stderr == ""


@pytest.mark.parametrize("jobs", [1, 2])
def test_ctrl_c_leaves_a_usable_table(scenario, tmp_path, jobs):
    path = scenario("sweep: {workers: {range: [2, 70, 1]}}")
    arguments = ["run", str(path), "-o", "out", "--no-plots", "-j", str(jobs)]
    # An interrupt that comes while the measurement of coverage holds its lock would never let go of it.
    plain = {name: value for name, value in os.environ.items() if not name.startswith("COV")}
    process = subprocess.Popen(
        [sys.executable, "-m", "simcomm", *arguments],
        env=plain,
        cwd=tmp_path,
        stderr=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    journal = tmp_path / "out" / "journal.jsonl"
    while not (journal.exists() and journal.read_bytes().count(b"\n") > 3) and process.poll() is None:
        time.sleep(0.02)
    os.killpg(process.pid, signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 130, (out, err)
    assert "Traceback" not in err
    assert "stopped by Ctrl-C; what is finished is kept" in err
    done = simcomm.load_results(tmp_path / "out")
    assert 3 <= len(done) < 69
    rest = subprocess.run([sys.executable, "-m", "simcomm", *arguments], cwd=tmp_path, capture_output=True, text=True)
    assert int(rest.stderr.split(" of ")[0]) >= len(done)
    assert len(simcomm.load_results(tmp_path / "out")) == 69
