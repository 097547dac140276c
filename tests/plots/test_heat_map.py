"""The heat map of links: how much of each is used, over the drawn topology."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from matplotlib.figure import Figure
from matplotlib.patches import FancyArrowPatch
from plot_runs import assert_legible, run, words

from simcomm.errors import InputError
from simcomm.plots import link_heat
from simcomm.topology import build

LINK = {"bandwidth": "10 GB/s", "latency": "0 s"}
INCAST: dict[str, Any] = {"collective": "parameter_server", "workers": 3, "parameters": 2 * 10**6, "link": LINK}
LEAF_SPINE = {"kind": "leaf_spine", "leaves": 3, "spines": 2, "oversubscription": 2}


def texts(figure: Figure) -> list[str]:
    return [text.get_text() for text in figure.axes[0].texts]


def widths(figure: Figure) -> list[float]:
    arrows = [patch for patch in figure.axes[0].patches if isinstance(patch, FancyArrowPatch)]
    return sorted({round(arrow.get_linewidth(), 6) for arrow in arrows if arrow.get_linestyle() == "-"})


def test_links_say_how_much_of_them_is_used() -> None:
    figure = link_heat(run(**INCAST, network="fair_share"))
    assert texts(figure).count("50%") == 2
    assert texts(figure).count("16.7%") == 6
    assert len(widths(figure)) == 2
    assert figure.axes[1].get_ylabel() == "utilisation of the link (%)"
    assert figure.axes[1].get_ylim() == pytest.approx((0, 0.5))
    assert "the busiest 3 -> switch: 50.0%" in words(figure)


def test_what_counts_is_the_bandwidth_of_each_link() -> None:
    result = run(network="fair_share", stragglers={2: {"bandwidth_factor": 0.5}})
    slow = 60e6 / 6.25e9 / result.time_s
    found = texts(link_heat(result))
    assert found.count(f"{100 * slow:.3g}%") == 2
    assert found.count(f"{50 * slow:.3g}%") == 6


def test_hosts_have_their_names_and_their_ranks_if_these_differ() -> None:
    linear = link_heat(run(topology="ring"))
    assert {"0", "1", "2", "3"} <= set(texts(linear))
    assert "Hosts have the numbers of their ranks." in words(linear)
    turned = link_heat(run(topology="ring", placement=[3, 2, 0, 1]))
    assert {"3\nr0", "2\nr1", "0\nr2", "1\nr3"} <= set(texts(turned))
    assert "r2: rank 2 is on this host." in words(turned)
    leaves = {"kind": "leaf_spine", "leaves": 4, "hosts_per_leaf": 8}
    crowded = link_heat(run(workers=32, topology=leaves, placement="round_robin"))
    assert {"r0", "r4", "r31"} <= set(texts(crowded))  # both would be too small to read


@pytest.mark.parametrize("topology", ["star", "ring", LEAF_SPINE], ids=str)
@pytest.mark.parametrize("network", ["loggp", "fair_share"])
def test_it_is_legible(topology: Any, network: str) -> None:
    assert_legible(link_heat(run(**INCAST, topology=topology, network=network)))


def test_a_run_that_sends_nothing_has_no_colour_bar() -> None:
    figure = link_heat(run(workers=1))
    assert len(figure.axes) == 1
    assert "Dashed: links that carry nothing." in words(figure)
    assert_legible(figure)


def test_what_cannot_be_drawn_is_refused() -> None:
    with pytest.raises(InputError, match="no topology to draw"):
        link_heat(replace(run(), cluster=None))
    with pytest.raises(InputError, match="257 nodes cannot be drawn; expected at most 256"):
        link_heat(run(graph=build("star", 256, "1 GB/s", "1 us")))
