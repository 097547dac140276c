"""The tree with one thing wrong each: what the conformance suite must refuse, and for which reason."""

from __future__ import annotations

import itertools
from dataclasses import replace

from examples.my_collectives import build, children, claim, tree_all_reduce

from simcomm import Claim, Recorder, Schedule, Traffic, Vector

_calls = itertools.count()


def one_message_too_many(n: int, vector: Vector) -> Claim:
    right = claim(n, vector)
    return replace(right, total=right.total + Traffic(1, 0))


def all_ranks_alike(n: int, vector: Vector) -> Claim:
    right = claim(n, vector)
    return replace(right, sent=lambda rank: right.sent(0))


def a_step_too_few(n: int, vector: Vector) -> Claim:
    right = claim(n, vector)
    return replace(right, steps=max(right.steps - 1, 0))


def adding_takes_no_time(n: int, vector: Vector) -> Claim:
    time = claim(n, vector).time
    return replace(claim(n, vector), time=(lambda alpha, beta, gamma: time(alpha, beta, 0 * gamma)) if time else None)


def other_order_every_time(workers: int) -> Schedule:
    """Binomial tree, recorded upwards or downwards by turns."""
    if next(_calls) % 2:
        return build(workers)
    tree = Recorder(workers)
    for rank in reversed(range(workers)):
        for child in reversed(children(rank, workers)):
            tree.reduce(src=child, dst=rank)
    for rank in range(workers):
        for child in children(rank, workers):
            tree.copy(src=rank, dst=child)
    return tree.schedule()


def last_gradient_lost(workers: int) -> Schedule:
    """Binomial tree whose last worker sends before it has its own gradient: it sends what it was sent, nothing."""
    tree = Recorder(workers + 1)
    for rank in reversed(range(workers)):
        for child in children(rank, workers):
            tree.reduce(src=workers if child == workers - 1 else child, dst=rank)
    for rank in range(workers):
        for child in reversed(children(rank, workers)):
            tree.copy(src=rank, dst=child)
    return tree.schedule()


def own_gradient_only(workers: int) -> Schedule:
    """Binomial tree that passes on its own gradient and not the sum of its subtree."""
    tree = Recorder(workers)
    for rank in reversed(range(workers)):
        for child in children(rank, workers):
            tree.reduce(src=child, dst=rank, own=True)
    for rank in range(workers):
        for child in reversed(children(rank, workers)):
            tree.copy(src=rank, dst=child)
    return tree.schedule()


def children_heard_twice(workers: int) -> Schedule:
    """Binomial tree whose ranks add to the sum on the way back instead of replacing it."""
    tree = Recorder(workers)
    for rank in reversed(range(workers)):
        for child in children(rank, workers):
            tree.reduce(src=child, dst=rank)
    for rank in range(workers):
        for child in reversed(children(rank, workers)):
            tree.reduce(src=rank, dst=child)
    return tree.schedule()


def one_more(workers: int) -> int:
    return workers + 1


wrong_count = replace(tree_all_reduce, closed_form=one_message_too_many)
wrong_rank = replace(tree_all_reduce, closed_form=all_ranks_alike)
wrong_steps = replace(tree_all_reduce, closed_form=a_step_too_few)
wrong_time = replace(tree_all_reduce, closed_form=adding_takes_no_time)
wrong_ranks = replace(tree_all_reduce, ranks=one_more)
not_deterministic = replace(tree_all_reduce, build=other_order_every_time)
lost = replace(tree_all_reduce, build=last_gradient_lost, ranks=one_more)
not_passed_on = replace(tree_all_reduce, build=own_gradient_only)
doubled = replace(tree_all_reduce, build=children_heard_twice)
