"""Exact times: the reference engine on Fractions, for comparisons with ``==``."""

from __future__ import annotations

from fractions import Fraction

import numpy as np

from simcomm.closed_forms import Vector
from simcomm.engines import des
from simcomm.engines.timeline import Timeline
from simcomm.networks.base import Workers
from simcomm.networks.loggp import LogGP
from simcomm.schedule import Schedule
from simcomm.topology.routes import Link, Route


def exact_run(
    schedule: Schedule, vector: Vector, alpha: Fraction, beta: Fraction, gamma: Fraction, hosts: int | None = None
) -> Timeline:
    """Run ``schedule`` where every pair of ranks has latency α and 1/β bytes per second; all times are Fractions.

    Ranks from ``hosts`` on stand on switches (None: there are none).

    >>> from simcomm.collectives import get
    >>> ring = get("ring_all_reduce").schedule(3)
    >>> exact_run(ring, Vector(3, 1), Fraction(1, 3), Fraction(1, 7), Fraction(0)).makespan_s
    Fraction(40, 21)
    """
    size_bytes = schedule.sizes_bytes(vector)
    on_hosts = None if hosts is None or hosts >= schedule.ranks else hosts
    route = Route((Link(0, 1, 1 / beta, alpha),))
    pairs = set(zip(schedule.src.tolist(), schedule.dst.tolist(), strict=True))
    model = LogGP(Fraction(0), Fraction(0), 1 / gamma if gamma else None)
    seconds = np.array([Fraction(s) for s in schedule.seconds.tolist()], dtype=object)
    workers = Workers.alike(schedule.ranks, on_hosts)
    return des.run(schedule, size_bytes, model, dict.fromkeys(pairs, route), workers, seconds)
