"""The page on GOAL and Chakra: its commands print what is shown, and its example of GOAL is read."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest
from conftest import ROOT

from simcomm import formats
from simcomm.formats import goal

pytest.importorskip("google.protobuf")

PAGE = (ROOT / "docs" / "formats.md").read_text(encoding="utf-8")


def blocks(language):
    return re.findall(rf"```{language}\n(.*?)```", PAGE, flags=re.DOTALL)


def prepare(folder):
    """The files that the page speaks of and does not write."""
    from simcomm.formats.chakra_proto import attribute, message_class, packed

    lines = (folder / "ring.goal").read_text().split("\n")
    bare = "\n".join(line for line in lines if not line.startswith("//"))
    (folder / "bare.goal").write_text(bare)
    (folder / "broken.goal").write_text(bare.replace("requires r0", "requires r10"))
    asks = [attribute("comm_type", "int64", 0), attribute("comm_size", "int64", 2**20)]
    wanted = message_class("Node")(name="all_reduce_8npus_1MB", type=7, attr=asks)
    for rank in range(8):
        (folder / f"wanted.{rank}.et").write_bytes(packed([message_class("GlobalMetadata")(), wanted]))


def test_the_commands_print_what_is_shown(command):
    shown = "".join(blocks("console"))
    runs = re.findall(r"^\$ simcomm (.*)\n((?:[^$].*\n)*)", shown, flags=re.MULTILINE)
    assert len(runs) == shown.count("$ simcomm ") == 7
    for place, (words, expected) in enumerate(runs):
        if place == 1:
            prepare(Path.cwd())
        ran = command(*shlex.split(words))
        pattern = re.escape(expected).replace("COLLECTIVES", r"[a-z_ …]+")
        assert re.fullmatch(pattern, ran.out + ran.err)


def test_the_example_is_read():
    found = goal.loads(blocks("text")[0], Path("page.goal"))
    assert [str(operation) for operation in found.schedule] == [
        "compute at 0 for 1e-07 s",
        "copy 0 -> 1  chunk 0, after 0",
    ]


def test_the_formats_of_the_page_are_those_that_there_are():
    assert {"chakra", "goal", "msccl"} <= set(formats.names())
    assert set(formats.SUFFIXES.values()) <= set(formats.names())
