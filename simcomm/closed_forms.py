"""What theory says: the type of a claim, sizes of chunks, lower bounds and bus-bandwidth factors.

A closed form is a function of the number of workers and the size alone. Nothing here sees a schedule: what is
counted and what is claimed must come from two places, or the check would check itself.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any, TypeAlias

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


def in_turn(first: Claim, second: Claim) -> Claim:
    """What one does and then the other, which nobody begins before the first has come to an end for everybody alike."""
    times = first.time, second.time
    return Claim(
        total=first.total + second.total,
        steps=first.steps + second.steps,
        sent=lambda rank: first.sent(rank) + second.sent(rank),
        received=lambda rank: first.received(rank) + second.received(rank),
        time=None if None in times else lambda *costs: sum(time(*costs) for time in times if time is not None),
    )


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


@dataclass(frozen=True)
class Demand:
    """The least that any schedule of an operation has to do, in bytes: what bounds are made of.

    ``together``: sent by all ranks together; ``worker``: through the port of every single worker, one way or the other
    (an all-reduce's both ways); ``root``: out of the port of rank ``at``, or with ``entering`` into it; ``added``:
    added up, by all ranks together. ``rounds``: how many messages one after the other where a port has one at a time
    under way, from its start to its arrival. ``between``: a square array of what each worker has for each, if that is
    what it is made of.
    """

    together: int = 0
    worker: int | Fraction = 0
    root: int = 0
    added: int = 0
    rounds: int = 0
    at: int = 0
    entering: bool = False
    between: Any = field(default=None, compare=False, repr=False)


def demand(operation: str, workers: int, vector: Vector, root: int = 0) -> Demand | None:
    """What has to be done for ``operation`` on this vector, however its n shares are cut; None if nobody knows.

    Every element must be sent n−1 times to be added up and n−1 times to be spread (Patarasuk and Yuan 2009; Chan,
    Heimlich, Purkayastha and van de Geijn 2007). A worker's own gradient must leave it, and a sum enter it, at least
    once; it may keep its own share, which has no more than ⌈E/n⌉ elements, and the root of a scatter or gather keeps
    its own. In an all-to-all the worker whose block is b sends S − b and receives (n−1)b, one of which is at least
    (n−1)/n·S. Whoever hears of n workers with one message under way at a port needs ⌈lg n⌉ rounds.

    >>> demand("broadcast", 5, Vector(25, 4))
    Demand(together=400, worker=100, root=0, added=0, rounds=3, at=0, entering=False)
    >>> demand("scatter", 4, Vector(10, 1), root=1).root
    7
    """
    S, others, lg = vector.bytes, workers - 1, (workers - 1).bit_length()
    if others == 0 or S == 0:
        return Demand()
    rest = S - vector.chunk_bytes(root, workers)
    # Those who have, or are to have, a share that holds anything; and the root.
    reached = vector.filled(workers) + (not vector.is_filled(root, workers))
    return {
        "all_reduce": Demand(2 * others * S, S, added=others * S, rounds=lg),
        "reduce_scatter": Demand(others * S, S - vector.largest_chunk(workers), added=others * S, rounds=lg),
        "all_gather": Demand(others * S, S - vector.largest_chunk(workers), rounds=lg),
        "all_to_all": Demand(others * S, Fraction(others * S, workers), rounds=lg),
        "broadcast": Demand(others * S, S, rounds=lg),
        "reduce": Demand(others * S, S, added=others * S, rounds=lg),
        "scatter": Demand(rest, root=rest, rounds=(reached - 1).bit_length(), at=root),
        "gather": Demand(rest, root=rest, rounds=(reached - 1).bit_length(), at=root, entering=True),
    }.get(operation)


#: operation -> how often (n−1)/n·S passes the busiest port, by which nccl-tests makes busbw of algbw.
_BUS = {"all_reduce": 2, "reduce_scatter": 1, "all_gather": 1, "all_to_all": 1, "scatter": 1, "gather": 1}

#: The operations whose algbw is busbw.
_PLAIN = ("broadcast", "reduce", "shift")


def busbw_factor(operation: str, workers: int) -> Fraction | None:
    """busbw = algbw · factor, as nccl-tests defines it (its PERFORMANCE.md); None of an operation that it has not.

    2(n−1)/n for all_reduce, (n−1)/n for reduce_scatter, all_gather, all_to_all (of blocks), scatter and gather, where S
    is the whole array; 1 for broadcast, reduce and shift (its sendrecv).

    >>> busbw_factor("all_reduce", 4), busbw_factor("all_gather", 4), busbw_factor("broadcast", 4)
    (Fraction(3, 2), Fraction(3, 4), Fraction(1, 1))
    """
    if operation in _BUS:
        return Fraction(_BUS[operation] * (workers - 1), workers)
    return Fraction(1) if operation in _PLAIN else None


def lower_bound(
    needed: Demand | None,
    *,
    alpha_s: Seconds,
    slowest_port_s_per_byte: Seconds,
    all_ports_bytes_per_s: Seconds,
    gamma_s_per_byte: Seconds,
    ranks: Seconds,
    root_port_s_per_byte: Seconds | None = None,
) -> Seconds:
    """No schedule that does what is ``needed`` (:func:`demand`) can be faster than this on these ports.

    α + max(bytes that all must send / all ports' bandwidth + γ·additions/ranks, bytes of one worker · β).
    For n equal workers this is α + 2(n−1)/n·Sβ + (n−1)/n·Sγ (all-reduce), half of that β for reduce-scatter and,
    without γ, all-gather, the all-to-all of blocks, scatter and gather; α + Sβ for broadcast and reduce.
    The latency term is one α, not ⌈lg n⌉α: that bound is for ports that are held during α, here the latency is on the
    wire and a port can have many messages under way.

    ``alpha_s`` is the smallest latency between two hosts, ``slowest_port_s_per_byte`` the β of the slowest worker,
    ``root_port_s_per_byte`` that of the root (None: the same), ``all_ports_bytes_per_s`` the sum over the ranks' ports
    in one direction, ``ranks`` how many ports as the slowest one that makes (those that add are held). Links inside the
    network are not looked at. What has nothing to do, or of which nothing is known, takes no time.

    >>> lower_bound(demand("all_reduce", 4, Vector(25, 4)), alpha_s=Fraction(1), slowest_port_s_per_byte=Fraction(1),
    ...     all_ports_bytes_per_s=Fraction(4), gamma_s_per_byte=Fraction(0), ranks=4)
    Fraction(151, 1)
    """
    if needed is None or not needed.together:
        return 0 * alpha_s
    root = slowest_port_s_per_byte if root_port_s_per_byte is None else root_port_s_per_byte
    everyone = needed.together / all_ports_bytes_per_s + needed.added * gamma_s_per_byte / ranks
    one_worker = needed.worker.numerator * slowest_port_s_per_byte / needed.worker.denominator
    return alpha_s + max(everyone, one_worker, needed.root * root)
