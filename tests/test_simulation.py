"""One point from Python: three lines, objects of one's own, and what is refused or fails."""

from __future__ import annotations

from dataclasses import replace

import networkx as nx
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

import simcomm
from simcomm.collectives import get, names
from simcomm.errors import InputError
from simcomm.results import PARTS
from simcomm.scenario import from_mapping
from simcomm.simulation import simulate_point

LINK = {"bandwidth": "100 Gbit/s", "latency": "5 us"}


NETWORKS = [
    {"model": "loggp"},
    {"model": "store_and_forward"},
    {"model": "fair_share"},
    {"model": "fair_share", "weights": "inverse_latency", "rate_cap": "40 Gbit/s"},
]


def test_three_lines_and_the_columns_are_attributes():
    result = simcomm.simulate("ring_all_reduce", workers=4, parameters=1000, link=LINK)
    assert (result.messages, result.total_bytes, result.max_bytes_sent, result.steps) == (24, 24_000, 6000, 6)
    assert result.time_s == pytest.approx(6 * (2 * 5e-6 + 1000 / 12.5e9), rel=1e-12)
    assert result.algbw_Bps == pytest.approx(4000 / result.time_s)
    assert result.busbw_Bps == pytest.approx(1.5 * 4000 / result.time_s)
    assert result.lower_bound_s == pytest.approx(1e-5 + 6000 / 12.5e9)
    assert result.schedule.messages == 24
    assert result.timeline is None


def test_a_timeline_when_asked():
    result = simcomm.simulate("all_to_all", workers=3, size="1 MB", link=LINK, timeline=True)
    assert result.timeline.makespan_s == result.time_s
    assert len(list(result.timeline)) == 6
    path = simcomm.critical_path(result.timeline)
    assert path.parts.latency_s == result.critical_latency_s
    assert [rank.send_s for rank in simcomm.rank_times(result.timeline)] == pytest.approx([2 * 1e6 / 12.5e9] * 3)


def is_possible(name, workers):
    try:
        return get(name).check(workers, {}) == {}
    except InputError:
        return False


@given(
    name=st.sampled_from(names()),
    workers=st.integers(1, 12),
    parameters=st.integers(0, 10**12),
    dtype=st.sampled_from(["float64", "float32", "bfloat16", "int8"]),
    kind=st.sampled_from(["star", "ring", "fully_connected", "line", "hypercube"]),
    network=st.sampled_from(NETWORKS),
    adding=st.sampled_from([None, "1 GB/s", "200 GB/s"]),
    seed=st.integers(0, 5),
)
def test_any_point_passes_its_checks(name, workers, parameters, dtype, kind, network, adding, seed):
    network = network | ({"reduce_bandwidth": adding} if adding else {})
    kind = "star" if name == "in_network_all_reduce" else kind  # it needs switches
    assume(is_possible(name, workers))
    keys = {"parameters": parameters, "dtype": dtype, "network": network, "seed": seed, "link": LINK}
    result = simcomm.simulate(name, workers, topology=kind, timeline=True, **keys)
    assert result.counts_match
    assert result.proven
    assert result.time_matches is not False
    assert result.time_s >= result.lower_bound_s * (1 - 1e-12)
    assert sum(getattr(result, column) for column in PARTS) == pytest.approx(result.time_s, rel=1e-9)
    assert 0 <= result.critical_wait_at_s <= result.critical_port_wait_s * (1 + 1e-9)
    assert bool(result.critical_wait_at) is bool(result.critical_wait_at_s)
    assert sum(use.bytes for use in result.links) >= result.total_bytes
    assert max((use.bytes for use in result.links), default=0) >= result.bottleneck_bytes
    assert network["model"] == "loggp" or (result.bottleneck_utilisation or 0) <= 1 + 1e-9


def test_a_ring_on_a_ring_has_one_link_of_latency_per_hop():
    ring = simcomm.simulate("ring_all_reduce", 8, parameters=8000, link=LINK, topology="ring", timeline=True)
    star = simcomm.simulate("ring_all_reduce", 8, parameters=8000, link=LINK)
    assert star.time_s - ring.time_s == pytest.approx(14 * 5e-6)
    assert {use.bytes for use in ring.links} == {ring.max_bytes_sent, 0}
    assert ring.formula_s is not None
    far = simcomm.simulate("all_to_all", 8, parameters=8000, link=LINK, topology="ring")
    assert far.formula_s is None  # routes of one to four links: no one latency, no formula


