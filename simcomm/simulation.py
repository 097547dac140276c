"""One point, from scenario to result: record, count, prove, time, and check each against theory."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from simcomm import columns, topology
from simcomm.checked import Checked, check
from simcomm.closed_forms import Vector
from simcomm.collectives.base import Collective, Fitted
from simcomm.common import keeping_on, once
from simcomm.engines.timeline import Times
from simcomm.engines.workers import compute_seconds, with_jitter
from simcomm.errors import InputError
from simcomm.execution import Execution, execute
from simcomm.fitting import fitted_to
from simcomm.forecast import Forecast, forecast, refuse
from simcomm.formats.collective import chosen
from simcomm.limits import available_bytes
from simcomm.links import uses_of
from simcomm.networks.base import Workers
from simcomm.results import Result
from simcomm.schedule import Schedule
from simcomm.shares import Pairs, pairs, pairs_modulo
from simcomm.theory import bound, formula
from simcomm.topology.check import checked
from simcomm.topology.cluster import place
from simcomm.topology.regular import regular
from simcomm.topology.regular_base import Regular

if TYPE_CHECKING:
    import networkx as nx

    from simcomm.scenario import Document, Scenario


def preflight(document: Document, timeline: bool = False, jobs: int = 1) -> None:
    """Refuse, before anything runs, what is too large, and hosts or routes that the topology does not have; InputError.

    Graphs that are wrong and have too few hosts are found here, too; each is built or read once.
    """
    refuse(forecasts(document, timeline), jobs)
    graphs: dict[str, tuple[str, nx.Graph[Any]]] = {}
    for point in document.points:
        collective = collective_of(point, document.collectives)
        usual = point.placement.order == "linear" and point.routing.name == "shortest"
        if point.topology.file is not None or not usual:
            ranks = collective.hosts(point.workers, point.collective.options)
            key = repr((point.topology, point.link, ranks if point.topology.file is None else 0))
            label, graph = graphs[key] = graphs.get(key) or _graph(point, ranks, None)
            order, way = point.placement.order, point.routing.model_dump()
            place(label, checked(graph, label), ranks, [], placement=order, routing=way, seed=point.seed)


def forecasts(document: Document, timeline: bool = False, graph: nx.Graph[Any] | None = None) -> list[Forecast]:
    """What every point would send and take, and on which engine; nothing is recorded.

    ``graph`` replaces the topology of all points. InputError for a collective that does not suit its graph.
    """
    most_bytes, own, found = available_bytes(), document.collectives, []
    with keeping_on():
        for point in document.points:
            collective = collective_of(point, own)
            if collective.fitted is not None:
                label, links = _topology(point, point.workers, graph)
                collective, _ = _fitted(point, collective, label, links)
            found.append(forecast(point, collective, timeline, most_bytes))
    return found


def _fitted(
    point: Scenario, collective: Collective, label: str, links: nx.Graph[Any] | Regular
) -> tuple[Collective, Fitted]:
    options, order = point.collective.options, point.placement.order
    return fitted_to(collective, point.workers, options, label, links, order, point.seed)


def _routing(scenario: Scenario, fitted: Fitted) -> dict[str, Any]:
    """As the scenario says; the routes that a collective was fitted to where it says nothing."""
    if fitted.routes and scenario.routing.name == "shortest":
        return {"name": "explicit", "routes": fitted.routes, "others": "shortest"}
    return scenario.routing.model_dump()


def collective_of(point: Scenario, own: Mapping[str, Collective]) -> Collective:
    """The collective of a point: by name, which may be one of the user's ``own``, or in a file."""
    return chosen(point.collective.name, point.collective.file, own)


