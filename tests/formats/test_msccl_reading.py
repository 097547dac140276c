"""What every instruction of MSCCL becomes, and what is refused, by the line and the element."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from msccl_machine import runs_right

from simcomm import formats
from simcomm.errors import InputError, ProofError

HEAD = (
    '<algo name="t" proto="Simple" nchannels="1" nchunksperloop="{chunks}" ngpus="{n}" coll="{coll}" '
    'inplace="{inplace}">'
)


def step(s: int, what: str) -> str:
    """A step from words: ``rrc i0 o0 [xCNT] [after TB.STEP] [!]``; ! is hasdep."""
    found = re.fullmatch(r"(\w+)(?: ([ios])(-?\d+) ([ios])(-?\d+))?(?: x(\d+))?(?: after (\d+)\.(\d+))?( !)?", what)
    assert found, what
    kind, srcbuf, srcoff, dstbuf, dstoff, count, depid, deps, hasdep = found.groups()
    cnt = count or ("0" if kind == "nop" else "1")
    return (
        f'<step s="{s}" type="{kind}" srcbuf="{srcbuf or "i"}" srcoff="{srcoff or -1}" dstbuf="{dstbuf or "o"}" '
        f'dstoff="{dstoff or -1}" cnt="{cnt}" depid="{depid or -1}" deps="{deps or -1}" hasdep="{int(bool(hasdep))}"/>'
    )


def text(coll: str, gpus: list[dict[tuple[int, int], list[str]]], chunks: int = 1, sizes=(1, 1, 1), inplace=0) -> str:
    """Of every GPU, what its threadblocks (send, recv) do; a third number is the channel."""
    lines = [HEAD.format(chunks=chunks, n=len(gpus), coll=coll, inplace=inplace)]
    for gpu, blocks in enumerate(gpus):
        i, o, s = sizes
        lines.append(f'<gpu id="{gpu}" i_chunks="{i}" o_chunks="{o}" s_chunks="{s}">')
        for number, (ends, steps) in enumerate(blocks.items()):
            send, recv, chan = (*ends, 0)[:3]
            lines.append(f'<tb id="{number}" send="{send}" recv="{recv}" chan="{chan}">')
            lines += [step(s, what) for s, what in enumerate(steps)]
            lines.append("</tb>")
        lines.append("</gpu>")
    return "\n".join([*lines, "</algo>"])


@pytest.fixture
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return Path("t.xml")


def rows(path: Path) -> list[str]:
    found = formats.load(path)
    assert found.prove().places
    return [str(row) for row in found.schedule]


CASES = {
    "s and r: a copy": (
        text("broadcast", [{(1, -1): ["s i0 o0"], (-1, -1): ["cpy i0 o0"]}, {(-1, 0): ["r i0 o0"]}]),
        ["copy 0 -> 1  chunk 0"],
    ),
    "rrc: a reduction": (
        text("reduce", [{(-1, 1): ["rrc i0 o0"]}, {(0, -1): ["s i0 o0"]}]),
        ["reduce 1 -> 0  chunk 0"],
    ),
    "rcs: a copy, which is sent on": (
        text(
            "broadcast",
            [{(1, -1): ["s i0 o0"], (-1, -1): ["cpy i0 o0"]}, {(2, 0): ["rcs i0 o0"]}, {(-1, 1): ["r i0 o0"]}],
        ),
        ["copy 0 -> 1  chunk 0", "copy 1 -> 2  chunk 0, after 0"],
    ),
    "rrs: a reduction, which is sent on and not kept": (
        text("reduce", [{(-1, 1): ["rrc i0 o0"]}, {(0, 2): ["rrs i0 o0"]}, {(1, -1): ["s i0 o0"]}]),
        ["reduce 2 -> 1  chunk 0", "reduce 1 -> 0  chunk 0, after 0"],
    ),
    "rrcs: a reduction, which is kept and sent on": (
        text("allreduce", [{(1, 1): ["s i0 i0", "r o0 o0"]}, {(0, 0): ["rrcs i0 o0"]}]),
        ["reduce 0 -> 1  chunk 0", "copy 1 -> 0  chunk 0, after 0"],
    ),
    "re: what came to scratch is added, so it was a reduction": (
        text(
            "reduce",
            [
                {(-1, 1): ["r i0 s0 !"], (-1, -1): ["cpy i0 o0", "re s0 o0 after 0.0"]},
                {(0, -1): ["s i0 s0"]},
            ],
        ),
        ["reduce 1 -> 0  chunk 0"],
    ),
    "nop: waits": (
        text(
            "allreduce",
            [
                {
                    (-1, 1): ["rrc i0 o0 !"],
                    (-1, 2): ["rrc o0 o0 after 0.0 !"],
                    (1, -1): ["nop after 0.0", "s o0 o0 after 1.0"],
                    (2, -1): ["s o0 o0 after 1.0"],
                },
                {(0, -1): ["s i0 o0"], (-1, 0): ["r o0 o0"]},
                {(0, -1): ["s i0 o0"], (-1, 0): ["r o0 o0"]},
            ],
        ),
        [
            "reduce 1 -> 0  chunk 0",
            "reduce 2 -> 0  chunk 0",
            "copy 0 -> 1  chunk 0, after 0, 1",
            "copy 0 -> 2  chunk 0, after 0, 1",
        ],
    ),
    "cnt: one message of neighbouring chunks": (
        text(
            "broadcast",
            [{(1, -1): ["s i0 o0 x2"], (-1, -1): ["cpy i0 o0 x2"]}, {(-1, 0): ["r i0 o0 x2"]}],
            2,
            (2, 2, 0),
        ),
        ["copy 0 -> 1  chunks 0..1"],
    ),
    "cnt: one message, wherever its chunks lie": (
        text(
            "broadcast",
            [
                {(1, -1): ["s s0 s0 x2 after 1.1"], (-1, -1): ["cpy i1 s0", "cpy i0 s1 !", "cpy i0 o0 x2"]},
                {(-1, 0): ["r s0 s0 x2", "cpy s0 o1", "cpy s1 o0"]},
            ],
            2,
            (2, 2, 2),
        ),
        ["copy 0 -> 1  chunks 0..1"],
    ),
    "cnt: one message of chunks that are no range": (
        text(
            "broadcast",
            [
                {(1, -1): ["s s0 s0 x2 after 1.1", "s i1 o1"], (-1, -1): ["cpy i2 s0", "cpy i0 s1 !", "cpy i0 o0 x3"]},
                {(-1, 0): ["r s0 s0 x2", "r o1 o1", "cpy s0 o2", "cpy s1 o0"]},
            ],
            3,
            (3, 3, 2),
        ),
        ["copy 0 -> 1  chunks 0, 2", "copy 0 -> 1  chunk 1"],
    ),
    "the order of sends is no dependency": (
        text(
            "broadcast",
            [{(1, -1): ["s i0 o0", "s i1 o1"], (-1, -1): ["cpy i0 o0 x2"]}, {(-1, 0): ["r i0 o0", "r i1 o1"]}],
            2,
            (2, 2, 0),
        ),
        ["copy 0 -> 1  chunk 0", "copy 0 -> 1  chunk 1"],
    ),
    "a dependency that brings nothing": (
        text(
            "broadcast",
            [
                {(1, -1): ["s i0 o0"], (-1, -1): ["cpy i0 o0 x2"], (2, -1): ["s i1 o1"]},
                {(-1, 0): ["r i0 o0 !"], (2, -1): ["s o0 o0 after 0.0"], (-1, 2): ["r o1 o1"]},
                {(-1, 0): ["r i1 o1 !"], (-1, 1): ["r o0 o0 !"], (1, -1): ["nop after 1.0", "s o1 o1 after 0.0"]},
            ],
            2,
            (2, 2, 1),
        ),
        [
            "copy 0 -> 1  chunk 0",
            "copy 0 -> 2  chunk 1",
            "copy 1 -> 2  chunk 0, after 0",
            "copy 2 -> 1  chunk 1, after 1, 2",
        ],
    ),
    "in place: the input is part of the output": (
        text("allgather", [{(1, 1): ["s i0 o0", "r i0 o1"]}, {(0, 0): ["s i0 o1", "r i0 o0"]}], 2, (1, 2, 0), 1),
        ["copy 0 -> 1  chunk 0", "copy 1 -> 0  chunk 1"],
    ),
    "in place: the output is part of the input": (
        text(
            "reducescatter", [{(1, 1): ["s i1 i1", "rrc i0 o0"]}, {(0, 0): ["s i0 i0", "rrc i1 o0"]}], 2, (2, 1, 0), 1
        ),
        ["reduce 0 -> 1  chunk 1", "reduce 1 -> 0  chunk 0"],
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_what_it_becomes(case, path):
    written, expected = CASES[case]
    path.write_text(written)
    assert rows(path) == expected
    assert runs_right(path)


def test_what_is_passed_on_is_not_kept(path):
    """An rrs at a GPU that gets the sum later: what it passed on is not counted among what it ends with."""
    path.write_text(
        text(
            "allreduce",
            [
                {(1, 2): ["s i0 o0", "r o0 o0"]},
                {(2, 0): ["rrs i0 o0"], (-1, 2): ["r o0 o0"]},
                {(0, 1): ["rrcs i0 o0 !"], (1, -1): ["s o0 o0 after 0.0"]},
            ],
        )
    )
    assert rows(path) == [
        "reduce 0 -> 1  chunk 0",
        "reduce 1 -> 2  chunk 0, after 0",
        "copy 2 -> 0  chunk 0, after 1",
        "copy 2 -> 1  chunk 0, after 1",
    ]
    assert runs_right(path)


def test_what_a_gpu_ends_with_may_need_a_computation(path):
    """Of two that came, the first was kept: the schedule would say the second."""
    path.write_text(
        text(
            "broadcast",
            [
                {(1, -1): ["s i0 o0", "s i0 s0"], (-1, -1): ["cpy i0 o0"]},
                {(-1, 0): ["r i0 o0", "r i0 s0"]},
            ],
        )
    )
    found = formats.load(path)
    assert found.prove().places == 2
    assert [str(row) for row in found.schedule] == [
        "copy 0 -> 1  chunk 0",
        "copy 0 -> 1  chunk 0",
        "join at 1  chunk 0, after 0",
    ]
    assert found.places == (
        't.xml:4: <step s="0" type="s" …>',
        't.xml:5: <step s="1" type="s" …>',
        't.xml:13: <step s="0" type="r" …>',
    )


OK = text("allreduce", [{(1, 1): ["s i0 i0", "r o0 o0"]}, {(0, 0): ["rrcs i0 o0"]}])


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("</algo>", "", "t.xml:13:1: not well-formed XML: no element found; expected an algorithm as MSCCL has"),
        (
            "<algo",
            '<!DOCTYPE algo [<!ENTITY a "b">]><algo',
            "t.xml:1: a document type declaration, algo; expected none",
        ),
        ("</gpu>", "hello</gpu>", "t.xml:7: text between the elements: 'hello'; expected none"),
        ('ngpus="2"', "", "the attribute 'ngpus' is missing"),
        ('ngpus="2"', 'ngpus="two"', "ngpus: 'two' is not a whole number; expected 1 or more"),
        ('ngpus="2"', 'ngpus="' + 20 * "9" + '"', f"ngpus: {20 * '9'} has more than 15 digits; expected 1 or more"),
        (
            'nchunksperloop="1"',
            f'nchunksperloop="{10**14}"',
            f"{10**14} chunks on each of 2 gpus; expected at most 1048576",
        ),
        ('inplace="0"', 'inplase="1"', "there is no attribute 'inplase'; did you mean 'inplace'?"),
        ('ngpus="2"', 'ngpus="2" rot="1"', "there is no attribute 'rot'; did you mean 'root'?"),
        ('type="s"', f'type="{99 * "s"}"', f'<step s="0" type="{39 * "s"}…" …>: type: \'{39 * "s"}…\'; expected'),
        ('ngpus="2"', 'ngpus="3"', "gpu 2 is missing; expected one for each of ngpus, 3"),
        ('<gpu id="1"', '<gpu id="0"', "gpu 0 is there twice; it also begins in line 2"),
        ('<gpu id="1"', '<gpu id="2"', "id: 2; expected 0 to 1"),
        ('proto="Simple"', 'proto="simple"', "proto: 'simple'; expected one of Simple, LL, LL128; did you mean"),
        ('coll="allreduce"', 'coll="allredcue"', "coll: 'allredcue'; expected one of"),
        ('coll="allreduce"', 'coll="alltoall"', "nchunksperloop: 1; expected a multiple of ngpus, 2: alltoall"),
        ('i_chunks="1"', 'i_chunks="0"', "i_chunks: 0; expected 1 for allreduce"),
        ("<tb ", "<threadblock ", "t.xml:6:3: not well-formed XML: mismatched tag"),
        ('<tb id="0"', '<tb id="1"', "expected id 0: the threadblocks of a gpu are numbered from 0 on"),
        ('send="1"', 'send="0"', "send: 0 is the gpu that it stands in; expected another, or -1 for none"),
        ('send="1"', 'send="2"', "send: 2; expected -1 to 1"),
        ('send="1"', 'send="-1"', 'type s in a threadblock with send="-1"; expected the number of a gpu'),
        (' s="1"', ' s="2"', 't.xml:5: <step s="2" type="r" …>: expected s 1: the steps of a threadblock are'),
        ('type="rrcs"', 'type="rrsc"', "type: 'rrsc'; expected one of s, r, rcs, rrc, rrs, rrcs, cpy, re, nop"),
        ('srcbuf="i"', 'srcbuf="input"', "srcbuf: 'input'; expected one of i, o, s"),
        ('srcbuf="i"', 'srcbuf=""', "srcbuf: ''; expected one of i, o, s"),
        ('srcbuf="i"', 'srcbuf="io"', "srcbuf: 'io'; expected one of i, o, s; did you mean"),
        ('srcoff="0"', 'srcof="0"', "the attribute 'srcoff' is missing; did you mean 'srcof'?"),
        ('srcoff="0"', 'srcoff="1"', "i[1] is out of range; gpu 0 has 1 chunks in i"),
        ('cnt="1"', 'cnt="0"', "cnt: 0; expected 1 or more"),
        ('cnt="1"', 'cnt="2"', "cnt 1; the send that it meets, t.xml:4:"),
        ('depid="-1"', 'depid="7"', "depid 7 with deps -1; expected a threadblock and its step, or -1 and -1"),
        ('depid="-1" deps="-1"', 'depid="7" deps="0"', 't.xml:4: <step s="0" type="s" …>: dep on threadblock 7; there'),
        ('depid="-1" deps="-1"', 'depid="0" deps="5"', "dep on step 5 of threadblock 0; it has 2"),
        ('depid="-1" deps="-1"', 'depid="0" deps="1"', 'dep on line 5, which has hasdep="0" and never tells'),
        ('type="r"', 'type="cpy"', "1 sends and 0 receives from gpu 1 to gpu 0 on channel 0; expected one"),
        ("<tb ", "<gpu/><tb ", "t.xml:3: <gpu>: in <gpu>; expected <tb>"),
        (
            '<tb id="0"',
            '<tb id="0" send="1" recv="-1" chan="0"/><tb id="1"',
            "send: gpu 1 on channel 0 is also that of",
        ),
        ('type="s"', 'type="s" op="0"', "it has no op, which other steps have; expected it of every step that sends"),
        ('type="r"', 'type="r" op="0"', "op 0 of type r; expected it of what sends, cpy or re"),
        ('srcbuf="i"', 'srcbuf="s"', "it reads s[0] of gpu 0, where nothing was written"),
    ],
)
def test_a_wrong_file_is_refused_by_its_element(old, new, message, path):
    assert old in OK
    path.write_text(OK.replace(old, new, 1))
    with pytest.raises(InputError) as refused:
        formats.load(path)
    assert str(refused.value).startswith("t.xml:")
    assert message in str(refused.value)


#: Two neighbours in one send, one with what came and one without: a message for each.
APART = text(
    "custom",
    [
        {(-1, 1): ["r i0 s2 x2 !"], (1, -1): ["cpy i0 s0 x2", "re s3 s1 after 0.0", "s s0 s0 x2"]},
        {(0, -1): ["s i0 s2 x2"], (-1, 0): ["r s0 s0 x2"]},
    ],
    2,
    (2, 2, 4),
)


def test_two_steps_with_one_number_are_refused(path):
    path.write_text(OK.replace('type="s"', 'type="s" op="0"').replace('type="rrcs"', 'type="rrcs" op="0"'))
    with pytest.raises(InputError, match="op 0 is there twice; also in line 4"):
        formats.load(path)


def test_a_number_stands_for_one_operation(path):
    first, other = ('type="s" srcbuf="i"', 'type="s" srcbuf="s"')
    assert APART.count(first) == APART.count(other) == 1
    path.write_text(APART.replace(first, f'op="0" {first}').replace(other, f'op="1" {other}'))
    with pytest.raises(InputError, match="op 1 sends what is no one message: a chunk is there twice, or would get"):
        formats.load(path)
    local = [{(-1, -1): ["cpy i0 s0", "cpy i0 s1", "cpy s0 o0 x2"]}]
    written = text("custom", local, 2, (2, 2, 2))
    path.write_text(written.replace('srcoff="0" dstbuf="o"', 'op="0" srcoff="0" dstbuf="o"'))
    with pytest.raises(InputError, match="op 0 joins what is no one operation: a chunk is there twice"):
        formats.load(path)


def test_another_xml_file_is_refused(path):
    path.write_text('<system version="1"/>')
    with pytest.raises(
        InputError, match=r't.xml:1: <system version="1">: the outermost element; expected <algo> of an'
    ):
        formats.load(path)


def test_a_file_that_is_not_there_or_too_large_is_refused(path, monkeypatch):
    with pytest.raises(InputError, match="No such file or directory; expected an algorithm as MSCCL has it"):
        formats.load(path)
    monkeypatch.setattr("simcomm.formats.xml_text.MOST_BYTES", 10)
    path.write_text(OK)
    with pytest.raises(InputError, match="larger than 0 MiB; expected an algorithm"):
        formats.load(path)


def test_an_external_entity_is_not_fetched(path):
    Path("secret").write_text("42")
    bomb = '<!DOCTYPE algo [<!ENTITY x SYSTEM "secret">]><algo name="&x;"/>'
    path.write_text(bomb)
    with pytest.raises(InputError, match="a document type declaration, algo; expected none"):
        formats.load(path)


@pytest.mark.parametrize(
    ("gpus", "message"),
    [
        (  # each waits for the other before it sends
            [{(1, 1): ["r i0 o0", "s i0 o0"]}, {(0, 0): ["r i0 o0", "s i0 o0"]}],
            't.xml:4: <step s="0" type="r" …>: it can never run\nit waits for t.xml:11: <step s="1" type="s" …>\n'
            'it waits for t.xml:10: <step s="0" type="r" …>\nit waits for t.xml:5: <step s="1" type="s" …>\n'
            'it waits for t.xml:4: <step s="0" type="r" …>',
        ),
        (  # two write to one place, and neither waits
            [{(1, 1): ["s i0 i0", "rrc i0 o0"], (-1, -1): ["cpy i0 o0"]}, {(0, 0): ["s i0 i0", "rrc i0 o0"]}],
            't.xml:5: <step s="1" type="rrc" …>: it writes o[0] of gpu 0, which t.xml:8: <step s="0" type="cpy" …> '
            "may also be writing; expected one of them to wait for the other",
        ),
        (  # one may still read what another overwrites
            [{(1, 1): ["s i0 i0", "r i0 o0"], (-1, -1): ["cpy o0 s0"]}, {(0, 0): ["s i0 i0", "r i0 o0"]}],
            't.xml:8: <step s="0" type="cpy" …>: it reads o[0] of gpu 0, where nothing was written',
        ),
        (
            [
                {(1, 1): ["s i0 i0", "r i0 i0"], (1, -1, 1): ["s i0 o0"]},
                {(0, 0): ["s i0 i0", "rrc i0 o0"], (-1, 0, 1): ["r i0 s0"]},
            ],
            't.xml:5: <step s="1" type="r" …>: it writes i[0] of gpu 0, which t.xml:8: <step s="0" type="s" …> '
            "may still read; expected one of them to wait for the other",
        ),
        (
            [{(1, -1): ["s i0 i0"], (-1, 1): ["r i0 o0"]}, {(-1, 0): ["r i0 o0"], (0, -1): ["s o0 o0 after 0.0"]}],
            't.xml:15: <step s="0" type="s" …>: dep on line 12, which has hasdep="0"',
        ),
        (  # what came is passed on alone and added to more, too
            [
                {(1, -1): ["s i0 s0"], (-1, 1): ["r i0 o0"]},
                {(-1, 0): ["r i0 s0 !"], (0, -1): ["s s0 o0 after 0.0"], (-1, -1): ["cpy i0 o0", "re s0 o0 after 0.0"]},
            ],
            't.xml:12: <step s="0" type="r" …>: what comes of chunk 0 to gpu 1 is passed on alone and also '
            "added to more; a schedule of simcomm says one of the two",
        ),
    ],
)
def test_a_program_that_cannot_be_is_refused(gpus, message, path):
    path.write_text(text("allreduce", gpus))
    with pytest.raises(InputError) as refused:
        formats.load(path)
    assert message in str(refused.value)


@pytest.mark.parametrize(
    ("coll", "gpus", "chunks", "message"),
    [
        (
            "broadcast",
            [{(1, -1): ["s i0 o0"], (-1, -1): ["cpy i0 o0 x2"]}, {(-1, 0): ["r i0 o0"]}],
            2,
            't.xml:10: <gpu id="1" i_chunks="2" …>: gpu 1, o[1] at the end: nothing was written there; expected',
        ),
        (
            "broadcast",
            [{(1, -1): ["s i1 o0 x1", "s i0 o1"], (-1, -1): ["cpy i0 o0 x2"]}, {(-1, 0): ["r i0 o0", "r i0 o1"]}],
            2,
            't.xml:13: <step s="0" type="r" …>: gpu 1, o[0] at the end: chunk 1, misplaced; expected chunk 0',
        ),
        (
            "allreduce",
            [{(-1, -1): ["cpy i0 s0", "re i1 s0"]}],
            2,
            't.xml:5: <step s="1" type="re" …>: chunk 1 is added to chunk 0; expected the same',
        ),
        (
            "allreduce",
            [{(-1, -1): ["cpy i0 s0", "re i0 s0"]}],
            1,
            't.xml:5: <step s="1" type="re" …>: the gradient of gpu 0 is added twice to chunk 0',
        ),
        (
            "allreduce",
            [{(-1, 1): ["r i0 s0", "cpy s0 s1", "re s0 s1"]}, {(0, -1): ["s i0 s0"]}],
            1,
            't.xml:6: <step s="2" type="re" …>: what came by t.xml:11: <step s="0" type="s" …> is added twice',
        ),
        (
            "allreduce",
            [{(1, 1): ["s i0 i0", "rrc i0 o0"]}, {(0, 0): ["s i0 i0", "rrc i0 o0", "s o0 i0"], (-1, -1): []}],
            1,
            "2 sends and 1 receives",
        ),
        (
            "allreduce",
            [{(1, 1): ["s i0 i0", "cpy i0 o0", "r i0 s0"]}, {(0, 0): ["s i0 i0", "rrc i0 o0"]}],
            1,
            "rank 0, chunk 0: the gradient of worker 1 is missing at the end; that of worker 1 got as far as rank 0, "
            'by operation 1 (copy 1 -> 0 chunk 0) of step 0\noperation 1 is t.xml:11: <step s="0" type="s" …>\n'
            'the last that wrote chunk 0 of rank 0 is t.xml:5: <step s="1" type="cpy" …>',
        ),
    ],
)
def test_what_ends_up_wrong_is_no_proof(coll, gpus, chunks, message, path):
    path.write_text(text(coll, gpus, chunks, (chunks, chunks, 2)))
    with pytest.raises((ProofError, InputError)) as refused:
        formats.load(path).prove()
    assert message in str(refused.value)


def test_a_barrier_keeps_a_wait_from_adding(path):
    """A send of the own gradient that waits for an arrival: waiting must not add what has arrived."""
    path.write_text(
        text(
            "custom",
            [{(-1, 1): ["r i0 s0 !"], (1, -1): ["s i0 o0 after 0.0"]}, {(0, -1): ["s i0 s0"], (-1, 0): ["r i0 s0"]}],
        )
    )
    found = formats.load(path)
    assert found.goal is None
    assert [str(row) for row in found.schedule] == [
        "copy 1 -> 0  chunk 0",
        "join at 0, after 0",
        "copy 0 -> 1  chunk 0, after 1",
    ]


def test_what_one_chunk_waits_for_must_not_be_added_to_its_neighbour(path):
    path.write_text(APART)
    assert [str(row) for row in formats.load(path).schedule] == [
        "reduce 1 -> 0  chunks 0..1",
        "join at 0, after 0",
        "copy 0 -> 1  chunk 0, after 1",
        "copy 0 -> 1  chunk 1, after 0",
    ]
