"""GOAL: what is written is read as it was, means the same by LogGOPSim's rules, and gives its reference answers."""

from __future__ import annotations

import json
import random
from fractions import Fraction
from pathlib import Path

import goal_runs
import numpy as np
import pytest
import txt2bin_reader
from conftest import SHARED

from simcomm import collectives, formats, topology
from simcomm.closed_forms import Vector
from simcomm.errors import InputError
from simcomm.execution import execute
from simcomm.formats import goal
from simcomm.schedule import Operation, Schedule

#: L, o, g, G, O: the shared cases' and three in which much happens at the same instant.
MODELS = [(500_000, 100_000, 0, 8, 0), (5, 1, 2, 3, 0), (0, 0, 0, 1, 0), (10, 0, 7, 1, 9)]
FILE = Path("some.goal")


def finish(schedule, size_bytes, model):
    """When the last CPU is free, exactly, under simcomm's form of LogGOPSim's model."""
    L, o, g, G, O = model  # noqa: E741
    star = topology.build("star", schedule.ranks, Fraction(1, G), Fraction(L, 2))
    network = {
        "model": "loggp",
        "ports": "one_cpu",
        "first_byte_free": True,
        "overhead": Fraction(o),
        "gap": Fraction(g),
    }
    network |= {"cpu_bandwidth": Fraction(1, O)} if O else {}
    ran = execute(schedule, size_bytes, star, network=network, exact=True, detailed=False, engine="des")
    return ran.timeline.makespan_s


def written(schedule, vector, path, **more):
    formats.dump(schedule, path, goal=more.get("goal"), vector=vector, name=more.get("name", "some"))
    return path.read_text(encoding="utf-8")


def bare(text):
    """Without the comments of simcomm, as any other file."""
    return "\n".join(line for line in text.split("\n") if not line.startswith("//"))


def every_schedule(workers):
    """Of every collective with every set of options worth showing; of those that this number of workers allows."""
    for name in collectives.names():
        for options in collectives.get(name).variants:
            try:
                yield name, options, collectives.get(name).schedule(workers, **options)
            except InputError:
                continue


def waits_for_arrival_of_its_own(schedule):
    waits = np.repeat(np.arange(len(schedule)), np.diff(schedule.after_start))
    elsewhere = schedule.dst[schedule.after] != schedule.src[waits]
    return bool(elsewhere.any())


def named(goal):
    """The goal, if it is one that a file can name."""
    return None if goal.operation in ("all_to_all_v", "gossip", "shift") else goal


@pytest.mark.parametrize("workers", range(1, 10))
def test_what_is_written_is_read_as_it_was(workers, tmp_path):
    for name, options, schedule in every_schedule(workers):
        target = named(collectives.get(name).goal_of(workers, options))
        for vector in (Vector(250), Vector(3), Vector(0)):
            written(schedule, vector, tmp_path / "x.goal", goal=target, name=name)
            found = formats.load(tmp_path / "x.goal")
            assert found.schedule.same_as(schedule), (name, options)
            assert (found.goal, found.vector, found.name) == (target, vector, name)


@pytest.mark.parametrize("workers", range(2, 10))
def test_every_collective_takes_as_long_by_loggopsims_rules_from_its_text(workers, tmp_path):
    """The statements alone, read by another reader and by ours, and the schedule itself: one time."""
    compared = 0
    for name, options, schedule in every_schedule(workers):
        vector = Vector(8 * workers + 1)
        text = written(schedule, vector, tmp_path / "x.goal")
        alone = goal.loads(bare(text), FILE)
        for model in MODELS[:: 1 if workers % 4 == 3 else 2]:
            theirs = goal_runs.Run(text, *model).finish
            assert finish(alone.schedule, alone.size_bytes, model) == theirs, (name, options, model)
            if not waits_for_arrival_of_its_own(schedule):
                assert finish(schedule, vector, model) == theirs, (name, options, model)
                compared += 1
    assert compared >= 16


