"""What theory says about one point: the time by its formula, and the least time that it can take."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from simcomm.checked import Checked
from simcomm.closed_forms import lower_bound
from simcomm.errors import TimeError
from simcomm.networks.base import NetworkModel, Workers
from simcomm.topology.cluster import Cluster

#: Engine and formula both compute with float64: they may differ by rounding, by no more than this.
TIME_TOLERANCE = 1e-9


@dataclass(frozen=True)
class Bound:
    """The least time for this task on this cluster, what says so, and the tightest cut of the graph (None: no cut)."""

    time_s: float
    by: str
    cut_s: float | None


def formula(what: Checked, cluster: Cluster, model: NetworkModel, workers: Workers) -> Any:
    """The α–β–γ time, where one holds: equal workers, equal routes, a claim with a formula; else None."""
    if not what.vector.elements or not len(what.schedule):
        return 0.0 if workers.are_alike else None
    if what.claim.time is None or cluster.uniform is None or not workers.are_alike:
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
    operation, size_bytes = what.goal.operation, what.vector.bytes
    # In an all_to_all of blocks of unequal sizes a worker may have most to send, or most to receive.
    worker_Bps, together_Bps = cluster.ports_Bps(model.one_port, what.workers, operation == "all_to_all")
    alpha, gamma = model.alpha_gamma(cluster.least_latency_s)
    slowest = 1 / worker_Bps if what.workers > 1 else 0.0

    def least(slowest: Any, together: Any, gamma: Any) -> Any:
        return lower_bound(
            operation,
            what.workers,
            size_bytes,
            alpha_s=alpha,
            slowest_port_s_per_byte=slowest,
            all_ports_bytes_per_s=together,
            gamma_s_per_byte=gamma,
            ranks=what.schedule.ranks,
        )

    if model.bytes_take_time:
        # A port that receives adds, too; a rank whose ports are links adds while they go on.
        ports_s = max(least(slowest, together_Bps, gamma if model.one_port else 0), least(0, math.inf, gamma))
    else:
        ports_s = least(0, math.inf, 0)
    cut = cluster.cut(what.workers, operation) if size_bytes else None
    if operation != "all_reduce":  # a cut takes all shards as equal: the elements that are over bound nothing
        size_bytes = what.workers * (what.vector.elements // what.workers) * what.vector.itemsize
    cut_s = None if cut is None else float(alpha + size_bytes * cut.seconds_per_byte)
    if cut is None or cut_s is None or model.one_port or cut_s <= ports_s:
        return Bound(float(ports_s), "ports" if ports_s else "", cut_s)
    tried = "" if cut.exact else " (the tightest of those tried)"
    return Bound(cut_s, f"cut: {cut}{tried}", cut_s)