def test_a_graph_of_the_user_s_own():
    graph = nx.Graph()
    graph.add_nodes_from(["a", "b"], kind="host")
    graph.add_node("s", kind="switch")
    graph.add_edge("a", "s", bandwidth="10 Gbit/s", latency="1 us")
    graph.add_edge("s", "b", bandwidth_Bps=1e9, latency_s=2e-6)
    result = simcomm.simulate("all_to_all", 2, size="1 MB", topology=graph)
    assert result.time_s == pytest.approx(3e-6 + 1e6 / 1e9)
    assert (result.topology, result.bandwidth_Bps, result.latency_s) == ("graph", None, None)
    with pytest.raises(simcomm.InputError, match="graph has 2 hosts; expected at least 3"):
        simcomm.simulate("all_to_all", 3, size="1 MB", topology=graph)
    with pytest.raises(simcomm.InputError, match="a link beside a graph"):
        simcomm.simulate("all_to_all", 2, size="1 MB", topology=graph, link=LINK)


def test_a_collective_object():
    mine = replace(get("ring_all_reduce"), name="my_ring")
    assert simcomm.simulate(mine, 4, parameters=100, link=LINK).collective == "my_ring"


def test_late_and_slow_workers():
    alike = {"workers": 4, "parameters": 10**6, "link": LINK}
    fast = simcomm.simulate("ring_all_reduce", **alike)
    late = simcomm.simulate("ring_all_reduce", **alike, stragglers={2: {"start": "7 ms"}})
    assert late.formula_s is None
    assert late.time_s > 7e-3 + fast.time_s / 2
    assert late.critical_data_wait_s == pytest.approx(7e-3)
    slow = simcomm.simulate("ring_all_reduce", **alike, stragglers={2: {"bandwidth_factor": 0.5}})
    assert 1.5 * fast.time_s < slow.time_s < 2 * fast.time_s
    lazy = {"compute": {"time": "3 ms"}, "stragglers": {2: {"compute_factor": 3}}}
    assert simcomm.simulate("ring_all_reduce", **alike, **lazy).critical_compute_s == pytest.approx(9e-3)


def test_jitter_is_seeded():
    keys = {"parameters": 10**6, "link": LINK, "compute": {"time": "3 ms", "jitter": 0.2}}
    one, again, other = (simcomm.simulate("ring_all_reduce", 4, seed=seed, **keys) for seed in (1, 1, 2))
    assert one.as_row() == again.as_row()
    assert one.time_s != other.time_s


def test_a_false_claim_is_an_error_and_not_a_footnote():
    right = get("all_to_all")

    def false_total(n, vector, **options):
        claim = right.closed_form(n, vector, **options)
        return replace(claim, total=simcomm.Traffic(2 * n, 2 * n * vector.bytes))

    def false_time(n, vector, **options):
        return replace(right.closed_form(n, vector, **options), time=lambda alpha, beta, gamma: alpha)

    with pytest.raises(simcomm.CountError, match="counted 12 messages and 4800 bytes, the closed form says 8 and 3200"):
        simcomm.simulate(replace(right, name="x", closed_form=false_total), 4, parameters=100, link=LINK)
    with pytest.raises(simcomm.TimeError, match=r"the engine says .* s, the formula 1e-05 s"):
        simcomm.simulate(replace(right, name="x", closed_form=false_time), 3, parameters=100, link=LINK)
    called_whole = replace(get("ring_reduce_scatter"), name="x", goal=simcomm.ALL_REDUCE)
    with pytest.raises(
        simcomm.ProofError, match="rank 0, chunk 1: the gradient of worker 1 is missing at the end; it never left"
    ):
        simcomm.simulate(called_whole, 3, parameters=100, link=LINK)


def test_what_is_refused():
    with pytest.raises(simcomm.InputError, match="simulate: workers: 0"):
        simcomm.simulate("all_to_all", 0, parameters=1, link=LINK)
    with pytest.raises(simcomm.InputError, match="2 points; expected one"):
        simcomm.simulate("all_to_all", 2, link=LINK, sweep={"parameters": [1, 2]})
    with pytest.raises(simcomm.InputError, match="size_bytes: unknown key"):
        simcomm.simulate("all_to_all", 2, size_bytes=5, link=LINK)
    with pytest.raises(AttributeError, match="no attribute 'simulat'"):
        simcomm.simulat  # noqa: B018


def test_every_public_name_is_there():
    assert all(getattr(simcomm, name) is not None for name in simcomm.__all__)
    assert set(simcomm.__all__) <= set(dir(simcomm))


def test_the_same_scenario_gives_the_same_bytes(tmp_path):
    scenario = {
        "parameters": 12345,
        "link": LINK,
        "compute": {"time": "1 ms", "jitter": 0.1},
        "sweep": {"collective": list(names()), "workers": [1, 2, 4]},
    }
    simcomm.run(scenario, out=tmp_path / "a")
    simcomm.run(scenario, out=tmp_path / "b", jobs=2)
    assert (tmp_path / "a" / "results.csv").read_bytes() == (tmp_path / "b" / "results.csv").read_bytes()


