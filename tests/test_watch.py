"""A long run says how far it is, to whoever watches, and can be stopped there; the answer stays what it is."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

import simcomm
from simcomm.engines import clock, compiled
from simcomm.execution import execute
from simcomm.results import Result
from simcomm.sweep.points import Point
from simcomm.sweep.runner import run_points
from simcomm.topology import build
from simcomm.watch import EVERY_S, FIRST_S, SoFar, Watch, watched, watcher

STAR = build("star", 8, "1 GB/s", "1 us")
SIMULATED = {"collective": "all_to_all", "workers": 12, "parameters": 1000, "compute": {"time": "1 ms", "jitter": 0.1}}
LINK = {"bandwidth": "1 GB/s", "latency": "1 us"}


def impatient(heard: list[SoFar]) -> Watch:
    """Somebody for whom a word is always due."""
    return Watch(heard.append, clock=itertools.count(step=FIRST_S + EVERY_S).__next__)


def test_a_first_word_is_due_after_a_while_and_then_one_at_a_time() -> None:
    heard: list[SoFar] = []
    times = [10.0]
    watch = Watch(heard.append, clock=lambda: times[0])
    due = []
    for now in (11.9, 12.0, 12.1):
        times[0] = now
        due.append(watch.is_due)
    watch.tell(1e-3, 5, 20)
    for now in (12.5, 12.7):
        times[0] = now
        due.append(watch.is_due)
    assert due == [False, True, True, False, True]
    assert heard == [SoFar(1e-3, 5, 20, pytest.approx(2.1))]
    assert heard[0].seconds_left == pytest.approx(6.3)
    assert SoFar(0.0, 1, 20, 2.0).seconds_left is None


def test_nobody_watches_unless_asked_to() -> None:
    assert not watcher().is_due
    watcher().tell(0.0, 0, 1)
    mine = Watch(lambda _: None)
    with watched(mine):
        assert watcher() is mine
    assert watcher() is not mine


@pytest.fixture
def pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    """Engines that look up after very little work."""
    monkeypatch.setattr(clock, "_INSTANTS", 3)
    monkeypatch.setattr(compiled, "_FIRST_INSTANTS", 1)
    monkeypatch.setattr(compiled, "_PIECE_S", 0.0)


@pytest.mark.usefixtures("pieces")
@pytest.mark.parametrize("network", ["loggp", "store_and_forward", "fair_share"])
@pytest.mark.parametrize("engine", ["des", "compiled"])
def test_engines_tell_how_far_they_are_and_answer_the_same(engine: str, network: str) -> None:
    keys = SIMULATED | {"link": LINK, "network": network, "engine": engine}
    alone = simcomm.simulate(**keys, timeline=True)
    heard: list[SoFar] = []
    with watched(impatient(heard)):
        told = simcomm.simulate(**keys, timeline=True)
    assert told.as_row() == alone.as_row()
    assert np.array_equal(told.timeline.end_s, alone.timeline.end_s)
    assert len(heard) > 10
    assert {so_far.operations for so_far in heard} == {12 * 11}
    ends = np.sort(alone.timeline.end_s)
    for before, so_far in itertools.pairwise(heard):
        assert before.simulated_s <= so_far.simulated_s <= alone.time_s
        assert before.done <= so_far.done
        assert (
            np.searchsorted(ends, so_far.simulated_s)
            <= so_far.done
            <= np.searchsorted(ends, so_far.simulated_s, "right")
        )


@pytest.mark.usefixtures("pieces")
@pytest.mark.parametrize("engine", ["des", "compiled"])
def test_a_run_can_be_stopped_where_it_tells(engine: str) -> None:
    def stop(_: SoFar) -> None:
        raise KeyboardInterrupt

    ring = simcomm.collectives.get("ring_all_reduce").schedule(8)
    watch = Watch(stop, clock=itertools.count(step=10.0).__next__)
    with pytest.raises(KeyboardInterrupt), watched(watch):
        execute(ring, np.full(len(ring), 100), STAR, engine=engine)


def test_a_sweep_that_is_stopped_within_a_point_keeps_those_before(tmp_path) -> None:
    done = simcomm.simulate(**SIMULATED, link=LINK)

    def second_is_long(number: int) -> Result:
        if number:
            watcher().tell(0.0, 1, 2)
        return done

    class Impatient:
        """Ctrl-C as soon as a point takes long."""

        def started(self, total: int, done: int) -> None: ...
        def advanced(self, identity: str, seconds: float) -> None: ...
        def finished(self) -> None: ...
        def came_to(self, identity: str, so_far: SoFar) -> None:
            raise KeyboardInterrupt

    points = [Point(f"{number:064}", f"point {number}", number) for number in range(3)]
    stopped = run_points(points, second_is_long, tmp_path, progress=Impatient())
    assert (len(stopped), stopped.interrupted) == (1, True)
    again = run_points(points, second_is_long, tmp_path)
    assert (again.reused, again.ran, again.interrupted) == (1, 2, False)
