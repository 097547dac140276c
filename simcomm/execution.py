"""Any schedule on any network: place its ranks, find its routes, and run it."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from numbers import Integral
from typing import TYPE_CHECKING, Any

import numpy as np

from simcomm import engines, networks
from simcomm.closed_forms import Vector
from simcomm.common import once
from simcomm.engines.meters import Meter
from simcomm.engines.summary import Summary, summarise
from simcomm.engines.timeline import Timeline, Times
from simcomm.errors import EngineError, InputError
from simcomm.limits import check_operations
from simcomm.networks.base import NetworkModel, Workers
from simcomm.quotient import Sizes
from simcomm.schedule import COMPUTE, Ints, Schedule
from simcomm.topology.check import checked
from simcomm.topology.cluster import Cluster, place
from simcomm.topology.pairs import OrbitPairs, RankPairs
from simcomm.topology.regular_base import Regular
from simcomm.topology.routes import Link, Route

if TYPE_CHECKING:
    import networkx as nx

#: What became of every link that was used.
Meters = Mapping[Hashable, Meter]


@dataclass(frozen=True)
class Execution:
    """A run: where it ran, under which model and engine (and why that one), and when everything happened.

    ``summary`` is what a result says of its time; ``kept`` is None if no timeline was asked for and the engine has
    none; ``meters`` say what became of every link that was used, if the engine noted it.
    """

    cluster: Cluster
    network: NetworkModel
    engine: str
    engine_reason: str
    summary: Summary
    kept: Timeline | None
    meters: Meters

    @property
    def timeline(self) -> Timeline:
        """The times of all operations; InputError if they were not asked for."""
        if self.kept is None:
            raise InputError(f"engine {self.engine} kept no timeline; expected execute(…, timeline=True)")
        return self.kept


@dataclass(frozen=True)
class Load:
    """A schedule and the bytes of its operations: those of a vector's chunks, or any."""

    schedule: Schedule
    sized: Vector | Ints

    @cached_property
    def size_bytes(self) -> Ints:
        """Of every operation."""
        return self.schedule.sizes_bytes(self.sized) if isinstance(self.sized, Vector) else self.sized

    @cached_property
    def sizes(self) -> Sizes | None:
        """Of every class, if the schedule has a quotient and its chunks say it all."""
        quotient = self.schedule.quotient
        return None if quotient is None or not isinstance(self.sized, Vector) else quotient.sizes_bytes(self.sized)

    @cached_property
    def pairs(self) -> RankPairs:
        """Every (src, dst) that sends something."""
        q, sizes, ranks = self.schedule.quotient, self.sizes, self.schedule.ranks
        if q is not None and sizes is not None and (sizes.of_chunk is None or sizes.of_chunk.all()):
            sends = sizes.of_class > 0  # and so do all elements of the class
            return OrbitPairs(q.group, q.group.minus(q.dst[sends], q.src[sends]))
        if q is not None:
            check_operations("compiled", len(self.schedule))  # to be unfolded now
        sends = self.size_bytes > 0
        return RankPairs.numbered(self.schedule.src[sends].astype(np.int64) * ranks + self.schedule.dst[sends], ranks)


@dataclass(frozen=True)
class _Work:
    """What is to be run."""

    load: Load
    network: NetworkModel
    cluster: Cluster
    workers: Workers
    compute_s: Times | None
    exact: bool
    detailed: bool

    def on(self, engine: str) -> tuple[Summary, Timeline | None, Meters]:
        """Run it; EngineError if the engine does not take it."""
        schedule, sizes, routes = self.load.schedule, self.load.sizes, self.cluster.routes
        if engine == "symmetry":
            from simcomm.engines import symmetry

            one = symmetry.run(schedule, sizes, self.network, self.cluster, self.workers, self.compute_s)
            return one.summary(), None, one.meters
        if engine == "maxplus":
            from simcomm.engines import maxplus

            given = self.load.size_bytes if sizes is None else sizes
            way = self._only_way or routes
            (found,) = maxplus.summaries(schedule, [given], self.network, way, self.workers, self.compute_s)
            if isinstance(found, maxplus.Refusal):
                raise EngineError(f"engine: maxplus: {found.reason}; expected engine compiled")
            return found, None, {}
        check_operations(engine, len(schedule))
        seconds = schedule.seconds if self.compute_s is None else self.compute_s
        if self.exact:
            seconds = np.array([Fraction(s) for s in seconds.tolist()], dtype=object)
        run = engines.function(engine)
        timeline = run(schedule, self.load.size_bytes, self.network, routes, self.workers, seconds, self.detailed)
        return summarise(timeline), timeline, timeline.log.link_meters

    @property
    def _only_way(self) -> Route | None:
        """Any of the routes, if ports are all that messages meet at and all routes are alike."""
        uniform = self.cluster.uniform if self.network.one_port else None
        return None if uniform is None else Route((Link(0, 1, uniform[1], uniform[0]),))


