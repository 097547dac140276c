"""The keys ``placement`` and ``routing``: shorthands, sweeps, identity, and what is refused where."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from simcomm.scenario import Scenario, ScenarioError, from_mapping, load, schema

MAPPING: dict[str, Any] = {
    "workers": 3,
    "parameters": 10,
    "collective": "ring_all_reduce",
    "link": {"bandwidth": "100 Gbit/s", "latency": "5 us"},
}
TEXT = """\
workers: 3
parameters: 10
collective: ring_all_reduce
link: {bandwidth: 100 Gbit/s, latency: 5 us}
"""


def points(*overrides: str, **changes: Any) -> tuple[Scenario, ...]:
    return from_mapping(MAPPING | changes, overrides).points


def orders(*overrides: str, **changes: Any) -> list[Any]:
    return [point.placement.order for point in points(*overrides, **changes)]


def routings(*overrides: str, **changes: Any) -> list[dict[str, Any]]:
    return [point.routing.model_dump() for point in points(*overrides, **changes)]


def test_the_defaults_are_linear_and_shortest() -> None:
    assert orders() == ["linear"]
    assert routings() == [{"name": "shortest"}]


@pytest.mark.parametrize("order", ["linear", "round_robin", "random"])
def test_a_placement_by_name(order: str) -> None:
    assert orders(placement=order) == orders(placement={"order": order}) == [order]


def test_a_placement_by_hosts() -> None:
    assert orders(placement=[2, "gpu0", 1]) == orders(placement={"order": [2, "gpu0", 1]}) == [(2, "gpu0", 1)]


def test_a_routing_by_name_and_with_options() -> None:
    assert routings(routing="ecmp") == [{"name": "ecmp"}]
    assert routings(routing={"name": "ecmp", "seed": 3}) == [{"name": "ecmp", "seed": 3}]
    routes = [[0, "switch", 1], [1, "switch", 2]]
    explicit = {"name": "explicit", "routes": routes, "others": "shortest"}
    assert routings(routing=explicit) == [explicit]


def test_a_list_in_a_sweep_is_values_and_a_list_in_it_is_a_placement() -> None:
    assert orders(sweep={"placement": ["linear", "random"]}) == ["linear", "random"]
    assert orders(sweep={"placement": [[2, 1, 0], "linear"]}) == [(2, 1, 0), "linear"]
    assert orders(sweep={"placement.order": ["random", [0, 2, 1]]}) == ["random", (0, 2, 1)]
    kept = orders(sweep={"placement": ["linear", "random", [2, 1, 0]], "exclude": [{"placement": "random"}]})
    assert kept == ["linear", (2, 1, 0)]


def test_routings_are_swept_by_name_and_by_option() -> None:
    assert routings(sweep={"routing": ["shortest", {"name": "ecmp", "seed": 1}]}) == [
        {"name": "shortest"},
        {"name": "ecmp", "seed": 1},
    ]
    seeds = routings(routing="ecmp", sweep={"routing.seed": {"range": [0, 2, 1]}})
    assert seeds == [{"name": "ecmp", "seed": seed} for seed in range(3)]


def test_on_the_command_line() -> None:
    assert orders("placement=random") == ["random"]
    assert orders("placement=linear,random") == ["linear", "random"]
    assert orders("placement=[2, 0, 1]") == orders("placement.order=[2, 0, 1]") == [(2, 0, 1)]
    assert routings("routing=ecmp", "routing.seed=1,2") == [{"name": "ecmp", "seed": 1}, {"name": "ecmp", "seed": 2}]
    routes = "routing.routes=[[0, switch, 1]]"
    assert routings("routing=explicit", routes) == [{"name": "explicit", "routes": [[0, "switch", 1]]}]


def test_both_are_part_of_what_identifies_a_point() -> None:
    def identity(**changes: Any) -> str:
        (point,) = points(**changes)
        return json.dumps(point.canonical(), sort_keys=True)

    data = json.loads(identity())
    assert (data["placement"], data["routing"]) == ({"order": "linear"}, {"name": "shortest"})
    assert identity(placement="linear", routing={"name": "shortest"}) == identity()
    others = [
        identity(placement="random"),
        identity(placement=[0, 1, 2]),
        identity(placement=[0, 2, 1]),
        identity(routing="ecmp"),
        identity(routing={"name": "ecmp", "seed": 1}),
    ]
    assert len({identity(), *others}) == 6


HOSTS = "expected linear, round_robin, random or a list of hosts"


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("placement: linaer", f"5:12: placement: unknown placement 'linaer'; {HOSTS}; did you mean 'linear'?"),
        ("placement: 3", f"5:12: placement: 3 is not a placement; {HOSTS}"),
        ("placement: {order: {}}", f"5:20: placement.order: a mapping is not a placement; {HOSTS}"),
        ("placement:", "5:11: placement: nothing does not fit; expected a name or a mapping with order"),
        ("placement: {ordr: random}", "5:13: placement.ordr: unknown key; did you mean 'order'?"),
        ("placement: [0, 1]", "5:12: placement: 2 hosts for 3 ranks; expected one for every rank"),
        ("placement: [0, 1, 2, 3]", "5:12: placement: 4 hosts for 3 ranks; expected one for every rank"),
        (
            "placement: {order: [0, 1, 1]}",
            "5:20: placement.order: host 1 is given twice, for ranks 1 and 2; expected one rank",
        ),
        (
            "placement: [0, 1.5, 2]",
            "5:12: placement: 1.5 is not a host; expected names or numbers of hosts, one for every rank",
        ),
        (
            "sweep: {placement: [linear, randm]}",
            f"5:29: placement: unknown placement 'randm'; {HOSTS}; did you mean 'random'?",
        ),
        (
            "sweep:\n  placement:\n  - linear\n  - [0, 1]",
            "8:5: placement: 2 hosts for 3 ranks; expected one for every rank",
        ),
        (
            "routing: shortst",
            "5:10: routing: unknown routing 'shortst'; expected shortest, ecmp, dimension_order, valiant, explicit; "
            "did you mean 'shortest'?",
        ),
        (
            "routing: [ecmp]",
            "5:10: routing: a list is not a name; expected shortest, ecmp, dimension_order, valiant, explicit",
        ),
        ("routing:", "5:9: routing: nothing does not fit; expected a name or a mapping with name"),
        (
            "routing: {name: ecmp, sead: 1}",
            "5:23: routing.sead: unknown option 'sead' of routing ecmp; expected one of seed; did you mean 'seed'?",
        ),
        (
            "routing: {name: ecmp, 3: 1}",
            "5:23: routing[3]: unknown key; expected one of name",
        ),
        ("routing: {seed: 1}", "5:11: routing.seed: unknown option 'seed' of routing shortest; it has none"),
        ("routing: {name: ecmp, seed: many}", "5:29: routing.seed: 'many'; expected an integer >= 0"),
        (
            "routing: explicit",
            "5:10: routing: the routing explicit needs 'routes'; expected a list of routes, each a list of nodes",
        ),
        (
            "routing: {name: explicit, routes: [[0]]}",
            "5:35: routing.routes: number 0 is [0]; expected two names of nodes or more",
        ),
        (
            "routing: {name: explicit, routes: [[0, 1]], others: ecmp}",
            "5:53: routing.others: 'ecmp'; expected 'shortest', or no such key",
        ),
        ("routing: ecmp\nsweep: {routing.seed: [1, -1]}", "6:27: routing.seed: -1; expected an integer >= 0"),
    ],
)
def test_refuses_with_the_place(tmp_path: Path, line: str, expected: str) -> None:
    path = tmp_path / "x.yaml"
    path.write_text(f"{TEXT}{line}\n")
    with pytest.raises(ScenarioError) as refused:
        load(path)
    assert str(refused.value) == f"{path}:{expected}"


def test_the_number_of_hosts_is_compared_with_workers_and_servers() -> None:
    server = {"name": "parameter_server", "servers": 2}
    assert orders(collective=server, placement=[4, 3, 2, 1, 0]) == [(4, 3, 2, 1, 0)]
    with pytest.raises(ScenarioError, match="3 hosts for 5 ranks"):
        points(collective=server, placement=[0, 1, 2])


@pytest.mark.parametrize(
    ("changes", "right"),
    [
        ({"placement": "round_robin"}, True),
        ({"placement": [0, "1", 2]}, True),
        ({"placement": {"order": [2, 1, 0]}}, True),
        ({"routing": "valiant"}, True),
        ({"routing": {"name": "ecmp", "seed": 4}}, True),
        ({"sweep": {"placement": ["linear", [0, 1, 2]], "routing.seed": [1, 2]}, "routing": "ecmp"}, True),
        ({"placement": "roundrobin"}, False),
        ({"placement": [0, 0, 1]}, False),
        ({"placement": [0, 1.5, 2]}, False),
        ({"placement": {"odrer": "linear"}}, False),
        ({"routing": "ecpm"}, False),
        ({"routing": {"name": "ecpm"}}, False),
        ({"routing": ["ecmp"]}, False),
    ],
)
def test_the_schema_agrees_with_the_loader(changes: dict[str, Any], right: bool) -> None:
    assert jsonschema.Draft202012Validator(schema()).is_valid(json.loads(json.dumps(MAPPING | changes))) == right
    if right:
        assert points(**changes)
    else:
        with pytest.raises(ScenarioError):
            points(**changes)
