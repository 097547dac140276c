"""What every link of the network did in a run."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from simcomm.engines.meters import Meter
from simcomm.engines.timeline import Timeline
from simcomm.lazy import Made
from simcomm.link_table import Links, LinkUse, Uses, by_load
from simcomm.order import expand
from simcomm.schedule import Ints, Schedule
from simcomm.shares import Pairs, pairs
from simcomm.topology.cluster import Cluster
from simcomm.topology.regular_cluster import RegularCluster
from simcomm.topology.routes import Link, links_of
from simcomm.topology.ways import Routes


def link_uses(cluster: Cluster, schedule: Schedule, size_bytes: Ints, timeline: Timeline, point: str = "") -> Links:
    """What every link of the graph did, in the graph's order, when messages of these sizes were sent."""
    return uses_of(cluster, pairs(schedule, size_bytes), float(timeline.makespan_s), timeline.log.link_meters, point)


def uses_of(
    cluster: Cluster, traffic: Pairs, time_s: float, meters: Mapping[Hashable, Meter], point: str = ""
) -> Links:
    """What every link did in a run of ``time_s``, by what goes from rank to rank and what the engine noted of links.

    Without ``meters`` of links the model does not see them. On a regular topology nothing is made of a link before
    somebody looks at its row.
    """
    of_links = meters if any(isinstance(place, Link) for place in meters) else None
    if isinstance(cluster, RegularCluster):
        net, (src, dst, *amounts) = cluster.net, traffic
        messages, carried = (net.carried(src, dst, amount) for amount in amounts)
        bandwidth_Bps: Any = float(net.bandwidth_Bps)
        return Links(_Uses(point, Made(net.links, net.link), None, bandwidth_Bps, messages, carried, time_s, of_links))
    every = links_of(cluster.graph)
    count, total = _crossed(cluster, traffic, {ends: index for index, ends in enumerate(every)})
    links = tuple(every.values())
    cables = [link.get("count", 1) for _, _, link in cluster.graph.edges(data=True)]
    bandwidth_Bps = np.array([float(link.bandwidth_Bps) for link in links], dtype=np.float64)
    return Links(_Uses(point, links, cables, bandwidth_Bps, count, total, time_s, of_links))


def _crossed(cluster: Cluster, traffic: Pairs, number: Mapping[tuple[Any, Any], int]) -> tuple[list[int], list[int]]:
    """Messages and bytes that cross every link, by its number."""
    routes, (count, total) = cluster.routes, ([0] * len(number), [0] * len(number))
    if isinstance(routes, Routes):
        row = routes.numbers(traffic.src * routes.ranks + traffic.dst)
        first, hops = routes.ways.first[row], np.diff(routes.ways.first)[row]
        met = routes.ways.links[expand(first, hops)]
        for found, column in ((count, traffic.messages), (total, traffic.bytes)):
            sums = np.zeros(len(routes.links), dtype=column.dtype)
            np.add.at(sums, met, np.repeat(column, hops))
            for link, amount in zip(routes.links, sums.tolist(), strict=True):
                found[number[link.ends]] = amount
        return count, total
    for src, dst, sent, carried in zip(*(column.tolist() for column in traffic), strict=True):
        for link in routes[src, dst].links:
            count[number[link.ends]] += sent
            total[number[link.ends]] += carried
    return count, total


@dataclass(frozen=True, eq=False)
class _Uses(Uses):
    """The columns of a run's links; ``cables`` None: one each; ``meters`` None: the model does not see links."""

    point: str
    links: Sequence[Link]
    cables: Sequence[int] | None
    bandwidth_Bps: Any
    messages: Any
    bytes: Any
    time_s: float
    meters: Mapping[Hashable, Meter] | None

    def __len__(self) -> int:
        return len(self.links)

    def at(self, point: str) -> Uses:
        """The same rows of another point."""
        return replace(self, point=point)

    @cached_property
    def loads_s(self) -> npt.NDArray[np.float64]:
        """How long its bytes keep each link busy, in seconds."""
        loads_s: npt.NDArray[np.float64] = np.asarray(self.bytes, dtype=np.float64) / self.bandwidth_Bps
        return loads_s

    def make(self, index: int) -> LinkUse:
        """One row."""
        link, carried = self.links[index], int(self.bytes[index])
        meter = (self.meters.get(link) or Meter(0.0)).use if self.meters is not None else None
        begin_s, end_s = (None, None) if meter is None else (meter.contended_from_s, meter.contended_until_s)
        return LinkUse(
            point=self.point,
            src=str(link.src),
            dst=str(link.dst),
            cables=1 if self.cables is None else self.cables[index],
            bandwidth_Bps=float(link.bandwidth_Bps),
            latency_s=float(link.latency_s),
            messages=int(self.messages[index]),
            bytes=carried,
            utilisation=float(carried / link.bandwidth_Bps / self.time_s) if self.time_s else None,
            busy_s=None if meter is None else float(meter.busy_s),
            peak=None if meter is None else meter.peak,
            contended_s=None if meter is None else float(meter.contended_s),
            contended_from_s=None if begin_s is None else float(begin_s),
            contended_until_s=None if end_s is None else float(end_s),
        )


def busiest(uses: Iterable[LinkUse]) -> LinkUse | None:
    """The link that its bytes keep busy longest (of several the first), None if no byte was sent."""
    if isinstance(uses, Links):
        return next(iter(uses.busiest(1)), None)
    return max((use for use in uses if use.bytes), key=by_load, default=None)