def execute(
    schedule: Schedule,
    size_bytes: Vector | Sequence[int] | Ints,
    graph: nx.Graph[Any] | Regular,
    *,
    network: str | Mapping[str, Any] | NetworkModel = "loggp",
    name: str = "graph",
    placement: str | Sequence[Any] = "linear",
    routing: str | Mapping[str, Any] = "shortest",
    seed: int = 0,
    workers: Workers | None = None,
    bandwidth_factor: Sequence[Any] | None = None,
    further: Sequence[Any] = (),
    compute_s: Sequence[Any] | Times | None = None,
    engine: str = "auto",
    exact: bool = False,
    detailed: bool = True,
    timeline: bool = True,
) -> Execution:
    """Run any schedule, with one size per operation (0 for computations), on any graph of hosts and links.

    A :class:`Vector` gives the sizes of its chunks. ``network`` is a model, its name, or a mapping with ``model`` and
    its options; ``routing`` a name, or a mapping with ``name`` and its options; ``bandwidth_factor`` multiplies both
    directions of every link of a rank's host; ``further`` are the switches that the last ranks are on. With ``exact``
    times are exact Fractions, if all numbers are Fractions (the graph's, the model's, those of ``workers``).
    ``detailed`` keeps every crossing of a port or link; without ``timeline`` the engine need not keep the times of
    operations. InputError for what does not fit, DeadlockError for operations that never end.

    >>> from simcomm import topology
    >>> from simcomm.collectives import get
    >>> ring = get("ring_all_reduce").schedule(4)
    >>> star = topology.build("star", 4, "8 B/s", "1 s")
    >>> float(execute(ring, Vector(8), star, network="fair_share").timeline.makespan_s)
    18.0
    """
    load = Load(schedule, size_bytes if isinstance(size_bytes, Vector) else _whole_sizes(size_bytes, schedule))
    model = _model(network)
    where = {"placement": placement, "routing": routing, "seed": seed, "further": tuple(further)}
    cluster = _placed(load, name, graph, where | {"bandwidth_factor": bandwidth_factor})
    seconds = None if compute_s is None else np.asarray(compute_s)
    if seconds is not None and seconds.shape != (len(schedule),):
        raise InputError(f"compute_s: {len(seconds)} times for {len(schedule)} operations; expected one for each")
    all_workers = workers or Workers.alike(schedule.ranks, schedule.ranks - len(further) if further else None)
    work = _Work(load, model, cluster, all_workers, seconds, exact, detailed)
    plan = engines.plan(engine, model, cluster.routes, len(schedule), schedule.quotient is not None, exact, timeline)
    return _run(work, plan)


def _placed(load: Load, name: str, graph: nx.Graph[Any] | Regular, where: Mapping[str, Any]) -> Cluster:
    """The cluster; equal points of a sweep share it."""
    is_regular, ranks = isinstance(graph, Regular), load.schedule.ranks
    factors = where["bandwidth_factor"]
    given = repr({**where, "bandwidth_factor": None if factors is None else list(factors)})
    return once(
        ("cluster", repr(graph) if is_regular else graph, name, ranks, load.pairs.key, given),
        lambda: place(name, graph if isinstance(graph, Regular) else checked(graph, name), ranks, load.pairs, **where),
        lambda made: made.about_bytes,
    )


def _run(work: _Work, plan: Sequence[engines.Choice]) -> Execution:
    """Run it on the first engine of the plan that takes it."""
    refused: list[str] = []
    for chosen in plan[:-1]:
        try:
            return _ran(work, chosen, refused)
        except EngineError as error:
            refused.append(engines.why(error))
    return _ran(work, plan[-1], refused)


def _ran(work: _Work, chosen: engines.Choice, refused: Sequence[str]) -> Execution:
    reason = "; ".join([chosen.reason, *refused])
    return Execution(work.cluster, work.network, chosen.name, reason, *work.on(chosen.name))


def _whole_sizes(size_bytes: Sequence[int] | Ints, schedule: Schedule) -> Ints:
    """One whole number of bytes for every operation; computations send none."""
    if len(size_bytes) != len(schedule):
        raise InputError(f"size_bytes: {len(size_bytes)} sizes for {len(schedule)} operations; expected one for each")
    if not (isinstance(size_bytes, np.ndarray) and size_bytes.dtype.kind == "i"):
        for size in size_bytes:
            if isinstance(size, bool) or not isinstance(size, Integral):
                raise InputError(f"size_bytes: {size!r}; expected a whole number of bytes")
            if not -(2**63) <= int(size) < 2**63:
                raise InputError(f"size_bytes: {size}; expected less than 2**63 bytes")
    sizes = np.array(size_bytes, dtype=np.int64)
    if (sizes < 0).any():
        raise InputError(f"size_bytes: {sizes.min()}; expected 0 or more")
    if sizes[schedule.kind == COMPUTE].any():
        raise InputError("size_bytes: a computation has bytes; expected 0 for every operation that is no message")
    return sizes


def _model(network: str | Mapping[str, Any] | NetworkModel) -> NetworkModel:
    if isinstance(network, str):
        return networks.get(network)
    if not isinstance(network, Mapping):
        if not hasattr(network, "transmit"):
            raise InputError(f"network: {network!r}; expected a name, a mapping with a 'model', or a network model")
        return network
    if "model" not in network:
        raise InputError(
            f"network: no 'model' in {sorted(map(str, network))}; expected one of {', '.join(networks.names())}"
        )
    return networks.get(network["model"], {key: value for key, value in network.items() if key != "model"})
