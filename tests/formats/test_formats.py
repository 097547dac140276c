"""The frame of the formats: which module reads what, and what is asked of it."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest

from simcomm import collectives, formats
from simcomm.closed_forms import Vector
from simcomm.errors import InputError, ProofError
from simcomm.formats.base import Imported, prove_in_file
from simcomm.goals import ALL_REDUCE, UNKNOWN
from simcomm.proof import prove
from simcomm.schedule import Operation, Schedule

SWAP = [Operation("reduce", 0, 1, 0), Operation("copy", 1, 0, 0, after=(0,))]


def test_every_format_has_a_module_and_an_ending():
    for name in formats.names():
        module = formats._module(name)
        assert callable(module.load)
        assert callable(module.dump)
        assert name in formats.SUFFIXES.values()


def test_the_ending_says_the_format_and_can_be_overruled(tmp_path):
    formats.dump(Schedule.of(2, 1, SWAP), tmp_path / "swap.XML", goal=ALL_REDUCE, name="swap")
    found = formats.load(tmp_path / "swap.XML")
    assert (found.name, found.workers, found.goal, found.source) == (
        "swap",
        2,
        ALL_REDUCE,
        str(tmp_path / "swap.XML"),
    )
    (tmp_path / "swap.XML").rename(tmp_path / "swap.txt")
    with pytest.raises(InputError, match=r"no format has the ending '.txt'; expected .*\.xml \(msccl\)"):
        formats.load(tmp_path / "swap.txt")
    assert formats.load(tmp_path / "swap.txt", "msccl").workers == 2
    assert formats.files(tmp_path / "swap.txt", "msccl") == (tmp_path / "swap.txt",)


def test_an_unknown_format_is_refused(tmp_path):
    with pytest.raises(InputError, match=r"unknown format 'mscl'; expected one of .*; did you mean 'msccl'"):
        formats.load(tmp_path / "x.xml", "mscl")


def test_formats_are_imported_when_they_are_asked_for():
    code = "import sys, simcomm.formats; print(*sorted(m for m in sys.modules if m.startswith('simcomm.formats')))"
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout == "simcomm.formats\n"


def test_without_a_goal_nothing_is_proven():
    found = Imported(Schedule.of(2, 1, SWAP[:1]), 2, "half", "half.xml")
    assert found.prove().places == 0
    several = Schedule(
        2, 2, *(np.zeros(0, c.dtype) for c in SWAP_COLUMNS), np.zeros(1, np.int64), np.zeros(0, np.int32), 2
    )
    assert prove(several, UNKNOWN, 2).places == 0


SWAP_COLUMNS = Schedule.of(2, 1, SWAP).columns()[:6]


def test_an_error_of_the_proof_says_where_the_operation_stands():
    twice = Schedule.of(2, 1, [*SWAP, Operation("reduce", 0, 1, 0)])
    places = ("a.xml:1", "a.xml:2", "a.xml:3")
    with pytest.raises(ProofError) as wrong:
        prove_in_file(twice, ALL_REDUCE, 2, places)
    assert str(wrong.value).splitlines()[1:] == [
        "operation 0 is a.xml:1",
        "operation 2 is a.xml:3",
        "the last that wrote chunk 0 of rank 1 is a.xml:3",
    ]
    with pytest.raises(ProofError) as wrong:
        prove_in_file(Schedule.of(2, 1, SWAP[:1]), ALL_REDUCE, 2, places[:1])
    assert str(wrong.value).endswith("\nthe last that wrote chunk 0 of rank 0 is nothing in the file")
    with pytest.raises(ProofError) as wrong:
        prove_in_file(twice, ALL_REDUCE, 2, ())
    assert "\n" not in str(wrong.value)


@pytest.mark.parametrize(
    ("ending", "options"),
    [("xml", {"segments": 2}), ("goal", {"segments": 3, "window": 1}), ("et", {"segments": 3, "window": 1})],
)
def test_in_which_order_a_schedule_says_what_is_waited_for_does_not_matter(ending, options, tmp_path):
    if ending == "et":
        pytest.importorskip("google.protobuf")
    tree = collectives.get("binomial_reduce")
    in_order = tree.schedule(8, **options)
    rows = [replace(row, after=tuple(sorted(row.after, reverse=True))) for row in in_order]
    after = [waited for row in rows for waited in row.after]
    schedule = replace(in_order, after=np.array(after, dtype=np.int32))
    assert any(list(row.after) != sorted(row.after) for row in schedule)
    path = tmp_path / f"x.{ending}"
    formats.dump(schedule, path, goal=tree.goal_of(8, options), vector=Vector(250))
    assert formats.load(path).schedule.same_as(Schedule.of(8, in_order.chunks, rows))
