"""The torus: which ranks make rings, what each phase sends, and how many of a torus's links are busy."""

from __future__ import annotations

from collections import Counter
from fractions import Fraction
from typing import Any

import pytest

from simcomm import counts
from simcomm.closed_forms import Vector
from simcomm.collectives.factors import dims_worth_trying
from simcomm.collectives.torus import torus_all_reduce
from simcomm.engines.exact import exact_run
from simcomm.errors import InputError
from simcomm.goals import ALL_REDUCE
from simcomm.proof import prove
from simcomm.schedule import Operation, Schedule
from simcomm.simulation import simulate
from simcomm.topology import build

ALL_DIMS = [(n, dims) for n in (1, 2, 6, 8, 12) for dims in [*dims_worth_trying(n), f"{n}x1", f"1x{n}x1"]]


def sent(schedule: Schedule) -> list[Operation]:
    """The messages."""
    return [row for row in schedule if row.kind != "compute"]


def test_first_columns_then_rows_then_back() -> None:
    """2 x 3: rank 4 = (1, 1) works on half the vector with rank 1, then on a sixth with 3 and 5."""
    rows = [str(row).split(",")[0] for row in sent(torus_all_reduce.schedule(6)) if row.src == 4]
    assert rows == [
        "reduce 4 -> 1  chunks 0..2",
        "reduce 4 -> 5  chunk 3",
        "reduce 4 -> 5  chunk 5",
        "copy 4 -> 5  chunk 4",
        "copy 4 -> 5  chunk 3",
        "copy 4 -> 1  chunks 3..5",
    ]


def test_textbook_figures_of_three_sides() -> None:
    """2n(X−1) messages of S/X, 2n(Y−1) of S/XY, 2n(Z−1) of S/XYZ."""
    schedule = torus_all_reduce.schedule(24, dims="2x3x4")
    assert Counter(row.count for row in sent(schedule)) == {12: 2 * 24, 4: 2 * 24 * 2, 1: 2 * 24 * 3}
    assert schedule.steps == 2 * (1 + 2 + 3)
    time = torus_all_reduce.claim(24, Vector(240, 1), dims="2x3x4").time
    assert time is not None
    assert time(10, 1, 0) == 12 * 10 + 2 * 230


@pytest.mark.parametrize("dims", ["4x6", "2x3x4", "24"])
def test_messages_cross_one_link_of_the_topology_of_these_sides(dims: str) -> None:
    graph = build("torus", 24, "1 GB/s", "1 us", dims=[int(side) for side in dims.split("x")])
    for colours in ("one", "all"):
        schedule = torus_all_reduce.schedule(24, dims=dims, colours=colours)
        used = {(row.src, row.dst) for row in sent(schedule)}
        assert used <= set(graph.edges)
        assert (used == set(graph.edges)) == (colours == "all")


@pytest.mark.parametrize("colours", ["one", "all"])
@pytest.mark.parametrize(("n", "dims"), ALL_DIMS)
def test_all_sides(n: int, dims: str, colours: str) -> None:
    options: dict[str, Any] = {"dims": dims, "colours": colours}
    schedule = torus_all_reduce.schedule(n, **options)
    prove(schedule, ALL_REDUCE, n)
    costs = (Fraction(5), Fraction(1, 3), Fraction(1, 7))
    for elements in (0, 1, 7, 5 * n + 3, 12 * n):
        claim = torus_all_reduce.claim(n, Vector(elements), **options)
        assert claim.total.bytes == 2 * (n - 1) * 4 * elements
        counts.check(counts.count(schedule, Vector(elements)), claim)
        if claim.time is not None:
            assert exact_run(schedule, Vector(elements), *costs).makespan_s == claim.time(*costs)


def test_all_colours_have_a_formula_where_all_sides_are_equal() -> None:
    for n, dims, known in ((9, "3x3", True), (8, "2x2x2", True), (8, "2x4", False), (5, "1x5", True)):
        claim = torus_all_reduce.claim(n, Vector(12 * n), dims=dims, colours="all")
        assert (claim.time is not None) == known, dims


@pytest.mark.parametrize("network", ["store_and_forward", "fair_share"])
@pytest.mark.parametrize(("n", "dims"), [(9, [3, 3]), (27, [3, 3, 3])])
def test_all_colours_use_all_links_at_once(network: str, n: int, dims: list[int]) -> None:
    def seconds(colours: str) -> float:
        chosen = {"name": "torus_all_reduce", "dims": "x".join(map(str, dims)), "colours": colours}
        link = {"bandwidth": "1 GB/s", "latency": "1 ns"}
        where = {"kind": "torus", "dims": dims}
        ran = simulate(chosen, n, size="162 MB", dtype="int8", topology=where, network=network, link=link)
        return float(ran.time_s)

    assert seconds("one") == pytest.approx(2 * (n - 1) / n * 0.162, rel=1e-4)
    assert seconds("all") == pytest.approx(seconds("one") / (2 * len(dims)), rel=1e-4)


@pytest.mark.parametrize("dims", ["3x4", "", "4x", "x16", "4*4", "4x4x0", "-4x-4", "four", "4x4x2", "٤x4"])
def test_sides_that_do_not_fit_are_refused(dims: str) -> None:
    with pytest.raises(InputError) as refused:
        torus_all_reduce.schedule(16, dims=dims)
    expected = "expected sides whose product is 16, such as 4x4, or squarest"
    assert str(refused.value) == f"dims: {dims!r}; {expected}"
