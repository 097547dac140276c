"""Parallel cables are kept by their number, graphs stay small enough, and options are checked one by one."""

from __future__ import annotations

from fractions import Fraction
from itertools import count
from typing import Any

import pytest

from simcomm.errors import InputError
from simcomm.topology import build, cables
from simcomm.topology.cables import Wire, assemble, positive, squarest, whole


def test_parallel_cables_become_one_link_with_their_count() -> None:
    thin, thick = Wire(Fraction(1, 3), 2), Wire(4, 1)
    graph = assemble("pair", [{}, {}], [], [(0, 1, thin), (1, 0, thick), (0, 1, thin)], note="two hosts")
    link = {"bandwidth_Bps": Fraction(14, 3), "latency_s": 2, "count": 3}
    assert dict(graph.edges) == {(0, 1): link, (1, 0): link}
    assert graph.graph == {"kind": "pair", "note": "two hosts"}


def test_an_endless_number_of_cables_is_refused_before_anything_is_built(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cables, "MOST_CABLES", 3)
    hosts = iter([{}, {}])
    wires = [(0, 1, Wire(1, 0))] * 3
    assert assemble("few", hosts, [], wires)[0][1]["count"] == 3
    with pytest.raises(InputError) as refused:
        assemble("many", ({} for _ in count()), [], ((0, number, Wire(1, 0)) for number in count(1)))
    assert str(refused.value) == "topology many has more than 3 cables; expected a smaller one"


@pytest.mark.parametrize(
    ("kind", "options"),
    [
        ("star", {}),
        ("fully_connected", {}),
        ("line", {}),
        ("ring", {}),
        ("torus", {"dims": [10**6] * 20}),
        ("mesh", {"dims": [10**6] * 20}),
        ("hypercube", {"dimension": 20}),
        ("leaf_spine", {"leaves": 10**6, "spines": 10**6, "hosts_per_leaf": 10**6}),
        ("fat_tree", {"k": 2000}),
        ("dragonfly", {"groups": 10**6}),
        ("dragonfly", {"p": 10**6, "a": 10**6, "h": 10**6}),
        ("rail_optimised", {"gpus": 10**6, "spines": 10**6}),
        ("shared_nic", {"gpus": 10**6}),
    ],
)
def test_every_kind_is_refused_when_it_is_too_large(
    kind: str, options: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cables, "MOST_CABLES", 1000)
    with pytest.raises(InputError) as refused:
        build(kind, 5000, 1, 0, **options)
    assert str(refused.value) == f"topology {kind} has more than 1,000 cables; expected a smaller one"


@pytest.mark.parametrize("value", [1, 7, 1_000_000])
def test_whole_numbers_are_taken(value: int) -> None:
    assert whole("n", value) == value


@pytest.mark.parametrize("value", [0, -1, 2.0, "2", None, True, [2]])
def test_what_is_not_a_whole_number_is_refused(value: Any) -> None:
    with pytest.raises(InputError) as refused:
        whole("n", value)
    assert str(refused.value) == f"n: {value!r}; expected a whole number of at least 1"


def test_the_bounds_of_whole_numbers() -> None:
    assert whole("n", 0, 0) == 0
    with pytest.raises(InputError, match="n: 21; expected at most 20"):
        whole("n", 21, 0, 20)


@pytest.mark.parametrize("value", [1, 0.25, 1e-300, 10**6, Fraction(1, 3)])
def test_positive_numbers_are_taken(value: Any) -> None:
    assert positive("x", value) is value


@pytest.mark.parametrize("value", [0, -1.5, float("nan"), float("inf"), 10**6 + 1, 10**400, "2", None, True, [1]])
def test_what_is_not_a_positive_number_is_refused(value: Any) -> None:
    with pytest.raises(InputError) as refused:
        positive("x", value)
    assert str(refused.value) == f"x: {value!r}; expected a number above 0, up to 1,000,000"


@pytest.mark.parametrize("hosts", [*range(1, 200), 1000, 1023, 1024, 10_007])
def test_the_squarest_sides_against_all_there_are(hosts: int) -> None:
    area = next(
        n for n in count(hosts) if any(n % a == 0 and a <= n // a <= 2 * a for a in range(1, n + 1) if a * a <= n)
    )
    a = max(a for a in range(1, area + 1) if a * a <= area and area % a == 0)
    assert squarest(hosts) == (a, area // a)
