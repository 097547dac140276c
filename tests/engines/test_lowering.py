"""Models that the compiled engine has no programs for: refused by name, run by the reference where it may choose."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from simcomm import collectives, engines, topology
from simcomm.closed_forms import Vector
from simcomm.engines.clock import Clock
from simcomm.engines.lowering import record
from simcomm.errors import EngineError
from simcomm.execution import Execution, execute
from simcomm.networks.base import Message, Run
from simcomm.networks.loggp import LogGP


def held_and_queued(message: Message, run: Run) -> Iterator[Any]:
    yield run.hold({("send", message.src): 1.0}, message)
    yield run.turn(("send", message.src), message, 1.0)


def pieces_of_pieces(message: Message, run: Run) -> Iterator[Any]:
    yield run.each(iter([pieces(message, run)]))


def pieces(message: Message, run: Run) -> Iterator[Any]:
    yield run.each(iter([wait(run), wait(run)]))
    yield run.delay(1.0)


def wait(run: Run) -> Iterator[Any]:
    yield run.delay(1.0)


def unusual_wait(message: Message, run: Run) -> Iterator[Any]:
    yield run.delay(1.0)
    yield run.delay(2.0) if isinstance(run, Clock) else "something else"


def impatient(message: Message, run: Run) -> Iterator[Any]:
    run.delay(1.0)
    yield run.delay(2.0)


def impatient_to_the_end(message: Message, run: Run) -> Iterator[Any]:
    yield run.delay(2.0)
    run.delay(1.0)


def numbered(message: Message, run: Run) -> Iterator[Any]:
    yield run.delay(float(message.operation))


def flowing(message: Message, run: Run) -> Iterator[Any]:
    yield run.share(message.route.links, message, 1, None)


REFUSED = {
    held_and_queued: "both held and queued",
    pieces_of_pieces: "pieces of pieces",
    unusual_wait: "cannot wait for 'something else'",
    impatient: "does not wait",
    impatient_to_the_end: "does not wait",
    numbered: "looks at operations",
}


@dataclass(frozen=True)
class Odd(LogGP):
    """Sends as it is told to."""

    way: Any = None

    def transmit(self, message: Message, run: Run) -> Iterator[Any]:
        return iter(self.way(message, run))

    def lower(self, batch: Any) -> Any:
        return record(self, batch)


def ran(model: LogGP, engine: str) -> Execution:
    ring = collectives.get("ring_all_reduce").schedule(4)
    star = topology.build("star", 4, 1.0, 0.0)
    return execute(ring, ring.sizes_bytes(Vector(8)), star, network=model, engine=engine)


@pytest.mark.parametrize("way", REFUSED)
def test_what_has_no_program_is_refused_by_name_and_run_by_the_reference(
    way: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    model, why = Odd(way=way), REFUSED[way]
    with pytest.raises(EngineError, match=f"^engine: compiled .*{why}.*; expected engine des$"):
        ran(model, "compiled")
    plan = [engines.Choice("compiled", "it seems"), engines.Choice("des", "if need be")]
    monkeypatch.setattr(engines, "_fastest_first", lambda *given: iter(plan))
    reference = ran(model, "des").timeline
    instead = ran(model, "auto")
    assert instead.engine == "des"
    assert why in instead.engine_reason
    assert instead.timeline.end_s.tolist() == reference.end_s.tolist()


@pytest.mark.parametrize("way", [pieces, flowing])
def test_pieces_of_a_message_and_flows_are_programs(way: Any) -> None:
    model = Odd(way=way)
    assert ran(model, "compiled").timeline.end_s.tolist() == ran(model, "des").timeline.end_s.tolist()
