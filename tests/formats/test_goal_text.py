"""GOAL's statements: what each means here, and every refusal with its line and column."""

from __future__ import annotations

from pathlib import Path

import pytest

from simcomm.errors import InputError
from simcomm.formats import goal

FILE = Path("some.goal")


def loads(*ranks):
    """Statements of every rank, parted by ';'."""
    lines = [f"num_ranks {len(ranks)}"]
    for rank, statements in enumerate(ranks):
        lines += [f"rank {rank} {{", *(line.strip() for line in statements.split(";") if line.strip()), "}"]
    return goal.loads("\n".join(lines), FILE)


def rows(found):
    return [str(operation) for operation in found.schedule]


def test_messages_computations_and_dependencies():
    found = loads(
        "a: send 8b to 1; b: recv 16b from 1 tag 3; c: calc 100; c requires b",
        "a: recv 8b from 0; b: send 16b to 0 tag 3; b requires a",
    )
    assert rows(found) == [
        "copy 0 -> 1  chunk 0",
        "compute at 0 for 1e-07 s, after 2",
        "copy 1 -> 0  chunk 0, after 0",
    ]
    assert found.size_bytes.tolist() == [8, 0, 16]
    assert (found.workers, found.name, found.goal) == (2, "some", None)


def test_blanks_and_comments_are_nothing():
    text = "/* a\ncomment */ num_ranks 1 // one\n\nrank 0 {\n\t l1 :calc 7 cpu 0 // here\r\n}\n\n// end"
    assert rows(goal.loads(text, FILE)) == ["compute at 0 for 7e-09 s"]


def test_an_eager_send_has_ended_when_it_has_started():
    """So who requires it waits for what it waited for, and goes behind it though it stands above it."""
    found = loads(
        "b: send 2b to 1 tag 2; r: recv 4b from 1; a: send 1b to 1 tag 1; a requires r; b requires a",
        "x: recv 1b from 0 tag 1; y: recv 2b from 0 tag 2; send 4b to 0",
    )
    assert rows(found) == ["copy 0 -> 1  chunk 0, after 2", "copy 0 -> 1  chunk 0, after 2", "copy 1 -> 0  chunk 0"]
    assert found.size_bytes.tolist() == [1, 2, 4]


def test_a_receive_has_ended_when_its_message_is_there_and_it_was_posted():
    found = loads(
        "send 8b to 1", "c: calc 50; r: recv 8b from 0; r requires c; d: calc 1; d requires r; e: calc 2; e irequires r"
    )
    assert [operation.after for operation in found.schedule] == [(), (), (0, 1), (1,)]


def test_receives_that_wait_for_many_others_are_joined():
    count = 12
    sends = ";".join(f"send 1b to 1 tag {tag}" for tag in range(count))
    receives = ";".join(f"r{tag}: recv 1b from 0 tag {tag}" for tag in range(count))
    chain = ";".join(f"r{tag} requires r{tag - 1}" for tag in range(1, count))
    found = loads(sends, f"{receives}; {chain}; c: calc 9; c requires r{count - 1}")
    assert found.schedule.messages == count
    assert max(len(operation.after) for operation in found.schedule) <= 9
    assert found.schedule.step[-1] == 1


def test_sends_and_receives_of_one_tag_meet_in_their_order():
    found = loads("send 1b to 1; send 2b to 1", "a: recv 1b from 0; b: recv 2b from 0; c: calc 1; c requires b")
    assert found.schedule[2].after == (1,)