@pytest.mark.parametrize("workers", range(1, 10))
def test_txt2bin_takes_every_collective(workers, tmp_path):
    """And finds in it the statements that we find: each with its size, peer and tag, and what it requires."""
    for name, options, schedule in every_schedule(workers):
        text = written(schedule, Vector(8 * workers + 1), tmp_path / "x.goal", name=f"{name} }} \n\u00e9")
        taken = txt2bin_reader.read(text)
        ranks, ops, waits = goal_runs.read(text)
        assert len(taken.statements) == taken.ranks == ranks == schedule.ranks, (name, options)
        assert [len(of_rank) for of_rank in taken.statements] == [sum(op.rank == r for op in ops) for r in range(ranks)]
        flat = [words for of_rank in taken.statements for words in of_rank]
        for words, op in zip(flat, ops, strict=True):
            kind = {"send": goal_runs.SEND, "recv": goal_runs.RECV, "calc": goal_runs.CALC}[words[0]]
            peer, tag = (int(words[4]), int(words[6])) if words[0] != "calc" else (-1, 0)
            assert (kind, int(words[1]), peer, tag) == (op.kind, op.size, op.peer, op.tag)
        assert sum(map(len, taken.waits)) == len(waits)


WHOLE = "num_ranks 2\nrank 0 {\nl1: send 8b to 1 tag 0\n}\nrank 1 {\nl1: recv 8b from 0 tag 0\n}\n"


@pytest.mark.parametrize(
    ("old", "new", "line"),
    [
        ("l1: send", " l1: send", 3),
        ("tag 0", "tag 0 // first", 3),
        ("tag 0", "nic 0 tag 0", 3),
        ("8b", "8", 3),
        ("8b", "8B", 3),
        ("8b to", "8b from", 3),
        ("tag 0\n}", "tag 0 }", 3),
        ("l1: recv", "l1 requires l0\nl1: recv", 6),
        ("rank 1 {", "rank 0 {", 5),
        ("rank 0 {", "rank 0\n{", 2),
        ("num_ranks 2\n", "", 3),
    ],
)
def test_txt2bin_does_not_take_everything(old, new, line):
    assert txt2bin_reader.read(WHOLE).statements[1] == [["recv", "8", "b", "from", "0", "tag", "0"]]
    assert old in WHOLE
    with pytest.raises(txt2bin_reader.Refused, match=f"line {line}:"):
        txt2bin_reader.read(WHOLE.replace(old, new, 1))


def programs_of(draw, hosts):
    """Messages whose sends require receives, the statements of a rank in any order."""
    statements, requires = [[] for _ in range(hosts)], [[] for _ in range(hosts)]
    for tag in range(draw.randint(1, 14)):
        src = draw.randrange(hosts)
        dst, size = (src + draw.randint(1, hosts - 1)) % hosts, draw.choice([1, 2, 3, 9, 40])
        received = [line.split(":")[0] for line in statements[src] if line.startswith("r")]
        waits = draw.sample(received, min(len(received), draw.choice([0, 1, 1, 2])))
        requires[src] += [f"s{tag} requires {label}" for label in waits]
        statements[src].append(f"s{tag}: send {size}b to {dst} tag {tag}")
        statements[dst].append(f"r{tag}: recv {size}b from {src} tag {tag}")
    lines = [f"num_ranks {hosts}"]
    for rank in range(hosts):
        draw.shuffle(statements[rank])
        lines += [f"rank {rank} {{", *statements[rank], *requires[rank], "}"]
    return "\n".join(lines)


@pytest.mark.parametrize("seed", range(60))
def test_random_programs_take_as_long_as_by_loggopsims_rules(seed):
    draw = random.Random(seed)
    text = programs_of(draw, draw.randint(2, 5))
    model = tuple(draw.choice(of) for of in ([0, 1, 5, 10], [0, 0, 1, 3], [0, 0, 2, 7], [1, 2, 3, 8], [0, 0, 1, 9]))
    found = goal.loads(text, FILE)
    assert finish(found.schedule, found.size_bytes, model) == goal_runs.Run(text, *model).finish


def cases(name):
    path = SHARED / "conformance" / name
    if not path.exists():
        pytest.skip(f"no {path.name} beside the project")
    return json.loads(path.read_text(encoding="utf-8"))["cases"]


