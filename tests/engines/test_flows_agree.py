"""Collectives whose messages share links: the kernel's times are the reference's, on networks with many bottlenecks.

A ring on a network that is not its own goes out of step: what shares a link with what changes at nearly every instant,
and the kernel's short ways (``settling``) are all taken. It also makes rounding grow, up to 1e-9 in a run of this size.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from simcomm.closed_forms import Vector
from simcomm.collectives import get
from simcomm.engines.timeline import Timeline
from simcomm.execution import execute
from simcomm.topology import build

COLLECTIVES = ("ring_all_reduce", "rabenseifner", "all_to_all_blocks")
NETWORKS: dict[str, tuple[str, int, dict[str, Any]]] = {
    f"{leaves} leaves of {hosts}, {over} to 1": (
        "leaf_spine",
        leaves * hosts,
        {"leaves": leaves, "hosts_per_leaf": hosts, "oversubscription": over},
    )
    for leaves, hosts in ((2, 4), (3, 4), (4, 2), (4, 4))
    for over in (2, 4)
} | {
    "torus": ("torus", 16, {"dims": [4, 4]}),
    "dragonfly": ("dragonfly", 16, {}),
    "fat tree": ("fat_tree", 16, {"k": 4}),
}


def both(collective: str, network: str, model: dict[str, Any], seed: int, detailed: bool = False) -> list[Timeline]:
    """The reference's timeline and the kernel's, with a random placement."""
    kind, hosts, options = NETWORKS[network]
    graph = build(kind, hosts, 12.5e9, 2e-6, **options)
    schedule = get(collective).schedule(hosts)
    given: dict[str, Any] = {"network": model, "placement": "random", "seed": seed, "detailed": detailed}
    return [execute(schedule, Vector(2**18), graph, engine=engine, **given).timeline for engine in ("des", "compiled")]


@pytest.mark.no_cover
@pytest.mark.parametrize("network", NETWORKS)
@pytest.mark.parametrize("collective", COLLECTIVES)
def test_all_times_are_those_of_the_reference(collective: str, network: str) -> None:
    for seed in (3, 7):
        for model in ({}, {"weights": "inverse_latency"}, {"rate_cap": "5 GB/s"}):
            reference, kernel = both(collective, network, {"model": "fair_share"} | model, seed)
            np.testing.assert_allclose(kernel.start_s, reference.start_s, rtol=1e-9, atol=1e-15)
            np.testing.assert_allclose(kernel.end_s, reference.end_s, rtol=1e-9)


@pytest.mark.parametrize("network", NETWORKS)
@pytest.mark.parametrize("collective", COLLECTIVES)
def test_no_link_carries_more_than_its_bandwidth(collective: str, network: str) -> None:
    """But for the last digit or two, however many links are full at one level."""
    for run in both(collective, network, {"model": "fair_share"}, 3, detailed=True):
        assert max(rate.rate_Bps / rate.place.bandwidth_Bps for rate in run.log.rates) < 1 + 2e-15
