"""The conformance suite lets pass what is right, also somebody else's, and refuses the rest for the right reason."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from fractions import Fraction
from itertools import product

import pytest
from examples import broken_collectives as broken
from examples.my_collectives import children, tree_all_reduce

from simcomm import planted, testing
from simcomm.closed_forms import Claim, Traffic, Vector
from simcomm.collectives import get
from simcomm.collectives.base import Collective
from simcomm.counts import count
from simcomm.engines.exact import exact_run
from simcomm.errors import CheckError, CountError, InputError, ProofError, TimeError
from simcomm.goals import Goal
from simcomm.recorder import Recorder
from simcomm.schedule import Schedule
from simcomm.testing import Report, check_collective


@pytest.mark.parametrize(
    "name", ["all_to_all", "parameter_server", "recursive_halving_reduce_scatter", "ring_all_reduce"]
)
def test_collectives_of_simcomm_conform(name: str) -> None:
    report = check_collective(get(name))
    legal = 0
    for n, options in product(range(1, 9), get(name).variants):
        with suppress(InputError):
            legal += get(name).check(n, options) is not None
    assert (report.schedules, report.sizes) == (legal, legal * 7)
    assert report.sizes <= 2 * report.times <= 6 * report.sizes
    assert report.teeth.changing == report.teeth.changing_caught_by_proof > 0


def test_somebody_elses_collective_conforms() -> None:
    report = check_collective(tree_all_reduce, workers=range(1, 18), elements=[0, 1, 10, 2**59 + 1])
    assert (report.schedules, report.sizes, report.times) == (17, 68, 3 * (4 * 5 + 12)), "a time for 5 powers of two"
    assert report.teeth.changing == report.teeth.changing_caught_by_proof > report.teeth.caught_by_counts


def test_somebody_elses_collective_is_the_tree_of_the_reference() -> None:
    """2(n−1) × S, 2⌈lg n⌉(α+Sβ)+⌈lg n⌉Sγ for powers of two."""
    alpha, beta, gamma = Fraction(3), Fraction(1, 7), Fraction(1, 5)
    for power in range(5):
        n, vector = 2**power, Vector(10)
        schedule = tree_all_reduce.schedule(n)
        assert count(schedule, vector).total == Traffic(2 * (n - 1), 2 * (n - 1) * 40)
        time = exact_run(schedule, vector, alpha, beta, gamma).makespan_s
        assert time == 2 * power * (alpha + 40 * beta) + power * 40 * gamma
    assert [children(rank, 5) for rank in range(5)] == [[1, 2, 4], [], [3], [], []]


def refusal(collective: Collective, error: type[CheckError], workers: int = 4) -> str:
    with pytest.raises(CheckError) as refused:
        check_collective(collective, workers=[workers], elements=[10])
    assert type(refused.value) is error
    return str(refused.value)


def test_a_wrong_count_is_refused() -> None:
    assert refusal(broken.wrong_count, CountError) == (
        "tree_all_reduce(4), 10 elements: the schedule does not send what its closed form says\n"
        "in total: counted 6 messages and 240 bytes, the closed form says 7 and 240"
    )


def test_a_wrong_share_of_a_rank_is_refused() -> None:
    assert refusal(broken.wrong_rank, CountError) == (
        "tree_all_reduce(4), 10 elements: the schedule does not send what its closed form says\n"
        "sent by rank 1: counted 1 messages and 40 bytes, the closed form says 2 and 80\n"
        "sent by rank 3: counted 1 messages and 40 bytes, the closed form says 2 and 80"
    )


def test_a_wrong_number_of_steps_is_refused() -> None:
    assert refusal(broken.wrong_steps, CountError) == (
        "tree_all_reduce(4), 10 elements: the schedule does not send what its closed form says\n"
        "steps: counted 4, the closed form says 3"
    )


def test_a_wrong_time_is_refused() -> None:
    assert refusal(broken.wrong_time, TimeError) == (
        "tree_all_reduce(4), 10 elements: with α = 5, β = 1/3, γ = 1/7 the engine says 1780/21 s; "
        "expected 220/3 s by the formula"
    )


def test_a_recording_that_is_not_always_the_same_is_refused() -> None:
    assert refusal(broken.not_deterministic, CheckError) == (
        "tree_all_reduce(4): two recordings differ; expected the same schedule for the same arguments"
    )


def test_another_number_of_ranks_than_it_says_is_refused() -> None:
    assert refusal(broken.wrong_ranks, CheckError) == "tree_all_reduce(4): 4 ranks; expected 5 as it says"


def test_a_lost_gradient_is_refused() -> None:
    assert refusal(broken.lost, ProofError) == (
        "tree_all_reduce(4): rank 0, chunk 0: the gradient of worker 3 is missing at the end; it never left its rank\n"
        "(and 3 more places are wrong)"
    )


def test_a_sum_that_is_not_passed_on_is_refused() -> None:
    assert refusal(broken.not_passed_on, ProofError) == (
        "tree_all_reduce(4): rank 0, chunk 0: the gradient of worker 3 is missing at the end; "
        "that of worker 3 got as far as rank 2, by operation 0 (reduce 3 -> 2 chunk 0) of step 0\n"
        "(and 3 more places are wrong)"
    )


def test_a_gradient_that_is_added_twice_is_refused() -> None:
    assert refusal(broken.doubled, ProofError, workers=2) == (
        "tree_all_reduce(2): rank 1, chunk 0: the gradient of worker 1 is in the sum twice at the end; "
        "it came as its own and by operation 1 (reduce 0 -> 1 chunk 0) of step 1"
    )


def test_both_methods_of_the_proof_are_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []
    monkeypatch.setattr(testing, "prove", lambda schedule, goal, n, method: asked.append((n, method)))
    check_collective(tree_all_reduce, workers=[6], elements=[])
    assert asked == [(6, "bitsets"), (6, "fingerprints")]


def test_a_proof_without_teeth_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(planted, "_proves", lambda schedule, goal, workers: schedule.kind[0] == 1)
    teeth = planted.bite(tree_all_reduce, 3, Vector(5))
    missed = teeth.changing - teeth.changing_caught_by_proof
    assert 0 < missed < teeth.changing
    with pytest.raises(CheckError) as refused:
        check_collective(tree_all_reduce, workers=[3], elements=[10])
    assert str(refused.value) == (
        f"tree_all_reduce(3): the proof misses {missed} of {teeth.changing} planted bugs that change the result"
    )


def test_a_time_below_the_bound_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(testing, "lower_bound", lambda *given, **more: Fraction(85))
    assert refusal(tree_all_reduce, TimeError) == (
        "tree_all_reduce(4), 10 elements: with α = 5, β = 1/3, γ = 1/7 it takes 1780/21 s; "
        "expected at least the lower bound of 85 s"
    )


def test_options_stand_in_the_name_of_the_case() -> None:
    server = get("parameter_server")
    wrong = replace(server, closed_form=lambda n, vector, **options: server.closed_form(n + 1, vector, **options))
    with pytest.raises(CountError) as refused:
        check_collective(wrong, [2], [1], options=[{"servers": 2, "placement": "colocated"}])
    assert str(refused.value).startswith(
        "parameter_server(2, servers=2, placement='colocated'), 1 elements: the schedule"
    )


def test_what_the_collective_refuses_is_passed_over() -> None:
    server = get("parameter_server")
    options = [{"servers": 3, "placement": "colocated"}, {"servers": 2}]
    report = check_collective(server, workers=[1, 2, 3], elements=[6], options=options)
    assert (report.schedules, report.sizes) == (1 + 3, 1 + 3)


def test_a_collective_that_refuses_everything_is_refused() -> None:
    with pytest.raises(InputError) as refused:
        check_collective(get("parameter_server"), [1, 2], options=[{"servers": 3, "placement": "colocated"}])
    assert str(refused.value) == ("parameter_server refuses every combination of workers and options that it was given")


def test_workers_and_elements_may_be_iterators() -> None:
    assert check_collective(get("ring_all_gather"), iter([1, 2]), iter([1, 2, 3]), iter([{}])) == Report(
        2, 6, 18, planted.bite(get("ring_all_gather"), 2, Vector(10))
    )


def chain(workers: int) -> Schedule:
    """Chain: the whole goes from one worker to the next."""
    record = Recorder(workers)
    for rank in range(1, workers):
        record.copy(rank - 1, rank)
    return record.schedule()


def chain_claim(n: int, vector: Vector) -> Claim:
    one = Traffic(vector.filled(1), vector.bytes)
    none = Traffic(0, 0)
    return Claim(
        total=Traffic((n - 1) * one.messages, (n - 1) * one.bytes),
        steps=n - 1,
        sent=lambda rank: one if rank < n - 1 else none,
        received=lambda rank: one if rank > 0 else none,
        time=lambda alpha, beta, gamma: (n - 1) * (alpha + vector.bytes * beta),
    )


def test_a_goal_of_ones_own_can_conform() -> None:
    goal = Goal("broadcast", has=lambda rank, chunk, vector: rank == 0, needs=lambda rank, chunk, vector: rank >= 0)
    assert check_collective(Collective("chain", goal, chain, chain_claim, source="a chain"), [1, 2, 3]).times == 63