def text_of_case(case):
    """A shared program of messages as GOAL, by hand."""
    lines = [f"num_ranks {case['workers']}"]
    for rank in range(case["workers"]):
        numbered = list(enumerate(case["messages"]))
        sends = [(i, m) for i, m in numbered if m["src"] == rank]
        lines += [f"rank {rank} {{"]
        lines += [f"s{i}: send {m['size_bytes']}b to {m['dst']} tag {i}" for i, m in sends]
        lines += [f"r{i}: recv {m['size_bytes']}b from {m['src']} tag {i}" for i, m in numbered if m["dst"] == rank]
        lines += [f"s{i} requires r{waited}" for i, m in sends for waited in m["after"]]
        lines += ["}"]
    return "\n".join(lines)


def test_loggopsims_own_answers_come_out_of_goal_files():
    for case in cases("loggopsim_random.json"):
        text = text_of_case(case)
        model = tuple(case[name] for name in ("L", "o", "g", "G", "O"))
        found = goal.loads(text, FILE)
        assert finish(found.schedule, found.size_bytes, model) == case["finish"], case["id"]
        assert goal_runs.Run(text, *model).finish == case["finish"], case["id"]


def test_our_files_of_collectives_give_loggopsims_own_answers(tmp_path):
    small = [case for case in cases("loggopsim_collectives.json") if case["messages"] <= 1000]
    assert {case["collective"] for case in small} >= {"ring_all_reduce", "all_to_all", "parameter_server"}
    for case in small:
        workers, name = case["workers"], case["collective"]
        cut = workers if name == "ring_all_reduce" else 1
        schedule = collectives.get(name).schedule(workers)
        text = written(schedule, Vector(case["message_bytes"] * cut, 1), tmp_path / "x.goal")
        model = tuple(case[key] for key in ("L", "o", "g", "G", "O"))
        assert goal_runs.Run(text, *model).finish == case["finish"], case["id"]
        found = goal.loads(bare(text), FILE)
        assert finish(found.schedule, found.size_bytes, model) == case["finish"], case["id"]


def dissemination(ranks):
    """A barrier of one byte a message, as the examples of LogGOPSim are written."""
    lines = [f"num_ranks {ranks}", ""]
    for rank in range(ranks):
        lines, label = [*lines, f"rank {rank} {{"], 1
        for step in range(ranks.bit_length() - 1):
            lines.append(f"l{label}: send 1b to {(rank + 2**step) % ranks} tag 0")
            lines += [f"l{label} requires l{label - 1}"] if step else []
            lines.append(f"l{label + 1}: recv 1b from {(rank - 2**step) % ranks} tag 0")
            label += 2
        lines += ["}", ""]
    return "\n".join(lines)


def test_a_barrier_by_dissemination_takes_its_textbook_time():
    found = goal.loads(dissemination(16), FILE)
    assert (found.schedule.messages, found.schedule.steps, found.goal, found.vector) == (64, 4, None, None)
    assert set(found.size_bytes.tolist()) == {1}
    assert finish(found.schedule, found.size_bytes, (5, 3, 0, 2, 0)) == 4 * (2 * 3 + 5)


def test_times_become_nanoseconds_and_the_exact_one_stays():
    seconds = [1e-7, 1.25e-9, 0.0]
    rows = [Operation("compute", 0, 0, 0, 1, each) for each in seconds]
    schedule = Schedule.of(1, 1, rows)
    text = goal.text(schedule, "{}", np.zeros(3, dtype=np.int64))
    assert "c0: calc 100\n" in text
    assert "c1: calc 1\n" in text
    assert "c2:" not in text
    assert "//simcomm 1 compute 0 -> 0 chunk 0 count 1 seconds 1.25e-09\n" in text


def test_what_its_rank_has_no_part_in_cannot_be_waited_for(tmp_path):
    rows = [Operation("copy", 0, 1, 0), Operation("copy", 2, 3, 0, after=(0,))]
    expected = r"operation 1 \(copy 2 -> 3  chunk 0\) waits for operation 0 \(copy 0 -> 1  chunk 0\), in which its rank"
    with pytest.raises(InputError, match=expected):
        formats.dump(Schedule.of(4, 1, rows), tmp_path / "x.goal", vector=Vector(1))


