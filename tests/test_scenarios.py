"""Every scenario runs as it is, and gives the answer that the README and the docs state."""

from __future__ import annotations

import math
from collections.abc import Callable

import pytest
import yaml
from conftest import ROOT

import simcomm
from simcomm.results import Results

FOLDER = ROOT / "scenarios"
NAMES = sorted(path.stem for path in FOLDER.glob("*.yaml"))


@pytest.fixture(scope="module")
def results() -> Callable[[str], Results]:
    """Results of a scenario, each run once."""
    found: dict[str, Results] = {}

    def of(name: str) -> Results:
        if name not in found:
            found[name] = simcomm.run(FOLDER / f"{name}.yaml")
        return found[name]

    return of


def test_the_issue_s_scenarios_are_there():
    assert {"the_table", "bandwidth_vs_n", "crossover", "straggler", "shards"} <= set(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_every_scenario_opens_with_its_question_and_runs(name, results):
    text = (FOLDER / f"{name}.yaml").read_text()
    first_key = next(line for line in text.splitlines() if not line.startswith("#"))
    assert first_key.startswith("question: ")
    assert yaml.safe_load(text)["question"].endswith("?")
    found = results(name)
    assert len(found) > 0
    assert not found.failed
    assert not found.skipped
    assert all(r.counts_match and r.proven for r in found)
    assert all(r.time_matches for r in found if r.formula_s is not None)
    assert all(r.time_s >= r.lower_bound_s for r in found)


def test_the_table_is_the_founding_table(results):
    found = results("the_table")
    assert [r.workers for r in found] == [2, 4, 8, 16, 32, 64] * 3
    for r in found:
        n, p = r.workers, r.vector_bytes
        messages, size = {
            "all_to_all": (n * (n - 1), p),
            "parameter_server": (2 * n, p),
            "ring_all_reduce": (n * 2 * (n - 1), p / n),
        }[r.collective]
        assert r.messages == messages
        assert math.isclose(r.total_bytes, messages * size)


def test_bandwidth_vs_n(results):
    found = results("bandwidth_vs_n")
    assert {r.parameters for r in found} == {25_557_032}
    largest = {r.collective: r for r in found.where(workers=256)}
    ring, server, everyone = (largest[c] for c in ("ring_all_reduce", "parameter_server", "all_to_all"))
    assert ring.total_bytes < server.total_bytes < everyone.total_bytes
    assert ring.max_bytes_sent * 100 < server.max_bytes_sent
    assert ring.busbw_Bps > 0.75 * ring.bandwidth_Bps
    assert server.busbw_Bps < everyone.busbw_Bps < 0.01 * ring.bandwidth_Bps


def test_crossover(results):
    found = results("crossover")
    times = {
        c: found.where(collective=c).column("time_s") for c in ("all_to_all", "parameter_server", "ring_all_reduce")
    }
    wins = [min(times, key=lambda c: times[c][i]) for i in range(21)]
    assert wins == ["all_to_all"] * 9 + ["ring_all_reduce"] * 12
    sizes = found.where(collective="ring_all_reduce").column("vector_bytes")
    assert sizes[8:10] == [256 * 1024, 512 * 1024]
    server_beats_ring = [s for s, r in zip(times["parameter_server"], times["ring_all_reduce"], strict=True) if s < r]
    assert len(server_beats_ring) == 7  # up to 64 KiB


def test_straggler(results):
    found = results("straggler")
    starts = [0, 5, 10, 20, 40, 80]
    grows = {}
    for collective in ("all_to_all", "parameter_server", "ring_all_reduce"):
        times = found.where(collective=collective).column("time_s")
        assert len(times) == len(starts)
        grows[collective] = [1e3 * (time - times[0]) for time in times]
    assert grows["parameter_server"][4] < 1  # 40 ms late, and the server's port was busy anyway
    assert grows["ring_all_reduce"][4] > 38  # a ring waits for everybody
    assert 35 < grows["all_to_all"][4] < 40


def test_shards(results):
    ring, *servers = results("shards")
    times = [r.time_s for r in servers]
    assert times == sorted(times, reverse=True)
    assert [r.options for r in servers if r.time_s < ring.time_s] == ["placement=colocated servers=workers"]
