"""LogGP: contention only at a host's own send and receive port.

Alexandrov, Ionescu, Schauser and Scheiman, LogGP: incorporating long messages into the LogP model, SPAA 1995.
With o = g = 0 it is Hockney's T = α + β·size (Hockney, The communication challenge for MPP, 1994), the default.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from simcomm.closed_forms import Seconds
from simcomm.networks.base import Cost, Message, Run


@dataclass(frozen=True)
class LogGP:
    """Every rank has one send and one receive port, independent (full duplex); each serves one message at a time.

    A message of b bytes over a route with latency L and bandwidth 1/G (summed and smallest of its links):

    * waits for its sender's port and holds it for max(o, g + bG);
    * its first byte is at the receiver o + L after that began; it waits for the receiver's port there;
    * holds that for max(o, g + bG + bγ), and has arrived (and is added, if it reduces: γ) after o + bG + bγ.

    α = L + 2o, β = G. The latency is on the wire: no port is held during it. Not modelled: links inside the network,
    limited buffers, the rendezvous of long messages. Parameters: o ``overhead_s``, g ``gap_s``, 1/γ
    ``reduce_bandwidth_Bps`` (None: adding up takes no time); a message of no byte is never sent.
    """

    overhead_s: Seconds = 0
    gap_s: Seconds = 0
    reduce_bandwidth_Bps: Seconds | None = None

    def transmit(self, message: Message, run: Run) -> Iterator[Any]:
        """The specification above, line by line."""
        _, serialisation, reduction = self.cost(message)
        yield run.turn(("send", message.src), message, max(self.overhead_s, self.gap_s + serialisation))
        yield run.delay(self.overhead_s + message.route.latency_s)
        busy = serialisation + reduction
        yield run.turn(("receive", message.dst), message, max(self.overhead_s, self.gap_s + busy))
        yield run.delay(self.overhead_s + busy)

    def cost(self, message: Message) -> Cost:
        """(L + 2o, bG, bγ)."""
        return Cost(
            message.route.latency_s + 2 * self.overhead_s,
            message.size_bytes / message.rate_Bps,
            message.size_bytes * self.gamma if message.reduces else 0,
        )

    @property
    def gamma(self) -> Any:
        """γ, the seconds to add one byte."""
        return 0 if self.reduce_bandwidth_Bps is None else 1 / self.reduce_bandwidth_Bps

    def alpha_gamma(self, latency_s: Seconds) -> tuple[Any, Any]:
        """(L + 2o, γ)."""
        return latency_s + 2 * self.overhead_s, self.gamma

    def has_formula(self, shortest_s: Seconds) -> bool:
        """The α–β–γ formulas hold while a port is held for bG exactly: g = 0 and o ≤ bG for the shortest message."""
        return self.gap_s == 0 and self.overhead_s <= shortest_s
