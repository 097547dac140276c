"""Planted bugs: each differs in one place, the oracle judges them, and the proof catches all that change the result."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from simcomm.closed_forms import Vector
from simcomm.collectives import get, names
from simcomm.counts import count, differences
from simcomm.errors import InputError, ProofError
from simcomm.goals import ALL_GATHER, ALL_REDUCE, ALL_TO_ALL, REDUCE_SCATTER
from simcomm.planted import Teeth, bite, bugs, reaches
from simcomm.proof import prove
from simcomm.schedule import Operation, Schedule
from simcomm.testing import plant

SWAP = (Operation("reduce", 0, 1, 0, 2), Operation("copy", 1, 0, 0, 2, 0.0, (0,)))
#: One of every kind; tests/collectives/test_every.py has all.
KINDS = (
    "all_to_all_blocks",
    "gossip",
    "in_network_all_reduce",
    "packed_trees_all_reduce",
    "parameter_server",
    "ring_all_reduce",
)
CASES = [(name, dict(options)) for name in KINDS for options in get(name).variants]


def test_every_bug_is_one_small_change() -> None:
    right = Schedule.of(3, 3, [*SWAP, Operation("compute", 0, 0, 0, 0, 0.5, (0, 1))])
    planted = list(bugs(right))
    assert [what for what, _ in planted] == [
        "operation 0: flipped reduce and copy",
        "operation 0: another chunk",
        "operation 0: another destination",
        "operation 1: flipped reduce and copy",
        "operation 1: another chunk",
        "operation 1: another destination",
        "operation 1: dropped the dependency on 0",
        "operation 2: dropped the dependency on 0",
        "operation 2: dropped the dependency on 1",
    ]
    changed = [[(i, b) for i, (a, b) in enumerate(zip(right, bug, strict=True)) if a != b] for _, bug in planted]
    assert changed == [
        [(0, Operation("copy", 0, 1, 0, 2))],
        [(0, Operation("reduce", 0, 1, 1, 2))],
        [(0, Operation("reduce", 0, 2, 0, 2))],
        [(1, Operation("reduce", 1, 0, 0, 2, 0.0, (0,)))],
        [(1, Operation("copy", 1, 0, 1, 2, 0.0, (0,)))],
        [(1, Operation("copy", 1, 2, 0, 2, 0.0, (0,)))],
        [(1, Operation("copy", 1, 0, 0, 2))],
        [(2, Operation("compute", 0, 0, 0, 0, 0.5, (1,)))],
        [(2, Operation("compute", 0, 0, 0, 0, 0.5, (0,)))],
    ]


def test_where_there_is_no_other_place_there_is_no_bug() -> None:
    assert [what for what, _ in bugs(Schedule.of(2, 1, [Operation("copy", 0, 1, 0)]))] == [
        "operation 0: flipped reduce and copy"
    ]
    assert list(bugs(Schedule.of(1, 1, []))) == []


@pytest.mark.parametrize(
    ("rows", "right"),
    [
        ([Operation("reduce", 0, 1, 0), Operation("copy", 1, 0, 0, after=(0,))], True),
        ([Operation("reduce", 0, 1, 0), Operation("reduce", 1, 0, 0)], True),
        ([Operation("reduce", 0, 1, 0), Operation("reduce", 1, 0, 0, after=(0,))], False),
        ([Operation("reduce", 0, 1, 0), Operation("copy", 1, 0, 0)], False),
        ([Operation("copy", 0, 1, 0), Operation("copy", 1, 0, 0, after=(0,))], False),
        ([Operation("reduce", 0, 1, 0)], False),
        ([], False),
    ],
)
def test_the_oracle(rows: list[Operation], right: bool) -> None:
    assert reaches(Schedule.of(2, 1, rows), ALL_REDUCE, 2) == right


def test_the_oracle_knows_other_goals() -> None:
    each_to_the_other = Schedule.of(2, 2, [Operation("copy", 0, 1, 0), Operation("copy", 1, 0, 1)])
    assert reaches(each_to_the_other, ALL_GATHER, 2)
    assert not reaches(each_to_the_other, REDUCE_SCATTER, 2)
    added = Schedule.of(2, 2, [Operation("reduce", 0, 1, 1), Operation("reduce", 1, 0, 0)])
    assert reaches(added, REDUCE_SCATTER, 2)
    assert not reaches(added, ALL_REDUCE, 2)
    apart = replace(Schedule.of(2, 4, [Operation("copy", 0, 1, 1), Operation("copy", 1, 0, 2)]), vectors=2)
    assert reaches(apart, ALL_TO_ALL, 2)
    assert not reaches(replace(apart, chunk=np.array([1, 0], dtype=np.int32)), ALL_TO_ALL, 2)


@pytest.mark.parametrize(("name", "options"), CASES, ids=str)
@pytest.mark.parametrize("n", [1, 2, 4])
def test_the_proof_catches_every_bug_that_changes_the_result(name: str, options: dict[str, Any], n: int) -> None:
    try:
        get(name).check(n, options)
    except InputError:
        pytest.skip("refused")
    teeth = bite(get(name), n, Vector(4 * 3 * n), **options)
    assert teeth.changing_caught_by_proof == teeth.changing
    assert teeth.caught_by_proof == teeth.changing, "and none that does not"
    assert teeth.planted >= teeth.changing
    if n == 4:
        assert teeth.caught_by_counts <= teeth.changing
        assert teeth.caught_by_time <= teeth.planted


def test_what_each_check_catches() -> None:
    """Counts see where messages go, times what waits for what; only the proof sees every wrong sum."""
    expected = {
        "all_to_all": Teeth(39, 24, 12, 12, 24, 24),
        "all_to_all_blocks": Teeth(51, 24, 12, 24, 24, 24),
        "gossip": Teeth(105, 105, 33, 42, 105, 105),
        "in_network_all_reduce": Teeth(18, 17, 6, 9, 17, 17),
        "packed_trees_all_reduce": Teeth(48, 48, 12, 0, 48, 48),
        "packed_trees_broadcast": Teeth(14, 10, 8, 0, 10, 10),
        "parameter_server": Teeth(150, 146, 40, 61, 146, 146),
        "rabenseifner": Teeth(46, 46, 26, 0, 46, 46),  # 9 elements in 2 chunks: no formula
        "recursive_doubling": Teeth(12, 12, 4, 7, 12, 12),
        "ring_all_gather": Teeth(21, 15, 6, 12, 15, 15),
        "ring_all_reduce": Teeth(45, 45, 12, 18, 45, 45),
        "ring_reduce_scatter": Teeth(21, 18, 6, 6, 18, 18),
    }
    found = {name: Teeth(0, 0, 0, 0, 0, 0) for name in expected}
    for name in found:
        for options in get(name).variants:
            found[name] += bite(get(name), 3, Vector(9), **options)
    assert found == expected


def test_hundreds_of_bugs_for_every_collective_and_none_that_matters_gets_past_the_proof() -> None:
    """The page is what the code says (tests/test_docs.py)."""
    page = (Path(__file__).parents[1] / "docs" / "planted_bugs.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| `(\w+)` \| 2 … (\d+) \| (\d+) \| (\d+) \| (\d+) \|", page, flags=re.MULTILINE)
    assert tuple(name for name, *_ in rows) == names()
    for name, workers, planted, changing, proof in rows:
        assert int(workers) >= 3, name
        assert int(planted) >= 200, name
        assert 0 < int(changing) == int(proof), name


def test_planting_goes_on_until_there_are_enough_or_no_more_workers() -> None:
    tree = get("binomial_broadcast")
    first, *others = [bite(tree, n, Vector(5), **options) for n in (2, 3, 4) for options in tree.variants]
    assert plant(tree, most_workers=4) == (4, sum(others, start=first))
    workers, teeth = plant(tree, least=100)
    before = plant(tree, least=100, most_workers=workers - 1)
    assert (before[0], before[1].planted < 100 <= teeth.planted) == (workers - 1, True)


def test_counts_alone_do_not_see_a_wrong_sum() -> None:
    """A copy where there should be a sum: the same messages, bytes and steps, to the byte; only the meaning is gone."""
    ring, vector = get("ring_all_reduce"), Vector(12)
    flipped = [bug for what, bug in bugs(ring.schedule(4)) if "flipped" in what]
    assert len(flipped) == 24
    for bug in flipped:
        assert differences(count(bug, vector), ring.claim(4, vector)) == []
        with pytest.raises(ProofError):
            prove(bug, ALL_REDUCE, 4)


def test_teeth_add_up() -> None:
    assert Teeth(1, 2, 3, 4, 5, 6) + Teeth(10, 20, 30, 40, 50, 60) == Teeth(11, 22, 33, 44, 55, 66)
