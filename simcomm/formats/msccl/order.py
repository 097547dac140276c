"""Who waits for whom: the steps of all GPUs as one graph.

A step waits for the one before it in its threadblock and for its dep, a receive also for its send. The sends from one
GPU to another on one channel meet the receives there in the order of their steps, as the runtime's connection is a
queue. That a queue is finite is not modelled: a send never waits for room.
"""

from __future__ import annotations

from dataclasses import dataclass

from simcomm.errors import InputError
from simcomm.formats.msccl.elements import RECEIVES, SENDS, Algorithm, Block, Step


@dataclass(frozen=True, eq=False)
class Order:
    """All steps, each after those that it waits for, with the length of the longest chain before it (its ``level``).

    ``before`` are the steps that a step waits for, ``sent_by`` the send of every receive, ``channel`` that of a send.
    """

    steps: tuple[Step, ...]
    level: dict[Step, int]
    before: dict[Step, tuple[Step, ...]]
    sent_by: dict[Step, Step]
    channel: dict[Step, int]

    def comes_before(self, first: Step, then: Step) -> bool:
        """Whether one step is over before the other begins, whatever the times are."""
        if (first.gpu, first.block) == (then.gpu, then.block):
            return first.number < then.number
        seen, todo = {then}, [then]
        while todo:
            for step in self.before[todo.pop()]:
                if step is first:
                    return True
                if step not in seen and self.level[step] > self.level[first]:
                    seen.add(step)
                    todo.append(step)
        return False


def order_of(algorithm: Algorithm) -> Order:
    """The order of all steps; InputError naming a send without receive, or steps that wait for each other for ever."""
    sent_by = _matched(algorithm)
    before: dict[Step, tuple[Step, ...]] = {}
    for gpu in algorithm.gpus:
        for block in gpu.blocks:
            for step in block.steps:
                found = [] if step.number == 0 else [block.steps[step.number - 1]]
                if step.waits_for is not None:
                    number, waited = step.waits_for
                    found.append(gpu.blocks[number].steps[waited])
                if step in sent_by:
                    found.append(sent_by[step])
                before[step] = tuple(found)
    level = _levels(before)
    if len(level) < len(before):
        raise InputError(_circle(before, level))
    place = {step: index for index, step in enumerate(before)}
    steps = tuple(sorted(before, key=lambda step: (level[step], place[step])))
    channel = {send: algorithm.gpus[send.gpu].blocks[send.block].channel for send in sent_by.values()}
    return Order(steps, level, before, sent_by, channel)


def _matched(algorithm: Algorithm) -> dict[Step, Step]:
    """The send of every receive."""
    sending: dict[tuple[int, int, int], tuple[Block, list[Step]]] = {}
    receiving: dict[tuple[int, int, int], tuple[Block, list[Step]]] = {}
    for gpu in algorithm.gpus:
        for block in gpu.blocks:
            sends = [step for step in block.steps if step.type in SENDS]
            receives = [step for step in block.steps if step.type in RECEIVES]
            if sends:
                sending[block.gpu, block.send, block.channel] = block, sends
            if receives:
                receiving[block.receive, block.gpu, block.channel] = block, receives
    found: dict[Step, Step] = {}
    for key in {**sending, **receiving}:
        source, target, channel = key
        sends, receives = sending.get(key, (None, []))[1], receiving.get(key, (None, []))[1]
        where = f"gpu {source} to gpu {target} on channel {channel}"
        for send, receive in zip(sends, receives, strict=False):
            if send.count != receive.count:
                raise receive.at.wrong(f"cnt {receive.count}; the send that it meets, {send.at}, has {send.count}")
            found[receive] = send
        for odd in [*sends[len(receives) :], *receives[len(sends) :]][:1]:
            counts = f"{len(sends)} sends and {len(receives)} receives from {where}"
            raise odd.at.wrong(f"{counts}; expected one receive for every send: this one has no match")
    return found


def _levels(before: dict[Step, tuple[Step, ...]]) -> dict[Step, int]:
    """The length of the longest chain before every step that can ever run."""
    after: dict[Step, list[Step]] = {step: [] for step in before}
    missing = {step: len(waited) for step, waited in before.items()}
    for step, waited in before.items():
        for other in waited:
            after[other].append(step)
    level = {step: 0 for step, count in missing.items() if count == 0}
    todo = list(level)
    for step in todo:
        for then in after[step]:
            missing[then] -= 1
            if missing[then] == 0:
                level[then] = 1 + max(level[waited] for waited in before[then])
                todo.append(then)
    return level


def _circle(before: dict[Step, tuple[Step, ...]], level: dict[Step, int]) -> str:
    """Steps that wait for each other, in words."""
    step = next(step for step in before if step not in level)
    way: dict[Step, None] = {}
    while step not in way:
        way[step] = None
        step = next(waited for waited in before[step] if waited not in level)
    circle = list(way)[list(way).index(step) :]
    lines = [f"it waits for {step.at}" for step in [*circle[1:], circle[0]]]
    shown = lines if len(lines) <= 8 else [*lines[:7], "…", lines[-1]]
    return f"{circle[0].at}: it can never run\n" + "\n".join(shown)
