"""The map of who wins where, and with one number of workers the times over the size."""

from __future__ import annotations

from functools import cache

import pytest
from matplotlib.patches import Rectangle

from simcomm.compare import Comparison, Effort, compare
from simcomm.errors import InputError
from simcomm.plots import who_wins
from simcomm.plots.decision_map import _lead
from simcomm.plots.saving import rendered

ONLY = ("all_to_all", "parameter_server", "recursive_doubling", "ring_all_reduce", "binomial_all_reduce")


@cache
def found(*workers: int, only: tuple[str, ...] = ONLY) -> Comparison:
    swept = {"workers": list(workers), "size": {"log2": ["16 KiB", "4 MiB"]}}
    link = {"bandwidth": "100 Gbit/s", "latency": "5 us"}
    keys = {"workers": 2, "collective": "ring_all_reduce", "link": link, "sweep": swept}
    return compare(keys, only=only, effort=Effort(budget=1, model_error=0.1))


def words(figure) -> list[str]:
    return [text.get_text() for axes in figure.axes for text in axes.texts]


def test_a_cell_for_every_place_with_a_hatch_and_letter_per_winner():
    comparison = found(4, 6, 8)
    figure = who_wins(comparison)
    (axes,) = figure.axes
    cells = [patch for patch in axes.patches if isinstance(patch, Rectangle) and patch.get_fill()]
    assert len(cells) == len(comparison.cells) == 27
    clear = [patch.get_hatch() for patch, cell in zip(cells, comparison.cells, strict=True) if cell.is_clear]
    tied = [patch.get_hatch() for patch, cell in zip(cells, comparison.cells, strict=True) if not cell.is_clear]
    assert set(tied) == {"//"}
    assert "//" not in clear
    best = [cell.best.algorithm for cell in comparison.cells if cell.is_clear]
    assert len(set(zip(best, clear, strict=True))) == len(set(best)) == len(set(clear)) > 1
    letters = [word.split("\n")[0] for word in words(figure)]
    assert all(("=" in word) != cell.is_clear for word, cell in zip(letters, comparison.cells, strict=True))
    labels = [text.get_text() for legend in figure.legends for text in legend.get_texts()]
    assert labels[-1] == "no difference"
    assert [label[:3] for label in labels[:2]] == ["A: ", "B: "]


def test_borders_are_at_the_crossovers():
    comparison = found(8)
    assert comparison.crossovers
    several = found(4, 8)
    figure = who_wins(several)
    edges = {round(patch.get_x()) for patch in figure.axes[0].patches}
    assert {cross.size_bytes for cross in several.crossovers} <= edges


def test_with_one_number_of_workers_the_times_and_the_crossovers():
    comparison = found(8)
    figure = who_wins(comparison)
    (axes,) = figure.axes
    assert words(figure) == ["A", "B"][: len(comparison.crossovers)]
    lines = [line for line in axes.lines if len(line.get_xdata()) > 2]
    winners = {cell.best.algorithm for cell in comparison.cells}
    assert len(winners) <= len(lines) <= len(winners) + 4
    cell = comparison.cells[0]
    drawn = {float(line.get_ydata()[0]) for line in lines}
    assert cell.best.time_s in drawn


def test_lines_meet_at_the_crossover_and_are_straight_in_the_size():
    comparison = found(8, only=("recursive_doubling", "ring_all_reduce"))
    (cross,) = comparison.crossovers
    (axes,) = who_wins(comparison).axes
    for line in axes.lines[:2]:
        sizes, times = list(line.get_xdata()), list(line.get_ydata())
        assert times[sizes.index(cross.size_bytes)] == cross.time_s
        first, middle, last = (sizes.index(2**exponent) for exponent in (14, 15, 16))
        assert middle - first == 16
        half = first + 8
        part = (sizes[half] - sizes[first]) / (sizes[middle] - sizes[first])
        assert times[half] == pytest.approx(times[first] + part * (times[middle] - times[first]))
        marks = {sizes[index] for index in line.get_markevery()}
        assert marks == {cell.size_bytes for cell in comparison.cells}
        assert last > middle


def test_a_size_between_two_of_the_grid_has_a_cell_and_no_tick():
    link = {"bandwidth": "100 Gbit/s", "latency": "5 us"}
    swept = {"workers": [8, 16], "size": ["1 KiB", "64 MiB"]}
    keys = {"workers": 2, "collective": "ring_all_reduce", "link": link, "sweep": swept}
    comparison = compare(keys, only=("all_to_all", "recursive_doubling", "rabenseifner"), effort=Effort(budget=1))
    assert [cell.is_between for cell in comparison.cells_of(16)] == [False, True, False]
    (axes,) = who_wins(comparison).axes
    cells = [patch for patch in axes.patches if isinstance(patch, Rectangle) and patch.get_fill()]
    assert len(cells) == len(comparison.cells)
    assert list(axes.xaxis.get_ticklocs()) == [2**10, 2**26]


def test_it_is_the_same_bytes_every_time():
    comparison = found(4, 8)
    assert rendered(who_wins(comparison), "png") == rendered(who_wins(comparison), "png")


def test_nothing_to_draw_is_said():
    with pytest.raises(InputError, match="nothing to draw: no algorithm takes any time"):
        who_wins(found(1))


@pytest.mark.parametrize(("margin", "text"), [(0.104, "10%"), (9.99, "999%"), (9.996, "11×"), (99.0, "100×")])
def test_leads_are_short(margin, text):
    assert _lead(margin) == text
