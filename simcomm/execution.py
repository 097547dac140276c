"""Any schedule on any network: place its ranks, find its routes, and run it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from numbers import Integral
from typing import TYPE_CHECKING, Any

import numpy as np

from simcomm import engines, networks
from simcomm.common import once
from simcomm.engines.timeline import Timeline, Times
from simcomm.errors import EngineError, InputError
from simcomm.networks.base import NetworkModel, Workers
from simcomm.schedule import COMPUTE, Ints, Schedule
from simcomm.topology.check import checked
from simcomm.topology.cluster import Cluster, place

if TYPE_CHECKING:
    import networkx as nx


@dataclass(frozen=True)
class Execution:
    """A run: where it ran, under which model and engine (and why that one), and when everything happened."""

    cluster: Cluster
    network: NetworkModel
    engine: str
    engine_reason: str
    timeline: Timeline


def execute(
    schedule: Schedule,
    size_bytes: Sequence[int] | Ints,
    graph: nx.Graph[Any],
    *,
    network: str | Mapping[str, Any] | NetworkModel = "loggp",
    name: str = "graph",
    placement: str | Sequence[Any] = "linear",
    routing: str | Mapping[str, Any] = "shortest",
    seed: int = 0,
    workers: Workers | None = None,
    bandwidth_factor: Sequence[Any] | None = None,
    compute_s: Sequence[Any] | Times | None = None,
    engine: str = "auto",
    exact: bool = False,
    detailed: bool = True,
) -> Execution:
    """Run any schedule, with one size per operation (0 for computations), on any graph of hosts and links.

    ``network`` is a model, its name, or a mapping with ``model`` and its options; ``routing`` a name, or a mapping with
    ``name`` and its options; ``bandwidth_factor`` multiplies both directions of every link of a rank's host. With
    ``exact`` times are exact Fractions, if all numbers are Fractions (the graph's, the model's, those of ``workers``).
    ``detailed`` keeps every crossing of a port or link. InputError for what does not fit, DeadlockError for operations
    that never end.

    >>> from simcomm import topology
    >>> from simcomm.collectives import get
    >>> from simcomm.closed_forms import Vector
    >>> ring = get("ring_all_reduce").schedule(4)
    >>> star = topology.build("star", 4, "8 B/s", "1 s")
    >>> float(execute(ring, ring.sizes_bytes(Vector(8)), star, network="fair_share").timeline.makespan_s)
    18.0
    """
    sizes = _whole_sizes(size_bytes, schedule)
    alike = workers or Workers.alike(schedule.ranks)
    model = _model(network)
    pairs = _pairs(schedule, sizes)
    where = (placement, routing, seed, None if bandwidth_factor is None else list(bandwidth_factor))
    cluster = once(
        ("cluster", graph, name, schedule.ranks, pairs.tobytes(), repr(where)),
        lambda: place(
            name,
            checked(graph, name),
            schedule.ranks,
            [divmod(pair, schedule.ranks) for pair in pairs.tolist()],
            placement=placement,
            routing=routing,
            seed=seed,
            bandwidth_factor=bandwidth_factor,
        ),
        lambda made: 500 * len(made.graph.edges) + 400 * len(made.routes),
    )
    chosen = engines.choose(engine, model, cluster.routes, len(schedule), exact)
    seconds = schedule.seconds if compute_s is None else np.asarray(compute_s)
    if seconds.shape != (len(schedule),):
        raise InputError(f"compute_s: {len(seconds)} times for {len(schedule)} operations; expected one for each")
    if exact:
        seconds = np.array([Fraction(s) for s in seconds.tolist()], dtype=object)
    work = (schedule, sizes, model, cluster.routes, alike, seconds, detailed)
    try:
        timeline = chosen.run(*work)
    except EngineError as error:
        if engine != "auto":
            raise
        chosen = engines.instead(error)
        timeline = chosen.run(*work)
    return Execution(cluster, model, chosen.name, chosen.reason, timeline)


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


def used_pairs(schedule: Schedule, size_bytes: Ints) -> list[tuple[int, int]]:
    """Every (src, dst) that sends something."""
    return [divmod(pair, schedule.ranks) for pair in _pairs(schedule, size_bytes).tolist()]


def _pairs(schedule: Schedule, size_bytes: Ints) -> Ints:
    """The same, each as src · ranks + dst."""
    sends = size_bytes > 0
    return np.unique(schedule.src[sends].astype(np.int64) * schedule.ranks + schedule.dst[sends])


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
