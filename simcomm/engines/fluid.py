"""The flows of a run: who shares which links now, at which rates, and when the next one ends.

Rates are computed anew at the end of every instant at which a flow has started or ended, and only for the part of the
network that this touches: the flows that share a link with such a flow, those that share one with them, and so on.
"""

from __future__ import annotations

import heapq
import itertools
from collections.abc import Callable, Hashable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from simcomm.engines.max_min import Demand, max_min
from simcomm.engines.meters import Log
from simcomm.errors import DeadlockError

if TYPE_CHECKING:
    from simcomm.topology.routes import Link

#: Ends that differ by less, relatively, are one instant: what ends together does so however its sums are rounded.
SAME_INSTANT: Final = 2.0**-42


@dataclass(eq=False)
class _Flow:
    """A message under way; ``left_bytes`` of it were left at ``since_s``."""

    operation: int
    demand: Demand
    alone_Bps: Any
    left_bytes: Any
    since_s: Any
    done: Callable[[], None]
    rate_Bps: Any = 0
    bottleneck: Hashable | None = None
    ends: int = -1  # the number of the entry in the queue of ends that holds; others are of former rates
    lost_s: dict[Hashable, Any] = field(default_factory=dict)

    def advance(self, now: Any) -> None:
        """Count what has flowed since the rate last changed, and the time that sharing has cost."""
        passed = now - self.since_s
        self.left_bytes = max(self.left_bytes - self.rate_Bps * passed, 0)
        if self.bottleneck is not None and self.rate_Bps < self.alone_Bps:
            lost = passed * (1 - self.rate_Bps / self.alone_Bps)
            self.lost_s[self.bottleneck] = self.lost_s.get(self.bottleneck, 0) + lost
        self.since_s = now


class Fluid:
    """All flows of a run. The engine says when one starts, and calls :meth:`settle` and :meth:`end` when it is time.

    Of links that hold a flow back together the first in ``links`` counts, which are looked at when a flow starts.
    """

    def __init__(self, log: Log, links: Iterator[Link]) -> None:
        self._log = log
        self._links = links
        self._number_of: dict[Link, int] = {}
        self._on: dict[Link, dict[_Flow, None]] = {}
        self._busy_since: dict[Link, Any] = {}
        self._changed: dict[Link, None] = {}
        self._ends: list[tuple[Any, int, _Flow]] = []
        self._number = itertools.count()

    def start(
        self, operation: int, demand: Demand, alone_Bps: Any, size_bytes: int, now: Any, done: Callable[[], None]
    ) -> None:
        """A message begins to flow; ``done`` is called when all of it has."""
        flow = _Flow(operation, demand, alone_Bps, size_bytes, now, done)
        for link in demand.links:
            flows = self._on.setdefault(link, {})
            if not flows:
                self._busy_since[link] = now
            flows[flow] = None
            self._changed[link] = None

    def settle(self, now: Any) -> Any | None:
        """Give new rates to all that is touched by what has changed; return when the next flow ends, if one does."""
        flows, links = self._touched()
        shares = max_min([flow.demand for flow in flows], {link: link.bandwidth_Bps for link in links})
        for flow, share in zip(flows, shares, strict=True):
            if share.rate_Bps != flow.rate_Bps or share.bottleneck != flow.bottleneck:
                flow.advance(now)
                flow.rate_Bps, flow.bottleneck = share
                if not share.rate_Bps > 0:
                    raise DeadlockError(f"operation {flow.operation} starves: its rate on {share.bottleneck} is 0 B/s")
                flow.ends = next(self._number)
                heapq.heappush(self._ends, (now + flow.left_bytes / flow.rate_Bps, flow.ends, flow))
        for link in links:
            self._measure(link, now)
        while self._ends and self._ends[0][2].ends != self._ends[0][1]:
            heapq.heappop(self._ends)
        return self._ends[0][0] if self._ends else None

    def end(self, now: Any) -> bool:
        """End all flows whose time has come, to a few hundred roundings; return whether there were any."""
        ended = False
        until = now + now * SAME_INSTANT if isinstance(now, float) else now
        while self._ends and self._ends[0][0] <= until:
            _, number, flow = heapq.heappop(self._ends)
            if flow.ends == number:
                ended = True
                flow.advance(now)
                flow.ends = -1
                for link in dict.fromkeys(flow.demand.links):
                    del self._on[link][flow]
                    self._changed[link] = None
                    if not self._on[link]:
                        self._log.meter(link).busy_s += now - self._busy_since[link]
                for link, lost_s in flow.lost_s.items():
                    self._log.wait(flow.operation, link, lost_s)
                flow.done()
        return ended

    def _touched(self) -> tuple[list[_Flow], list[Link]]:
        """The flows and links that hang together with a changed link, and no changes any more."""
        links, self._changed = self._changed, {}
        flows: dict[_Flow, None] = {}
        waiting = list(links)
        while waiting:
            for flow in self._on[waiting.pop()]:
                if flow not in flows:
                    flows[flow] = None
                    new = [link for link in flow.demand.links if link not in links]
                    links.update(dict.fromkeys(new))
                    waiting += new
        for link in itertools.chain(self._links, links):  # the first time all, then those that nobody has named
            self._number_of.setdefault(link, len(self._number_of))
        return sorted(flows, key=lambda flow: flow.operation), sorted(links, key=self._number_of.__getitem__)

    def _measure(self, link: Link, now: Any) -> None:
        flows, meter = self._on[link], self._log.meter(link)
        meter.present(len(flows))
        meter.contended(now, any(flow.bottleneck == link and flow.rate_Bps < flow.alone_Bps for flow in flows))
        self._log.rate(link, now, (flow.rate_Bps for flow in flows), len(flows))
