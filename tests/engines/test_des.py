"""The reference engine: the tie rule, computations, workers, other people's models, and runs that cannot end."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from direct_routes import direct

from simcomm import engines
from simcomm.closed_forms import Vector
from simcomm.collectives import get
from simcomm.engines import des
from simcomm.engines.clock import Awaited
from simcomm.engines.exact import exact_run
from simcomm.engines.timeline import Timeline
from simcomm.errors import DeadlockError
from simcomm.networks.base import Cost, Message, NetworkModel, Run, Workers
from simcomm.networks.loggp import LogGP
from simcomm.schedule import Operation, Schedule
from simcomm.topology.routes import Route

F = Fraction


def message(src: int, dst: int, *after: int) -> Operation:
    return Operation("copy", src, dst, 0, after=after)


def compute(rank: int, seconds: float, *after: int) -> Operation:
    return Operation("compute", rank, rank, 0, 0, seconds, after)


def run(
    rows: Sequence[Operation],
    size_bytes: int | Sequence[int] = 4,
    latency_s: Any = 0,
    model: NetworkModel | None = None,
    workers: Workers | None = None,
    routes: Mapping[tuple[int, int], Route] | None = None,
) -> Timeline:
    """Run on three ranks at 1 B/s, exactly; computations as long as their rows say."""
    schedule = Schedule.of(3, 1, rows)
    pairs = routes or {(row.src, row.dst): direct(Fraction(latency_s), F(1)) for row in rows}
    sizes = np.where(schedule.is_message, size_bytes, 0)
    seconds = np.array([Fraction(row.seconds) for row in rows], dtype=object)
    return des.run(schedule, sizes, model or LogGP(), pairs, workers or Workers.alike(3), seconds)


def test_engines_by_name() -> None:
    assert engines.names()[0] == "auto"
    assert {"compiled", "des"} <= set(engines.names())
    assert engines.ENGINES["des"] == f"{des.run.__module__}:{des.run.__name__}"


def test_of_two_at_an_instant_the_lower_number_goes_first() -> None:
    assert run([message(0, 1), message(0, 2)]).start_s.tolist() == [0, 4]
    # At a receiver: 0 and 1 send to 2, both arrive at 1.
    assert run([message(1, 2), message(0, 2)], latency_s=1).end_s.tolist() == [5, 9]
    assert run([message(0, 2), message(1, 2)], latency_s=1).end_s.tolist() == [5, 9]


@pytest.mark.parametrize("first", [0, 1])
def test_the_tie_rule_does_not_follow_the_order_in_which_processes_come_to_life(first: int) -> None:
    # Operations 0 and 1 leave rank 0 at 4 s, freed by computations 2 and 3 at ranks 1 and 2: in either order.
    freed = [2 + first, 3 - first]
    rows = [message(0, 1, freed[0]), message(0, 2, freed[1]), compute(1, 4), compute(2, 4)]
    assert run(rows).start_s.tolist() == [4, 8, 0, 0]


def test_a_cascade_of_no_duration_ends_before_a_port_serves() -> None:
    # Operation 1 asks at 0 at once, operation 0 after three joins and a message of no byte, still at 0.
    rows = [message(0, 1, 5), message(0, 2), compute(0, 0), compute(1, 0, 2), compute(2, 0, 3), message(1, 0, 4)]
    assert run(rows, [4, 4, 0, 0, 0, 0]).start_s.tolist() == [0, 4, 0, 0, 0, 0]


def test_a_cascade_that_begins_when_a_port_is_freed_comes_in_time_for_it() -> None:
    # Operation 2 holds rank 0's port from 0 to 4 and arrives at 4; that frees operation 0, through a join. Operation 1
    # asks at 4 as well, freed by a computation.
    rows = [message(0, 1, 4), message(0, 2, 3), message(0, 1), compute(1, 4), compute(2, 0, 2)]
    assert run(rows).start_s.tolist() == [4, 8, 0, 0, 4]


def test_who_came_earlier_goes_first_whatever_its_number() -> None:
    # The port is held until 4; operation 1 asks at 1, operation 0 at 2.
    rows = [message(0, 1, 4), message(0, 2, 3), message(0, 1), compute(1, 1), compute(2, 2)]
    assert run(rows).start_s.tolist() == [8, 4, 0, 0, 0]


def test_what_a_service_sets_off_at_the_same_instant_comes_after_it() -> None:
    # Both first bytes are at rank 2's port at 4 s, but operation 0's only because rank 0's port served it then (no
    # latency): that is a later round of the same instant, and operation 1 was served in the first.
    routes = {(0, 2): direct(F(0), F(1)), (1, 2): direct(F(4), F(1))}
    rows = [message(0, 2, 2), message(1, 2), compute(0, 4)]
    assert run(rows, routes=routes).end_s.tolist() == [12, 8, 4]


def test_computations_queue_for_the_processor_of_their_rank() -> None:
    timeline = run([compute(0, 3), compute(0, 2), compute(1, 7)])
    assert timeline.start_s.tolist() == [0, 3, 0]
    assert timeline.end_s.tolist() == [3, 5, 7]


def test_computing_and_sending_do_not_disturb_each_other() -> None:
    timeline = run([compute(0, 3), message(0, 1), message(1, 0)])
    assert timeline.end_s.tolist() == [3, 4, 4]


def test_a_join_takes_no_time_and_waits_for_no_processor() -> None:
    # Operation 1 is a join: it ends at 0 though the processor is busy until 3.
    timeline = run([compute(0, 3), compute(0, 0), message(0, 1, 1)])
    assert timeline.start_s.tolist() == [0, 0, 0]
    assert timeline.end_s.tolist() == [3, 0, 4]


def test_dependencies_across_ranks_and_kinds() -> None:
    # 0 -> 1 arrives at 1 + 4 = 5, rank 1 computes until 7, 1 -> 2 arrives at 12.
    timeline = run([message(0, 1), compute(1, 2, 0), message(1, 2, 1)], latency_s=1)
    assert timeline.ready_s.tolist() == [0, 5, 7]
    assert timeline.end_s.tolist() == [5, 7, 12]
    assert timeline.makespan_s == 12


def test_a_worker_starts_late_and_then_computes() -> None:
    workers = Workers((1, 0, 0), (2, 0, 5), (1, 1, 1))
    timeline = run([message(0, 1), message(1, 0), compute(2, 1), compute(0, 0)], workers=workers)
    assert timeline.ready_s.tolist() == [3, 0, 5, 3]
    assert timeline.start_s.tolist() == [3, 0, 5, 3]
    assert timeline.end_s.tolist() == [7, 4, 6, 3]


def test_the_makespan_waits_for_the_last_gradient() -> None:
    workers = Workers((0, 0, 9), (0, 0, 1), (1, 1, 1))
    assert run([message(0, 1)], workers=workers).makespan_s == 10
    assert run([], workers=workers).makespan_s == 10
    assert run([]).makespan_s == 0


def test_a_timeline_is_read_row_by_row() -> None:
    timeline = run([compute(0, 3), message(0, 1, 0), message(0, 2, 0)], latency_s=1)
    assert [tuple(event) for event in timeline] == [
        (compute(0, 3), 0, 0, 3),
        (message(0, 1, 0), 3, 3, 8),
        (message(0, 2, 0), 3, 7, 12),
    ]
    event = next(iter(timeline))
    assert (event.operation.kind, event.ready_s, event.start_s, event.end_s) == ("compute", 0, 0, 3)
    assert timeline.alone_s.tolist() == [3, 5, 5]


class SharedBus:
    """A model of a test's own: one bus for everybody, held for twice the bytes."""

    def transmit(self, message: Message, run: Run) -> Iterator[Any]:
        yield run.delay(1)
        yield run.turn("bus", message, 2 * message.size_bytes)
        yield run.delay(2 * message.size_bytes)

    def cost(self, message: Message) -> Cost:
        return Cost(1, 2 * message.size_bytes, 0, 0, 0)


