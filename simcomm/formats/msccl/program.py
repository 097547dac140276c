"""The program that is being written: threadblocks and their steps, which wait for steps of other threadblocks."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from xml.sax.saxutils import quoteattr

from simcomm.formats.msccl.layout import Place

_NOWHERE: Place = ("i", 0)


@dataclass(eq=False)
class Line:
    """A step. ``waits`` are the steps of other threadblocks that it waits for, ``more`` what only simcomm reads."""

    type: str
    source: Place = _NOWHERE
    target: Place = _NOWHERE
    count: int = 1
    waits: list[Line] = field(default_factory=list)
    more: dict[str, int] = field(default_factory=dict)
    block: Thread | None = None
    number: int = -1
    has_dependent: bool = False


@dataclass(eq=False)
class Thread:
    """A threadblock of a GPU. ``over`` are the operations that are over after its last step, as bits."""

    gpu: int
    send: int = -1
    receive: int = -1
    channel: int = 0
    lines: list[Line] = field(default_factory=list)
    over: int = 0
    number: int = -1

    def add(self, lines: Iterable[Line]) -> None:
        """Append steps; of several that one waits for, all but the last are waited for by steps that do nothing."""
        for line in lines:
            for waited in line.waits[:-1]:
                self._append(Line("nop", waits=[waited], count=0))
            line.waits = line.waits[-1:]
            self._append(line)

    def _append(self, line: Line) -> None:
        line.block, line.number = self, len(self.lines)
        self.lines.append(line)
        for waited in line.waits:
            waited.has_dependent = True


@dataclass(frozen=True)
class Head:
    """What stands at the top of the file."""

    name: str
    coll: str
    root: int
    chunks: int


def text_of_program(head: Head, sizes: list[dict[str, int]], threads: list[list[Thread]]) -> str:
    """The file. Of every GPU, the chunks in its buffers and its threadblocks."""
    for blocks in threads:
        blocks.sort(key=lambda block: (block.send, block.receive, block.channel))
        for number, block in enumerate(blocks):
            block.number = number
    channels = 1 + max((block.channel for blocks in threads for block in blocks), default=0)
    root = {"root": head.root} if head.root else {}
    about = {"name": head.name, "proto": "Simple", "nchannels": channels, "nchunksperloop": head.chunks}
    where = {"ngpus": len(threads), "coll": head.coll, **root, "inplace": 0, "outofplace": 1}
    lines = [_tag("algo", about | where | {"minBytes": 0, "maxBytes": 2**62}, 0)]
    for gpu, blocks in enumerate(threads):
        lines.append(_tag("gpu", {"id": gpu} | {f"{buffer}_chunks": sizes[gpu][buffer] for buffer in "ios"}, 1))
        for block in blocks:
            ends = {"id": block.number, "send": block.send, "recv": block.receive, "chan": block.channel}
            lines.append(_tag("tb", ends, 2))
            lines += [_step(line) for line in block.lines]
            lines.append("    </tb>")
        lines.append("  </gpu>")
    return "\n".join([*lines, "</algo>", ""])


def _step(line: Line) -> str:
    waited = line.waits[0] if line.waits else None
    depends = (-1, -1) if waited is None or waited.block is None else (waited.block.number, waited.number)
    what = {"s": line.number, "type": line.type}
    ends = {"srcbuf": line.source[0], "srcoff": line.source[1], "dstbuf": line.target[0], "dstoff": line.target[1]}
    dep = {"depid": depends[0], "deps": depends[1], "hasdep": int(line.has_dependent)}
    return _tag("step", what | ends | {"cnt": line.count} | dep | line.more, 3, "/")


def _tag(tag: str, attributes: Mapping[str, object], indent: int, end: str = "") -> str:
    words = "".join(f" {name}={quoteattr(str(value))}" for name, value in attributes.items())
    return f"{'  ' * indent}<{tag}{words}{end}>"
