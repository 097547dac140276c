"""SimGrid: max-min fair flows, weighted by 1/latency; collectives on a topology, and single flows over named links.

Casanova, Giersch, Legrand, Quinson and Suter, Versatile, scalable, and accurate simulation of distributed applications
and platforms, JPDC 2014; plain CM02, without its factors for TCP.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from typing import Any, Final

from simcomm.conformance.case import Case, Number, Peer, relatively
from simcomm.conformance.fields import Fields
from simcomm.conformance.patterns import (
    ALL_TO_ALL,
    BLOCKS,
    FULLY_CONNECTED,
    LEAF_SPINE,
    RING,
    RING_OF_HOSTS,
    SERVER,
    STAR,
    check_message_bytes,
    check_messages,
    link,
)
from simcomm.conformance.simgrid_flows import flows
from simcomm.errors import InputError
from simcomm.results import Result
from simcomm.simulation import simulate

#: What is allowed, relative to their time.
TOLERANCE: Final = 1e-6

PATTERNS = {
    "ring_all_reduce": RING,
    "all_to_all": ALL_TO_ALL,
    "all_to_all_blocks": BLOCKS,
    "parameter_server": SERVER,
}
SHAPES = {"star": STAR, "ring": RING_OF_HOSTS, "fully_connected": FULLY_CONNECTED, "leaf_spine": LEAF_SPINE}
ONE_SEND_AT_A_TIME = {"data": False, "data and own previous send": True}

_STAGGERED = re.compile(r"worker \* (\d+\.?\d*(?:[eE][+-]?\d+)?)")


def read(fields: Fields) -> Case:
    """A collective, or flows; times within a relative 1e-6, those of single messages too."""
    case = flows(fields, TOLERANCE) if "flows" in fields else _collective(fields)
    fields.none_left()
    return case


def _collective(fields: Fields) -> Case:
    pattern, shape = fields.one_of("collective", PATTERNS), fields.one_of("topology", SHAPES)
    workers = fields.whole("workers", 1)
    vector, size, messages = (fields.whole(name, 1) for name in ("vector_bytes", "message_bytes", "messages"))
    check_messages(pattern, workers, messages)
    check_message_bytes(pattern, workers, vector, size, vector // workers)
    if shape is LEAF_SPINE and workers % 4:
        raise InputError(f"workers: {workers} on 4 leaves; expected a multiple of 4")
    makespan, ends = fields.number("makespan_s"), _message_ends(fields)
    keys: dict[str, Any] = {
        "size": f"{size * workers if pattern.is_cut else size} B",
        "dtype": "int8",
        "topology": dict(shape.key),
        "routing": shape.routing,
        "link": link(fields.number("link_bandwidth_Bps"), fields.number("link_latency_s")),
        "network": {"model": "fair_share", "weights": "inverse_latency"},
        "one_send_at_a_time": fields.one_of("send_waits_for", ONE_SEND_AT_A_TIME),
    }
    start_s, slow = _start_s(fields), _slow(fields)

    def run(engine: str) -> Sequence[Number]:
        late = ((worker, start_s(worker)) for worker in range(workers))
        odd: dict[int, dict[str, Any]] = {worker: {"start": f"{late_s} s"} for worker, late_s in late if late_s}
        for worker, factor in slow.items():
            odd.setdefault(worker, {})["bandwidth_factor"] = factor
        result = simulate(pattern.key, workers, timeline=bool(ends), stragglers=odd, engine=engine, **keys)
        return [relatively("makespan", makespan, result.time_s, TOLERANCE), *_by_message(ends, result)]

    return Case(messages, shape.crossings(pattern, workers), run)


def _message_ends(fields: Fields) -> dict[tuple[int, int], list[float]]:
    """When the messages of every (src, dst) arrived, in order."""
    found = defaultdict(list)
    for row in fields.rows("message_finish_s") if "message_finish_s" in fields else []:
        if not isinstance(row, list) or len(row) != 3:
            raise InputError(f"message_finish_s: {row!r}; expected [src, dst, seconds]")
        end = Fields(dict(zip(("src", "dst", "finish_s"), row, strict=True)), "message_finish_s: ")
        found[end.whole("src"), end.whole("dst")].append(end.number("finish_s"))
    return {pair: sorted(ends) for pair, ends in found.items()}


def _by_message(ends: dict[tuple[int, int], list[float]], result: Result) -> list[Number]:
    if not ends:
        return []
    schedule, ours = result.schedule, defaultdict(list)
    for src, dst, end, sent in zip(
        *(column.tolist() for column in (schedule.src, schedule.dst, result.timeline.end_s, schedule.is_message)),
        strict=True,
    ):
        if sent:
            ours[src, dst].append(end)
    given, sent_here = (Counter({pair: len(all_ends) for pair, all_ends in every.items()}) for every in (ends, ours))
    if given != sent_here:
        raise InputError("message_finish_s: other messages than the collective sends; expected one end for each")
    return [
        relatively(f"message {src} -> {dst}", theirs, own, TOLERANCE)
        for (src, dst), all_ends in ends.items()
        for theirs, own in zip(all_ends, sorted(ours[src, dst]), strict=True)
    ]


def _start_s(fields: Fields) -> Callable[[int], float]:
    """When a worker may start."""
    start = fields.get("worker_start_s")
    staggered = _STAGGERED.fullmatch(start) if isinstance(start, str) else None
    if staggered:
        return lambda worker: worker * float(staggered[1])
    if isinstance(start, str):
        raise fields.refusal("worker_start_s", "expected a number of seconds, or 'worker * SECONDS'")
    start_s = fields.number("worker_start_s")
    return lambda worker: start_s


def _slow(fields: Fields) -> dict[int, float]:
    """The worker whose link has only a part of its bandwidth, in both directions."""
    if fields.get("slow_worker") is None:
        return {}
    slow = Fields(fields.get("slow_worker"), "slow_worker: ")
    found = {slow.whole("worker"): slow.number("bandwidth_factor")}
    slow.none_left()
    return found


def _difference(relative: float) -> str:
    """Below 1e-12 it is rounding, which differs between machines."""
    return f"{relative:.0e}" if relative >= 1e-12 else "< 1e-12"


PEER = Peer(unit="s", read=read, shown="{:.9g}".format, difference=_difference)
