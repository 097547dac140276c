"""Relabelling hosts by a symmetry of the graph changes nothing; symmetric programs have symmetric times.

Routes must move with the hosts: one link, or the one shortest path, or dimension order on a torus of odd sides.
"""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from typing import Any

import networkx as nx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from random_networks import models
from random_runs import Program, programs

from simcomm.closed_forms import Vector
from simcomm.collectives import get
from simcomm.engines.timeline import Timeline
from simcomm.execution import execute
from simcomm.networks.base import Workers
from simcomm.networks.fair_share import FairShare
from simcomm.networks.loggp import LogGP
from simcomm.networks.store_and_forward import StoreAndForward
from simcomm.schedule import Operation, Schedule
from simcomm.topology import build

F = Fraction
#: Random programs walk the same few lines; tests by hand and the kernel as plain Python cover them.
pytestmark = pytest.mark.no_cover

SOME = settings(deadline=None, max_examples=120)


def rotated(n: int, by: int) -> list[int]:
    return [(host + by) % n for host in range(n)]


def mirrored(n: int, by: int) -> list[int]:
    return [(by - host) % n for host in range(n)]


def shifted(sides: tuple[int, int], by: int) -> list[int]:
    """A torus of these sides moved along both of them."""
    rows, columns = sides
    places = [divmod(host, columns) for host in range(rows * columns)]
    return [(a + by) % rows * columns + (b + 2 * by) % columns for a, b in places]


def same(one: Timeline, other: Timeline) -> None:
    assert one.start_s.tolist() == other.start_s.tolist()
    assert one.end_s.tolist() == other.end_s.tolist()
    uses = [sorted((m.busy_s, m.peak, m.contended_s) for m in t.log.meters.values()) for t in (one, other)]
    assert uses[0] == uses[1]


def moved(program: Program, model: Any, graph: nx.DiGraph[Any], map_: list[int], routing: str = "shortest") -> None:
    """Run it on hosts 0, 1, … and on their images."""
    ranks = len(program.ready_s)
    more = {"network": model, "routing": routing, "workers": program.workers, "exact": True}
    more["compute_s"] = np.array(program.compute_s, dtype=object)
    straight, image = (
        execute(program.schedule, program.size_bytes, graph, placement=hosts[:ranks], **more)
        for hosts in (list(range(len(map_))), map_)
    )
    same(straight.timeline, image.timeline)


@given(programs(4), models(), st.permutations(range(5)), st.sampled_from(["star", "fully_connected"]))
@SOME
def test_all_hosts_of_a_star_are_alike(program: Program, model: Any, map_: list[int], kind: str) -> None:
    moved(program, model, build(kind, 5, F(2), F(3, 8)), map_)


@given(programs(5), models(), st.integers(1, 4), st.sampled_from([rotated, mirrored]))
@SOME
def test_a_ring_of_an_odd_number_may_be_turned_and_mirrored(
    program: Program, model: Any, by: int, symmetry: Callable[[int, int], list[int]]
) -> None:
    moved(program, model, build("ring", 5, F(2), F(3, 8)), symmetry(5, by))


@given(programs(4), models(), st.integers(1, 14))
@SOME
def test_a_torus_of_odd_sides_may_be_shifted(program: Program, model: Any, by: int) -> None:
    graph = build("torus", 15, F(2), F(3, 8), dims=[3, 5])
    moved(program, model, graph, shifted((3, 5), by), "dimension_order")


@given(programs(4), models(), st.permutations(range(4)))
@SOME
def test_the_names_of_the_ranks_do_not_matter(program: Program, model: Any, map_: list[int]) -> None:
    """The same operations in the same order, of other ranks."""
    if isinstance(model, LogGP) and model.ports == "one_cpu" and any(program.ready_s):
        return  # ranks that are late by as much are told apart by their numbers
    rows = [Operation(r.kind, map_[r.src], map_[r.dst], 0, r.count, r.seconds, r.after) for r in program.rows]
    image = np.argsort(map_).tolist()
    given = (program.workers.start_s, program.workers.compute_s, program.workers.compute_factor)
    start_s, compute_s, factor = (tuple(column[rank] for rank in image) for column in given)
    workers = Workers(start_s, compute_s, factor)
    graph = build("star", 4, F(2), F(3, 8))
    more = {"network": model, "exact": True, "compute_s": np.array(program.compute_s, dtype=object)}
    one = execute(program.schedule, program.size_bytes, graph, workers=program.workers, **more)
    other = execute(Schedule.of(4, 1, rows), program.size_bytes, graph, workers=workers, **more)
    same(one.timeline, other.timeline)


MODELS = [
    LogGP(F(1), F(1, 2), F(4), rendezvous_above_bytes=5),
    LogGP(F(1), ports="one_cpu"),
    StoreAndForward(),
    StoreAndForward(3, F(1), F(2)),
    FairShare(reduce_bandwidth_Bps=F(4)),
    FairShare("inverse_latency", F(1)),
]


@pytest.mark.parametrize("model", MODELS, ids=str)
@pytest.mark.parametrize(
    ("name", "kind", "n"),
    [
        ("ring_all_reduce", "star", 6),
        ("ring_all_reduce", "ring", 7),
        ("ring_all_reduce", "fully_connected", 4),
        ("recursive_doubling", "star", 8),
        ("recursive_doubling", "hypercube", 8),
        ("rabenseifner", "star", 8),
        ("all_to_all", "star", 5),
        ("all_to_all", "ring", 5),
        ("all_to_all_blocks", "fully_connected", 5),
    ],
)
def test_every_rank_does_the_same_at_the_same_time(name: str, kind: str, n: int, model: Any) -> None:
    schedule = get(name).schedule(n)
    sizes = schedule.sizes_bytes(Vector(8 * n, 1))
    timeline = execute(schedule, sizes, build(kind, n, F(2), F(3, 8)), network=model, exact=True).timeline
    message = schedule.is_message
    times = [
        sorted((timeline.start_s[index], timeline.end_s[index]) for index in np.flatnonzero(message & (ends == rank)))
        for ends in (schedule.src, schedule.dst)
        for rank in range(n)
    ]
    assert all(own == times[0] for own in times[:n])
    assert all(own == times[n] for own in times[n:])
