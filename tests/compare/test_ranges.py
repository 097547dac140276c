"""Few ranges out of many cells, and words that say no more than the model can tell."""

from __future__ import annotations

import pytest

from simcomm.compare.ranges import ranges_of, sentence
from simcomm.compare.ranking import Cell, Crossover, Entry, ranked


def cell(size: int, error: float = 0.1, options: tuple = (), **times: float) -> Cell:
    entries = [Entry(name, options if name == "a" else (), time_s) for name, time_s in times.items()]
    return Cell(8, size, ranked(entries), error, len(entries))


def test_below_and_above_a_crossover():
    cells = [cell(1024, a=1, b=2, c=9), cell(2048, a=2, b=1, c=9)]
    cross = Crossover(8, 1536, 1.5, "a", "b", 1530, 1540)
    assert sentence(cells, [cross]) == "n = 8: below 1.5 KiB a; above, b; never c"
    assert sentence(cells, []) == "n = 8: below 2 KiB a; above, b; never c"
    other = cross._replace(workers=4)
    assert [(each.from_bytes, each.until_bytes) for each in ranges_of(cells, [other])] == [(None, 2048), (2048, None)]


def test_a_change_that_the_model_cannot_tell_is_none():
    cells = [cell(1024, a=1, b=1.02), cell(2048, a=1.01, b=1), cell(4096, a=1, b=1.5)]
    (only,) = ranges_of(cells, [])
    assert (only.algorithm, only.sizes) == ("a", "")
    assert sentence(cells, []) == "n = 8: a (as good from 1 KiB to 2 KiB: b)"
    exact = [Cell(8, each.size_bytes, each.entries, 0.0, 2) for each in cells]
    assert [each.algorithm for each in ranges_of(exact, [])] == ["a", "b", "a"]


def test_a_run_is_passed_over_only_if_its_neighbour_is_as_good_everywhere_in_it():
    cells = [cell(1, a=1, b=2), cell(2, a=1.05, b=1), cell(4, a=2, b=1), cell(8, b=1.05, c=1), cell(16, b=1.2, c=1)]
    assert [(each.algorithm, len(each.cells)) for each in ranges_of(cells, [])] == [("a", 1), ("b", 2), ("c", 2)]


def test_all_equal_everywhere():
    cells = [cell(1024, a=1, b=1, c=3), cell(2048, a=2, b=2, c=3)]
    assert sentence(cells, []) == "n = 8: a or b: no difference that the model can tell; never c"


def test_what_is_as_good_stands_together_by_where_it_is():
    cells = [
        cell(1024, a=1, b=1.05, c=2, d=1, e=2, f=9),
        cell(2048, a=1, b=2, c=1.02, d=2, e=1.01, f=9),
        cell(4096, a=1, b=2, c=1.02, d=1, e=1.01, f=9),
    ]
    here = "as good at some sizes from 1 KiB on: d; at 1 KiB: b; from 2 KiB on: e or c"
    assert sentence(cells, []) == f"n = 8: a ({here}); never f"


def test_three_ranges_and_options():
    cells = [
        cell(1024, a=1, b=2, c=3),
        cell(2048, a=2, b=1, c=3),
        cell(4096, options=(("k", 4),), a=1, b=2, c=2),
        cell(8192, options=(("k", 8),), a=1, b=2, c=2),
    ]
    assert sentence(cells, []) == "n = 8: below 2 KiB a; from 2 KiB to 4 KiB b; above, a with k=4 to 8; never c"


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (((("k", 4),), (("k", 4),)), "k=4"),
        (((("k", 4),), ()), "k up to 4"),
        (((("how", "x"),), (("how", "y"),)), "how=x/y"),
        (((("how", "x"),), ()), "how=x at some sizes"),
    ],
)
def test_options_of_a_range(options, words):
    cells = [cell(2**index, options=given, a=1, b=2) for index, given in enumerate(options)]
    assert ranges_of(cells, [])[0].options == words


@pytest.mark.parametrize("error", [0.0, 0.05, 0.1, 0.15, 0.3])
@pytest.mark.parametrize("least_s", [1.0, 3.0, 0.3, 7e-6, 1.1e-5])
def test_a_difference_of_just_the_model_error_is_not_ranked(least_s, error):
    """Whatever the last bit of the product says; a millionth more is."""
    at, beyond = least_s + least_s * error, least_s * (1 + error + 1e-6)
    assert not cell(1, error, a=least_s, b=at).is_clear
    assert not cell(1, error, a=least_s, b=at * (1 + 1e-12)).is_clear
    assert cell(1, error, a=least_s, b=beyond).is_clear


def test_margins_and_equals():
    alone, still = cell(1, a=1.0), cell(0, a=0.0, b=0.0)
    assert (alone.margin, alone.runner_up, alone.is_clear) == (None, None, True)
    assert (still.margin, still.is_clear) == (None, False)
    rounding = cell(1, b=1.0, a=1.0 + 1e-12)
    assert (rounding.best.algorithm, rounding.margin) == ("a", 0.0)
    simple = ranked([Entry("a", (("k", 2),), 1.0), Entry("b", (), 1.0)])
    assert simple[0].algorithm == "b"
    assert ranked([]) == ()
