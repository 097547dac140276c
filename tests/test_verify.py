"""The founding table: every cell with its verdict, and a verdict of "wrong" for what is wrong."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest
from examples import broken_collectives as broken
from examples.my_collectives import tree_all_reduce

from simcomm.closed_forms import Traffic, Vector
from simcomm.collectives import get, names
from simcomm.collectives.base import Collective
from simcomm.errors import InputError
from simcomm.verify import Cell, Row, verify


def test_a_row_of_the_table() -> None:
    (row,) = verify([get("ring_all_reduce")], [4], Vector(10))
    assert (row.collective, row.options, row.workers, row.right) == ("ring_all_reduce", {}, 4, True)
    assert row.cells == {
        "messages": Cell("24", "24", True),
        "bytes": Cell("240", "240", True),
        "largest message": Cell("12", None, True),
        "steps": Cell("6", "6", True),
        "per rank": Cell("4 ranks", "", True),
        "proof": Cell("16 places", "", True),
        "time": Cell("414/7", "414/7", True),
    }


def legal(name: str, n: int, options: Mapping[str, Any]) -> bool:
    try:
        return get(name).check(n, options) is not None
    except InputError:
        return False


def test_all_collectives_with_all_their_variants() -> None:
    rows = verify(map(get, names()), iter([1, 2, 3, 8]), Vector(1000))
    assert all(row.right for row in rows)
    assert [(row.collective, row.workers) for row in rows] == [
        (name, n) for name in names() for n in (1, 2, 3, 8) for options in get(name).variants if legal(name, n, options)
    ]
    server = [dict(row.options) for row in rows if row.collective == "parameter_server" and row.workers == 3]
    assert server == [dict(options) for options in get("parameter_server").variants]


@pytest.mark.parametrize("elements", [0, 1, 3, 2**59 + 1])
def test_few_elements_and_many(elements: int) -> None:
    assert all(row.right for row in verify(map(get, names()), [5], Vector(elements)))


def test_a_variant_that_cannot_be_has_no_row() -> None:
    server = replace(get("parameter_server"), variants=({"servers": 3, "placement": "colocated"}, {}))
    assert [(row.workers, row.options) for row in verify([server], [2, 3], Vector(6))] == [
        (2, {}),
        (3, {"servers": 3, "placement": "colocated"}),
        (3, {}),
    ]


def test_where_theory_is_silent_any_time_is_right() -> None:
    (row,) = verify([tree_all_reduce], [5], Vector(10))
    assert row.cells["time"].expected is None
    assert row.right


def wrong_cells(collective: Collective) -> dict[str, Cell]:
    (row,) = verify([collective], [4], Vector(10))
    assert not row.right
    return {name: cell for name, cell in row.cells.items() if not cell.right}


def test_a_wrong_cell_stands_beside_what_was_expected() -> None:
    assert wrong_cells(broken.wrong_count) == {"messages": Cell("6", "7", False)}
    assert wrong_cells(broken.wrong_steps) == {"steps": Cell("4", "3", False)}
    assert wrong_cells(broken.wrong_rank) == {
        "per rank": Cell("sent by rank 1: counted 1 messages and 40 bytes, the closed form says 2 and 80", "", False)
    }
    assert wrong_cells(broken.wrong_time) == {"time": Cell("1780/21", "220/3", False)}
    lost = wrong_cells(broken.not_passed_on)
    assert lost["proof"] == Cell(
        "rank 0, chunk 0: the gradient of worker 3 is missing at the end; "
        "that of worker 3 got as far as rank 2, by operation 0 (reduce 3 -> 2 chunk 0) of step 0\n"
        "(and 3 more places are wrong)",
        "all_reduce",
        False,
    )


def test_wrong_bytes_are_seen() -> None:
    def closed_form(n: int, vector: Vector) -> object:
        claim = tree_all_reduce.closed_form(n, vector)
        return replace(claim, total=claim.total + Traffic(0, 1))

    assert wrong_cells(replace(tree_all_reduce, closed_form=closed_form)) == {"bytes": Cell("240", "241", False)}


def test_a_row_is_right_if_every_cell_is() -> None:
    good, bad = Cell("1", "1", True), Cell("1", "2", False)
    assert Row("x", {}, 1, {"a": good, "b": good}).right
    assert not Row("x", {}, 1, {"a": good, "b": bad}).right


def test_no_worker_is_refused() -> None:
    with pytest.raises(InputError, match="workers: 0; expected at least 1"):
        verify([get("ring_all_reduce")], [4, 0], Vector(10))
