"""ASTRA-sim's congestion-aware analytical network: whole messages, stored and forwarded over links that are queues.

Won, Heo, Rashidi, Sridharan, Srinivasan and Krishna, ASTRA-sim2.0, ISPASS 2023.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np

from simcomm import topology
from simcomm.conformance.case import Case, Number, Peer
from simcomm.conformance.chains import chains
from simcomm.conformance.fields import Fields
from simcomm.conformance.patterns import (
    BLOCKS,
    FULLY_CONNECTED,
    RING,
    RING_OF_HOSTS,
    STAR,
    Pattern,
    Shape,
    check_messages,
    everyone,
    link,
    next_one,
    powers_of_two,
)
from simcomm.engines.timeline import Timeline
from simcomm.execution import execute
from simcomm.networks.base import Workers
from simcomm.schedule import REDUCE, Ints, Schedule
from simcomm.simulation import simulate

ALL_GATHER: Final = Pattern("ring_all_gather", next_one)
HALVING: Final = Pattern("rabenseifner", powers_of_two)
PATTERNS = {
    "ring_all_reduce": RING,
    "ring_reduce_scatter": Pattern("ring_reduce_scatter", next_one),
    "ring_all_gather": ALL_GATHER,
    "all_to_all_blocks": BLOCKS,
    "direct_all_reduce (reduce-scatter then all-gather, every pair at once)": Pattern(
        "parameter_server", everyone, options={"servers": "workers", "placement": "colocated"}
    ),
    "recursive halving-doubling, whole vector": HALVING,
}
SHAPES = {"star": STAR, "ring": RING_OF_HOSTS, "fully_connected": FULLY_CONNECTED}


class _Setup(NamedTuple):
    """What a case says, but for its answers."""

    pattern: Pattern
    shape: Shape
    workers: int
    vector_bytes: int
    bandwidth_Bps: float
    latency_s: float
    delay_s: float


def read(fields: Fields) -> Case:
    """A collective; the first and the last worker's end, within one ns per link crossing on the way to it."""
    pattern, shape = fields.one_of("collective", PATTERNS), fields.one_of("topology", SHAPES)
    workers = fields.whole("workers", 2)
    if pattern is HALVING and workers & (workers - 1):
        raise fields.refusal("workers", "expected a power of two for recursive halving-doubling")
    least = 1 if pattern is ALL_GATHER else workers * (2 if pattern is HALVING else 1)
    vector, messages = fields.whole("vector_bytes", least), fields.whole("messages")
    check_messages(pattern, workers, messages)
    speeds = (fields.number(name) for name in ("link_bandwidth_Bps", "link_latency_s", "endpoint_delay_s"))
    setup = _Setup(pattern, shape, workers, vector, *speeds)
    first, last = fields.whole("finish_ns_min"), fields.whole("finish_ns_max")
    fields.none_left()
    run = _halving_doubling if pattern is HALVING else _collective
    return Case(messages, shape.crossings(pattern, workers), lambda engine: _compared(run(setup, engine), first, last))


def _collective(setup: _Setup, engine: str) -> Timeline:
    """Messages of ⌊S/n⌋ (gathered: of S, which is one worker's share); the endpoint's delay first, as computing."""
    shares = setup.vector_bytes if setup.pattern is ALL_GATHER else setup.vector_bytes // setup.workers
    result = simulate(
        setup.pattern.key,
        setup.workers,
        size=f"{shares * setup.workers} B",
        dtype="int8",
        topology=dict(setup.shape.key),
        routing=setup.shape.routing,
        link=link(setup.bandwidth_Bps, setup.latency_s),
        network={"model": "store_and_forward", "endpoint_delay": f"{setup.delay_s} s"},
        compute={"time": f"{setup.delay_s} s"},
        timeline=True,
        engine=engine,
    )
    timeline: Timeline = result.timeline
    return timeline


def _halving_doubling(setup: _Setup, engine: str) -> Timeline:
    """Messages whose sizes are no halves of one vector: given one by one."""
    workers, schedule = setup.workers, setup.pattern.schedule(setup.workers)
    return execute(
        schedule,
        halves(schedule, workers, setup.vector_bytes),
        topology.build(setup.shape.key["kind"], workers, setup.bandwidth_Bps, setup.latency_s),
        routing=setup.shape.routing,
        network={"model": "store_and_forward", "endpoint_delay": setup.delay_s},
        workers=Workers((0.0,) * workers, (setup.delay_s,) * workers, (1,) * workers),
        engine=engine,
    ).timeline


def halves(schedule: Schedule, workers: int, vector_bytes: int) -> Ints:
    """Its message sizes: ⌊S/2⌋, ⌊S/4⌋ … ⌊S/n⌋ there, 2⌊S/2n⌋, 4⌊S/2n⌋ … n⌊S/2n⌋ back.

    It halves once more than it uses before it doubles: the remainder of S by 2n is dropped on the way back.
    """
    chunks = schedule.count.astype(np.int64)
    there, back = vector_bytes * chunks // workers, 2 * (vector_bytes // (2 * workers)) * chunks
    return np.where(schedule.is_message, np.where(schedule.kind == REDUCE, there, back), 0)


def _compared(timeline: Timeline, first_ns: int, last_ns: int) -> list[Number]:
    """A worker ends with its last receive; ns, and as many of them allowed as links were crossed until then."""
    messages = np.flatnonzero(timeline.schedule.is_message)
    in_order = messages[np.argsort(timeline.end_s[messages], kind="stable")].tolist()
    last_of = dict(zip(timeline.schedule.dst[in_order].tolist(), in_order, strict=True))  # the last one of each stays
    ends, crossed = sorted(last_of.values(), key=timeline.end_s.__getitem__), chains(timeline)
    found = []
    for what, theirs, operation in (("last", last_ns, ends[-1]), ("first", first_ns, ends[0])):
        ours = float(timeline.end_s[operation]) * 1e9
        found.append(Number(f"{what} worker's end", theirs, ours, abs(ours - theirs), crossed[operation]))
    return found


def _shown(time_ns: float) -> str:
    return f"{time_ns:.3f}".removesuffix(".000")


PEER = Peer(unit="ns", read=read, shown=_shown, difference=_shown)
