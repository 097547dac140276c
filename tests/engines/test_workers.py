"""Seeded noise, and what it is put on."""

from __future__ import annotations

import numpy as np
import pytest

from simcomm.engines.workers import compute_seconds, noise, with_jitter
from simcomm.networks.base import Workers
from simcomm.schedule import Operation, Schedule


def rng(seed: int = 7) -> np.random.Generator:
    return np.random.default_rng(seed)


@pytest.mark.parametrize("jitter", [0.01, 0.05, 0.15])
def test_noise_has_mean_1_and_the_standard_deviation_that_was_asked_for(jitter: float) -> None:
    size = 40_000
    drawn = noise(rng(), size, jitter)
    # Six standard errors: of the mean jitter/√size, of the standard deviation about jitter/√(2·size).
    assert abs(drawn.mean() - 1) < 6 * jitter / size**0.5
    assert abs(drawn.std() - jitter) < 6 * jitter / (2 * size) ** 0.5
    # Close to normal: 68.3 % within one standard deviation, nothing beyond six.
    assert abs(np.mean(abs(drawn - 1) < jitter) - 0.683) < 0.015
    assert abs(drawn - 1).max() < 6 * jitter


def test_the_same_seed_gives_the_same_bits_and_another_one_others() -> None:
    assert noise(rng(3), 100, 0.1).tobytes() == noise(rng(3), 100, 0.1).tobytes()
    assert noise(rng(3), 100, 0.1).tobytes() != noise(rng(4), 100, 0.1).tobytes()


def test_the_noise_of_a_seed_is_the_same_for_ever() -> None:
    drawn = noise(rng(0), 3, 0.05).tolist()
    assert [value.hex() for value in drawn] == ["0x1.0424b0e0cf28bp+0", "0x1.f07aed1a6ae31p-1", "0x1.0ddba7b0cab3fp+0"]
    uniform = rng(0).random(36).tolist()
    assert drawn == pytest.approx([1 + 0.05 * (sum(uniform[i : i + 12]) - 6) for i in (0, 12, 24)], rel=1e-14)


def test_the_first_ranks_get_the_same_noise_however_many_there_are() -> None:
    many = noise(rng(), 1000, 0.1)
    for count in (0, 1, 2, 7, 64, 999):
        assert noise(rng(), count, 0.1).tolist() == many[:count].tolist()


def test_no_jitter_is_exactly_1_and_large_jitter_never_below_0() -> None:
    assert noise(rng(), 1000, 0.0).tolist() == [1.0] * 1000
    wild = noise(rng(), 1000, 2.0)
    assert wild.min() == 0.0
    assert 0.2 < np.mean(wild == 0) < 0.4  # P(normal < −1/2) = 0.31


def test_jitter_is_on_the_computations_of_workers_and_not_of_servers() -> None:
    before = Workers((1.0, 2.0, 3.0), (10.0, 20.0, 30.0), (1.0, 2.0, 3.0))
    generator = rng()
    after = with_jitter(before, 0.1, generator, computing=2)
    assert generator.random() == rng().random(2 * 12 + 1)[-1]  # servers draw nothing
    factors = noise(rng(), 2, 0.1).tolist()
    assert after.compute_s == (10.0 * factors[0], 20.0 * factors[1], 30.0)
    assert (after.start_s, after.compute_factor) == (before.start_s, before.compute_factor)
    assert with_jitter(before, 0.0, rng(), computing=3) == before


ROWS = [
    Operation("compute", 0, 0, 0, 0, 3.0),
    Operation("copy", 0, 1, 0),
    Operation("compute", 1, 1, 0, 0, 0.0),
    Operation("compute", 1, 1, 0, 0, 5.0),
]


def test_computations_are_stretched_by_the_factor_of_their_rank() -> None:
    seconds = compute_seconds(Schedule.of(2, 1, ROWS), (2.0, 0.5), 0.0, rng())
    assert seconds.dtype == np.float64
    assert seconds.tolist() == [6.0, 0.0, 0.0, 2.5]


def test_only_computations_that_take_time_draw_noise() -> None:
    schedule = Schedule.of(2, 1, ROWS)
    first, second = noise(rng(), 2, 0.1).tolist()
    assert compute_seconds(schedule, (2.0, 0.5), 0.1, rng()).tolist() == [6.0 * first, 0.0, 0.0, 2.5 * second]
    assert schedule.seconds.tolist() == [3.0, 0.0, 0.0, 5.0]
