"""Fair share: messages are fluids that share the links of their routes max-min fairly.

Bertsekas and Gallager, Data Networks, section 6.5.2; what SimGrid's CM02 computes (Casanova and Marchal 2002; Velho,
Schnorr, Casanova and Legrand, On the validity of flow-level TCP network models, TOMACS 2013).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from simcomm.closed_forms import Seconds
from simcomm.errors import InputError, did_you_mean
from simcomm.networks.base import Cost, Message, Run, add_up, gamma
from simcomm.networks.programs import CAP, DELAY, SHARE, TURN, WEIGHT, Batch, Programs
from simcomm.schedule import Ints

WEIGHTS = ("equal", "inverse_latency")


@dataclass(frozen=True)
class FairShare:
    """After its route's latency a message is a flow; the flows of every instant share all links max-min fairly.

    A message of b bytes: the sum of its links' latencies goes by; then it flows over all its links at once, at a rate
    that changes whenever any flow starts or ends, until b bytes have flowed. A reduction then takes bγ of the
    receiver's processor, one at a time. Alone it takes Σ latency + b/min(bandwidth, cap) + bγ.

    The rates: all grow together, each in proportion to its weight, until a link is full (or a flow has reached
    ``rate_cap_Bps``); the flows of that link stay as they are, the others grow on. ``weights="equal"`` is plain
    max-min; ``"inverse_latency"`` is 1/(the route's latency), as TCP shares and SimGrid assumes; a route without
    latency then has weight 1, as in SimGrid. A host's ports are its links. Not modelled: packets, buffers, slow start,
    losses.
    """

    weights: str = "equal"
    rate_cap_Bps: Seconds | None = None
    reduce_bandwidth_Bps: Seconds | None = None

    one_port: ClassVar[bool] = False
    bytes_take_time: ClassVar[bool] = True

    def __post_init__(self) -> None:
        if self.weights not in WEIGHTS:
            hint = did_you_mean(str(self.weights), WEIGHTS)
            raise InputError(f"weights: {self.weights!r}; expected {' or '.join(WEIGHTS)}{hint}")

    def transmit(self, message: Message, run: Run) -> Iterator[Any]:
        """The specification above, line by line."""
        latency_s = message.route.latency_s
        yield run.delay(latency_s)
        weight = 1 / latency_s if self.weights == "inverse_latency" and latency_s else 1
        yield run.share(message.route.links, message, weight, self.rate_cap_Bps)
        yield from add_up(message, self.cost(message).reduction_s, run)

    def lower(self, batch: Batch) -> Programs:
        """``transmit`` and ``cost`` of many messages at once."""
        table, route, size = batch.table, batch.route, batch.size_bytes
        latency_s = table.latency_s[route]
        weighs = (latency_s != 0) & (self.weights == "inverse_latency")
        cap: Any = self.rate_cap_Bps
        is_capped = cap is not None
        rate: Any = np.minimum(cap, table.bandwidth_Bps[route]) if is_capped else table.bandwidth_Bps[route]
        flowing = size / rate
        adding = np.where(batch.reduces, size * gamma(self.reduce_bandwidth_Bps), 0.0)
        adds = adding != 0
        programs = Programs.with_room(2 + weighs + is_capped + 2 * adds)
        programs.put(programs.start, DELAY, 0, latency_s)
        programs.put(programs.start + 1, SHARE, route, size)
        programs.put(programs.start[weighs] + 2, WEIGHT, 0, 1 / latency_s[weighs])
        if is_capped:
            programs.put(programs.start + 2 + weighs, CAP, 0, self.rate_cap_Bps)
        after = (programs.start + 2 + weighs + is_capped)[adds]
        programs.put(after, TURN, batch.places.of_rank("reduce", batch.dst[adds]), adding[adds])
        programs.put(after + 1, DELAY, 0, adding[adds])
        programs.costs = (latency_s, flowing, adding, flowing, flowing + adding)
        return programs

    def cost(self, message: Message) -> Cost:
        """(Σ latency, b/min(bandwidth, cap), bγ)."""
        rate = message.route.bandwidth_Bps if self.rate_cap_Bps is None else self.rate_cap_Bps
        flowing = message.size_bytes / min(rate, message.route.bandwidth_Bps)
        adding = message.size_bytes * gamma(self.reduce_bandwidth_Bps) if message.reduces else 0
        return Cost(message.route.latency_s, flowing, adding, flowing, flowing + adding)

    def alpha_gamma(self, latency_s: Seconds) -> tuple[Any, Any]:
        """(L, γ)."""
        return latency_s, gamma(self.reduce_bandwidth_Bps)

    def has_formula(self, size_bytes: Ints, bandwidth_Bps: Seconds) -> bool:
        """Never: the formulas are for queues at one port per host."""
        return False
