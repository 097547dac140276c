"""The symmetry engine: where all ranks do the same, look at one of them.

A group that moves every rank may map a schedule to itself (its ``quotient``) and the network to itself. If all workers
are alike, too, then so are the times: operation g of a class begins and ends with operation 0, and waits as long at
the place that is the other's place, moved. So all places of an orbit become one, all messages of a class become one
that goes from rank 0 to rank 0, and that is a schedule again, with n times fewer operations, which another engine runs.

Exact, ties included: at one place two operations of different classes meet in the order of their classes, whichever
their elements are. Two of one class must never meet, so no message may come to the same orbit of places twice (as a
rendezvous does at ports, or whoever crosses two links of a ring): that is refused, as is all that is not alike.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from simcomm.engines.explain import CriticalPath
from simcomm.engines.meters import Meter
from simcomm.engines.summary import Summary, summarise
from simcomm.engines.timeline import Timeline, Times
from simcomm.errors import EngineError
from simcomm.networks.base import Cost, Message, NetworkModel, Run, Workers
from simcomm.networks.programs import AND, HOLD, TURN, Batch, Places, Programs, RouteTable
from simcomm.order import distinct, rows
from simcomm.quotient import Quotient, Sizes
from simcomm.schedule import COMPUTE, REDUCE, Ints, Schedule
from simcomm.topology.cluster import Cluster
from simcomm.topology.regular_cluster import RegularCluster
from simcomm.topology.routes import Link, Route

if TYPE_CHECKING:
    from collections.abc import Callable

#: A folded schedule of no more operations than this is run by the reference, which needs no compiled code.
FEW_CLASSES = 300


@dataclass(frozen=True)
class OneRank:
    """What rank 0 did: ``timeline`` has one operation of every class, all from rank 0 to rank 0."""

    quotient: Quotient
    cluster: Cluster
    timeline: Timeline

    def summary(self) -> Summary:
        """The summary of the whole run. Places on the critical path are those of the ranks that it comes by."""
        return summarise(self.timeline, self._name)

    def _name(self, path: CriticalPath) -> CriticalPath:
        elements = self._elements(path.operations)
        named = ((i, wait._replace(place=self._place(wait.place, i, elements[i]))) for i, wait in path.waits)
        return path._replace(waits=tuple(named))

    def times(self) -> tuple[Times, Times]:
        """Start and end of every operation of the whole schedule."""
        n = self.quotient.group.order
        return np.repeat(self.timeline.start_s, n), np.repeat(self.timeline.end_s, n)

    @property
    def meters(self) -> Mapping[Hashable, Meter]:
        """What became of every link that was used: those of an orbit have one meter."""
        return _OrbitMeters(self.quotient, self.cluster, self.timeline.log.link_meters)

    def _elements(self, path: tuple[int, ...]) -> dict[int, int]:
        """Of every class on the path the element whose operation is: it ends with element 0, and goes to the lowest."""
        q, found = self.quotient, dict.fromkeys(path[-1:], 0)
        for before, index in zip(reversed(path[:-1]), reversed(path[1:]), strict=True):
            waits_for = (
                divmod(a, q.group.order) for a in q.after[q.after_start[index] : q.after_start[index + 1]].tolist()
            )
            found[before] = min(q.group.add(shift, found[index]) for of, shift in waits_for if of == before)
        return found

    def _place(self, place: Hashable, index: int, element: int) -> Hashable:
        q = self.quotient
        src, dst = (int(q.group.add(int(end[index]), element)) for end in (q.src, q.dst))
        if isinstance(place, Link) and isinstance(self.cluster, RegularCluster):
            orbits = self.cluster.net.route_orbits(int(q.group.minus(int(q.dst[index]), int(q.src[index])))) or ()
            return self.cluster.net.route(src, dst).links[[link for _, link in orbits].index(place)]
        if isinstance(place, tuple) and len(place) == 2:
            return place[0], dst if place[0] in ("receive", "reduce") else src
        return place


class _OrbitMeters(Mapping[Hashable, Meter]):
    """Of every link the meter of the one that stands for its orbit."""

    def __init__(self, quotient: Quotient, cluster: Cluster, meters: Mapping[Hashable, Meter]) -> None:
        self._quotient, self._cluster, self._meters = quotient, cluster, meters

    def __getitem__(self, place: Hashable) -> Meter:
        return self._meters[self._home(place)]

    def __iter__(self) -> Iterator[Hashable]:
        return iter(self._meters)

    def __len__(self) -> int:
        return len(self._meters)

    def _home(self, place: Hashable) -> Hashable:
        if not isinstance(place, Link) or not isinstance(self._cluster, RegularCluster):
            return place
        ends = [end for end in place.ends if isinstance(end, int)]
        displacement = self._quotient.group.minus(ends[1], ends[0]) if len(ends) == 2 else 1
        orbits = self._cluster.net.route_orbits(displacement) or ()
        return orbits[0 if len(ends) == 2 or place.src == ends[0] else 1][1] if orbits else place


def run(
    schedule: Schedule,
    sizes: Sizes | None,
    network: NetworkModel,
    cluster: Cluster,
    workers: Workers,
    compute_s: Times | None = None,
) -> OneRank:
    """Run one operation of every class; EngineError says what is not symmetric.

    ``sizes`` are those of the quotient's classes, ``compute_s`` the seconds of all operations (None: the schedule's).
    """
    q = schedule.quotient
    if q is None or (sizes is None and not q.packs):
        raise _refused("the schedule was recorded with calls that are not the same for every rank")
    if sizes is None:
        raise _refused("chunks that differ in size are packed into messages")
    if workers.hosts is not None:
        raise _refused("some ranks stand on switches")
    if len({*zip(workers.start_s, workers.compute_s, strict=True)}) > 1:
        raise _refused("the workers are not alike")
    if sizes.of_chunk is not None:
        raise _refused(f"the chunks differ in size: {sizes.of_chunk.min()} to {sizes.of_chunk.max()} bytes")
    seconds = _seconds(q, compute_s)
    routes, number = _routes(q, sizes, network, cluster)
    folded = _fold(q, number)
    one = _OneRank(network)
    _check_places(folded, sizes.of_class, one, routes)
    given = (workers.start_s[0], workers.compute_s[0], workers.compute_factor[0])
    start_s, computing_s, factor = ((value,) * folded.ranks for value in given)
    alike = Workers(start_s, computing_s, factor)
    timeline = _engine(len(q))(folded, sizes.of_class, one, routes, alike, seconds, False)
    home = replace(folded, ranks=1, dst=np.zeros_like(folded.dst))
    single = Workers(start_s[:1], computing_s[:1], factor[:1])
    return OneRank(q, cluster, timeline.at(home, single))


def _engine(classes: int) -> Callable[..., Timeline]:
    if classes <= FEW_CLASSES:
        from simcomm.engines import des

        return des.run
    from simcomm.engines import compiled

    return compiled.run


def _refused(why: str) -> EngineError:
    return EngineError(f"engine: symmetry looks at one rank for all, but {why}; expected engine compiled")


def _seconds(q: Quotient, compute_s: Times | None) -> Times:
    if compute_s is None:
        return q.seconds
    if compute_s.dtype == object:
        raise _refused("times are exact")
    table = compute_s.reshape(len(q), q.group.order)
    if (table != table[:, :1]).any():
        raise _refused("computations differ between ranks")
    return np.ascontiguousarray(table[:, 0])


def _routes(
    q: Quotient, sizes: Sizes, network: NetworkModel, cluster: Cluster
) -> tuple[dict[tuple[int, int], Route], Ints]:
    """The routes that there are, where links of an orbit are one, and which one every class has (−1: none)."""
    sends = np.flatnonzero(np.not_equal(q.kind, COMPUTE) & (sizes.of_class > 0))
    displacement = q.group.minus(q.dst[sends], q.src[sends])
    every = distinct(displacement)
    routes: dict[Route, int] = {}
    numbers = [routes.setdefault(_route(q, int(d), network, cluster), len(routes)) for d in every]
    number = np.full(len(q), -1)
    number[sends] = np.array(numbers, dtype=np.int64)[np.searchsorted(every, displacement)]
    return {(0, 1 + row): route for route, row in routes.items()}, number


def _route(q: Quotient, displacement: int, network: NetworkModel, cluster: Cluster) -> Route:
    """What a message crosses that goes so far, on links that stand for their orbits."""
    if network.one_port and cluster.uniform is not None:
        return _only_its_ends(cluster)
    if not isinstance(cluster, RegularCluster) or not cluster.net.invariant_under(q.group.kind):
        move = "rotated" if q.group.kind == "rotation" else "moved by XOR"
        raise _refused(f"the network, {cluster.name}, is not known to be the same when its hosts are {move}")
    if network.one_port:
        return cluster.net.route(0, displacement)
    orbits = cluster.net.route_orbits(displacement)
    if orbits is None:
        raise _refused(f"there are several shortest paths from rank 0 to rank {displacement}")
    if len({orbit for orbit, _ in orbits}) < len(orbits):
        raise _refused(f"messages from rank 0 to rank {displacement} cross several links that are alike")
    return Route(tuple(link for _, link in orbits))


def _only_its_ends(cluster: Cluster) -> Route:
    """Of messages that meet at ports only: where all routes are alike any of them will do."""
    assert cluster.uniform is not None
    latency_s, bandwidth_Bps = cluster.uniform
    return Route((Link(0, 1, bandwidth_Bps, latency_s),))


def _fold(q: Quotient, number: Ints) -> Schedule:
    """One operation for every class: from rank 0 to a rank for every route that there is."""
    size = len(q)
    owner = np.repeat(np.arange(size), np.diff(q.after_start))
    counts, after = rows(owner, q.after // q.group.order, size)
    zeros = np.zeros(size, np.int32)
    return Schedule(
        ranks=2 + int(number.max(initial=0)),
        chunks=1,
        kind=q.kind,
        src=zeros,
        dst=np.where(np.equal(q.kind, COMPUTE), 0, 1 + np.maximum(number, 0)).astype(np.int32),
        chunk=zeros,
        count=np.ones(size, np.int32),
        seconds=q.seconds,
        after_start=np.concatenate([[0], np.cumsum(counts)]),
        after=after.astype(np.int32),
        _checked=True,
    )


def _check_places(folded: Schedule, size_bytes: Ints, one: _OneRank, routes: Mapping[tuple[int, int], Route]) -> None:
    """Refuse messages that come to one place twice: elsewhere these are two messages that may meet."""
    from simcomm.engines.lowering import record

    sends = np.flatnonzero(folded.is_message & (size_bytes > 0))
    sizes, kinds = distinct(size_bytes[sends]), folded.kind[sends].astype(np.int64)
    number = (folded.dst[sends] * len(sizes) + np.searchsorted(sizes, size_bytes[sends])) * 2 + (kinds == REDUCE)
    rest, reduces = np.divmod(distinct(number), 2)
    dst, size = rest // max(len(sizes), 1), sizes[rest % max(len(sizes), 1)]
    table = RouteTable.of([routes[0, int(d)] for d in dst])
    places = Places(folded.ranks, table.every_link)
    batch = Batch(np.zeros_like(dst), dst, size, reduces > 0, np.arange(len(dst)), table, places)
    programs = record(one, batch)
    asks = np.flatnonzero(np.isin(programs.code, (TURN, HOLD, AND)))
    program = np.searchsorted(programs.start, asks, side="right") - 1
    asked = program * len(places) + programs.what[asks]
    if len(distinct(asked)) < len(asked):
        raise _refused("a message comes to the same place twice, of which one stands for all ranks'")


class _OneRank:
    """A network model in which every message goes from rank 0 to rank 0."""

    def __init__(self, model: NetworkModel) -> None:
        self.model = model
        self.one_port, self.bytes_take_time = model.one_port, model.bytes_take_time
        self.alpha_gamma, self.has_formula = model.alpha_gamma, model.has_formula

    def transmit(self, message: Message, run: Run) -> Iterator[Any]:
        """As the model does."""
        return self.model.transmit(message._replace(src=0, dst=0), run)

    def cost(self, message: Message) -> Cost:
        """As the model says."""
        return self.model.cost(message._replace(src=0, dst=0))

    @cached_property
    def lower(self) -> Callable[[Batch], Programs] | None:
        """As the model does, if it can."""
        lower: Callable[[Batch], Programs] | None = getattr(self.model, "lower", None)
        return None if lower is None else lambda batch: lower(Batch(0 * batch.src, 0 * batch.dst, *batch[2:]))
