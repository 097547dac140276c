"""Files with one mistake: what is accepted and proven runs right on a machine, whatever the mistake was."""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree
from functools import cache
from pathlib import Path
from random import Random

import pytest
from msccl_machine import Machine, Stuck

from simcomm import collectives, formats
from simcomm.errors import InputError, ProofError
from simcomm.formats.msccl.write import text_of

NUMBERS = ("srcoff", "dstoff", "depid", "deps", "cnt")
SAMPLES = ("ring_all_reduce", "all_to_all", "recursive_doubling", "rabenseifner", "all_to_all_blocks")


@cache
def text(name: str, n: int) -> str:
    collective = collectives.get(name)
    return text_of(collective.schedule(n), n, name, collective.goal_of(n, {}))


def mutant(root: ElementTree.Element, random: Random) -> str:
    """Make one mistake; returns what it was."""
    blocks = [tb for gpu in root for tb in gpu if len(tb)]
    tb = random.choice(blocks)
    step = random.choice(list(tb))
    what = random.randrange(5)
    if what == 0:
        name = random.choice(NUMBERS)
        step.set(name, str(int(step.get(name)) + random.choice((-1, 1))))
        return f"{name} {step.attrib}"
    if what == 1:
        step.set("type", random.choice(("s", "r", "rrc", "rcs", "rrs", "rrcs", "cpy", "re", "nop")))
        return f"type {step.attrib}"
    if what == 2:
        end = random.choice(("srcbuf", "dstbuf"))
        step.set(end, random.choice("ios"))
        return f"{end} {step.attrib}"
    if what == 3:
        step.set("depid", "-1")
        step.set("deps", "-1")
        return f"no dep {step.attrib}"
    other = random.choice(list(tb))
    for name in ("type", "srcbuf", "srcoff", "dstbuf", "dstoff", "cnt"):
        mine, theirs = step.get(name), other.get(name)
        step.set(name, theirs)
        other.set(name, mine)
    return f"swapped {step.attrib} {other.attrib}"


def runs(path: Path) -> bool:
    """Whether a machine ends right in every order tried; one that stops, reads nothing or mixes sizes does not."""
    try:
        for seed in range(4):
            machine = Machine(path, capacity=10**6, seed=seed)
            machine.run()
            if not machine.is_right():
                return False
    except (Stuck, KeyError, AssertionError):
        return False
    return True


@pytest.mark.parametrize("name", SAMPLES)
def test_what_is_proven_runs_right(name, tmp_path):
    random, path = Random(name), tmp_path / "mutant.xml"
    accepted = wrong = nameless = 0
    for _ in range(150):
        root = ElementTree.fromstring(text(name, random.choice((2, 3, 4))))
        mistake = mutant(root, random)
        for step in root.iter("step"):
            step.attrib.pop("op", None)
        ElementTree.ElementTree(root).write(path)
        is_right = runs(path)
        try:
            formats.load(path).prove()
        except (InputError, ProofError) as error:
            nameless += f"{path}:" not in str(error) and "is nothing in the file" not in str(error)
            wrong += not is_right
            continue
        accepted += 1
        assert is_right, mistake
    assert accepted >= 10
    assert wrong >= 40
    assert nameless == 0, "every error names the file and a line"
