"""LogGOPSim: LogGP with one CPU and one NIC per host, in whole numbers.

Hoefler, Schneider and Lumsdaine, LogGOPSim: simulating large-scale applications in the LogGOPS model, LSAP 2010.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from fractions import Fraction
from typing import Any, NamedTuple

from simcomm import topology
from simcomm.conformance.case import Case, Number, Peer, to_the_digit
from simcomm.conformance.fields import Fields
from simcomm.conformance.patterns import (
    ALL_TO_ALL,
    RING,
    SERVER,
    STAR,
    Pattern,
    check_message_bytes,
    check_messages,
    link,
    powers_of_two,
)
from simcomm.execution import execute
from simcomm.schedule import Operation, Schedule
from simcomm.simulation import simulate

PATTERNS = {
    "ring_all_reduce": RING,
    "all_to_all": ALL_TO_ALL,
    "parameter_server": SERVER,
    "recursive_doubling": Pattern("recursive_doubling", powers_of_two, is_cut=False),
}


class LogGOPS(NamedTuple):
    """Its parameters, in its unit of time, which is called a second here: whole numbers."""

    L: int
    o: int
    g: int
    G: int
    O: int  # noqa: E741 (the model's own name)

    def network(self, seconds: Callable[[int], Any], rate: Callable[[int], Any]) -> dict[str, Any]:
        """The network of a scenario; ``seconds`` writes a time, ``rate`` the bytes per second of one per byte."""
        cpu = {"cpu_bandwidth": rate(self.O)} if self.O else {}
        options = {"ports": "one_cpu", "first_byte_free": True, "overhead": seconds(self.o), "gap": seconds(self.g)}
        return {"model": "loggp", **options, **cpu}

    def is_exact_in_floats(self, finish: int, size_bytes: Iterable[int]) -> bool:
        """Whether all times until then, and halves of them, are exact in floats: sizes over bandwidths, too."""
        inverses = [number for number in (self.G, self.O) if number]
        return finish < 2**52 and all((s - 1) / (1 / i) == (s - 1) * i for s in set(size_bytes) for i in inverses)


def read(fields: Fields) -> Case:
    """A collective, or a program of single messages; compared to the digit."""
    workers = fields.whole("workers", 1)
    finish = fields.whole("finish")
    model = LogGOPS(*(fields.whole(name, int(name == "G")) for name in LogGOPS._fields))
    reader = _collective if "collective" in fields else _program
    case = reader(fields, workers, model, finish)
    fields.none_left()
    return case


def _collective(fields: Fields, workers: int, model: LogGOPS, finish: int) -> Case:
    pattern = fields.one_of("collective", PATTERNS)
    vector, size, messages = (fields.whole(name, 1) for name in ("vector_bytes", "message_bytes", "messages"))
    check_messages(pattern, workers, messages)
    check_message_bytes(pattern, workers, vector, size, -(-vector // workers))

    def run(engine: str) -> Sequence[Number]:
        if not model.is_exact_in_floats(finish, [size]):
            schedule = pattern.schedule(workers)
            sizes = [size if is_message else 0 for is_message in schedule.is_message.tolist()]
            return [to_the_digit("finish", finish, _exact_s(schedule, sizes, model, engine))]
        result = simulate(
            pattern.key,
            workers,
            size=f"{size * workers if pattern.is_cut else size} B",
            dtype="int8",
            link=link(1 / model.G, model.L / 2),  # two links on a star
            network=model.network(lambda time: f"{time} s", lambda inverse: f"{1 / inverse} B/s"),
            engine=engine,
        )
        return [to_the_digit("finish", finish, result.time_s)]

    return Case(messages, STAR.crossings(pattern, workers), run)


def _program(fields: Fields, workers: int, model: LogGOPS, finish: int) -> Case:
    """Messages in the order in which they are tried, each after those that its sender must have received."""
    operations, sizes = [], []
    for message in fields.parts("messages"):
        ends, after = (message.whole("src"), message.whole("dst")), tuple(message.rows("after"))
        operations.append(Operation("copy", *ends, 0, after=after))
        sizes.append(message.whole("size_bytes", 1))
        message.none_left()
    schedule = Schedule.of(workers, 1, operations)

    def run(engine: str) -> Sequence[Number]:
        in_floats = engine not in ("auto", "des") and model.is_exact_in_floats(finish, sizes)
        end_s = (_float_s if in_floats else _exact_s)(schedule, sizes, model, engine)
        return [to_the_digit("finish", finish, end_s)]

    return Case(len(sizes), 2 * len(sizes), run)


def _exact_s(schedule: Schedule, size_bytes: Sequence[int], model: LogGOPS, engine: str) -> Any:
    """The end of a run in exact fractions, for which no bandwidth is rounded."""
    star = topology.build("star", schedule.ranks, Fraction(1, model.G), Fraction(model.L, 2))
    network = model.network(Fraction, lambda inverse: Fraction(1, inverse))
    ran = execute(schedule, size_bytes, star, network=network, engine=engine, exact=True, detailed=False)
    return ran.timeline.makespan_s


def _float_s(schedule: Schedule, size_bytes: Sequence[int], model: LogGOPS, engine: str) -> Any:
    """The same in floats, for engines that know nothing else."""
    star = topology.build("star", schedule.ranks, 1 / model.G, model.L / 2)
    network = model.network(float, lambda inverse: 1 / inverse)
    return execute(schedule, size_bytes, star, network=network, engine=engine, detailed=False).timeline.makespan_s


PEER = Peer(unit="10 ps", read=read, shown=str, difference=str)
