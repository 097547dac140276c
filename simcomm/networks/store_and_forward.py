"""Store and forward: every link of a route is a queue, first come, first served.

What ASTRA-sim's congestion-aware analytical network does with whole messages (Won et al., ASTRA-sim2.0, ISPASS 2023;
Rashidi et al., ISPASS 2020); with packets, the textbook's pipeline over hops (Kurose and Ross, Computer Networking,
section 1.4).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from simcomm import jit
from simcomm.closed_forms import Seconds
from simcomm.errors import InputError
from simcomm.networks.base import Cost, Message, Run, add_up, gamma, total
from simcomm.networks.programs import DELAY, JOIN, SPAWN, TURN, Batch, Places, Programs, RouteTable
from simcomm.schedule import Ints


@dataclass(frozen=True)
class StoreAndForward:
    """Every directed link serves one message (or packet) at a time, and hands it on when it has all of it.

    A message of b bytes does at every link of its route, in order: wait for the link, hold it for b/bandwidth, be at
    the link's end one latency after that. Then e ``endpoint_delay_s`` goes by at the receiver; a reduction takes bγ
    more of its processor, one at a time. Alone it takes Σ (b/bandwidth + latency) + e + bγ.

    With ``packet_size_bytes`` P a message is ⌈b/P⌉ packets, the last one shorter, that ask for the first link at the
    same time and then travel each on its own: alone, k full packets over equal links take (k + links − 1)·P/bandwidth.
    A host's ports are its links: it may send over all of them at once. Not modelled: limited buffers, headers.
    1/γ is ``reduce_bandwidth_Bps`` (None: adding up takes no time).
    """

    packet_size_bytes: int | None = None
    endpoint_delay_s: Seconds = 0
    reduce_bandwidth_Bps: Seconds | None = None

    one_port: ClassVar[bool] = False
    bytes_take_time: ClassVar[bool] = True

    def __post_init__(self) -> None:
        if self.packet_size_bytes is not None and self.packet_size_bytes < 1:
            raise InputError(f"packet_size: {self.packet_size_bytes} bytes; expected at least 1 byte")

    def transmit(self, message: Message, run: Run) -> Iterator[Any]:
        """All packets over the route; then the endpoint's delay, and the addition."""
        packets = self._packets(message.size_bytes)
        if len(packets) == 1:
            yield from self._cross(message, packets[0], run)
        else:
            yield run.each(self._cross(message, size_bytes, run) for size_bytes in packets)
        yield run.delay(self.endpoint_delay_s)
        yield from add_up(message, self.cost(message).reduction_s, run)

    @staticmethod
    def _cross(message: Message, size_bytes: int, run: Run) -> Iterator[Any]:
        """The specification above, line by line."""
        for link in message.route.links:
            serialisation = size_bytes / link.bandwidth_Bps
            yield run.turn(link, message, serialisation)
            yield run.delay(serialisation + link.latency_s)

    def _packets(self, size_bytes: int) -> list[int]:
        full, rest = divmod(size_bytes, self.packet_size_bytes or size_bytes)
        return [self.packet_size_bytes or size_bytes] * full + [rest] * (rest > 0)

    def cost(self, message: Message) -> Cost:
        """(Σ latency + e, the pipeline's serialisation, bγ).

        Of k packets over several links the last one is late by the longest chain through the grid packets x links: the
        full packets over the first links, all of them over the slowest of these, and the last one over the rest.
        """
        *full, last = self._packets(message.size_bytes)
        inverse = [1 / link.bandwidth_Bps for link in message.route.links]
        late = last * total(inverse)
        for hop in range(len(inverse) if full else 0):
            first = inverse[: hop + 1]
            chain = full[0] * (total(first) + (len(full) - 1) * max(first)) + last * total(inverse[hop:])
            late = max(late, chain)
        adding = message.size_bytes * gamma(self.reduce_bandwidth_Bps) if message.reduces else 0
        sending_s, receiving_s = message.size_bytes * inverse[0], message.size_bytes * inverse[-1] + adding
        return Cost(message.route.latency_s + self.endpoint_delay_s, late, adding, sending_s, receiving_s)

    def lower(self, batch: Batch) -> Programs:
        """``transmit`` and ``cost`` of many messages at once, in the same order of operations.

        Behind the messages' programs come those of their packets: of a message's full ones, and of its last one.
        """
        size, packet = batch.size_bytes, self.packet_size_bytes
        several = np.zeros(len(batch), np.bool_) if packet is None else size > packet
        adding = np.where(batch.reduces, size * gamma(self.reduce_bandwidth_Bps), 0.0)
        cut, hops = np.flatnonzero(several), batch.table.hops[batch.route]
        full, last = np.divmod(size[cut], packet or 1)
        own = np.where(several, 2 + (size % (packet or 1) > 0), 2 * hops)
        pieces = np.concatenate([np.full(len(cut), packet or 0), last])
        route = batch.route[np.concatenate([cut, cut])]
        lengths = np.concatenate([own + 1 + 2 * (adding != 0), 2 * batch.table.hops[route]])
        programs, count = Programs.with_room(lengths), len(batch)
        whole = ~several
        _lower_crossings(
            programs, programs.start[:count][whole], batch.table, batch.places, batch.route[whole], size[whole]
        )
        _lower_crossings(programs, programs.start[count:], batch.table, batch.places, route, pieces)
        begin = programs.start[:count][cut]
        programs.put(begin, SPAWN, count + np.arange(len(cut)), full)
        rest = last > 0
        programs.put(begin[rest] + 1, SPAWN, count + len(cut) + np.flatnonzero(rest), 1)
        programs.put(begin + 1 + rest, JOIN)
        after = programs.start[:count] + own
        programs.put(after, DELAY, 0, self.endpoint_delay_s)
        adds = adding != 0
        programs.put(after[adds] + 1, TURN, batch.places.of_rank("reduce", batch.dst[adds]), adding[adds])
        programs.put(after[adds] + 2, DELAY, 0, adding[adds])
        programs.costs = self._costs(batch, adding, several)
        return programs

    def _costs(self, batch: Batch, adding: Any, several: Any) -> tuple[Any, ...]:
        """``cost`` of all; the pipelines of packets one by one."""
        table = batch.table
        inverse, inverse_sum = 1 / table.link_bandwidth_Bps, np.zeros(len(table.first) - 1)
        jit.large(_add_up, len(table.links))(table.first, table.links, inverse, inverse_sum)
        late = batch.size_bytes * inverse_sum[batch.route]
        if several.any():
            for index, message in enumerate(batch.messages()):
                if several[index]:
                    late[index] = self.cost(message).serialisation_s
        first = inverse[table.links[table.first[:-1]]][batch.route]
        final = inverse[table.links[table.first[1:] - 1]][batch.route]
        endpoint_s: Any = self.endpoint_delay_s
        latency_s = table.latency_s[batch.route] + endpoint_s
        return latency_s, late, adding, batch.size_bytes * first, batch.size_bytes * final + adding

    def alpha_gamma(self, latency_s: Seconds) -> tuple[Any, Any]:
        """(L + e, γ)."""
        return latency_s + self.endpoint_delay_s, gamma(self.reduce_bandwidth_Bps)

    def has_formula(self, size_bytes: Ints, bandwidth_Bps: Seconds) -> bool:
        """Never: the formulas are for one port per host."""
        return False


