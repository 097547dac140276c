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
    assert all(r.time_s >= r.lower_bound_s * (1 - 1e-12) for r in found)


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


def test_incast(results):
    times = {
        (bool(r.stragglers), r.network + (" " + r.network_options if r.network_options else "")): 1e3 * r.time_s
        for r in results("incast")
    }
    packets = "store_and_forward packet_size=1 MB"
    alike = {"loggp": 128.02, "store_and_forward": 144.02, packets: 128.18, "fair_share": 128.02}
    for network, expected in alike.items():
        slow = 176.02 if network == "loggp" else expected  # only a port is held by a slow message
        assert times[False, network] == pytest.approx(expected)
        assert times[True, network] == pytest.approx(slow)


def test_oversubscription(results):
    found = results("oversubscription")
    ring, blocks = (found.where(collective=c) for c in ("ring_all_reduce", "all_to_all_blocks"))
    times = [1e3 * r.time_s for r in ring]
    assert times[:4] == pytest.approx([10.68] * 4, rel=1e-3)
    assert times[4] == pytest.approx(21.0, rel=2e-3)
    assert [1e3 * t for t in blocks.column("time_s")] == pytest.approx([5.21, 8.06, 16.11, 32.22, 64.43], rel=1e-3)
    assert [r.lower_bound_by.startswith("cut: 8 of 32 workers behind 1 link") for r in blocks][1:3] == [True, True]
    assert blocks.column("lower_bound_ratio")[1:] == pytest.approx([1] * 4, rel=1e-3)
    assert [r.bottleneck for r in blocks][1:] == ["leaf0 -> spine0"] * 4


def test_placement(results):
    times = {r.placement: 1e3 * r.time_s for r in results("placement")}
    assert times == pytest.approx({"linear": 10.68, "round_robin": 42.1, "random": 35.3}, rel=2e-3)
    assert len({(r.messages, r.total_bytes, r.max_bytes_sent) for r in results("placement")}) == 1
    assert {r.bottleneck for r in results("placement").where(placement="round_robin")} == {"leaf0 -> spine0"}


def test_torus_vs_fat_tree(results):
    times = {(r.topology, r.collective): 1e3 * r.time_s for r in results("torus_vs_fat_tree")}
    assert times["torus", "ring_all_reduce"] == pytest.approx(10.7, rel=5e-3)
    assert times["fat_tree", "ring_all_reduce"] == pytest.approx(10.9, rel=5e-3)
    assert times["torus", "all_to_all_blocks"] == pytest.approx(4.03, rel=5e-3)
    assert times["fat_tree", "all_to_all_blocks"] == pytest.approx(6.88, rel=5e-3)
    bounds = {
        r.topology: r.lower_bound_ratio for r in results("torus_vs_fat_tree").where(collective="all_to_all_blocks")
    }
    assert bounds == pytest.approx({"torus": 1.5, "fat_tree": 1.3}, rel=0.01)


def test_rails(results):
    times = {(r.topology, r.collective): r.time_s for r in results("rails")}
    gain = {c: times["shared_nic", c] / times["rail_optimised", c] for _, c in times}
    assert gain["ring_all_reduce"] == pytest.approx(1, abs=0.01)
    assert gain["rabenseifner"] == pytest.approx(4.4, abs=0.05)
    assert gain["all_to_all_blocks"] == pytest.approx(8, abs=0.05)


def test_moe(results):
    skews = (0, 0.25, 0.5, 0.75, 1, 1.5, 2)
    for network in ("loggp", "fair_share"):
        found = results("moe").where(network=network)
        assert [1e3 * r.time_s for r in found] == pytest.approx([4.81, 7.6, 11.5, 16.6, 22.7, 36.2, 48.5], rel=5e-3)
        popular = [1 / sum(k**-skew for k in range(1, 17)) for skew in skews]
        assert [r.time_s / found[0].time_s for r in found] == pytest.approx([16 * part for part in popular], rel=2e-3)
        assert {r.total_bytes for r in found} == {960_000_000}
        assert {r.bottleneck for r in found[1:]} == {"switch -> 4"}


def test_nccl_topology(results):
    found = {(r.collective, r.placement): r for r in results("nccl_topology")}
    along = "1 0 3 5 4 7 6 2"
    times = {key: 1e3 * r.time_s for key, r in found.items()}
    assert times["ring_all_reduce", "linear"] == pytest.approx(30.6, rel=2e-3)
    assert times["ring_all_reduce", along] == pytest.approx(20.6, rel=3e-3)
    assert times["rabenseifner", "linear"] == pytest.approx(27.2, rel=3e-3)
    assert times["rabenseifner", along] == pytest.approx(39.2, rel=3e-3)
    assert times["all_to_all_blocks", "linear"] == pytest.approx(21.0, rel=3e-3)
    assert times["all_to_all_blocks", along] == pytest.approx(times["all_to_all_blocks", "linear"])
    assert found["ring_all_reduce", "linear"].bottleneck == "cpu0 -> cpu1"
    assert "cpu0 -> cpu1" in found["all_to_all_blocks", "linear"].lower_bound_by


def test_in_network(results):
    found = results("in_network")
    times = {
        c: found.where(collective=c).column("time_s")
        for c in ("in_network_all_reduce", "ring_all_reduce", "rabenseifner")
    }
    ratios = [
        min(ring, halving) / switches
        for switches, ring, halving in zip(
            times["in_network_all_reduce"], times["ring_all_reduce"], times["rabenseifner"], strict=True
        )
    ]
    assert all(r.time_matches for r in found.where(collective="in_network_all_reduce"))
    assert ratios[0] > 3  # six latencies instead of eight times six
    assert 1.7 < ratios[-1] < 2 * 15 / 16  # every byte leaves a host once instead of 15/8 times


def test_dgx1(results):
    for r in results("dgx1"):
        over = r.time_s / r.lower_bound_s
        if r.collective == "packed_trees_all_reduce":
            assert over < (1.02 if r.network == "store_and_forward" else 1.13)
        else:
            assert over > (2.9 if "0 3 2 1" in r.placement else 6)


def test_odd_graphs(results):
    for r in results("odd_graphs"):
        over = r.time_s / r.lower_bound_s
        if r.collective == "packed_trees_all_reduce":
            assert over < (1.02 if r.network == "store_and_forward" else 1.1)
        else:
            assert over > (1.49 if r.topology == "uneven_ring.json" else 7)
