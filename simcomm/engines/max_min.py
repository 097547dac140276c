"""Max-min fair rates: progressive filling (Bertsekas and Gallager, Data Networks, section 6.5.2)."""

from __future__ import annotations

import heapq
import math
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, field
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
    crossed = _filling(demands, bandwidth_Bps)
    links = {link.order: link for own in crossed for link in own}.values()
    full_at = [(link.full_at, link.order, link) for link in links]
    heapq.heapify(full_at)
    shares: list[Share | None] = [None] * len(demands)
    equal = len({demand.weight for demand in demands}) <= 1
    level: Any = 0
    while full_at:
        then, _, link = heapq.heappop(full_at)
        if not link.growing or then != link.full_at:
            continue  # all its flows stay already, or it fills up later than was thought: that is in the heap, too
        exactly = link.left_Bps / link.weight
        if _coarse(exactly) > _coarse(level):  # else it is the same but for rounding, which would add up
            level = exactly
        # One flow has all that is left, not nearly all.
        rest = link.left_Bps if link.growing == 1 and level == exactly else None
        touched: dict[int, _Filling] = {}
        for flow in link.flows:
            if shares[flow] is None:
                weight = demands[flow].weight
                rate = level * weight if rest is None else rest
                shares[flow] = Share(rate, link.name)
                for other in crossed[flow]:
                    other.take(rate, weight)
                    touched[other.order] = other
        for other in touched.values():
            if other.growing:
                if not equal:  # what is left of a sum of weights of different magnitudes is mostly rounding
                    other.weight = sum(demands[flow].weight for flow in other.flows if shares[flow] is None)
                heapq.heappush(full_at, (other.full_at, other.order, other))
    return [share for share in shares if share is not None]


@dataclass(eq=False)
class _Filling:
    """A link that fills up, or a flow's cap, which has no name: what is left of it, and for which flows."""

    order: int
    name: Hashable | None
    left_Bps: Any
    flows: list[int] = field(default_factory=list)
    weight: Any = 0
    growing: int = 0

    def add(self, flow: int, weight: Any) -> None:
        self.flows.append(flow)
        self.weight += weight
        self.growing += 1

    def take(self, rate_Bps: Any, weight: Any) -> None:
        """For a flow that stays."""
        self.left_Bps -= rate_Bps
        self.weight -= weight
        self.growing -= 1

    @property
    def full_at(self) -> Any:
        """The level, to 40 bits."""
        return _coarse(self.left_Bps / self.weight)


def _filling(demands: Sequence[Demand], bandwidth_Bps: Mapping[Hashable, Any]) -> list[list[_Filling]]:
    """All that fills up on the way of every flow."""
    links = {name: _Filling(order, name, left_Bps) for order, (name, left_Bps) in enumerate(bandwidth_Bps.items())}
    crossed = []
    for flow, demand in enumerate(demands):
        crossed.append([links[name] for name in demand.links])
        if demand.cap_Bps is not None:
            crossed[-1].append(_Filling(len(links) + flow, None, demand.cap_Bps))
        for link in crossed[-1]:
            link.add(flow, demand.weight)
    return crossed


def _coarse(level: Any) -> Any:
    """A float to 40 bits (Dekker 1971), so that what differs by rounding only is equal; Fractions as they are."""
    if not isinstance(level, float):
        return level
    high = level * 8193.0
    return high - (high - level) if math.isfinite(high) else level
