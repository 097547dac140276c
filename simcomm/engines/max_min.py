"""Max-min fair rates: progressive filling (Bertsekas and Gallager, Data Networks, section 6.5.2)."""

from __future__ import annotations

import heapq
import math
from collections.abc import Hashable, Mapping, Sequence
from typing import Any, NamedTuple


class Demand(NamedTuple):
    """One flow: the links that it crosses, its weight, and the most that it may have (None: no such limit)."""

    links: Sequence[Any]
    weight: Any
    cap_Bps: Any | None


class Share(NamedTuple):
    """The rate of a flow and the link that limits it (None: its own cap does)."""

    rate_Bps: Any
    bottleneck: Hashable | None


def max_min(demands: Sequence[Demand], bandwidth_Bps: Mapping[Hashable, Any]) -> list[Share]:
    """The weighted max-min fair rates of flows over links.

    All flows grow at a common level, the rate being level·weight, until a link is full: its flows stay there, the
    others grow on. A flow's cap is a link of its own. Of links that fill up at the same level (floats: to 40 bits) the
    first is taken first, in the order of ``bandwidth_Bps``. So every flow has a full link (or its cap) on which no
    other flow has a higher level: the certificate by which the result can be checked.

    >>> two = [Demand(("a",), 1, None), Demand(("a", "b"), 1, None)]
    >>> [share.rate_Bps for share in max_min(two, {"a": 3.0, "b": 1.0})]
    [2.0, 1.0]
    """
    flows_of: dict[Hashable, list[int]] = {}
    weight_of: dict[Hashable, Any] = {}
    left: dict[Hashable, Any] = {}
    for flow, demand in enumerate(demands):
        for link in demand.links:
            flows_of.setdefault(link, []).append(flow)
            weight_of[link] = weight_of.get(link, 0) + demand.weight
            left.setdefault(link, bandwidth_Bps[link])
        if demand.cap_Bps is not None:
            own = _Cap(flow)
            flows_of[own], weight_of[own], left[own] = [flow], demand.weight, demand.cap_Bps
    number = {link: index for index, link in enumerate(dict.fromkeys((*bandwidth_Bps, *flows_of)))}
    growing = {link: len(flows) for link, flows in flows_of.items()}
    full_at = [(_coarse(left[link] / weight_of[link]), number[link], link) for link in flows_of]
    heapq.heapify(full_at)
    shares: list[Share | None] = [None] * len(demands)
    equal = len({demand.weight for demand in demands}) <= 1
    level: Any = 0
    while full_at:
        then, _, link = heapq.heappop(full_at)
        if not growing[link] or then != _coarse(left[link] / weight_of[link]):
            continue  # all its flows stay already, or it fills up later than was thought: that is in the heap, too
        then = left[link] / weight_of[link]
        if _coarse(then) > _coarse(level):  # else it is the same but for rounding, which would add up
            level = then
        rest = left[link] if growing[link] == 1 and level == then else None  # for one flow: all of it, not nearly all
        touched: dict[Hashable, None] = {}
        for flow in flows_of[link]:
            if shares[flow] is None:
                demand = demands[flow]
                rate = level * demand.weight if rest is None else rest
                shares[flow] = Share(rate, None if isinstance(link, _Cap) else link)
                for other in (*demand.links, *((_Cap(flow),) if demand.cap_Bps is not None else ())):
                    left[other] -= rate
                    weight_of[other] -= demand.weight
                    growing[other] -= 1
                    touched[other] = None
        for other in touched:
            if growing[other]:
                if not equal:  # what is left of a sum of weights of different magnitudes is mostly rounding
                    weight_of[other] = sum(demands[flow].weight for flow in flows_of[other] if shares[flow] is None)
                heapq.heappush(full_at, (_coarse(left[other] / weight_of[other]), number[other], other))
    return [share for share in shares if share is not None]


def _coarse(level: Any) -> Any:
    """A float to 40 bits (Dekker 1971), so that what differs by rounding only is equal; Fractions as they are."""
    if not isinstance(level, float):
        return level
    high = level * 8193.0
    return high - (high - level) if math.isfinite(high) else level


class _Cap(NamedTuple):
    """The link of its own that a flow's cap is."""

    flow: int