def test_a_model_is_a_generator_and_nothing_else() -> None:
    timeline = run([message(0, 1), message(1, 2), message(2, 0, 0)], [1, 2, 3], model=SharedBus())  # type: ignore[arg-type]
    # On the bus from 1 to 3, from 3 to 7; operation 2 is ready at 3, asks at 4, holds from 7 to 13.
    assert timeline.start_s.tolist() == [1, 3, 7]
    assert timeline.end_s.tolist() == [3, 7, 13]
    assert timeline.alone_s.tolist() == [3, 5, 7]


class Hesitant(SharedBus):
    """Asks for the bus after as many waits of no time as the message has bytes."""

    def transmit(self, message: Message, run: Run) -> Iterator[Any]:
        for _ in range(message.size_bytes):
            yield run.delay(0)
        yield run.turn("bus", message, 1)
        yield run.delay(1)


def test_however_long_it_takes_within_an_instant_the_lower_number_goes_first() -> None:
    timeline = run([message(0, 1), message(1, 2), message(2, 0)], [9, 1, 4], model=Hesitant())  # type: ignore[arg-type]
    assert timeline.start_s.tolist() == [0, 1, 2]


class Packets(SharedBus):
    """Asks for the bus once per byte, for all bytes at once."""

    def transmit(self, message: Message, run: Run) -> Iterator[Any]:
        yield from [run.turn("bus", message, 1) for _ in range(message.size_bytes)]
        yield run.delay(1)


