"""LogGOPSim's converter txt2bin, by the rules of its grammar: what it takes, and what it makes of it.

Of every state, which token may come and which state is next; the longest token counts. ``LINE`` is where a statement
begins: a blank there leads nowhere in the grammar, and a comment may stand nowhere else. A label holds within its rank,
below its statement. Every rank is written when it ends, behind the one before; what follows the last is not read.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

NEWLINE, NUMBER, LABEL = r"\r?\n", r"[0-9]+", r"[a-zA-Z][a-zA-Z0-9_]*"
LINE, CLOSED = "line", "closed"

GRAMMAR: dict[str, dict[str, str]] = {
    LINE: {
        NEWLINE: LINE,
        r"//[^\n]*\n": LINE,
        r"/\*(?s:.*?)\*/": LINE,
        r"\}": CLOSED,
        "num_ranks": "ranks",
        "rank": "rank",
        "send|recv": "size",
        "calc": "time",
        LABEL: "label",
    },
    "ranks": {NUMBER: LINE},
    "rank": {NUMBER: "open"},
    "open": {r"\{": LINE},
    "label": {":": "statement", "requires|irequires": "waited"},
    "waited": {LABEL: "end"},
    "statement": {"send|recv": "size", "calc": "time"},
    "time": {NUMBER: "timed"},
    "timed": {"cpu": "its cpu", NEWLINE: LINE},
    "its cpu": {NUMBER: "end"},
    "size": {NUMBER: "unit"},
    "unit": {"b": "way"},
    "way": {"to|from": "peer"},
    "peer": {"-1": "sent", NUMBER: "sent"},
    "sent": {"tag": "tag", "cpu": "cpu", "nic": "nic", NEWLINE: LINE},
    "tag": {"-1": "tagged", NUMBER: "tagged"},
    "tagged": {"cpu": "cpu", "nic": "nic", NEWLINE: LINE},
    "cpu": {NUMBER: "on cpu"},
    "on cpu": {"nic": "nic", NEWLINE: LINE},
    "nic": {NUMBER: "end"},
    "end": {NEWLINE: LINE},
}


class Refused(Exception):
    """Where txt2bin stops."""


@dataclass
class Read:
    """The statements of every rank that was closed, and who waits for whom there, as words."""

    ranks: int = 0
    statements: list[list[list[str]]] = field(default_factory=list)
    waits: list[list[list[str]]] = field(default_factory=list)


def read(text: str) -> Read:
    """All ranks of a text; Refused, with the line, for what the grammar does not take."""
    found, state, at, labels, words = Read(), LINE, 0, set[str](), list[str]()
    while True:
        state, word = _token(text, at, state)
        at += len(word)
        words.append(word.strip())
        if words[0] == "num_ranks" and state == LINE:
            found.ranks = int(words[1])
        elif words[0] == "rank" and state == LINE:
            _check(int(words[1]) == len(found.statements), text, at, "ranks out of order")
            found.statements.append([])
            found.waits.append([])
            labels = set()
        elif state == CLOSED:
            _check(found.ranks > 0, text, at, "number of ranks")
            if len(found.statements) == found.ranks:
                return found
            state = LINE
        elif state == LINE and len(words) > 1:
            _add(found, [word for word in words if word], labels, text, at - 1)
        if state == LINE:
            words = []


def _token(text: str, at: int, state: str) -> tuple[str, str]:
    """The state after the next token, and the token with the blanks before it."""
    blanks = "" if state == LINE else r"[ \t]*"
    matches = [(re.compile(blanks + f"(?:{token})").match(text, at), then) for token, then in GRAMMAR[state].items()]
    longest = max((m.end() for m, _ in matches if m), default=None)
    _check(longest is not None, text, at, f"state {state!r}")
    return next((then, m.group()) for m, then in matches if m and m.end() == longest)


def _add(found: Read, words: list[str], labels: set[str], text: str, at: int) -> None:
    if words[1] in ("requires", "irequires"):
        for label in (words[0], words[2]):
            _check(label in labels, text, at, f"label {label!r}")
        found.waits[-1].append(words)
        return
    if words[1] == ":":
        labels.add(words[0])
        words = words[2:]
    if words[0] != "calc":
        _check((words[0] == "send") == (words[3] == "to"), text, at, "to or from")
    found.statements[-1].append(words)


def _check(holds: bool, text: str, at: int, why: str) -> None:
    if not holds:
        raise Refused(f"line {1 + text.count(chr(10), 0, at)}: {why}")
