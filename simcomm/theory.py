"""What theory says about one point: the time by its formula, and the least time that it can take."""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from typing import Any

from simcomm.checked import Checked
from simcomm.closed_forms import Demand, lower_bound
from simcomm.demands import demand_of
from simcomm.errors import TimeError
from simcomm.networks.base import NetworkModel, Workers
from simcomm.topology.cluster import Cluster
from simcomm.topology.crossing import Cut

#: Engine and formula both compute with float64: they may differ by rounding, by no more than this.
TIME_TOLERANCE = 1e-9


@dataclass(frozen=True)
class Ports:
    """Bytes per second of the slowest worker, of the root, and of all ranks' ports together."""

    worker_Bps: Any
    root_Bps: Any
    together_Bps: Any


@dataclass(frozen=True)
class Bound:
    """The least time for this task on this cluster, what says so, and what each kind of bound says alone.

    ``cut_s`` is that of the tightest cut of the graph (None: no cut), ``latency_s`` that of the literature, which a
    schedule with several messages under way at a port may beat; ``bandwidth_s`` and ``compute_s`` are without any
    latency. All three are None for an operation of which no bound is known. The rest is what they are made of.
    """

    time_s: float
    by: str
    cut_s: float | None
    latency_s: float | None = None
    bandwidth_s: float | None = None
    compute_s: float | None = None
    needed: Demand | None = field(default=None, compare=False)
    alpha_s: float = field(default=0.0, compare=False)
    gamma_s_per_byte: float = field(default=0.0, compare=False)
    ports: Ports | None = field(default=None, compare=False)
    cut: Cut | None = field(default=None, compare=False)
    cut_holds: bool = field(default=True, compare=False)
    hosts: tuple[Any, ...] = field(default=(), compare=False, repr=False)


def formula(what: Checked, cluster: Cluster, model: NetworkModel, workers: Workers) -> Any:
    """The α–β–γ time, where one holds: equal workers, equal routes, a claim with a formula; else None."""
    if not what.vector.elements or not len(what.schedule):
        return 0.0 if workers.are_alike else None
    if what.claim is None or what.claim.time is None or cluster.uniform is None or not workers.are_alike:
        return None
    latency_s, bandwidth_Bps = cluster.uniform
    if not model.has_formula(what.message_bytes, bandwidth_Bps):
        return None
    alpha, gamma = model.alpha_gamma(latency_s)
    return what.claim.time(alpha, 1 / bandwidth_Bps, gamma)


def check_time(time_s: float, formula_s: float | None) -> bool | None:
    """Whether the time is that of the formula, None without one; TimeError if it is not."""
    if formula_s is None:
        return None
    if not math.isclose(time_s, formula_s, rel_tol=TIME_TOLERANCE):
        raise TimeError(f"the engine says {time_s!r} s, the formula {formula_s!r} s; expected the same")
    return True


def bound(what: Checked, cluster: Cluster, model: NetworkModel) -> Bound:
    """What no schedule for this goal can beat: at the hosts' ports, and across any cut of the graph.

    Where a host has one port, the network between ports never fills up: the cut is given, but does not bound.
    """
    needed = demand_of(what.goal, what.workers, what.vector, what.schedule.chunks_per_vector)
    alpha, gamma = model.alpha_gamma(cluster.least_latency_s)
    gamma = gamma if cluster.on_hosts == what.schedule.ranks else 0  # switches add in no time
    if needed is None or not needed.together:
        nothing = None if needed is None else 0.0
        return Bound(0.0, "", None, nothing, nothing, nothing, needed)
    ports = _ports(cluster, model, what, needed) if model.bytes_take_time else None
    bandwidth_s = _least(needed, ports, 0, 1)
    compute_s = _least(needed, None, gamma if ports else 0, what.schedule.ranks)
    together_s = max(bandwidth_s, compute_s)
    if ports and model.one_port and gamma:  # a port that receives adds, too; links go on while their rank adds
        entering_Bps, alike = cluster.receiving_Bps()
        together_s = max(together_s, _least(needed, replace(ports, together_Bps=entering_Bps), gamma, alike))
    cut = cluster.cut(what.workers, what.goal.operation, what.goal.root, needed.between)
    crossing = _crossing_bytes(what) if needed.between is None else 1
    cut_s = None if cut is None else float(alpha + crossing * cut.seconds_per_byte)
    found = Bound(
        time_s=float(alpha + together_s),
        by="ports",
        cut_s=cut_s,
        latency_s=float(needed.rounds * alpha),
        bandwidth_s=float(bandwidth_s),
        compute_s=float(compute_s),
        needed=needed,
        alpha_s=float(alpha),
        gamma_s_per_byte=float(gamma),
        ports=ports,
        cut=cut,
        cut_holds=not model.one_port,
        hosts=() if cut is None else cluster.hosts[: what.workers],
    )
    if cut is None or cut_s is None or model.one_port or cut_s <= alpha + together_s:
        return found
    return replace(found, time_s=cut_s, by=f"cut: {cut}{'' if cut.exact else ' (the tightest of those tried)'}")


def _least(needed: Demand, ports: Ports | None, gamma: Any, ranks: Any) -> Any:
    """The least time without any latency, if bytes take as long as at these ports (None: no time)."""
    return lower_bound(
        needed,
        alpha_s=0,
        slowest_port_s_per_byte=1 / ports.worker_Bps if ports else 0,
        root_port_s_per_byte=1 / ports.root_Bps if ports else 0,
        all_ports_bytes_per_s=ports.together_Bps if ports else math.inf,
        gamma_s_per_byte=gamma,
        ranks=ranks,
    )


def _ports(cluster: Cluster, model: NetworkModel, what: Checked, needed: Demand) -> Ports:
    """The ports that matter: what has only to pass a worker's port one way or the other takes the faster way."""
    one_way = what.goal.operation != "all_reduce"
    worker_Bps, together_Bps = cluster.ports_Bps(model.one_port, what.workers, one_way)
    port_Bps = cluster.port_Bps if model.one_port else cluster.links_Bps
    return Ports(worker_Bps, port_Bps(needed.at, needed.entering), together_Bps)


def _crossing_bytes(what: Checked) -> int:
    """Of what a cut takes a share: if that is one of n equal shares, the elements that are over bound nothing."""
    if what.goal.operation in ("all_reduce", "broadcast", "reduce"):
        return what.vector.bytes
    return what.workers * (what.vector.elements // what.workers) * what.vector.itemsize
