"""`simcomm bounds`: bounds in numbers, which one binds, and what would help."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import networkx as nx
import numpy as np
import pytest

import simcomm
from simcomm.bounds import Explanation, explain, hosts_in_words
from simcomm.closed_forms import Claim, Traffic, Vector, chunks_except
from simcomm.collectives import get
from simcomm.collectives.base import Collective
from simcomm.errors import InputError
from simcomm.goals import ALL_REDUCE, scatter
from simcomm.recorder import Recorder
from simcomm.results import Result
from simcomm.schedule import Schedule

LINK = {"bandwidth": "1 GB/s", "latency": "5 us"}


def result(collective: Any, workers: int = 16, **keys: Any) -> Result:
    keys = {"size": "16 MB", "link": LINK} | keys
    return simcomm.simulate(collective, workers, **keys)


def lines(found: Explanation) -> dict[str, tuple[str, float]]:
    return {line.name: (line.formula, pytest.approx(line.time_s)) for line in found.lines}


def test_every_bound_in_numbers() -> None:
    found = explain(result("ring_all_reduce", network={"model": "loggp", "reduce_bandwidth": "2 GB/s"}))
    assert lines(found) == {
        "latency": ("4 rounds · 10 us, if a port is held meanwhile", 40e-6),
        "its own latency": ("30 steps · 10 us", 300e-6),
        "bandwidth": ("2·15/16 · 16 MB / 1 GB/s", 30e-3),
        "computation": ("15/16 · 16 MB / 2 GB/s of adding", 7.5e-3),
        "cut": ("10 us + 16 MB / 1 GB/s, {0 | 1-15}; loggp does not see it", 16.01e-3),
        "least possible": ("10 us + what the ports allow", 37.51e-3),
    }
    assert found.sentences == (
        "The hosts' ports bind: more bandwidth there would lower the bound, which no algorithm does.",
        "The time is 0.8 % above the least possible: no other algorithm can gain more than that.",
    )


@pytest.mark.parametrize(
    ("collective", "formula", "seconds"),
    [
        ("ring_all_gather", "15/16 · 16 MB / 1 GB/s", 15e-3),
        ("all_to_all_blocks", "15/16 · 16 MB / 1 GB/s", 15e-3),
        ({"name": "parameter_server", "servers": 4}, "2·15/20 · 16 MB / 1 GB/s", 24e-3),
        ({"name": "parameter_server", "servers": 48}, "16 MB / 1 GB/s", 16e-3),
    ],
)
def test_the_bandwidth_that_is_needed(collective: Any, formula: str, seconds: float) -> None:
    assert lines(explain(result(collective)))["bandwidth"] == (formula, seconds)


def test_unequal_ports_and_a_slow_worker() -> None:
    slow = {"stragglers": {3: {"bandwidth_factor": 0.5}}}
    assert lines(explain(result("ring_all_reduce", **slow)))["bandwidth"] == ("16 MB / 500 MB/s", 32e-3)
    found = lines(explain(result("ring_all_gather", stragglers={3: {"bandwidth_factor": 0.95}})))["bandwidth"]
    assert found == ("15/16 · 16 MB / 950 MB/s", 15e-3 / 0.95)
    fast = {"stragglers": {16: {"bandwidth_factor": 4}}}  # the server
    found = lines(explain(result("parameter_server", **fast)))["bandwidth"]
    assert found == ("480 MB / 20 GB/s of all ports", 480e-3 / 20)


def two_leaves() -> nx.DiGraph[Any]:
    """Hosts 0 to 3 on one leaf, 4 to 7 on another one, a thin cable between the leaves."""
    graph: nx.Graph[Any] = nx.Graph()
    graph.add_nodes_from(range(8), kind="host")
    graph.add_nodes_from(["leaf0", "leaf1"], kind="switch")
    graph.add_edges_from([(host, f"leaf{host // 4}") for host in range(8)], bandwidth_Bps=1e9, latency_s=5e-6)
    graph.add_edge("leaf0", "leaf1", bandwidth_Bps=2e8, latency_s=5e-6)
    return graph


def test_a_cut_binds_and_its_links_are_named() -> None:
    plain = {"network": "fair_share", "topology": two_leaves(), "size": "16 MB"}
    found = explain(simcomm.simulate("ring_all_reduce", 8, **plain))
    assert lines(found)["cut"] == ("10 us + 16 MB / 200 MB/s, {4-7 | 0-3}", 80.01e-3)
    assert lines(found)["least possible"] == ("the cut", 80.01e-3)
    assert found.sentences[0] == (
        "The cut binds: whatever the algorithm, 16 MB must cross the link leaf1 -> leaf0; more bandwidth there would "
        "lower the bound."
    )
    found = explain(simcomm.simulate("all_to_all_blocks", 8, **plain))
    assert found.sentences == (
        "The cut binds: whatever the algorithm, 32 MB must cross the link leaf0 -> leaf1; more bandwidth there would "
        "lower the bound.",
        "The time is the least possible.",
    )


def from_rank_1(workers: int) -> Schedule:
    """Rank 1 sends every other worker its chunk."""
    others = np.array([rank for rank in range(workers) if rank != 1])
    record = Recorder(workers, workers)
    record.copy(src=1, dst=others, chunk=others)
    return record.schedule()


def claim(n: int, vector: Vector) -> Claim:
    """A message of S/n for each."""
    all_of_it = chunks_except(vector, n, 1)

    def received(rank: int) -> Traffic:
        return Traffic(int(rank != 1), vector.chunk_bytes(rank, n) * (rank != 1))

    return Claim(all_of_it, 1, lambda rank: all_of_it if rank == 1 else Traffic(0, 0), received)


def test_the_port_of_a_root_binds() -> None:
    mine = Collective("mine", scatter(1), from_rank_1, claim, source="2026")
    found = explain(result(mine, 8))
    assert lines(found)["bandwidth"] == ("14 MB / 1 GB/s at rank 1", 14e-3)
    assert lines(found)["cut"] == ("10 us + 14 MB / 1 GB/s, {1 | 0, 2-7}; loggp does not see it", 14.01e-3)
    assert found.sentences[0] == (
        "The port of rank 1 binds: more bandwidth there would lower the bound, which no algorithm does."
    )


def test_what_would_help() -> None:
    def said(collective: Any, **keys: Any) -> tuple[str, ...]:
        return explain(result(collective, **keys)).sentences

    assert "fewer steps one after the other would help" in said("ring_all_reduce", size="16 KiB")[1]
    assert "is bytes on the wire: fewer bytes one after the other" in said("recursive_doubling")[1]
    assert "(longest for send port of rank 16): messages that meet less" in said("parameter_server")[1]
    adding = {"network": {"model": "loggp", "reduce_bandwidth": "100 MB/s"}}
    binds, helps = said("recursive_doubling", **adding)
    assert binds == "Adding up binds: faster adding would lower the bound."
    assert "is adding up: adding up that is spread over more ranks" in helps
    assert "is computing: faster workers" in said("ring_all_reduce", compute={"time": "1 s"})[1]
    assert (
        "is late start of a worker: workers that start" in said("ring_all_reduce", stragglers={1: {"start": "1 s"}})[1]
    )


def test_a_short_vector_is_bound_by_one_latency_and_beats_that_of_the_literature() -> None:
    assert explain(result("all_to_all", size="4 B")).sentences == (
        "One latency binds: the vector is so short that its bytes hardly count; only a lower latency would help.",
        "The time is 0.5 % above the least possible: no other algorithm can gain more than that.",
        "It beats the latency bound, since a port has many messages under way at once.",
    )


def test_where_there_is_nothing_to_say() -> None:
    unknown = replace(get("ring_all_reduce"), name="mine", goal=replace(ALL_REDUCE, operation="scan"))
    found = result(unknown)
    assert (found.lower_bound_s, found.latency_bound_s, found.busbw_Bps) == (0.0, None, None)
    assert explain(found).sentences == ("No bound is known for what this collective does.",)
    assert explain(result("ring_all_reduce", 1)) == Explanation(0.0, (), ("Nothing has to be sent.",))
    with pytest.raises(InputError, match="a result without its bounds, as from a file; expected"):
        explain(replace(result("gossip"), bound=None))


def test_bytes_that_take_no_time_have_no_bandwidth_bound() -> None:
    found = explain(result("ring_all_reduce", network={"model": "loggp", "first_byte_free": True}))
    assert [line.name for line in found.lines] == ["latency", "its own latency", "cut", "least possible"]


def test_hosts_in_words() -> None:
    assert hosts_in_words([5]) == "5"
    assert hosts_in_words([0, 2, 4, 6, 8, 10, 12, 14]) == "0, 2, 4, 6, 8, 10 and 2 more"


SCENARIO = """
workers: 8
size: 1 MB
link: {bandwidth: 1 GB/s, latency: 5 us}
sweep: {collective: [ring_all_reduce, all_to_all_blocks]}
"""


#: A ring that claims one step too many.
WRONG = """
from dataclasses import replace
from simcomm.collectives import get