def test_a_point_without_topology_is_refused():
    point = from_mapping({"workers": 2, "parameters": 1, "collective": "all_to_all", "link": LINK}).points[0]
    with pytest.raises(simcomm.InputError, match="neither a kind with a link nor a file"):
        simulate_point(point.model_copy(update={"link": None}))


def test_a_graph_from_a_file(tmp_path, monkeypatch):
    graph = nx.star_graph(3)
    nx.set_node_attributes(graph, {0: "switch"} | dict.fromkeys(range(1, 4), "host"), "kind")
    nx.set_edge_attributes(graph, {edge: {"bandwidth": "1 GB/s", "latency": "1 us"} for edge in graph.edges})
    nx.write_graphml(graph, tmp_path / "lab.graphml")
    monkeypatch.chdir(tmp_path)
    scenario = {"parameters": 1000, "topology": {"file": "lab.graphml"}, "collective": "ring_all_reduce"}
    (result,) = simcomm.run({**scenario, "sweep": {"workers": [3]}})
    assert (result.topology, result.bandwidth_Bps) == ("lab.graphml", 1e9)
    assert result.time_s == pytest.approx(4 * (2e-6 + 1336 / 1e9))
    with pytest.raises(simcomm.InputError, match=r"lab.graphml has 3 hosts; expected at least 4"):
        simcomm.run({**scenario, "workers": 4})


@pytest.mark.parametrize("given", [{"elements": -3}, {"elements": 1.5}, {"elements": 8, "itemsize": 0}])
def test_a_vector_has_whole_elements(given):
    with pytest.raises(simcomm.InputError, match="expected a whole number of at least"):
        simcomm.Vector(**given)


def test_the_same_point_under_three_models():
    # 8 workers push 4 MB each to one server: its port or its link is held 8 times 4 MB.
    keys = {"parameters": 10**6, "link": LINK}
    wire = 4e6 / 12.5e9
    times = {
        network: simcomm.simulate("parameter_server", 8, network=network, **keys).time_s
        for network in ("loggp", "store_and_forward", "fair_share")
    }
    assert times["loggp"] == pytest.approx(2 * (1e-5 + 8 * wire))
    assert times["fair_share"] == pytest.approx(2 * (1e-5 + 8 * wire))
    assert times["store_and_forward"] == pytest.approx(2 * (1e-5 + 9 * wire))  # once more, at the switch


def test_one_send_at_a_time_adds_dependencies_and_has_no_formula():
    keys = {"parameters": 1000, "link": LINK}
    free = simcomm.simulate("all_to_all", 4, **keys)
    one = simcomm.simulate("all_to_all", 4, one_send_at_a_time=True, **keys)
    assert one.formula_s is None
    assert free.formula_s == pytest.approx(free.time_s)
    assert one.time_s == pytest.approx(3 * (1e-5 + 4000 / 12.5e9))
    assert one.schedule[11].after == (7,)
    assert free.schedule[11].after == ()
    assert one.counts_match
    assert one.steps == free.steps  # what is counted is the collective's own


def test_what_is_explained_of_a_wait():
    result = simcomm.simulate("parameter_server", 4, parameters=1000, link=LINK, network="store_and_forward")
    wire = 4000 / 12.5e9
    assert result.critical_wait_at in ("link switch -> 4", "link 4 -> switch")
    assert result.critical_port_wait_s == pytest.approx(6 * wire)
    assert result.critical_wait_at_s == pytest.approx(3 * wire)
    assert (result.bottleneck, result.bottleneck_bytes) == ("4 -> switch", 16000)
    assert result.bottleneck_peak == 4
    assert result.bottleneck_until_s - result.bottleneck_from_s == pytest.approx(3 * wire)


@pytest.mark.parametrize("network", ["loggp", "store_and_forward", "fair_share"])
def test_a_timeline_is_detailed_and_changes_no_number(network):
    keys = {"workers": 4, "parameters": 1000, "link": LINK, "network": network}
    plain, detailed = (simcomm.simulate("all_to_all", timeline=timeline, **keys) for timeline in (False, True))
    assert plain.as_row() == detailed.as_row()
    assert plain.links == detailed.links
    assert len(detailed.timeline.log.crossings) == 24  # two ports, or two links, of each of 12 messages
    assert bool(detailed.timeline.log.rates) is (network == "fair_share")


def test_networks_are_told_apart_in_the_row():
    network = {"model": "fair_share", "weights": "inverse_latency", "rate_cap": "10 Gbit/s"}
    result = simcomm.simulate("all_to_all", 3, parameters=1000, link=LINK, network=network)
    assert result.network == "fair_share"
    assert "weights=inverse_latency" in result.network_options
    assert result.time_s == pytest.approx(1e-5 + 4000 / 1.25e9)  # two capped flows do not fill a link