REFUSED = [
    (("sned 8b to 1",), 3, 1, "'sned'; expected send, recv or calc; did you mean 'send'?"),
    (("a: sned 8b to 1",), 3, 4, "'sned'; expected send, recv or calc; did you mean 'send'?"),
    (("a: send 8 to 1",), 3, 11, "'to'; expected 'b'"),
    (("a: send 8b from 1",), 3, 12, "'from'; expected 'to'"),
    (("a: send b to 1",), 3, 9, "'b'; expected bytes, at least 1"),
    (("a: send 0b to 1",), 3, 9, "'0'; expected bytes, at least 1"),
    (("a: send 8b to 7",), 3, 15, "'7'; expected a rank, 0 to 0"),
    (("a: send 8b to 0",), 3, 15, "'0'; expected another rank than 0 itself"),
    (("a: recv 8b from -1",), 3, 17, "'-1'; expected a rank: which message is received from any is known only"),
    (("a: send 8b to 1 tag -1", ""), 3, 21, "'-1'; expected a tag: which message has any"),
    (("a: send 8b to 1 cpu 1", ""), 3, 21, "'1'; expected cpu 0: a rank of simcomm has one"),
    (
        ("a: send 8b to 1 tga 1", ""),
        3,
        17,
        "'tga'; expected tag, cpu, nic in this order, or the end of the line; did you mean 'tag'?",
    ),
    (("a: calc 1 nic 0",), 3, 11, "'nic'; expected cpu in this order"),
    (("a: calc -1",), 3, 9, "'-1'; expected nanoseconds, 0 to"),
    (("a: calc 1; a: calc 2",), 4, 1, "'a'; expected another label: this one is taken by some.goal:3:1"),
    (
        ("first: calc 1; frist requires first",),
        4,
        1,
        "'frist'; expected a label of a statement of this rank above; did you mean 'first'?",
    ),
    (("a: calc 1; a requires b",), 4, 12, "'b'; expected a label"),
    (("a: calc 1; a require a",), 4, 3, "'require'; expected ':', requires or irequires; did you mean 'requires'?"),
    (("a: calc 1; a requires a a",), 4, 14, "'a'; expected the end of the line: a statement is a line"),
    (("8: calc 1",), 3, 1, "'8'; expected a statement such as 'send 8b to 1 tag 0', or '}'"),
    (("a: calc",), 3, 8, "the end of the line; expected nanoseconds"),
]


@pytest.mark.parametrize(("ranks", "line", "column", "message"), REFUSED)
def test_what_is_no_statement_is_refused_at_its_place(ranks, line, column, message):
    with pytest.raises(InputError) as refused:
        loads(*ranks)
    assert str(refused.value).startswith(f"some.goal:{line}:{column}: {message}")


WHOLE = [
    ("", "1:1: the end of the file; expected 'num_ranks'"),
    ("num_rank 2", "1:1: 'num_rank'; expected 'num_ranks'; did you mean 'num_ranks'?"),
    ("num_ranks 0", "1:11: '0'; expected a number of ranks, 1 to"),
    ("num_ranks 2\nrank 1 {\n}", "2:6: '1'; expected rank 0: all 2 ranks stand here in order"),
    ("num_ranks 2\nrank 0 {\n}", "3:2: the end of the file; expected 'rank'"),
    ("num_ranks 1\nrank 0 {\ncalc 1", "3:7: the end of the file"),
    ("num_ranks 1\nrank 0 {\n}\nrank 1 {\n}", "4:1: 'rank'; expected nothing behind the last of 1 ranks"),
    ("num_ranks 1 /* open", "1:13: '/'; expected 'rank'"),
]


@pytest.mark.parametrize(("text", "message"), WHOLE)
def test_what_is_no_file_is_refused_at_its_place(text, message):
    with pytest.raises(InputError) as refused:
        goal.loads(text, FILE)
    assert str(refused.value).startswith(f"some.goal:{message}")


MEETINGS = [
    (
        ("send 8b to 1 tag 4", "recv 8b from 0 tag 5"),
        "some.goal:6:1: a recv from rank 0 with tag 5 meets no send; rank 0 has 1 such sends, of tags 4",
    ),
    (("send 8b to 1 tag 4", ""), "some.goal:3:1: a send to rank 1 with tag 4 meets no recv; rank 1 has 0 such recvs"),
    (
        ("send 8b to 1", "recv 7b from 0"),
        "some.goal:6:1: a receive of 7 bytes; the message that it meets, of some.goal:3:1, has 8",
    ),
    (
        ("a: calc 1; b: calc 1; a requires b; b irequires a",),
        "they wait for each other in a circle: some.goal:3:1 waits for some.goal:4:1 waits for",
    ),
    (
        ("s: send 1b to 1; r: recv 1b from 1; s requires r", "s: send 1b to 0; r: recv 1b from 0; s requires r"),
        "operation 0: copy 0 -> 1  chunk 0, after 1 (some.goal:3:1)",
    ),
]


@pytest.mark.parametrize(("ranks", "message"), MEETINGS)
def test_what_never_meets_or_never_ends_is_refused(ranks, message):
    with pytest.raises(InputError) as refused:
        loads(*ranks)
    assert message in str(refused.value)
