"""The files of others: every one loads, is proven and timed, and says what a machine does that runs it."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import pytest
from conftest import ROOT
from msccl_machine import Machine, runs_right

import simcomm
from simcomm import formats
from simcomm.closed_forms import Vector
from simcomm.collectives import get
from simcomm.engines.exact import exact_run
from simcomm.proof import prove

OWN = ROOT / "tests" / "data" / "formats" / "rccl_alltoall-8n-0-9kb.xml"
SHARED = ROOT.parent / "shared" / "measured" / "inputs" / "msccl_xml"
NAMES = [
    "astrasim_ring_allreduce_8npus.xml",
    "rccl_alltoall-8n-0-9kb.xml",
    "rccl_alltoall-8n-190kb-512kb.xml",
    "rccl_alltoall-8n-512kb-7mb.xml",
    "rccl_alltoall-8n-7mb-43mb.xml",
    "rccl_alltoall-8n-9kb-190kb.xml",
]
ALPHA, BETA, GAMMA = Fraction(5), Fraction(1, 3), Fraction(0)


def shared(name: str) -> Path:
    path = SHARED / name
    if not path.exists():
        pytest.skip(f"needs {name} of the measured data, which is not part of the repository")
    return path


@pytest.fixture(params=["own copy", *NAMES])
def path(request):
    return OWN if request.param == "own copy" else shared(request.param)


def test_it_is_proven_for_eight_workers(path):
    found = formats.load(path)
    assert (found.workers, found.schedule.ranks, found.schedule.vectors) in ((8, 8, 8), (8, 8, 1))
    assert found.goal.operation == ("all_reduce" if "allreduce" in path.name else "all_to_all")
    assert prove(found.schedule, found.goal, 8).places == found.schedule.chunks * (
        8 if found.schedule.vectors == 1 else 1
    )
    assert len(found.places) == len(found.schedule)


def test_a_machine_that_runs_it_ends_with_what_is_proven(path):
    assert runs_right(path, seeds=2)


def test_it_is_timed_in_a_scenario(path, tmp_path):
    text = f"""\
    collective: {{file: '{path}'}}
    size: 1 MB
    link: {{bandwidth: 8 Gbit/s, latency: 5 us}}
    """
    (tmp_path / "s.yaml").write_text(text)
    (result,) = simcomm.run(tmp_path / "s.yaml")
    assert (result.collective, result.workers, result.ranks) == (path.name, 8, 8)
    assert result.proven
    assert result.total_bytes == (14 if "allreduce" in path.name else 7) * 10**6
    assert result.time_s >= result.lower_bound_s > 0
    # Nothing says what it should send, and the results do not pretend that something does.
    assert result.counts_match is None
    assert [value for name, value in result.as_row().items() if name.startswith("expected_")] == [None] * 5


def test_all_to_all_of_own_file_is_one_message_per_block_and_pair():
    schedule = formats.load(OWN).schedule
    assert (schedule.messages, schedule.steps, schedule.chunks) == (56, 1, 64)
    ours = get("all_to_all_blocks").schedule(8)
    rows = {(row.kind, row.src, row.dst, row.chunk, row.count, row.after) for row in schedule}
    assert rows == {(row.kind, row.src, row.dst, row.chunk, row.count, row.after) for row in ours}


def test_the_ring_of_astra_sim_takes_what_a_ring_takes():
    found = formats.load(shared(NAMES[0]))
    time = exact_run(found.schedule, Vector(800), ALPHA, BETA, GAMMA).makespan_s
    assert time == 14 * (ALPHA + 400 * BETA)
    assert time == get("ring_all_reduce").claim(8, Vector(800)).time(ALPHA, BETA, GAMMA)


def test_the_machine_sees_what_is_wrong(tmp_path):
    text = OWN.read_text()
    assert text.count('dstoff="1"') > 1
    wrong = tmp_path / "wrong.xml"
    wrong.write_text(text.replace('srcoff="1" dstbuf="o" dstoff="0"', 'srcoff="2" dstbuf="o" dstoff="0"', 1))
    machine = Machine(wrong)
    machine.run()
    assert not machine.is_right()
