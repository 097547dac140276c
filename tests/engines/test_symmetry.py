"""One rank for all: equal to the run of all operations, and refused, with the reason, where ranks are not alike."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from symmetry_runs import FOLDING, MODELS, check_equal, simulated

from simcomm.closed_forms import Vector
from simcomm.collectives import get
from simcomm.engines import symmetry
from simcomm.errors import EngineError, InputError
from simcomm.execution import Load, execute
from simcomm.networks import get as model
from simcomm.networks.base import Workers
from simcomm.topology.cluster import place
from simcomm.topology.regular import regular

#: In CI; all n from 1 to 64 by ``python tests/nightly.py``.
SOME = (2, 3, 4, 5, 8, 16)


@pytest.mark.parametrize("network", MODELS, ids=lambda m: "-".join(map(str, m.values())))
@pytest.mark.parametrize(("collective", "options"), FOLDING, ids=str)
def test_one_rank_is_all_ranks_on_a_star(collective: str, options: dict[str, Any], network: dict[str, Any]) -> None:
    for n in SOME if collective != "recursive_doubling" else (2, 4, 8, 16):
        check_equal(collective, options, n, network)


@pytest.mark.parametrize("network", MODELS, ids=lambda m: "-".join(map(str, m.values())))
def test_one_rank_is_all_ranks_on_other_regular_topologies(network: dict[str, Any]) -> None:
    for n in (2, 4, 8):
        check_equal("all_to_all", {}, n, network, topology="fully_connected")
        check_equal("ring_all_reduce", {}, n + 1, network, topology="ring")
        check_equal("recursive_doubling", {}, n, network, topology="hypercube")


def test_workers_that_compute_alike_are_alike() -> None:
    check_equal("ring_all_reduce", {}, 5, {"model": "loggp"}, compute="2 ms")
    check_equal("all_to_all", {"rounds": True}, 6, {"model": "store_and_forward"}, compute="2 ms")


def test_start_and_end_of_every_operation() -> None:
    ring, vector = get("ring_all_reduce").schedule(7), Vector(7 * 12, 4)
    star = regular("star", 7, 8.0e9, 3.0e-6, {})
    assert star is not None
    network = model("loggp")
    load = Load(ring, vector)
    cluster = place("star", star, 7, load.pairs)
    one = symmetry.run(ring, load.sizes, network, cluster, Workers.alike(7))
    full = execute(ring, vector, star, network=network, engine="des").timeline
    for ours, theirs in zip(one.times(), (full.start_s, full.end_s), strict=True):
        assert ours.tolist() == theirs.tolist()


@pytest.mark.parametrize(
    ("keys", "why"),
    [
        ({"stragglers": {1: {"start": "1 us"}}}, "the workers are not alike"),
        ({"compute": {"time": "1 ms", "jitter": 0.1}}, "the workers are not alike"),
        ({"stragglers": {1: {"bandwidth_factor": 0.5}}, "network": "fair_share"}, "not known to be the same"),
        ({"stragglers": {1: {"bandwidth_factor": 0.5}}}, "not known to be the same"),
        ({"parameters": 9}, "the chunks differ in size: 4 to 8 bytes"),
        ({"collective": "parameter_server"}, "not the same for every rank"),
        ({"one_send_at_a_time": True}, "not the same for every rank"),
        ({"topology": "hypercube", "network": "store_and_forward"}, "not known to be the same .* rotated"),
        ({"network": {"model": "loggp", "rendezvous_above": "1 B"}}, "comes to the same place twice"),
        ({"network": {"model": "loggp", "ports": "one_cpu"}}, "comes to the same place twice"),
        ({"topology": "ring", "network": "fair_share", "collective": "all_to_all_blocks"}, "several"),
    ],
    ids=lambda value: None if isinstance(value, dict) else value,
)
def test_what_is_not_symmetric_is_refused_with_the_reason(keys: dict[str, Any], why: str) -> None:
    collective = keys.pop("collective", "ring_all_reduce")
    with pytest.raises(EngineError, match=why):
        simulated("symmetry", collective, {}, 8, **keys)
    auto = simulated("auto", collective, {}, 8, **keys)
    assert auto.engine != "symmetry"


def test_auto_says_why_it_is_not_symmetry() -> None:
    late = {"stragglers": {3: {"start": "1 us"}}}
    found = simulated("auto", "ring_all_reduce", {}, 24, **late)
    assert found.engine == "maxplus"
    assert "the workers are not alike" in found.engine_reason
    assert simulated("auto", "ring_all_reduce", {}, 24).engine == "symmetry"


def test_there_is_no_timeline() -> None:
    with pytest.raises(InputError, match="symmetry keeps no timeline; expected auto, compiled, des"):
        simulated("symmetry", "ring_all_reduce", {}, 4, timeline=True)
    assert simulated("auto", "ring_all_reduce", {}, 24, timeline=True).engine == "compiled"


def test_a_million_workers_are_counted_by_one() -> None:
    """Not a test of speed: of numbers past what could be written down one by one."""
    n = 2**17
    found = simulated("auto", "ring_all_reduce", {}, n, parameters=n)
    assert found.engine == "symmetry"
    assert found.messages == found.expected_messages == 2 * n * (n - 1)
    assert found.time_matches
    assert found.proven


def test_an_asymmetry_that_is_not_declared_is_noticed() -> None:
    """A computation of one rank that takes longer than the others' is found in the seconds."""
    ring, vector = get("ring_all_reduce").schedule(4), Vector(8, 4)
    star = regular("star", 4, 8.0e9, 3.0e-6, {})
    assert star is not None
    load = Load(ring, vector)
    seconds = np.zeros(len(ring))
    seconds[5] = 1.0
    with pytest.raises(EngineError, match="computations differ between ranks"):
        symmetry.run(ring, load.sizes, model("loggp"), place("star", star, 4, load.pairs), Workers.alike(4), seconds)
    plain = Load(replace(ring), vector)
    with pytest.raises(EngineError, match="not the same for every rank"):
        symmetry.run(replace(ring), plain.sizes, model("loggp"), place("star", star, 4, plain.pairs), Workers.alike(4))