def simulate(
    collective: str | Mapping[str, Any] | Collective,
    workers: int,
    *,
    topology: str | Mapping[str, Any] | nx.Graph[Any] = "star",
    timeline: bool = False,
    **keys: Any,
) -> Result:
    """Simulate one run and check it; ``keys`` are those of a scenario (parameters or size or model, link, network …).

    ``collective`` is a name, a mapping with a name and options, or a :class:`Collective` of your own; ``topology`` a
    name, a mapping, or any networkx graph whose nodes have a ``kind`` and whose links have ``bandwidth_Bps`` and
    ``latency_s`` (then there is no ``link``). Columns are attributes of the result; ``result.schedule`` is always
    there, ``result.timeline`` if ``timeline``. Raises InputError for wrong input and CheckError if a check fails.

    >>> link = {"bandwidth": "100 Gbit/s", "latency": "5 us"}
    >>> simulate("all_to_all", workers=3, size="1 MB", link=link).messages
    6
    """
    from simcomm.scenario import from_mapping

    own = {collective.name: collective} if isinstance(collective, Collective) else {}
    keys |= {"collective": collective.name if isinstance(collective, Collective) else collective, "workers": workers}
    graph = None if isinstance(topology, (str, Mapping)) else topology
    if graph is None:
        keys["topology"] = topology
    elif "link" in keys:
        raise InputError("simulate: a link beside a graph; expected one of them, a graph has its own links")
    else:
        keys["link"] = {"bandwidth": "1 B/s", "latency": "0 s"}  # stands in: the graph has its own links
    document = from_mapping(keys, source="simulate", collectives=own)
    if len(document.points) != 1:
        raise InputError(f"simulate: {len(document.points)} points; expected one (simcomm.run takes a sweep)")
    with keeping_on():  # what a collective is fitted to is found once
        refuse(forecasts(document, timeline, graph))
        return simulate_point(document.points[0], document.collectives, graph, timeline)


def simulate_point(
    scenario: Scenario,
    collectives: Mapping[str, Collective] | None = None,
    graph: nx.Graph[Any] | None = None,
    timeline: bool = False,
) -> Result:
    """Simulate one point and check it; raises CheckError if counts, proof or time are not what theory says.

    ``collectives`` are further ones by name, ``graph`` replaces the scenario's topology. The result carries its
    schedule, counts, cluster and links, and if ``timeline`` its timeline. InputError if the topology does not fit.
    """
    point = _prepared(scenario, collectives or {}, graph)
    return _result(point, _ran(point, timeline), timeline)


@dataclass(frozen=True)
class _Prepared:
    """A point before it runs: its schedule, counted and proven; where it runs; how the ranks differ."""

    scenario: Scenario
    what: Checked
    schedule: Schedule
    label: str
    links: nx.Graph[Any] | Regular
    fitted: Fitted
    workers: Workers
    compute_s: Times | None


def _prepared(scenario: Scenario, own: Mapping[str, Collective], graph: nx.Graph[Any] | None) -> _Prepared:
    collective = collective_of(scenario, own)
    on_hosts = collective.hosts(scenario.workers, scenario.collective.options)
    label, links = _topology(scenario, on_hosts, graph)
    collective, fitted = _fitted(scenario, collective, label, links)
    vector = Vector(scenario.elements, scenario.itemsize)
    what = check(collective, scenario.workers, vector, scenario.collective.options)
    schedule = what.schedule.one_send_at_a_time() if scenario.one_send_at_a_time else what.schedule
    workers, compute_s = _workers(scenario, what)
    workers = replace(workers, hosts=on_hosts if fitted.further else None)
    return _Prepared(scenario, what, schedule, label, links, fitted, workers, compute_s)


def _ran(point: _Prepared, timeline: bool) -> Execution:
    scenario = point.scenario
    return execute(
        point.schedule,
        point.what.vector,
        point.links,
        network=scenario.network.build(),
        name=point.label,
        placement=scenario.placement.order,
        routing=_routing(scenario, point.fitted),
        seed=scenario.seed,
        workers=point.workers,
        bandwidth_factor=_factors(scenario, point.schedule.ranks),
        further=point.fitted.further,
        compute_s=point.compute_s,
        engine=scenario.engine,
        detailed=timeline,
        timeline=timeline,
    )


