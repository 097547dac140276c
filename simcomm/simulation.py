"""One point, from scenario to result: record, count, prove, time, and check each against theory."""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from simcomm import collectives as registry
from simcomm import counts, engines, networks, topology
from simcomm.checked import Checked, check, check_size
from simcomm.closed_forms import Vector, busbw_factor, lower_bound
from simcomm.collectives.base import Collective
from simcomm.engines.explain import critical_path, rank_times
from simcomm.engines.timeline import Timeline, Times
from simcomm.engines.workers import compute_seconds, with_jitter
from simcomm.errors import InputError, TimeError
from simcomm.networks.base import NetworkModel, Workers
from simcomm.results import Result
from simcomm.topology.check import checked
from simcomm.topology.cluster import Cluster, place

if TYPE_CHECKING:
    import networkx as nx

    from simcomm.scenario import Document, Scenario

#: Engine and formula both compute with float64: they may differ by rounding, by no more than this.
TIME_TOLERANCE = 1e-9


def preflight(document: Document) -> None:
    """Refuse, before anything runs, what is too large and graphs that are wrong or have too few hosts; InputError."""
    from simcomm.topology.files import load

    graphs: dict[Path, nx.DiGraph[Any]] = {}
    for point in document.points:
        file, name = point.topology.file, point.collective.name
        collective = document.collectives.get(name) or registry.get(name)
        check_size(collective, point.workers, point.collective.options)
        if file is not None:
            graphs[file] = graphs.get(file) or load(file)
            place(str(file), graphs[file], collective.ranks(point.workers, **point.collective.options), [])


def formula(what: Checked, cluster: Cluster, model: NetworkModel, workers: Workers) -> Any:
    """The α–β–γ time, where one holds: equal workers, equal routes, a claim with a formula; else None."""
    if not what.vector.elements or not len(what.schedule):
        return 0.0 if workers.are_alike else None
    if what.claim.time is None or cluster.uniform is None or not workers.are_alike:
        return None
    latency_s, bandwidth_Bps = cluster.uniform
    beta = 1 / bandwidth_Bps
    if not model.has_formula(int(what.size_bytes[what.size_bytes > 0].min()) * beta):
        return None
    alpha, gamma = model.alpha_gamma(latency_s)
    return what.claim.time(alpha, beta, gamma)


def bound(what: Checked, cluster: Cluster, model: NetworkModel, workers: Workers) -> Any:
    """What no schedule for this goal can beat on these ports."""
    ports = [cluster.port_Bps(rank) * workers.bandwidth_factor[rank] for rank in range(what.schedule.ranks)]
    alpha, gamma = model.alpha_gamma(cluster.least_latency_s)
    return lower_bound(
        what.collective.goal.operation,
        what.workers,
        what.vector.bytes,
        alpha_s=alpha,
        slowest_port_s_per_byte=1 / min(ports[: what.workers]) if what.workers > 1 else 0.0,
        all_ports_bytes_per_s=sum(ports),
        gamma_s_per_byte=gamma,
        ranks=what.schedule.ranks,
    )


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
    return simulate_point(document.points[0], document.collectives, graph, timeline)


def simulate_point(
    scenario: Scenario,
    collectives: Mapping[str, Collective] | None = None,
    graph: nx.Graph[Any] | None = None,
    timeline: bool = False,
) -> Result:
    """Simulate one point and check it; raises CheckError if counts, proof or time are not what theory says.

    ``collectives`` are further ones by name, ``graph`` replaces the scenario's topology. The result carries its
    schedule, counts and cluster, and if ``timeline`` its timeline and the bytes on every link. InputError if the
    topology does not fit.
    """
    name = scenario.collective.name
    collective = (collectives or {}).get(name) or registry.get(name)
    vector = Vector(scenario.elements, scenario.itemsize)
    what = check(collective, scenario.workers, vector, scenario.collective.options)
    s = what.schedule
    label, links = _graph(scenario, s.ranks, graph)
    cluster = place(label, links, s.ranks, what.pairs)
    model = networks.get(scenario.network.model, scenario.network.options)
    engine, execute = engines.get(scenario.engine)
    run = execute(s, what.size_bytes, model, cluster.routes, *_workers(scenario, what))
    expected = formula(what, cluster, model, run.workers)
    _check_time(float(run.makespan_s), expected)
    return Result(
        point="",
        engine=engine,
        topology=label,
        bandwidth_Bps=cluster.common("bandwidth_Bps"),
        latency_s=cluster.common("latency_s"),
        **_given_columns(scenario),
        **_what_columns(what),
        **_time_columns(what, run, expected, float(bound(what, cluster, model, run.workers))),
        schedule=s,
        timeline=run if timeline else None,
        counts=what.counted,
        cluster=cluster,
        link_bytes=cluster.link_bytes(*(c.tolist() for c in (s.src, s.dst, what.size_bytes))) if timeline else None,
    )


