"""The text of GOAL, LogGOPSim's format, as its own reader takes it: statements, and where they stand.

    num_ranks 2
    rank 0 {
    l1: calc 100
    l2: send 8b to 1 tag 0
    l2 requires l1
    }
    rank 1 {
    l1: recv 8b from 0 tag 0
    }

A statement ends with its line. ``tag``, ``cpu`` and ``nic`` may be left out (0). A label holds within its rank, below
where it stands. ``requires`` waits for the end of a statement, ``irequires`` for its start. A comment is ``//`` to the
end of the line, or ``/* */``.

Hoefler, Schneider and Lumsdaine, LogGOPSim: simulating large-scale applications in the LogGOPS model, LSAP 2010;
the grammar is that of its converter txt2bin.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Final, NamedTuple, NoReturn

from simcomm.errors import InputError, did_you_mean
from simcomm.formats.programs import Node, Role

#: LogGOPSim keeps a size in 64 bits and a tag in 32; simcomm's sizes are signed.
MOST_BYTES: Final = 2**63 - 1
MOST_TAG: Final = 2**32 - 2

_TOKEN: Final = re.compile(r"(?P<space>[ \t\r]+|//[^\n]*|/\*.*?\*/)|\n|-?[0-9]+|[A-Za-z][A-Za-z0-9_]*|.", re.DOTALL)
_NAMES: Final = {
    "send": "send 8b to 1 tag 0",
    "recv": "recv 8b from 1 tag 0",
    "calc": "calc 100",
    "requires": "l2 requires l1",
    "irequires": "l2 irequires l1",
}


class Token(NamedTuple):
    """A word, a number, a sign or the end of a line; nothing at the end of the text."""

    text: str
    line: int
    column: int

    @property
    def shown(self) -> str:
        """How it is named in a message."""
        return {"\n": "the end of the line", "": "the end of the file"}.get(self.text, repr(self.text))


@dataclass
class Program:
    """What a text says: how many ranks, and the statements of all, each with its place."""

    ranks: int
    nodes: list[Node]


def tokens(text: str) -> Iterator[Token]:
    """The words of a text and the ends of its lines, without blanks and comments.

    >>> [token.text for token in tokens("l1: send 8b to 1 // eager")]
    ['l1', ':', 'send', '8', 'b', 'to', '1', '']
    """
    line, line_start = 1, 0
    for match in _TOKEN.finditer(text):
        word = match.group()
        if match["space"] is None:
            yield Token(word, line, match.start() - line_start + 1)
        if "\n" in word:
            line, line_start = line + word.count("\n"), match.start() + word.rindex("\n") + 1
    yield Token("", line, len(text) - line_start + 1)


def parse(text: str, source: str) -> Program:
    """The statements of a text; InputError with file, line and column for what is no GOAL."""
    return _Parser(text, source).program()


class _Parser:
    """Reads one token after the other; ``here`` is the next one."""

    def __init__(self, text: str, source: str) -> None:
        self.source = source
        self.tokens = tokens(text)
        self.here = next(self.tokens)
        self.nodes: list[Node] = []

    def program(self) -> Program:
        self.blank()
        self.word("num_ranks")
        ranks = self.number("a number of ranks", 1, 2**31 - 1)
        for rank in range(ranks):
            self.blank()
            self.word("rank")
            token = self.here
            if self.number("a rank", 0, ranks - 1) != rank:
                self.refuse(token, f"rank {rank}: all {ranks} ranks stand here in order, each once")
            self.word("{")
            self.rank(rank, ranks)
        self.blank()
        if self.here.text:
            self.refuse(self.here, f"nothing behind the last of {ranks} ranks")
        return Program(ranks, self.nodes)

    def rank(self, rank: int, ranks: int) -> None:
        """Its statements, and the closing brace."""
        labels: dict[str, int] = {}
        while True:
            self.blank()
            token = self.take()
            if token.text == "}":
                return
            if token.text in ("send", "recv", "calc"):
                self.nodes.append(self.statement(token, token, rank, ranks))
            elif not token.text[:1].isalpha():
                self.refuse(token, f"a statement such as {_NAMES['send']!r}, or '}}'")
            elif self.here.text == ":":
                self.take()
                if token.text in labels:
                    first = self.nodes[labels[token.text]].where
                    self.refuse(token, f"another label: this one is taken by {first}")
                self.nodes.append(self.statement(self.take(), token, rank, ranks))
                labels[token.text] = len(self.nodes) - 1
            else:
                self.dependency(token, labels)
            if self.here.text not in ("\n", ""):
                self.refuse(self.here, "the end of the line: a statement is a line")

    def statement(self, token: Token, start: Token, rank: int, ranks: int) -> Node:
        if token.text == "calc":
            seconds = self.number("nanoseconds", 0, MOST_BYTES) / 10**9
            self.options(("cpu",))
            return Node(rank, "calc", self.place(start), seconds=seconds)
        if token.text not in ("send", "recv"):
            self.refuse(token, "send, recv or calc", ("send", "recv", "calc"))
        size = self.number("bytes, at least 1 (LogGOPSim reckons with size − 1)", 1, MOST_BYTES)
        self.word("b")
        self.word("to" if token.text == "send" else "from")
        other = self.here
        if other.text == "-1" and token.text == "recv":
            self.refuse(other, "a rank: which message is received from any is known only when it runs")
        peer = self.number("a rank", 0, ranks - 1)
        if peer == rank:
            self.refuse(other, f"another rank than {rank} itself")
        tag = self.options(("tag", "cpu", "nic"))
        role: Role = "send" if token.text == "send" else "recv"
        return Node(rank, role, self.place(start), size_bytes=size, peer=peer, tag=tag)

    def options(self, known: tuple[str, ...]) -> int:
        """What may stand at the end of a statement, in this order; the tag."""
        tag = 0
        for option in known:
            if self.here.text != option:
                continue
            self.take()
            token = self.here
            if token.text == "-1" and option == "tag":
                self.refuse(token, "a tag: which message has any is known only when it runs")
            value = self.number(f"a number of a {option}", 0, MOST_TAG)
            if option == "tag":
                tag = value
            elif value:
                self.refuse(token, f"{option} 0: a rank of simcomm has one")
        if self.here.text not in ("\n", ""):
            self.refuse(self.here, f"{', '.join(known)} in this order, or the end of the line", known)
        return tag

    def dependency(self, token: Token, labels: dict[str, int]) -> None:
        kind = self.take()
        if kind.text[:1].isdigit():
            self.refuse(token, "send, recv or calc", ("send", "recv", "calc"))
        if kind.text not in ("requires", "irequires"):
            self.refuse(kind, "':', requires or irequires", ("requires", "irequires"))
        waited = self.take()
        for label in (token, waited):
            if label.text not in labels:
                near = did_you_mean(label.text, labels)
                self.refuse(label, f"a label of a statement of this rank above{near}")
        index, before = labels[token.text], labels[waited.text]
        node = self.nodes[index]
        if kind.text == "requires":
            self.nodes[index] = replace(node, after=(*node.after, before))
        else:
            self.nodes[index] = replace(node, after_start=(*node.after_start, before))

    def blank(self) -> None:
        while self.here.text == "\n":
            self.take()

    def take(self) -> Token:
        token = self.here
        if token.text:
            self.here = next(self.tokens)
        return token

    def word(self, expected: str) -> None:
        token = self.take()
        if token.text != expected:
            self.refuse(token, repr(expected), (expected,))

    def number(self, what: str, least: int, most: int) -> int:
        token = self.take()
        if not token.text.isdecimal() or not least <= int(token.text) <= most:
            self.refuse(token, f"{what}" + (f", {least} to {most}" if token.text.lstrip("-").isdecimal() else ""))
        return int(token.text)

    def place(self, token: Token) -> str:
        return f"{self.source}:{token.line}:{token.column}"

    def refuse(self, token: Token, expected: str, words: tuple[str, ...] = ()) -> NoReturn:
        near = did_you_mean(token.text, words) if words and len(token.text) > 1 else ""
        raise InputError(f"{self.place(token)}: {token.shown}; expected {expected}{near}")
