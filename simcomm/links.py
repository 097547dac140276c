"""What every link of the network did in a run."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np

from simcomm.engines.meters import Meter
from simcomm.engines.timeline import Timeline
from simcomm.link_table import LinkUse, by_load
from simcomm.schedule import Ints, Schedule
from simcomm.topology.cluster import Cluster
from simcomm.topology.routes import Link


def link_uses(
    cluster: Cluster, schedule: Schedule, size_bytes: Ints, timeline: Timeline, point: str = ""
) -> tuple[LinkUse, ...]:
    """What every link of the graph did, in the graph's order, when messages of these sizes were sent."""
    count, carried = dict.fromkeys(cluster.graph.edges, 0), dict.fromkeys(cluster.graph.edges, 0)
    for pair, messages, total in _by_pair(schedule, size_bytes):
        for src, dst, _, _ in cluster.routes[pair].links:
            count[src, dst] += messages
            carried[src, dst] += total
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


def _by_pair(schedule: Schedule, size_bytes: Ints) -> Iterator[tuple[tuple[int, int], int, int]]:
    """Every (src, dst) that sends something, with its messages and bytes."""
    sends = np.flatnonzero(size_bytes > 0)
    keys = schedule.src[sends].astype(np.int64) * schedule.ranks + schedule.dst[sends]
    pairs, which, messages = np.unique(keys, return_inverse=True, return_counts=True)
    sizes = size_bytes[sends]
    overflows = int(sizes.max(initial=0)) * len(sizes) >= 2**63
    total = np.zeros(len(pairs), dtype=object if overflows else np.int64)
    np.add.at(total, which, sizes.astype(total.dtype))
    for pair, number, carried in zip(pairs.tolist(), messages.tolist(), total.tolist(), strict=True):
        yield divmod(pair, schedule.ranks), number, carried


def busiest(uses: Iterable[LinkUse]) -> LinkUse | None:
    """The link that its bytes keep busy longest (of several the first), None if no byte was sent."""
    return max((use for use in uses if use.bytes), key=by_load, default=None)
