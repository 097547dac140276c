"""Explicit routes: taken as they are, and every way to write them wrong."""

from __future__ import annotations

from typing import Any

import pytest

from simcomm.errors import InputError
from simcomm.topology import build, routing


def found(
    kind: str, pairs: list[tuple[int, int]], routes: Any, **options: Any
) -> dict[tuple[int, int], tuple[Any, ...]]:
    graph = build(kind, 4, 1, 1)
    answer = routing.find("explicit", graph, pairs, routes=routes, **options)
    return {pair: answer[pair].nodes for pair in pairs}


def refusal(kind: str, pairs: list[tuple[int, int]], routes: Any) -> str:
    with pytest.raises(InputError) as refused:
        found(kind, pairs, routes)
    return str(refused.value)


def test_routes_are_taken_as_they_are_given() -> None:
    assert found("ring", [(0, 1)], [[0, 3, 2, 1], [1, 0]]) == {(0, 1): (0, 3, 2, 1)}


def test_names_may_be_written_as_text() -> None:
    assert found("star", [(0, 3)], [["0", "switch", "3"]]) == {(0, 3): (0, "switch", 3)}


def test_other_pairs_take_the_shortest_path_if_that_is_said() -> None:
    pairs = [(0, 1), (1, 0), (2, 3)]
    ways = found("ring", pairs, [[0, 3, 2, 1]], others="shortest")
    assert ways == {(0, 1): (0, 3, 2, 1), (1, 0): (1, 0), (2, 3): (2, 3)}


@pytest.mark.parametrize(
    ("pairs", "message"),
    [
        ([(0, 1), (1, 0)], "routes: there is none from 1 to 0; "),
        ([(2, 3), (0, 1), (1, 0)], "routes: there is none from 2 to 3 (and for 1 other pairs); "),
    ],
)
def test_a_pair_without_a_route_is_named(pairs: list[tuple[int, int]], message: str) -> None:
    expected = "expected one for every pair that sends something, or 'others: shortest'"
    assert refusal("ring", pairs, [[0, 1]]) == message + expected


@pytest.mark.parametrize(
    ("kind", "route", "message"),
    [
        ("star", [0, 3], "routes: from 0 to 3: there is no link from 0 to 3; expected links of the graph"),
        ("star", [0, "swich", 3], "routes: from 0 to 3: there is no node 'swich'; did you mean 'switch'?"),
        ("star", [0, "switch", 9], "routes: from 0 to 9: there is no node 9; expected 0, 1, 2, 3, switch"),
        ("star", [0, "switch"], "routes: from 0 to 'switch': 'switch' is a switch; expected hosts at both ends"),
        ("star", ["switch", 0], "routes: from 'switch' to 0: 'switch' is a switch; expected hosts at both ends"),
        ("ring", [0, 1, 3], "routes: from 0 to 3: there is no link from 1 to 3; expected links of the graph"),
    ],
)
def test_a_route_that_the_graph_does_not_have_is_refused(kind: str, route: list[Any], message: str) -> None:
    assert refusal(kind, [], [route]) == message


@pytest.mark.parametrize(
    ("routes", "message"),
    [
        ("[0, 1]", "routes: not a list; expected routes such as [[0, switch, 3]]"),
        ({"0": [1]}, "routes: not a list; expected routes such as [[0, switch, 3]]"),
        ([0, 1], "routes: number 0 is 0; expected two names of nodes or more"),
        ([[0, 1], [2]], "routes: number 1 is [2]; expected two names of nodes or more"),
        ([[0, 1.5]], "routes: number 0 is [0, 1.5]; expected two names of nodes or more"),
        ([[0, True]], "routes: number 0 is [0, True]; expected two names of nodes or more"),
        ([[0, 1], ["0", 3, 2, 1]], "routes: two routes from 0 to 1; expected one"),
        ([[0, 1, 0, 3]], "routes: the one from 0 to 3 visits a node twice; expected a path"),
        ([[0, 1, "0"]], "routes: the one from 0 to 0 visits a node twice; expected a path"),
    ],
)
def test_what_is_no_list_of_paths_is_refused_without_a_graph(routes: Any, message: str) -> None:
    with pytest.raises(InputError) as refused:
        routing.check_options("explicit", {"routes": routes})
    assert str(refused.value) == message