ring = get("ring_all_reduce")


def claim(n, vector):
    right = ring.closed_form(n, vector)
    return replace(right, steps=right.steps + 1)


wrong = replace(ring, name="wrong", closed_form=claim)
"""


def test_the_command(command: Any, tmp_path: Any) -> None:
    (tmp_path / "mine.yaml").write_text(SCENARIO)
    ran = command("bounds", "mine.yaml", "workers=4")
    assert ran.code == 0
    assert ran.err.splitlines()[-1] == "2 of 2 points done"
    assert ran.out.startswith("collective=ring_all_reduce workers=4: 1.56 ms\n")
    rows = [" ".join(line.split()) for line in ran.out.splitlines()]
    assert "bandwidth 2·3/4 · 1 MB / 1 GB/s 1.5 ms 1.04x +4.0 %" in rows
    assert "its own latency 6 steps · 10 us 60 us 26x +2,500 %" in rows
    assert "collective=all_to_all_blocks workers=4: 760 us" in rows
    assert rows[-2:] == ["The time is the least possible.", ""]
    assert list(tmp_path.iterdir()) == [tmp_path / "mine.yaml"]
    assert command("bounds", "other.yaml").code == 2


def test_the_command_shows_the_same_from_several_processes_and_goes_on_after_a_failure(
    command: Any, tmp_path: Any
) -> None:
    (tmp_path / "mine.yaml").write_text(SCENARIO)
    one, two = (command("bounds", "mine.yaml", "-j", jobs) for jobs in ("1", "2"))
    assert one.out == two.out
    assert "{0 | 1-7}" in one.out
    (tmp_path / "wrong.py").write_text(WRONG)
    ran = command("bounds", "mine.yaml", 'plugins=["wrong:wrong"]', "collective=wrong,ring_all_reduce")
    assert ran.code == 1
    assert ran.out.startswith("collective=ring_all_reduce workers=8: ")
    assert "collective=wrong" in ran.err
