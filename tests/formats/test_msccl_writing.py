"""What is written as MSCCL XML and read again is the same schedule, and a machine that runs it does the same sums."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from functools import cache
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msccl_machine import Machine, broken_rules, runs_right
from random_programs import NaiveRecorder, Program, graphs, play, programs

from simcomm import collectives, formats, goals
from simcomm.errors import InputError
from simcomm.formats.msccl.write import text_of
from simcomm.recorder import Recorder
from simcomm.schedule import Operation, Schedule
from simcomm.sums import Sums

MOST = 9


@cache
def cases() -> list[tuple[str, int, Mapping[str, Any]]]:
    """Every collective with every set of options that shows something, for a few numbers of workers."""
    found = []
    for name in collectives.names():
        collective = collectives.get(name)
        sets = [*collective.variants, *([{"segments": 2}] if collective.segmentable else [])]
        for n in range(2, MOST + 1):
            for options in sets:
                try:
                    collective.check(n, options)
                except InputError:
                    continue
                found.append((name, n, options))
    return found


def write(path: Path, name: str, n: int, options: Mapping[str, Any]) -> Schedule | None:
    """The schedule, written there; None where MSCCL cannot say it, for one of the reasons that the page on it names."""
    collective = collectives.get(name)
    schedule, goal = collective.schedule(n, **options), collective.goal_of(n, options)
    try:
        formats.dump(schedule, path, workers=n, name=name, goal=goal)
    except InputError as error:
        why = str(error)
        known = (
            "servers; MSCCL knows workers only",
            "MSCCL has no word for the goal",
            "MSCCL has no word for the goal",
            "MSCCL waits for what is at the same rank",
            "take time",
        )
        return None if any(words in why for words in known) else pytest.fail(why)
    return schedule


#: Servers and switches, waits for an arrival at another rank, and goals that MSCCL has no word for.
UNSAID = (
    "parameter_server",
    "in_network_all_reduce",
    "pairwise_reduce_scatter",
    "all_to_all_v",
    "gossip",
    "ring_shift",
)


@pytest.mark.parametrize("name", collectives.names())
def test_every_collective_comes_back_as_it_was(name, tmp_path):
    path, written = tmp_path / "x.xml", 0
    for _, n, options in (case for case in cases() if case[0] == name):
        schedule = write(path, name, n, options)
        if schedule is not None:
            found = formats.load(path)
            assert found.schedule.same_as(schedule), (n, options)
            assert found.prove().places
            assert broken_rules(path) == []
            written += 1
    assert written or name in UNSAID


@pytest.mark.parametrize("name", collectives.names())
def test_a_machine_that_runs_it_ends_with_what_the_collective_promises(name, tmp_path):
    path = tmp_path / "x.xml"
    for _, n, options in (case for case in cases() if case[0] == name and case[1] in (2, 5, 8)):
        if write(path, name, n, options) is not None:
            assert runs_right(path, seeds=2, capacity=1), (n, options)


@pytest.mark.parametrize("name", ["ring_all_reduce", "all_to_all", "recursive_doubling", "all_to_all_blocks"])
def test_without_the_numbers_it_is_the_same_schedule_in_another_order(name, tmp_path):
    path = tmp_path / "x.xml"
    schedule = write(path, name, 5, {})
    path.write_text(re.sub(r' (op|barrier)="\d+"', "", path.read_text()))
    found = formats.load(path)
    assert found.prove().places
    columns = ("kind", "src", "dst", "chunk", "count")
    wanted, got = (
        sorted(zip(*(getattr(s, c)[s.is_message].tolist() for c in columns), strict=True))
        for s in (schedule, found.schedule)
    )
    assert got == wanted
    assert found.schedule.steps == schedule.steps


def test_a_ring_needs_one_channel_and_no_scratch(tmp_path):
    write(tmp_path / "x.xml", "ring_all_reduce", 6, {})
    text = (tmp_path / "x.xml").read_text()
    assert 'nchannels="1"' in text
    assert set(re.findall('s_chunks="(.*?)"', text)) == {"0"}
    assert set(re.findall('type="(.*?)"', text)) == {"s", "r", "rrc"}


def recorded(program: Program) -> Schedule:
    recorder, naive = Recorder(program.ranks, program.chunks), NaiveRecorder()
    for call in program.calls:
        play(recorder, naive, replace(call, seconds=0.0, after=None))
    return recorder.schedule()


@settings(max_examples=150)
@given(program=programs(), seed=st.integers(0, 99))
def test_every_program_of_a_recorder_comes_back_and_runs(tmp_path_factory, program, seed):
    schedule = recorded(program)
    path = tmp_path_factory.getbasetemp() / "program.xml"
    formats.dump(schedule, path)
    assert formats.load(path).schedule.same_as(schedule)
    check_sums(path, schedule, seed)


@settings(max_examples=150)
@given(schedule=graphs(), seed=st.integers(0, 99))
def test_any_schedule_comes_back_and_runs_or_is_refused(tmp_path_factory, schedule, seed):
    path = tmp_path_factory.getbasetemp() / "graph.xml"
    schedule = replace(schedule, seconds=np.zeros(len(schedule)))
    try:
        formats.dump(schedule, path)
    except InputError:
        assert any(schedule[w].dst != row.src for row in schedule for w in row.after)
        return
    assert formats.load(path).schedule.same_as(schedule)
    check_sums(path, schedule, seed)


def check_sums(path: Path, schedule: Schedule, seed: int) -> None:
    """Every rank ends with every chunk as the sums in plain Python say."""
    random = Random(seed)
    gradient = [random.getrandbits(60) for _ in range(schedule.ranks)]
    sums = Sums(schedule, goals.ALL_REDUCE, gradient)
    machine = Machine(path, capacity=1 + seed % 3, seed=seed)
    machine.gradient = lambda rank, chunk: gradient[rank]
    machine.run()
    for rank in range(schedule.ranks):
        for chunk in range(schedule.chunks):
            assert machine.memory[rank]["o", chunk] == sums.held(rank, chunk)


def row(kind: str, src: int, dst: int, chunk: int = 0, **more: Any) -> Operation:
    return Operation(kind, src, dst, chunk, **more)


@pytest.mark.parametrize(
    ("schedule", "more", "message"),
    [
        (
            Schedule.of(3, 1, [row("copy", 0, 1), row("copy", 0, 2, after=(0,))]),
            {},
            "operation 1 (copy 0 -> 2 chunk 0) waits for operation 0, which ends at rank 1; "
            "MSCCL waits for what is at the same rank",
        ),
        (
            Schedule.of(2, 1, [row("compute", 1, 1, seconds=0.5)]),
            {},
            "operation 0 (compute at 1 for 0.5 s chunk 0): MSCCL has no computations that take time",
        ),
        (Schedule.of(3, 1, []), {"workers": 2}, "1 servers; MSCCL knows workers only"),
        (
            Schedule.of(2, 3, []),
            {"goal": goals.ALL_GATHER},
            "MSCCL has no word for the goal 'all_gather' of 3 chunks; expected all_gather, all_reduce, all_to_all, "
            "broadcast, gather, reduce, reduce_scatter, scatter, of equal blocks",
        ),
        (
            Schedule.of(2, 1, [row("copy", 1, 0)]),
            {"goal": goals.broadcast(0)},
            "operation 0 (copy 1 -> 0 chunk 0) carries chunk 0, of which rank 1 has nothing",
        ),
        (
            Schedule.of(2, 1, [row("reduce", 0, 1)]),
            {"goal": goals.broadcast(0)},
            "operation 0 (reduce 0 -> 1 chunk 0) adds to chunk 0 of rank 1, which has nothing of it; "
            "MSCCL has no empty buffer",
        ),
        (
            Schedule.of(2, 1, []),
            {"goal": goals.broadcast(1)},
            "rank 0 ends without chunk 0; expected a schedule that is proven",
        ),
        (
            Schedule.of(3, 3, [row("copy", 1, r, c) for r, c in ((0, 0), (2, 2), (0, 1))] + [row("reduce", 1, 0, 1)]),
            {"goal": goals.scatter(1)},
            "operation 3 (reduce 1 -> 0 chunk 1) is added to a sum that nobody reads, at a rank that has nothing of "
            "its own there; MSCCL has no empty buffer",
        ),
        (
            Schedule.of(2, 4, []),
            {"goal": goals.ALL_TO_ALL},
            "MSCCL has no word for the goal 'all_to_all' of 4 chunks; expected all_gather, all_reduce, all_to_all, "
            "broadcast, gather, reduce, reduce_scatter, scatter, of equal blocks",
        ),
        (
            Schedule.of(2, 1, []),
            {"goal": replace(goals.ALL_REDUCE, apart=True)},
            "MSCCL has no word for the goal 'all_reduce' of 1 chunks; expected all_gather, all_reduce, all_to_all, "
            "broadcast, gather, reduce, reduce_scatter, scatter, of equal blocks",
        ),
        (
            Schedule.of(2, 2, []),
            {"goal": goals.ALL_TO_ALL},
            "chunks of 1 vectors; expected 2 for coll alltoall",
        ),
    ],
)
def test_what_msccl_cannot_say_is_refused(schedule, more, message, tmp_path):
    with pytest.raises(InputError) as refused:
        formats.dump(schedule, tmp_path / "x.xml", **more)
    assert str(refused.value) == message
    assert not (tmp_path / "x.xml").exists()


def test_a_schedule_that_is_too_long_is_refused(monkeypatch):
    monkeypatch.setattr("simcomm.formats.msccl.write.MOST_OPERATIONS", 1)
    schedule = Schedule.of(2, 1, [row("copy", 0, 1), row("copy", 0, 1)])
    with pytest.raises(InputError, match="2 operations; expected at most 1 in an MSCCL file"):
        text_of(schedule, 2, "x", None)


@pytest.mark.parametrize(
    ("goal", "rows"),
    [
        (goals.broadcast(2), [row("copy", 2, r, c) for r in (0, 1) for c in range(3)]),
        (goals.reduce(1), [row("reduce", r, 1, c) for r in (0, 2) for c in range(3)]),
        (goals.scatter(1), [row("copy", 1, r, r) for r in (0, 2)]),
        (goals.gather(2), [row("copy", r, 2, r) for r in (0, 1)]),
    ],
    ids=lambda value: getattr(value, "operation", ""),
)
def test_goals_with_a_root_come_back(goal, rows, tmp_path):
    path = tmp_path / "x.xml"
    schedule = Schedule.of(3, 3, rows)
    formats.dump(schedule, path, goal=goal)
    found = formats.load(path)
    assert found.schedule.same_as(schedule)
    assert (found.goal, found.prove().places > 0) == (goal, True)
    assert runs_right(path)
    assert broken_rules(path) == []