def test_one_message_may_ask_for_a_place_several_times_at_once() -> None:
    timeline = run([message(0, 1), message(1, 2)], [3, 2], model=Packets())  # type: ignore[arg-type]
    assert timeline.start_s.tolist() == [0, 3]
    assert timeline.end_s.tolist() == [3, 5]


class Recording(LogGP):
    """LogGP that shows to somebody the messages it is given."""

    def __init__(self, seen: list[Message]) -> None:
        super().__init__()
        object.__setattr__(self, "seen", seen)

    def transmit(self, message: Message, run: Run) -> Iterator[Any]:
        self.seen.append(message)  # type: ignore[attr-defined]
        return super().transmit(message, run)


def test_what_a_model_is_told() -> None:
    seen: list[Message] = []
    rows = [Operation("reduce", 0, 1, 0), message(2, 0), message(1, 2)]
    routes = {(0, 1): direct(F(3), F(8), 0, 1), (2, 0): direct(F(4), F(6), 2, 0)}
    run(rows, [5, 6, 0], model=Recording(seen), routes=routes)
    assert seen == [
        Message(0, 0, 1, 5, True, routes[0, 1]),
        Message(1, 2, 0, 6, False, routes[2, 0]),
    ]


class Lost(LogGP):
    """Messages to rank 2 wait for something that never happens."""

    def transmit(self, message: Message, run: Run) -> Iterator[Any]:
        if message.dst == 2:
            yield Awaited()
        yield from super().transmit(message, run)


def test_a_model_that_never_finishes_is_named() -> None:
    with pytest.raises(DeadlockError) as stuck:
        run([message(0, 1), message(1, 2, 0), compute(2, 0.5, 1), compute(0, 1)], model=Lost())
    assert str(stuck.value) == (
        "2 operations never ended\n"
        "  operation 1: copy 1 -> 2  chunk 0, after 0\n"
        "  operation 2: compute at 2 for 0.5 s, after 1"
    )


def test_only_the_first_of_many_that_never_ended_are_listed() -> None:
    with pytest.raises(DeadlockError) as stuck:
        run([message(0, 2)] * 13, model=Lost())
    lines = str(stuck.value).splitlines()
    assert lines[0] == "13 operations never ended"
    assert lines[1:11] == [f"  operation {index}: copy 0 -> 2  chunk 0" for index in range(10)]
    assert lines[11:] == ["  (and 3 more)"]


def test_a_circle_is_named() -> None:
    rows = [message(0, 1), message(1, 2, 3), message(2, 0, 1), compute(0, 0, 2), message(0, 1, 3)]
    with pytest.raises(DeadlockError) as stuck:
        run(rows)
    assert str(stuck.value) == (
        "4 operations can never run: they wait for each other in a circle\n"
        "  operation 1: copy 1 -> 2  chunk 0, after 3\n"
        "  operation 3: join at 0, after 2\n"
        "  operation 2: copy 2 -> 0  chunk 0, after 1"
    )


class Broken(LogGP):
    def transmit(self, message: Message, run: Run) -> Iterator[Any]:
        yield run.delay(1)
        raise ArithmeticError(f"operation {message.operation}")


def test_an_error_in_a_model_is_not_swallowed() -> None:
    with pytest.raises(ArithmeticError, match="operation 1"):
        run([compute(0, 3), message(0, 1)], model=Broken())