def test_what_only_an_unsent_message_waited_for_is_not_waited_for(tmp_path):
    """Nothing comes from there; what the rank itself had to wait for stays."""
    rows = [Operation("copy", 2, 0, 1), Operation("copy", 0, 1, 0, after=(0,)), Operation("copy", 1, 2, 1, after=(1,))]
    text = written(Schedule.of(3, 2, rows), Vector(1, 1), tmp_path / "x.goal")
    assert "s2: send 1b to 2 tag 2" in text
    assert "requires" not in text
    assert formats.load(tmp_path / "x.goal").schedule.same_as(Schedule.of(3, 2, rows))


def test_more_chunks_than_can_be_read_are_not_written(tmp_path):
    with pytest.raises(InputError, match="1048577 chunks of a vector; expected at most 1048576"):
        formats.dump(Schedule.of(2, 2**20 + 1, [Operation("copy", 0, 1, 0)]), tmp_path / "x.goal", vector=Vector(1))


def test_a_size_is_needed(tmp_path):
    with pytest.raises(InputError, match="GOAL has bytes and not chunks"):
        formats.dump(Schedule.of(2, 1, [Operation("copy", 0, 1, 0)]), tmp_path / "x.goal")


CHANGES = [
    (
        "send 8b to 1 tag 0",
        "send 9b to 1 tag 0",
        r"x.goal:5: 's0: send 9b to 1 tag 0'; the comments .* say 's0: send 8b",
    ),
    ("\n//simcomm 0 reduce 0 -> 1 chunk 0 count 1", "", "1: 2 operations, but operation 0 is nowhere"),
    ("//simcomm 0 reduce", "//simcomm 1 reduce", "operation 1 is there twice"),
    ("//simcomm 0 reduce", "//simcomm 9 reduce", "operation 9 is one of 2"),
    ("//simcomm 0 reduce", "//simcomm 0 reducing", "x.goal:4: .* is no operation; expected the like of '7 reduce"),
    ("0 -> 1 chunk 0", "0 -> 1 chunk 5", "x.goal: operation 0 .*chunk out of range"),
    ('"simcomm": 1', '"simcomm": 2', "written as of version 2; expected 1"),
    ('"simcomm": 1', '"simcom": 1', "did you mean 'simcomm'"),
    ('{"simcomm"', '{simcomm"', "x.goal:1: not readable as JSON"),
    ('"ranks": 2', '"ranks": true', "ranks: True; expected a whole number"),
    ('"ranks": 2', f'"ranks": {2**31 - 1}', "x.goal: blocks of 2 ranks; the comments of simcomm say 2147483647"),
    ('"chunks": 1', f'"chunks": {2**31 - 1}', "x.goal:1: 2147483647 chunks; expected at most 1048576 of a vector"),
    ('"operations": 2', f'"operations": {10**12}', "x.goal:1: 1000000000000 operations, but operation 2 is nowhere"),
    ('"elements": 2', f'"elements": {2**62}', "x.goal: a vector of .* bytes is too large"),
    ('"workers": 2', '"workers": 3', "workers of 1 to ranks"),
    ('"goal": null', '"goal": "all_reduction"', "goal: 'all_reduction'; expected null or one of all_reduce"),
    ("\n}\n", "\n", "the comments of simcomm"),
]


@pytest.mark.parametrize(("old", "new", "message"), CHANGES)
def test_comments_and_statements_must_say_the_same(old, new, message, tmp_path):
    rows = [Operation("reduce", 0, 1, 0), Operation("copy", 1, 0, 0, after=(0,))]
    text = written(Schedule.of(2, 1, rows), Vector(2), tmp_path / "x.goal")
    assert old in text
    (tmp_path / "x.goal").write_text(text.replace(old, new, 1))
    with pytest.raises(InputError, match=message):
        formats.load(tmp_path / "x.goal")


def test_a_file_that_is_not_there(tmp_path):
    with pytest.raises(InputError, match=r"no\.goal: No such file.*expected a GOAL file"):
        formats.load(tmp_path / "no.goal")
