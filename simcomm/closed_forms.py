"""What theory says: the type of a claim, sizes of chunks, lower bounds and bus-bandwidth factors.

A closed form is a function of the number of workers and the size alone. Nothing here sees a schedule: what is
counted and what is claimed must come from two places, or the check would check itself.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from typing import TypeAlias

from simcomm.errors import InputError

#: Seconds as a float, or exactly as a Fraction: the formulas work with either.
Seconds: TypeAlias = float | Fraction


@dataclass(frozen=True)
class Vector:
    """A gradient vector of ``elements`` numbers of ``itemsize`` bytes each.

    Chunk i of C covers elements ⌊iE/C⌋ … ⌊(i+1)E/C⌋ − 1, so any E can be cut into any C and the chunks add up.

    >>> [Vector(10, 4).chunk_bytes(i, 4) for i in range(4)]
    [8, 12, 8, 12]
    >>> Vector(10, 4).largest_chunk(4), Vector(3, 4).filled(8)
    (12, 3)
    """

    elements: int
    itemsize: int = 4

    def __post_init__(self) -> None:
        for name, value, least in (("elements", self.elements, 0), ("itemsize", self.itemsize, 1)):
            if type(value) is not int or value < least:
                raise InputError(f"{name}: {value!r}; expected a whole number of at least {least}")

    @property
    def bytes(self) -> int:
        """S, the size of the whole vector."""
        return self.elements * self.itemsize

    def chunk_bytes(self, chunk: int, chunks: int) -> int:
        """Size of chunk number ``chunk`` of ``chunks``."""
        first = chunk * self.elements // chunks
        return ((chunk + 1) * self.elements // chunks - first) * self.itemsize

    def range_bytes(self, first: int, end: int, chunks: int) -> int:
        """Size of the chunks from number ``first`` of ``chunks`` up to ``end``, which is left out."""
        return (end * self.elements // chunks - first * self.elements // chunks) * self.itemsize

    def largest_chunk(self, chunks: int) -> int:
        """⌈E/C⌉ elements in bytes: the chunk that sets the time of a step."""
        return -(-self.elements // chunks) * self.itemsize

    def filled(self, chunks: int) -> int:
        """How many of the chunks hold anything: min(C, E). An empty chunk is neither sent nor counted."""
        return min(chunks, self.elements)

    def is_cut_evenly(self, chunks: int) -> bool:
        """Whether all chunks have the same size."""
        return self.elements % chunks == 0

    def is_filled(self, chunk: int, chunks: int) -> bool:
        """Whether chunk number ``chunk`` of ``chunks`` holds anything."""
        return self.chunk_bytes(chunk, chunks) > 0


@dataclass(frozen=True)
class Traffic:
    """Messages and bytes of one rank in one direction, or of a whole run.

    >>> Traffic(1, 8) + Traffic(2, 4)
    Traffic(messages=3, bytes=12)
    """

    messages: int
    bytes: int

    def __add__(self, other: Traffic) -> Traffic:
        return Traffic(self.messages + other.messages, self.bytes + other.bytes)


#: A time as a function of α (s per message), β (s per byte) and γ (s to add one byte).
TimeFormula = Callable[[Seconds, Seconds, Seconds], Seconds]


@dataclass(frozen=True)
class Claim:
    """What a collective says of itself for n workers and one vector, without running it.

    ``total`` is all messages and bytes; ``sent(rank)`` and ``received(rank)`` are one rank's share, or of an array of
    ranks those of each (a form that asks "if rank" cannot say that; it is asked rank by rank); ``steps`` is the
    longest chain of messages that wait for each other. ``time(alpha, beta, gamma)`` is the makespan on a network
    where every pair of hosts that talk has the same latency α and bandwidth 1/β, ports are full duplex and all
    ranks are alike; it is None where no formula holds exactly (the engine still answers). ``chunks_sent`` is how many
    chunks all messages carry together where one carries several (None: one each); it says what must be remembered.
    """

    total: Traffic
    steps: int
    sent: Callable[[int], Traffic]
    received: Callable[[int], Traffic]
    time: TimeFormula | None = None
    chunks_sent: int | None = None


def chunks_except(vector: Vector, chunks: int, *left_out: int) -> Traffic:
    """One message for every filled chunk, less the chunks that are ``left_out``.

    >>> chunks_except(Vector(10), 4, 1)
    Traffic(messages=3, bytes=28)
    """
    gone = [chunk % chunks for chunk in left_out]
    return Traffic(
        vector.filled(chunks) - sum(vector.is_filled(chunk, chunks) for chunk in gone),
        vector.bytes - sum(vector.chunk_bytes(chunk, chunks) for chunk in gone),
    )


def one_message(vector: Vector, chunks: int, first: int, end: int) -> Traffic:
    """The message that carries the chunks from ``first`` up to ``end``, which is left out; none if they are empty.

    >>> one_message(Vector(10), 4, 1, 3), one_message(Vector(1), 4, 0, 3)
    (Traffic(messages=1, bytes=20), Traffic(messages=0, bytes=0))
    """
    carried = vector.range_bytes(first, end, chunks)
    return Traffic((carried > 0) * 1, carried)


#: How many times S bytes have to be sent n − 1 times: to be added up, to be spread, to be exchanged.
_TRIPS = {"all_reduce": 2, "reduce_scatter": 1, "all_gather": 1, "all_to_all": 1}

#: The operations that add something up.
_ADDING = ("all_reduce", "reduce_scatter")


def busbw_factor(operation: str, workers: int) -> Fraction:
    """busbw = algbw · factor, as nccl-tests defines it (its PERFORMANCE.md).

    2(n−1)/n for all_reduce, (n−1)/n for reduce_scatter, all_gather and all_to_all (of blocks), 1 otherwise.

    >>> busbw_factor("all_reduce", 4), busbw_factor("all_gather", 4), busbw_factor("broadcast", 4)
    (Fraction(3, 2), Fraction(3, 4), Fraction(1, 1))
    """
    return Fraction(_TRIPS[operation] * (workers - 1), workers) if operation in _TRIPS else Fraction(1)


def lower_bound(
    operation: str,
    workers: int,
    size_bytes: int,
    *,
    alpha_s: Seconds,
    slowest_port_s_per_byte: Seconds,
    all_ports_bytes_per_s: Seconds,
    gamma_s_per_byte: Seconds,
    ranks: int,
) -> Seconds:
    """No schedule of ``operation`` on these ports can be faster than this.

    α + max(bytes that all must move / all ports' bandwidth + γ·additions/ranks, bytes of one worker · β).
    For n equal workers this is α + 2(n−1)/n·Sβ + (n−1)/n·Sγ (all-reduce), half of that β for reduce-scatter,
    all-gather and the all-to-all of blocks. Every element must be sent n−1 times to be added up and n−1 times to be
    spread (Patarasuk and Yuan 2009; Chan, Heimlich, Purkayastha and van de Geijn 2007); a worker's own gradient must
    leave it, and the sum enter it, at least once. In an all-to-all the worker whose block is b sends S − b and receives
    (n−1)b, one of which is at least (n−1)/n·S, whatever the cut. The latency term is one α, not ⌈lg n⌉α: that bound is
    for ports that are held during α, here the latency is on the wire and a port can have many messages under way.

    ``alpha_s`` is the smallest latency between two hosts, ``slowest_port_s_per_byte`` the β of the slowest worker,
    ``all_ports_bytes_per_s`` the sum over the ranks' ports in one direction. Links inside the network are not
    looked at. One worker, or no byte, takes no time; of other operations simcomm knows no bound and says 0.

    >>> s = Fraction(100)
    >>> lower_bound("all_reduce", 4, 100, alpha_s=Fraction(1), slowest_port_s_per_byte=Fraction(1),
    ...     all_ports_bytes_per_s=Fraction(4), gamma_s_per_byte=Fraction(0), ranks=4)
    Fraction(151, 1)
    """
    zero = 0 * alpha_s
    if workers == 1 or size_bytes == 0 or operation not in _TRIPS:
        return zero
    everyone = _TRIPS[operation] * (workers - 1) * size_bytes / all_ports_bytes_per_s
    # An all-reduce's worker sends all that it has; in the halves it may keep its own 1/n, which varies with the cut.
    one_worker = {
        "all_reduce": size_bytes * slowest_port_s_per_byte,
        "all_to_all": (workers - 1) * size_bytes * slowest_port_s_per_byte / workers,
    }.get(operation, zero)
    additions = (workers - 1) * size_bytes * gamma_s_per_byte / ranks if operation in _ADDING else zero
    return alpha_s + max(everyone + additions, one_worker)