def test_floats_are_as_good_as_fractions_on_real_collectives() -> None:
    for name, workers in (("ring_all_reduce", 7), ("all_to_all", 5), ("parameter_server", 6)):
        schedule, vector = get(name).schedule(workers), Vector(1000, 4)
        alpha, beta, gamma = F(5, 10**6), F(1, 3 * 10**9), F(1, 7 * 10**10)
        exact = exact_run(schedule, vector, alpha, beta, gamma)
        pairs = set(zip(schedule.src.tolist(), schedule.dst.tolist(), strict=True))
        route = dict.fromkeys(pairs, direct(float(alpha), float(1 / beta)))
        model, alike = LogGP(0.0, 0.0, float(1 / gamma)), Workers.alike(schedule.ranks)
        floats = des.run(schedule, schedule.sizes_bytes(vector), model, route, alike, schedule.seconds)
        assert isinstance(exact.makespan_s, Fraction)
        assert all(isinstance(end, Fraction) for end in exact.end_s)
        assert floats.end_s.dtype == np.float64
        np.testing.assert_allclose(floats.end_s, exact.end_s.astype(float), rtol=1e-12, atol=0)
        np.testing.assert_allclose(floats.start_s, exact.start_s.astype(float), rtol=1e-12, atol=1e-18)


def test_fractions_of_compute_time_make_a_run_exact() -> None:
    schedule, route = Schedule.of(2, 1, [message(0, 1)]), {(0, 1): direct(F(1, 3), F(7))}
    seconds = np.array([F(0)], dtype=object)
    exact, rounded = (
        des.run(schedule, np.array([1]), LogGP(), route, Workers.alike(2), s) for s in (seconds, np.zeros(1))
    )
    assert exact.end_s.tolist() == [F(1, 3) + F(1, 7)]
    assert rounded.end_s.dtype == np.float64


@pytest.mark.parametrize("workers", [1, 2, 3, 5])
def test_exact_runs_of_every_table_collective_equal_their_formula(workers: int) -> None:
    alpha, beta, gamma = F(1, 3), F(1, 7), F(1, 11)
    vector = Vector(60, 4)
    for name in ("ring_all_reduce", "all_to_all", "parameter_server"):
        collective = get(name)
        claim = collective.claim(workers, vector)
        assert claim.time is not None
        timeline = exact_run(collective.schedule(workers), vector, alpha, beta, gamma)
        assert timeline.makespan_s == claim.time(alpha, beta, gamma)
        free = exact_run(collective.schedule(workers), vector, alpha, beta, F(0))
        assert free.makespan_s == claim.time(alpha, beta, F(0))


class BrokenPiece(LogGP):
    def transmit(self, message: Message, run: Run) -> Iterator[Any]:
        yield run.each([run_delay(run, 1), failing(run, message)])


def run_delay(run: Run, seconds: Any) -> Iterator[Any]:
    yield run.delay(seconds)


def failing(run: Run, message: Message) -> Iterator[Any]:
    yield run.delay(2)
    raise ArithmeticError(f"a piece of operation {message.operation}")


def test_an_error_in_a_piece_is_not_swallowed() -> None:
    with pytest.raises(ArithmeticError, match="a piece of operation 1"):
        run([compute(0, 3), message(0, 1)], model=BrokenPiece())


class ThreeWays(SharedBus):
    """Pieces that do different things at once: nothing, a turn and a hold."""

    def transmit(self, message: Message, run: Run) -> Iterator[Any]:
        yield run.each([])
        yield run.each([self.turns(message, run), self.holds(message, run), run_delay(run, 2)])
        yield run.share(message.route.links, message, 1, None)

    @staticmethod
    def turns(message: Message, run: Run) -> Iterator[Any]:
        yield run.turn("bus", message, 4)
        yield run.delay(4)

    @staticmethod
    def holds(message: Message, run: Run) -> Iterator[Any]:
        yield run.hold({"key": 3, "door": 5}, message)
        yield run.delay(3)


def test_a_model_may_use_all_that_a_run_offers() -> None:
    # Operation 0: bus and both others at 0, all done at 4; its 6 B flow from then on. Operation 1: the bus from 4 to
    # 8, the door at 5; it flows from 8 on, at half of the link's rate until 12, when operation 0 has ended.
    same = direct(F(0), F(1))
    timeline = run([message(0, 1), message(0, 1)], [6, 6], model=ThreeWays(), routes={(0, 1): same})  # type: ignore[arg-type]
    assert timeline.start_s.tolist() == [0, 4]
    # Operation 0 has 2 B left at 8: until 12; operation 1 has 4 B left then: until 16.
    assert timeline.end_s.tolist() == [12, 16]
    assert timeline.log.meters["door"].use.contended_s == 5
    assert timeline.log.meters["bus"].use.contended_s == 4
