"""The elements of an MSCCL file, each checked as far as it can be alone."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from simcomm.formats import xml_text
from simcomm.formats.xml_text import Element

SENDS: Final = ("s", "rcs", "rrs", "rrcs")
RECEIVES: Final = ("r", "rcs", "rrc", "rrs", "rrcs")
#: Types that read their source, and that write their destination.
READS: Final = ("s", "rrc", "rrs", "rrcs", "cpy", "re")
WRITES: Final = ("r", "rcs", "rrc", "rrcs", "cpy", "re")
TYPES: Final = ("s", "r", "rcs", "rrc", "rrs", "rrcs", "cpy", "re", "nop")

BUFFERS: Final = ("i", "o", "s")
PROTOCOLS: Final = ("Simple", "LL", "LL128")

_MAY_BE_LEFT_OUT: Final = ("proto", "inplace", "outofplace", "root")


@dataclass(frozen=True, eq=False)
class Step:
    """One instruction; ``gpu``, ``block`` and ``number`` say where it stands.

    ``operation`` is the number that simcomm gave it when it wrote the file, None in files of others; ``barrier`` is the
    chunk of a computation of none, which is only waited for.
    """

    at: Element
    gpu: int
    block: int
    number: int
    type: str
    source: tuple[str, int]
    target: tuple[str, int]
    count: int
    waits_for: tuple[int, int] | None
    has_dependent: bool
    operation: int | None
    barrier: int | None


@dataclass(frozen=True, eq=False)
class Block:
    """A threadblock: steps that go one after the other, and the GPUs that it sends to and receives from (−1: none)."""

    at: Element
    gpu: int
    number: int
    send: int
    receive: int
    channel: int
    steps: tuple[Step, ...]


@dataclass(frozen=True, eq=False)
class Gpu:
    """One GPU: the sizes of its buffers (i, o, s) in chunks, and its threadblocks."""

    at: Element
    sizes: dict[str, int]
    blocks: tuple[Block, ...]


@dataclass(frozen=True, eq=False)
class Algorithm:
    """The file: what it is for, into how many chunks the vector is cut, and the program of every GPU."""

    at: Element
    name: str
    collective: str
    root: int
    chunks: int
    in_place: bool
    gpus: tuple[Gpu, ...]

    def steps(self) -> Iterator[Step]:
        """All of them, in the order of the file."""
        return (step for gpu in self.gpus for block in gpu.blocks for step in block.steps)


def read(path: Path) -> Algorithm:
    """The algorithm in a file; InputError naming file, line and element of what is wrong."""
    at = xml_text.read(path, "an algorithm as MSCCL has it, <algo …>")
    if at.tag != "algo":
        raise at.wrong("the outermost element; expected <algo> of an MSCCL algorithm")
    at.refuse_slips(_MAY_BE_LEFT_OUT)
    at.one_of("proto", PROTOCOLS, default="Simple")
    ranks = at.whole("ngpus", 1)
    gpus: dict[int, Element] = {}
    for element in at.all_inside("gpu"):
        number = element.whole("id", 0, ranks)
        if number in gpus:
            raise element.wrong(f"gpu {number} is there twice; it also begins in line {gpus[number].line}")
        gpus[number] = element
    for number in range(ranks):
        if number not in gpus:
            raise at.wrong(f"gpu {number} is missing; expected one for each of ngpus, {ranks}")
    in_place = at.whole("inplace", 0, 2, default=0) == 1 and at.whole("outofplace", 0, 2, default=0) == 0
    found = Algorithm(
        at,
        at.text("name", ""),
        at.text("coll"),
        at.whole("root", 0, ranks, default=0),
        at.whole("nchunksperloop", 1),
        in_place,
        tuple(_gpu(gpus[number], number, ranks) for number in range(ranks)),
    )
    _check_numbers(found)
    return found


def _check_numbers(algorithm: Algorithm) -> None:
    """Where steps have the numbers of operations, all that are one must have its own."""
    numbered: dict[int, Step] = {}
    for step in algorithm.steps():
        if step.operation is not None:
            if step.type not in (*SENDS, "cpy", "re"):
                raise step.at.wrong(f"op {step.operation} of type {step.type}; expected it of what sends, cpy or re")
            other = numbered.setdefault(step.operation, step)
            if other is not step:
                raise step.at.wrong(f"op {step.operation} is there twice; also in line {other.at.line}")
    for step in algorithm.steps() if numbered else ():
        if step.type in SENDS and step.operation is None:
            raise step.at.wrong(
                "it has no op, which other steps have; expected it of every step that sends, or of none"
            )


def _gpu(at: Element, gpu: int, ranks: int) -> Gpu:
    sizes = {buffer: at.whole(f"{buffer}_chunks", 0, 2**31) for buffer in BUFFERS}
    blocks: list[Block] = []
    connections: dict[tuple[str, int, int], Element] = {}
    for element in at.all_inside("tb"):
        if element.whole("id") != len(blocks):
            raise element.wrong(f"expected id {len(blocks)}: the threadblocks of a gpu are numbered from 0 on")
        send, receive = (element.whole(side, -1, ranks) for side in ("send", "recv"))
        channel = element.whole("chan")
        for side, peer in (("send", send), ("recv", receive)):
            if peer == gpu:
                raise element.wrong(f"{side}: {peer} is the gpu that it stands in; expected another, or -1 for none")
            other = connections.setdefault((side, peer, channel), element)
            if peer >= 0 and other is not element:
                raise element.wrong(f"{side}: gpu {peer} on channel {channel} is also that of line {other.line}")
        steps = tuple(_step(step, gpu, len(blocks), n) for n, step in enumerate(element.all_inside("step")))
        blocks.append(Block(element, gpu, len(blocks), send, receive, channel, steps))
    found = Gpu(at, sizes, tuple(blocks))
    for block in blocks:
        for step in block.steps:
            _check(step, block, found)
    return found


def _step(at: Element, gpu: int, block: int, number: int) -> Step:
    if at.whole("s") != number:
        raise at.wrong(f"expected s {number}: the steps of a threadblock are numbered from 0 on")
    kind = at.one_of("type", TYPES)
    source, target = (
        (at.one_of(f"{end}buf", BUFFERS, default="i" if kind == "nop" else None), at.whole(f"{end}off", -1))
        for end in ("src", "dst")
    )
    depends = at.whole("depid", -1), at.whole("deps", -1)
    if (depends[0] < 0) != (depends[1] < 0):
        raise at.wrong(f"depid {depends[0]} with deps {depends[1]}; expected a threadblock and its step, or -1 and -1")
    return Step(
        at,
        gpu,
        block,
        number,
        kind,
        source,
        target,
        at.whole("cnt", 0 if kind in ("nop", "cpy") else 1),
        None if depends[0] < 0 else depends,
        at.whole("hasdep", 0, 2) == 1,
        at.whole("op") if "op" in at.attributes else None,
        at.whole("barrier") if "barrier" in at.attributes else None,
    )


def _check(step: Step, block: Block, gpu: Gpu) -> None:
    """What must hold between a step and what stands around it."""
    for types, peer, side in ((SENDS, block.send, "send"), (RECEIVES, block.receive, "recv")):
        if step.type in types and peer < 0:
            raise step.at.wrong(f'type {step.type} in a threadblock with {side}="-1"; expected the number of a gpu')
    if step.waits_for is not None:
        number, waited = step.waits_for
        if number >= len(gpu.blocks):
            raise step.at.wrong(f"dep on threadblock {number}; there are {len(gpu.blocks)}")
        steps = gpu.blocks[number].steps
        if waited >= len(steps):
            raise step.at.wrong(f"dep on step {waited} of threadblock {number}; it has {len(steps)}")
        if not steps[waited].has_dependent:
            line = steps[waited].at.line
            raise step.at.wrong(f'dep on line {line}, which has hasdep="0" and never tells; expected hasdep="1" there')
