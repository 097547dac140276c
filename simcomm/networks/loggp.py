"""LogGP: contention only at a host's own ports, or at its one CPU.

Alexandrov, Ionescu, Schauser and Scheiman, LogGP: incorporating long messages into the LogP model, SPAA 1995; O from
Hoefler, Schneider and Lumsdaine, LogGOPSim, LSAP 2010; rendezvous after Ino, Fujimoto and Hagihara, LogGPS, PPoPP 2001.
With o = g = O = 0 it is Hockney's T = α + β·size (Hockney, The communication challenge for MPP, 1994), the default.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from simcomm.closed_forms import Seconds
from simcomm.errors import InputError, did_you_mean
from simcomm.networks.base import Cost, Message, Run, gamma
from simcomm.networks.programs import AND, DELAY, HOLD, TURN, Batch, Places, Programs
from simcomm.schedule import Ints

PORTS = ("full_duplex", "one_cpu")


@dataclass(frozen=True)
class LogGP:
    """Every rank serves one message at a time in each direction (``ports="full_duplex"``) or in all (``"one_cpu"``).

    A message of b bytes over a route with latency L and bandwidth 1/G (summed and smallest of its links):

    * waits for its sender's port and holds it for max(o + bO, g + bG);
    * its first byte is at the receiver o + L after that began; it waits for the receiver's port there;
    * holds that for max(o + bO, g + bG + bγ); it has arrived (and is added, if it reduces: γ) o + max(bO, bG + bγ)
      after it got the port.

    With ``one_cpu`` a message needs two places at once: at the sender the CPU, for o + bO, and the sending side of
    the NIC, for g + bG; at the receiver the CPU for o + max(bO, bG + bγ) and the receiving side for g + bG. So a host
    neither sends nor receives anything else while it receives. Nobody queues: whoever tries first when both are free
    has them. This is what LogGOPSim does.

    α = L + 2o, β = G. The latency is on the wire: nothing is held during it. Not modelled: links inside the network,
    limited buffers. A message of no byte is never sent. Parameters: o ``overhead_s``, g ``gap_s``, 1/O
    ``cpu_bandwidth_Bps`` (None: O = 0), 1/γ ``reduce_bandwidth_Bps`` (None: γ = 0); ``rendezvous_above_bytes``: a
    larger message is sent when a request has gone to its receiver and an answer has come back (over a route like its
    own), each as a message of no byte (None: all are eager); ``first_byte_free``: b − 1 bytes take time, as in the
    paper.
    """

    overhead_s: Seconds = 0
    gap_s: Seconds = 0
    reduce_bandwidth_Bps: Seconds | None = None
    cpu_bandwidth_Bps: Seconds | None = None
    rendezvous_above_bytes: int | None = None
    first_byte_free: bool = False
    ports: str = "full_duplex"

    one_port: ClassVar[bool] = True

    def __post_init__(self) -> None:
        if self.ports not in PORTS:
            raise InputError(
                f"ports: {self.ports!r}; expected {' or '.join(PORTS)}{did_you_mean(str(self.ports), PORTS)}"
            )

    @property
    def bytes_take_time(self) -> bool:
        """Not if the first byte of every message is free."""
        return not self.first_byte_free

    def transmit(self, message: Message, run: Run) -> Iterator[Any]:
        """The request and its answer, if it is too long to be sent at once; then the message."""
        src, dst = message.src, message.dst
        if self._asks_first(message):
            yield from self._cross(src, dst, message, run, 0, 0, 0)
            yield from self._cross(dst, src, message, run, 0, 0, 0)
        yield from self._cross(src, dst, message, run, *self._busy(message))

    def _cross(
        self, src: int, dst: int, message: Message, run: Run, wire: Seconds, cpu: Seconds, adding: Seconds
    ) -> Iterator[Any]:
        """The specification above, line by line."""
        o, g = self.overhead_s, self.gap_s
        received = o + max(cpu, wire + adding)
        if self.ports == "one_cpu":
            yield run.hold({("cpu", src): o + cpu, ("send", src): g + wire}, message)
            yield run.delay(o + message.route.latency_s)
            yield run.hold({("cpu", dst): received, ("receive", dst): g + wire}, message)
        else:
            yield run.turn(("send", src), message, max(o + cpu, g + wire))
            yield run.delay(o + message.route.latency_s)
            yield run.turn(("receive", dst), message, max(o + cpu, g + wire + adding))
        yield run.delay(received)

    def _busy(self, message: Message) -> tuple[Any, Any, Any]:
        """Seconds: bG, bO and bγ."""
        size = message.size_bytes - self.first_byte_free
        cpu = 0 if self.cpu_bandwidth_Bps is None else size / self.cpu_bandwidth_Bps
        adding = size * gamma(self.reduce_bandwidth_Bps) if message.reduces else 0
        return size / message.route.bandwidth_Bps, cpu, adding

    def _asks_first(self, message: Message) -> bool:
        return self.rendezvous_above_bytes is not None and message.size_bytes > self.rendezvous_above_bytes

    def cost(self, message: Message) -> Cost:
        """(L + 2o, three times that with a rendezvous; max(bG, bO − bγ); bγ), and bG, bG + bγ at the two ends."""
        wire, cpu, adding = self._busy(message)
        crossings = 3 if self._asks_first(message) else 1
        latency_s = crossings * (message.route.latency_s + 2 * self.overhead_s)
        return Cost(latency_s, max(wire, cpu - adding), adding, wire, wire + adding)

    def lower(self, batch: Batch) -> Programs:
        """``transmit`` and ``cost`` of many messages at once, in the same order of operations."""
        o, table, places = self.overhead_s, batch.table, batch.places
        size: Any = batch.size_bytes - self.first_byte_free
        wire = size / table.bandwidth_Bps[batch.route]
        cpu = np.zeros(len(batch)) if self.cpu_bandwidth_Bps is None else size / self.cpu_bandwidth_Bps
        adding = np.where(batch.reduces, size * gamma(self.reduce_bandwidth_Bps), 0.0)
        limit = self.rendezvous_above_bytes
        asks = np.zeros(len(batch), np.bool_) if limit is None else batch.size_bytes > limit
        latency_s = table.latency_s[batch.route]
        one = 6 if self.ports == "one_cpu" else 4
        programs = Programs.with_room(one * np.where(asks, 3, 1))
        nothing = np.zeros(np.count_nonzero(asks))
        first, src, dst = programs.start[asks], batch.src[asks], batch.dst[asks]
        for begin, a, b in ((first, src, dst), (first + one, dst, src)):
            self._lower_crossing(programs, begin, places, a, b, latency_s[asks], nothing, nothing, nothing)
        begin = programs.start + np.where(asks, 2 * one, 0)
        self._lower_crossing(programs, begin, places, batch.src, batch.dst, latency_s, wire, cpu, adding)
        latency_s = np.where(asks, 3, 1) * (latency_s + 2 * o)
        programs.costs = (latency_s, np.maximum(wire, cpu - adding), adding, wire, wire + adding)
        return programs

    def _lower_crossing(
        self, programs: Programs, at: Ints, places: Places, src: Ints, dst: Ints, latency_s: Any, *busy: Any
    ) -> None:
        """``_cross``, line by line, written from ``at`` on."""
        (wire, cpu, adding), o, g = busy, self.overhead_s, self.gap_s
        received = o + np.maximum(cpu, wire + adding)
        send, receive = places.of_rank("send", src), places.of_rank("receive", dst)
        if self.ports == "one_cpu":
            steps = [
                (HOLD, places.of_rank("cpu", src), o + cpu),
                (AND, send, g + wire),
                (DELAY, 0, o + latency_s),
                (HOLD, places.of_rank("cpu", dst), received),
                (AND, receive, g + wire),
            ]
        else:
            steps = [
                (TURN, send, np.maximum(o + cpu, g + wire)),
                (DELAY, 0, o + latency_s),
                (TURN, receive, np.maximum(o + cpu, g + wire + adding)),
            ]
        for row, (code, what, amount) in enumerate([*steps, (DELAY, 0, received)]):
            programs.put(at + row, code, what, amount)

    def alpha_gamma(self, latency_s: Seconds) -> tuple[Any, Any]:
        """(L + 2o, γ)."""
        return latency_s + 2 * self.overhead_s, gamma(self.reduce_bandwidth_Bps)

    def has_formula(self, size_bytes: Ints, bandwidth_Bps: Seconds) -> bool:
        """The α–β–γ formulas hold while a port is held for bG exactly: g = O = 0, o ≤ bG for the smallest, eager."""
        limit = self.rendezvous_above_bytes
        return (
            self.ports == "full_duplex"
            and not self.first_byte_free
            and self.gap_s == 0
            and self.cpu_bandwidth_Bps is None
            and (limit is None or int(size_bytes.max()) <= limit)
            and self.overhead_s <= int(size_bytes.min()) / bandwidth_Bps
        )