def _graph(scenario: Scenario, ranks: int, graph: nx.Graph[Any] | None) -> tuple[str, nx.DiGraph[Any]]:
    if graph is not None:
        return "graph", checked(graph)
    chosen = scenario.topology
    if chosen.file is not None:
        from simcomm.topology.files import load

        return chosen.file.name, load(chosen.file)
    if chosen.kind is None or scenario.link is None:
        raise InputError("topology: neither a kind with a link nor a file; expected one of them")
    link = scenario.link
    return chosen.kind, topology.build(chosen.kind, ranks, link.bandwidth_Bps, link.latency_s, **chosen.options)


def _workers(scenario: Scenario, what: Checked) -> tuple[Workers, Times]:
    """How the ranks differ, and the seconds of the schedule's computations; draws what is random, in this order."""
    ranks = what.schedule.ranks
    odd = [scenario.stragglers.get(rank) for rank in range(ranks)]
    factor = tuple(s.compute_factor if s else 1.0 for s in odd)
    computing = [scenario.compute.time_s if rank < what.workers else 0.0 for rank in range(ranks)]
    workers = Workers(
        start_s=tuple(s.start_s if s else 0.0 for s in odd),
        compute_s=tuple(time * f for time, f in zip(computing, factor, strict=True)),
        bandwidth_factor=tuple(s.bandwidth_factor if s else 1.0 for s in odd),
        compute_factor=factor,
    )
    rng = np.random.default_rng(scenario.seed)
    workers = with_jitter(workers, scenario.compute.jitter, rng, what.workers)
    return workers, compute_seconds(what.schedule, workers.compute_factor, scenario.compute.jitter, rng)


def _check_time(time_s: float, formula_s: float | None) -> None:
    if formula_s is not None and not math.isclose(time_s, formula_s, rel_tol=TIME_TOLERANCE):
        raise TimeError(f"the engine says {time_s!r} s, the formula {formula_s!r} s; expected the same")


def _given_columns(scenario: Scenario) -> dict[str, Any]:
    odd = {rank: straggler.model_dump(exclude_defaults=True) for rank, straggler in sorted(scenario.stragglers.items())}
    network = {key: value for key, value in scenario.network.options.items() if value}
    return {
        "network": scenario.network.model,
        "network_options": " ".join(f"{key}={value}" for key, value in network.items()),
        "seed": scenario.seed,
        "dtype": scenario.dtype,
        "compute_s": scenario.compute.time_s,
        "jitter": scenario.compute.jitter,
        "stragglers": " ".join(f"{rank}:{key}={value}" for rank, own in odd.items() for key, value in own.items()),
    }


def _what_columns(what: Checked) -> dict[str, Any]:
    ranks = range(what.schedule.ranks)
    return {
        "collective": what.collective.name,
        "options": " ".join(f"{key}={value}" for key, value in sorted(what.options.items())),
        "workers": what.workers,
        "ranks": what.schedule.ranks,
        "parameters": what.vector.elements,
        "vector_bytes": what.vector.bytes,
        "messages": what.counted.total.messages,
        "total_bytes": what.counted.total.bytes,
        "max_bytes_sent": what.counted.max_bytes_sent,
        "max_bytes_received": what.counted.max_bytes_received,
        "steps": what.counted.steps,
        "expected_messages": what.claim.total.messages,
        "expected_bytes": what.claim.total.bytes,
        "expected_max_bytes_sent": max(what.claim.sent(rank).bytes for rank in ranks),
        "expected_max_bytes_received": max(what.claim.received(rank).bytes for rank in ranks),
        "expected_steps": what.claim.steps,
        "counts_match": not counts.differences(what.counted, what.claim),
        "proven": what.proof.places > 0,
        "proof": what.proof.method,
    }


def _time_columns(what: Checked, run: Timeline, formula_s: float | None, bound_s: float) -> dict[str, Any]:
    time_s = float(run.makespan_s)
    factor = float(busbw_factor(what.collective.goal.operation, what.workers))
    algbw_Bps = what.vector.bytes / time_s if time_s else None
    parts, ranks = critical_path(run).parts, rank_times(run)
    return {
        "time_s": time_s,
        "formula_s": formula_s,
        "time_matches": None if formula_s is None else math.isclose(time_s, formula_s, rel_tol=TIME_TOLERANCE),
        "algbw_Bps": algbw_Bps,
        "busbw_factor": factor,
        "busbw_Bps": None if algbw_Bps is None else algbw_Bps * factor,
        "lower_bound_s": bound_s,
        "lower_bound_ratio": time_s / bound_s if bound_s else None,
        "critical_compute_s": float(parts.compute_s),
        "critical_latency_s": float(parts.latency_s),
        "critical_serialisation_s": float(parts.serialisation_s),
        "critical_port_wait_s": float(parts.port_wait_s),
        "critical_data_wait_s": float(parts.data_wait_s),
        "critical_reduction_s": float(parts.reduction_s),
        "max_busy_s": max(rank.busy_s for rank in ranks),
        "max_waiting_s": max(rank.waiting_s for rank in ranks),
    }
