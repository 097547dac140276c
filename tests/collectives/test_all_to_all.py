"""All-to-all of whole gradients: its schedule, in one go and in rounds."""

from __future__ import annotations

from fractions import Fraction

import pytest

from simcomm.closed_forms import Traffic, Vector
from simcomm.collectives.all_to_all import all_to_all
from simcomm.counts import count
from simcomm.engines.exact import exact_run
from simcomm.errors import InputError


def test_everybody_sends_to_everybody_at_once() -> None:
    assert str(all_to_all.schedule(3)) == (
        "step 0\n"
        "      0  reduce 0 -> 1  chunk 0\n"
        "      1  reduce 1 -> 2  chunk 0\n"
        "      2  reduce 2 -> 0  chunk 0\n"
        "      3  reduce 0 -> 2  chunk 0\n"
        "      4  reduce 1 -> 0  chunk 0\n"
        "      5  reduce 2 -> 1  chunk 0"
    )


def test_in_rounds_an_exchange_waits_for_the_one_before_it() -> None:
    """Worker r waits for its own message and for the one to it."""
    assert str(all_to_all.schedule(3, rounds=True)) == (
        "step 0\n"
        "      0  reduce 0 -> 1  chunk 0\n"
        "      1  reduce 1 -> 2  chunk 0\n"
        "      2  reduce 2 -> 0  chunk 0\n"
        "step 1\n"
        "      3  join at 0, after 0, 2\n"
        "      4  join at 1, after 0, 1\n"
        "      5  join at 2, after 1, 2\n"
        "      6  reduce 0 -> 2  chunk 0, after 3\n"
        "      7  reduce 1 -> 0  chunk 0, after 4\n"
        "      8  reduce 2 -> 1  chunk 0, after 5\n"
        "step 2\n"
        "      9  join at 0, after 6, 7\n"
        "     10  join at 1, after 7, 8\n"
        "     11  join at 2, after 6, 8"
    )


def test_one_worker_sends_nothing() -> None:
    for rounds in (False, True):
        assert len(all_to_all.schedule(1, rounds=rounds)) == 0
        assert all_to_all.claim(1, Vector(9), rounds=rounds).steps == 0


@pytest.mark.parametrize("rounds", [False, True])
def test_every_worker_sends_and_receives_the_same(rounds: bool) -> None:
    counts = count(all_to_all.schedule(5, rounds=rounds), Vector(7, 2))
    assert counts.sent == counts.received == (Traffic(4, 56),) * 5
    assert counts.steps == (4 if rounds else 1)


def test_latencies_are_paid_once_or_in_every_round() -> None:
    costs = (Fraction(100), Fraction(1), Fraction(0))
    assert exact_run(all_to_all.schedule(5), Vector(3, 1), *costs).makespan_s == 100 + 4 * 3
    assert exact_run(all_to_all.schedule(5, rounds=True), Vector(3, 1), *costs).makespan_s == 4 * (100 + 3)


def test_it_says_that_mpi_means_something_else() -> None:
    assert "not MPI's all-to-all" in all_to_all.summary


def test_rounds_is_true_or_false() -> None:
    with pytest.raises(InputError, match=r"^rounds: 3; expected true or false$"):
        all_to_all.schedule(4, rounds=3)
