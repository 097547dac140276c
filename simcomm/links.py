"""What every link of the network did in a run."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from simcomm.engines.meters import Meter
from simcomm.engines.timeline import Timeline
from simcomm.link_table import LinkUse, by_load
from simcomm.schedule import Ints, Schedule
from simcomm.topology.cluster import Cluster
from simcomm.topology.routes import Link
from simcomm.topology.ways import Routes


def link_uses(
    cluster: Cluster, schedule: Schedule, size_bytes: Ints, timeline: Timeline, point: str = ""
) -> tuple[LinkUse, ...]:
    """What every link of the graph did, in the graph's order, when messages of these sizes were sent."""
    count, carried = _crossed(cluster, schedule, size_bytes)
    time_s, sees_links = float(timeline.makespan_s), any(isinstance(place, Link) for place in timeline.log.meters)
    found = []
    for a, b, link in cluster.graph.edges(data=True):
        bandwidth_Bps, latency_s = link["bandwidth_Bps"], link["latency_s"]
        meter = timeline.log.meters.get(Link(a, b, bandwidth_Bps, latency_s)) or Meter(0.0)
        use = meter.use
        found.append(
            LinkUse(
                point=point,
                src=str(a),
                dst=str(b),
                cables=link.get("count", 1),
                bandwidth_Bps=float(bandwidth_Bps),
                latency_s=float(latency_s),
                messages=count[a, b],
                bytes=carried[a, b],
                utilisation=float(carried[a, b] / bandwidth_Bps / time_s) if time_s else None,
                busy_s=float(use.busy_s) if sees_links else None,
                peak=use.peak if sees_links else None,
                contended_s=float(use.contended_s) if sees_links else None,
                contended_from_s=None if use.contended_from_s is None else float(use.contended_from_s),
                contended_until_s=None if use.contended_until_s is None else float(use.contended_until_s),
            )
        )
    return tuple(found)


def _crossed(cluster: Cluster, schedule: Schedule, size_bytes: Ints) -> tuple[dict[Any, int], dict[Any, int]]:
    """The messages and the bytes that crossed every link, by its ends."""
    count, carried = dict.fromkeys(cluster.graph.edges, 0), dict.fromkeys(cluster.graph.edges, 0)
    sends = np.flatnonzero(size_bytes > 0)
    keys = schedule.src[sends].astype(np.int64) * schedule.ranks + schedule.dst[sends]
    sizes, routes = size_bytes[sends], cluster.routes
    if isinstance(routes, Routes):
        number, pairs = routes.numbers(keys), routes.pairs
    else:
        pairs, number = np.unique(keys, return_inverse=True)
    messages, total = np.bincount(number, minlength=len(pairs)), _sums(number, sizes, len(pairs))
    if isinstance(routes, Routes):
        met, hops, links = routes.ways.links, np.diff(routes.ways.first), routes.links
        by_link = (_sums(met, np.repeat(column, hops), len(links)).tolist() for column in (messages, total))
        for (src, dst, _, _), number_of, bytes_of in zip(links, *by_link, strict=True):
            count[src, dst], carried[src, dst] = number_of, bytes_of
    else:
        for pair, number_of, bytes_of in zip(pairs.tolist(), messages.tolist(), total.tolist(), strict=True):
            for src, dst, _, _ in routes[divmod(pair, schedule.ranks)].links:
                count[src, dst] += number_of
                carried[src, dst] += bytes_of
    return count, carried


def _sums(which: Ints, values: Any, size: int) -> Any:
    """The sum of the values of each of ``size`` groups: whole numbers, however large."""
    if int(values.max(initial=0)) * len(values) < 2**53:  # exact in floats
        return np.bincount(which, values, size).astype(np.int64)
    found = np.zeros(size, dtype=object)
    np.add.at(found, which, values.astype(object))
    return found


def busiest(uses: Iterable[LinkUse]) -> LinkUse | None:
    """The link that its bytes keep busy longest (of several the first), None if no byte was sent."""
    return max((use for use in uses if use.bytes), key=by_load, default=None)
