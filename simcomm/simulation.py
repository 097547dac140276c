"""One point, from scenario to result: record, count, prove, time, and check each against theory."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from simcomm import collectives as registry
from simcomm import columns, topology
from simcomm.checked import Checked, check
from simcomm.closed_forms import Vector
from simcomm.collectives.base import Collective
from simcomm.common import once
from simcomm.engines.timeline import Times
from simcomm.engines.workers import compute_seconds, with_jitter
from simcomm.errors import InputError
from simcomm.execution import execute
from simcomm.forecast import Forecast, forecast, refuse
from simcomm.limits import available_bytes
from simcomm.links import link_uses
from simcomm.networks.base import Workers
from simcomm.results import Result
from simcomm.theory import bound, formula
from simcomm.topology.check import checked
from simcomm.topology.cluster import place
from simcomm.topology.regular import regular
from simcomm.topology.regular_base import Regular

if TYPE_CHECKING:
    import networkx as nx

    from simcomm.scenario import Document, Scenario
    from simcomm.scenario.model import Straggler


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
            ranks = collective.ranks(point.workers, **point.collective.options)
            key = repr((point.topology, point.link, ranks if point.topology.file is None else 0))
            label, graph = graphs[key] = graphs.get(key) or _graph(point, ranks, None)
            order, way = point.placement.order, point.routing.model_dump()
            place(label, checked(graph, label), ranks, [], placement=order, routing=way, seed=point.seed)


def forecasts(document: Document, timeline: bool = False) -> list[Forecast]:
    """What every point would send and take, and on which engine; nothing is recorded."""
    most_bytes = available_bytes()
    return [
        forecast(point, collective_of(point, document.collectives), timeline, most_bytes) for point in document.points
    ]


def collective_of(point: Scenario, own: Mapping[str, Collective]) -> Collective:
    """The collective of a point, which may be one of the user's ``own``."""
    return own.get(point.collective.name) or registry.get(point.collective.name)


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
    refuse(forecasts(document, timeline))
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
    collective = collective_of(scenario, collectives or {})
    vector = Vector(scenario.elements, scenario.itemsize)
    what = check(collective, scenario.workers, vector, scenario.collective.options)
    schedule = what.schedule.one_send_at_a_time() if scenario.one_send_at_a_time else what.schedule
    label, links = _topology(scenario, schedule.ranks, graph)
    workers, compute_s = _workers(scenario, what)
    ran = execute(
        schedule,
        what.size_bytes,
        links,
        network=scenario.network.build(),
        name=label,
        placement=scenario.placement.order,
        routing=scenario.routing.model_dump(),
        seed=scenario.seed,
        workers=workers,
        bandwidth_factor=[s.bandwidth_factor if s else 1.0 for s in _odd(scenario, schedule.ranks)],
        compute_s=compute_s,
        engine=scenario.engine,
        detailed=timeline,
    )
    expected = None if scenario.one_send_at_a_time else formula(what, ran.cluster, ran.network, workers)
    uses = link_uses(ran.cluster, schedule, what.size_bytes, ran.timeline)
    return Result(
        point="",
        engine=ran.engine,
        engine_reason=ran.engine_reason,
        topology=label,
        bandwidth_Bps=ran.cluster.common("bandwidth_Bps"),
        latency_s=ran.cluster.common("latency_s"),
        **columns.given(scenario),
        **columns.counted(what),
        **columns.timed(what, ran.timeline, expected, bound(what, ran.cluster, ran.network)),
        **columns.linked(uses),
        schedule=schedule,
        timeline=ran.timeline if timeline else None,
        counts=what.counted,
        cluster=ran.cluster,
        links=uses,
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


def _odd(scenario: Scenario, ranks: int) -> list[Straggler | None]:
    return [scenario.stragglers.get(rank) for rank in range(ranks)]


def _workers(scenario: Scenario, what: Checked) -> tuple[Workers, Times]:
    """How the ranks differ, and the seconds of the schedule's computations; draws what is random, in this order."""
    ranks = what.schedule.ranks
    odd = _odd(scenario, ranks)
    factor = tuple(s.compute_factor if s else 1.0 for s in odd)
    computing = [scenario.compute.time_s if rank < what.workers else 0.0 for rank in range(ranks)]
    workers = Workers(
        start_s=tuple(s.start_s if s else 0.0 for s in odd),
        compute_s=tuple(time * f for time, f in zip(computing, factor, strict=True)),
        compute_factor=factor,
    )
    rng = np.random.default_rng(scenario.seed)
    workers = with_jitter(workers, scenario.compute.jitter, rng, what.workers)
    return workers, compute_seconds(what.schedule, workers.compute_factor, scenario.compute.jitter, rng)
