"""From what happened in a file to a schedule: which messages are copies, which reductions, and what is held at the end.

What is passed on without the GPU's own contribution has come by a copy, and what was added to it by reductions; what is
added to the GPU's own has come by reductions. What is only passed on, and what lies in another buffer at the end, a
schedule would count among what a rank ends with: a computation of 0 s says what it does end with.
"""

from __future__ import annotations

from simcomm.formats.msccl.story import Story, Value
from simcomm.operation import COMPUTE, COPY, KINDS, REDUCE, Operation


def operations_of(story: Story) -> list[tuple[Operation, str]]:
    """The operations of the schedule, each with where it is in the file; InputError for what a schedule cannot say."""
    kinds = _kinds(story)
    order = sorted(range(len(kinds)), key=lambda number: story.operations[number].key)
    place = {number: index for index, number in enumerate(order)}
    rows = []
    for number in order:
        done = story.operations[number]
        after = tuple(sorted(place[other] for other in done.after))
        chunks, ends = [value.chunk for value in done.reads], (KINDS[kinds[number]], done.src, done.dst)
        row = (
            Operation.of_chunks(*ends, chunks, after=after) if chunks else Operation(*ends, done.chunk, 0, after=after)
        )
        rows.append((row, str(done.at.at)))
    for rank, value, at in story.held if story.layout.goal is not None else ():
        if not _is_end(story, kinds, rank, value):
            after = tuple(sorted(place[other] for other in value.operations))
            rows.append((Operation("compute", rank, rank, value.chunk, after=after), at))
    return rows


def _kinds(story: Story) -> list[int]:
    """Of every operation, whether it is a copy, a reduction or a computation."""
    done = story.operations
    found = {number: COMPUTE for number, one in enumerate(done) if one.arrives is None}
    reads = [(one.src, value) for one in done for value in one.reads]
    reads += [(rank, value) for rank, value, _ in story.held]
    for rank, value in reads:
        first = None if value.own else min(value.operations, key=lambda number: done[number].key)
        for number in sorted(value.operations):
            wanted = COPY if number == first else REDUCE
            known = found.setdefault(number, wanted)
            if known != wanted and not (known == COMPUTE and number == first):
                at = done[number].arrives or done[number].at
                both = f"what comes of chunk {value.chunk} to gpu {rank} is passed on alone and also added to more"
                raise at.at.wrong(f"{both}; a schedule of simcomm says one of the two")
    for number, one in enumerate(done):
        if one.arrives is not None:
            found.setdefault(number, COPY if one.arrives.type in ("r", "rcs") else REDUCE)
    return [found[number] for number in range(len(done))]


def _is_end(story: Story, kinds: list[int], rank: int, value: Value) -> bool:
    """Whether all that was written to a chunk at a rank adds up to this."""
    own, operations = story.layout.contributes(rank, value.chunk), set[int]()
    for number in story.writers(rank, value.chunk):
        if kinds[number] != REDUCE:
            own, operations = False, set()
        operations.add(number)
    return own == value.own and operations == value.operations
