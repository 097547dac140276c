"""What every link of the network did in a run."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping
from typing import Any

from simcomm.engines.meters import Meter
from simcomm.link_table import LinkUse, by_load
from simcomm.shares import Pairs
from simcomm.topology.cluster import Cluster
from simcomm.topology.routes import Link


def link_uses(
    cluster: Cluster, traffic: Pairs, makespan_s: Any, meters: Mapping[Hashable, Meter], point: str = ""
) -> tuple[LinkUse, ...]:
    """What every link of the graph did, in the graph's order, when this went from rank to rank."""
    count, carried = dict.fromkeys(cluster.graph.edges, 0), dict.fromkeys(cluster.graph.edges, 0)
    for *pair, messages, total in zip(*(column.tolist() for column in traffic), strict=True):
        for src, dst, _, _ in cluster.routes[pair[0], pair[1]].links:
            count[src, dst] += messages
            carried[src, dst] += total
    time_s, sees_links = float(makespan_s), any(isinstance(place, Link) for place in meters)
    found = []
    for a, b, link in cluster.graph.edges(data=True):
        bandwidth_Bps, latency_s = link["bandwidth_Bps"], link["latency_s"]
        meter = meters.get(Link(a, b, bandwidth_Bps, latency_s)) or Meter(0.0)
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


def busiest(uses: Iterable[LinkUse]) -> LinkUse | None:
    """The link that its bytes keep busy longest (of several the first), None if no byte was sent."""
    return max((use for use in uses if use.bytes), key=by_load, default=None)