def _result(point: _Prepared, ran: Execution, timeline: bool) -> Result:
    """What was found, beside what theory says; CheckError if they disagree."""
    what, cluster = point.what, ran.cluster
    expected = None if point.scenario.one_send_at_a_time else formula(what, cluster, ran.network, point.workers)
    least = bound(what, cluster, ran.network)
    makespan_s, ends = float(ran.summary.makespan_s), (what.counted.sent, what.counted.received)
    uses = uses_of(cluster, lambda: _traffic(point.schedule, what), makespan_s, ran.meters, ends=ends)
    return Result(
        point="",
        engine=ran.engine,
        engine_reason=ran.engine_reason,
        topology=point.label,
        bandwidth_Bps=cluster.common("bandwidth_Bps"),
        latency_s=cluster.common("latency_s"),
        **columns.given(point.scenario),
        **columns.counted(what),
        **columns.timed(what, ran.summary, expected, least),
        **columns.linked(uses),
        schedule=point.schedule,
        timeline=ran.kept if timeline else None,
        counts=what.counted,
        cluster=cluster,
        links=uses,
        bound=least,
        goal=what.goal,
    )


def _topology(scenario: Scenario, ranks: int, graph: nx.Graph[Any] | None) -> tuple[str, nx.Graph[Any] | Regular]:
    """Its name, and its graph, or what stands for a regular one."""
    chosen, link = scenario.topology, scenario.link
    if graph is None and chosen.kind is not None and link is not None:
        found = regular(chosen.kind, ranks, link.bandwidth_Bps, link.latency_s, chosen.options)
        if found is not None:
            return chosen.kind, found
    return _graph(scenario, ranks, graph)


def _graph(scenario: Scenario, ranks: int, graph: nx.Graph[Any] | None) -> tuple[str, nx.Graph[Any]]:
    if graph is not None:
        return "graph", graph
    chosen = scenario.topology
    if chosen.file is not None:
        from simcomm.topology.files import load

        return chosen.file.name, load(chosen.file)
    if chosen.kind is None or scenario.link is None:
        raise InputError("topology: neither a kind with a link nor a file; expected one of them")
    link = scenario.link
    kind, key = chosen.kind, ("graph", repr(chosen), repr(link), ranks)
    return kind, once(
        key,
        lambda: topology.build(kind, ranks, link.bandwidth_Bps, link.latency_s, **chosen.options),
        lambda made: 500 * len(made.edges),
    )


def _traffic(schedule: Schedule, what: Checked) -> Pairs:
    if schedule.quotient is None or what.sizes is None:
        return pairs(schedule, what.size_bytes)
    return pairs_modulo(schedule.quotient, what.sizes)


def _factors(scenario: Scenario, ranks: int) -> list[float] | None:
    """By what the bandwidth of every rank's links is multiplied; None if all are as they are."""
    odd = scenario.stragglers
    return [odd[rank].bandwidth_factor if rank in odd else 1.0 for rank in range(ranks)] if odd else None


def _workers(scenario: Scenario, what: Checked) -> tuple[Workers, Times | None]:
    """How the ranks differ, and the seconds of the schedule's computations; draws what is random, in this order."""
    ranks, odd, jitter = what.schedule.ranks, scenario.stragglers, scenario.compute.jitter
    idle = ranks - what.workers
    workers = Workers((0.0,) * ranks, (scenario.compute.time_s,) * what.workers + (0.0,) * idle, (1.0,) * ranks)
    if odd:
        factor = tuple(odd[rank].compute_factor if rank in odd else 1.0 for rank in range(ranks))
        start_s = tuple(odd[rank].start_s if rank in odd else 0.0 for rank in range(ranks))
        computed = tuple(time_s * f for time_s, f in zip(workers.compute_s, factor, strict=True))
        workers = Workers(start_s, computed, factor)
    rng = np.random.default_rng(scenario.seed)
    if jitter:
        workers = with_jitter(workers, jitter, rng, what.workers)
    if not what.computes:
        return workers, None
    return workers, compute_seconds(what.schedule, workers.compute_factor, jitter, rng)
