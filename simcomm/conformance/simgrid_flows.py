"""SimGrid's flows over named links: each link is an edge of a graph, and each flow has an explicit route over them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from simcomm.conformance.case import Case, Number, relatively
from simcomm.conformance.fields import Fields
from simcomm.errors import InputError, did_you_mean
from simcomm.execution import execute
from simcomm.networks.base import Workers
from simcomm.schedule import Operation, Schedule
from simcomm.topology.cables import Cable, Wire, assemble

if TYPE_CHECKING:
    import networkx as nx

#: What joins the links of a route: it never limits anybody.
JOINT: Final = Wire(1e30, 0.0)


class Flow(NamedTuple):
    """One flow: its size, when it starts, the names of its links in order, and when it ended there."""

    name: str
    size_bytes: int
    start_s: float
    path: tuple[str, ...]
    finish_s: float


def flows(fields: Fields, tolerance: float) -> Case:
    """Flows that start when they start; each end and the last one are compared."""
    fields.one_of("fairness", {"max-min": None, "rtt": None})  # the weights are the same: equal where latencies are
    wires = {}
    for name, own in fields.part("links").items():
        wires[name] = Wire(own.number("bandwidth_Bps"), own.number("latency_s"))
        own.none_left()
    if not fields.rows("flows"):
        raise fields.refusal("flows", "expected one or more")
    every = list(_flows(fields, wires))
    makespan = fields.number("makespan_s")
    schedule = Schedule.of(2 * len(every), 1, [Operation("copy", 2 * i, 2 * i + 1, 0) for i in range(len(every))])

    def run(engine: str) -> Sequence[Number]:
        timeline = execute(
            schedule,
            [flow.size_bytes for flow in every],
            _graph(wires, every),
            network={"model": "fair_share", "weights": "inverse_latency"},
            routing={"name": "explicit", "routes": [_nodes(number, flow) for number, flow in enumerate(every)]},
            workers=_workers(every),
            engine=engine,
            detailed=False,
        ).timeline
        ends = zip(every, timeline.end_s.tolist(), strict=True)
        return [
            relatively("makespan", makespan, float(timeline.end_s.max()), tolerance),
            *(relatively(f"flow {flow.name}", flow.finish_s, end, tolerance) for flow, end in ends),
        ]

    return Case(len(every), sum(len(flow.path) for flow in every), run)


def _flows(fields: Fields, wires: dict[str, Wire]) -> Iterator[Flow]:
    finish = Fields(fields.get("finish_s"), "finish_s: ")
    for own in fields.parts("flows"):
        name, path = str(own.get("id")), tuple(own.rows("path"))
        for link in path:
            if not isinstance(link, str) or link not in wires:
                raise InputError(f"flow {name}: unknown link {link!r}{did_you_mean(link, wires)}")
        if not path:
            raise InputError(f"flow {name}: no link on its path; expected one or more")
        size_bytes, start_s = own.whole("size_bytes", 1), own.number("start_s")
        own.none_left()
        yield Flow(name, size_bytes, start_s, path, finish.number(name))
    finish.none_left()


def _nodes(number: int, flow: Flow) -> list[Any]:
    """The route of a flow: from its own first host, into and out of every link, to its own second host."""
    return [2 * number, *(node for link in flow.path for node in _ends(link)), 2 * number + 1]


def _ends(link: str) -> tuple[str, str]:
    return f"into {link}", f"out of {link}"


def _graph(wires: dict[str, Wire], every: Sequence[Flow]) -> nx.DiGraph[Any]:
    """Two hosts for every flow; an idle hub makes sure that all can reach each other, as a topology must."""
    joints: dict[tuple[Any, Any], None] = {}
    for number, flow in enumerate(every):
        nodes = _nodes(number, flow)
        joints |= dict.fromkeys(pairwise(nodes))
        joints |= dict.fromkeys([(nodes[0], "hub"), (nodes[-1], "hub")])
    named: list[Cable] = [(*_ends(link), wire) for link, wire in wires.items()]
    links = {cable[:2] for cable in named}
    cables = [*named, *((a, b, JOINT) for a, b in joints if (a, b) not in links)]
    switches = ["hub", *(end for link in wires for end in _ends(link))]
    hosts: list[dict[str, Any]] = [{}] * (2 * len(every))
    return assemble("flows", hosts, ((name, {}) for name in switches), cables)


def _workers(every: Sequence[Flow]) -> Workers:
    start_s = tuple(start for flow in every for start in (flow.start_s, 0.0))
    alike = Workers.alike(len(start_s))
    return Workers(start_s, alike.compute_s, alike.compute_factor)