def _lower_crossings(
    programs: Programs, begin: Ints, table: RouteTable, places: Places, route: Ints, size: Ints
) -> None:
    """``_cross``, line by line, of pieces of these sizes over these routes."""
    of_links = (table.first, table.links, table.link_bandwidth_Bps, table.link_latency_s)
    write = jit.large(_write_crossings, len(programs.code) if len(route) else 0)
    write(begin, route, size, *of_links, places.first_link, programs.code, programs.what, programs.amount)


def _write_crossings(
    begin: Any, route: Any, size: Any, first: Any, links: Any, bandwidth_Bps: Any, latency_s: Any, first_link: int,
    code: Any, what: Any, amount: Any,
) -> None:  # fmt: skip
    for piece in range(len(begin)):
        at = begin[piece]
        for hop in range(first[route[piece]], first[route[piece] + 1]):
            link = links[hop]
            serialisation = size[piece] / bandwidth_Bps[link]
            code[at], what[at], amount[at] = TURN, first_link + link, serialisation
            code[at + 1], amount[at + 1] = DELAY, serialisation + latency_s[link]
            at += 2


def _add_up(first: Any, links: Any, of_link: Any, total: Any) -> None:
    """The sum over the links of every route, in their order."""
    for route in range(len(total)):
        for hop in range(first[route], first[route + 1]):
            total[route] += of_link[links[hop]]
