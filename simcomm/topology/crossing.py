"""What must cross a cut of the network.

A cut is any set A of nodes (hosts and switches, as one likes) with some of the n workers in A and some outside; its
bandwidth is that of the links from A to the rest, one direction only. The other direction is the cut (rest, A). For a
workers in A and vectors of S bytes, this share of S must cross, wherever sums are formed, in switches or servers too:

==============  ========  =============================================================================================
operation       share     because
==============  ========  =============================================================================================
all_reduce      1         a worker outside ends with a sum that takes every value as the gradients in A do. Adding up
                          in A first makes S bytes enough, so no cut says more than 1.
reduce          1 or 0    the same, if the root is outside; nothing if it is in A.
broadcast       1 or 0    the workers outside need all of the vector if the root is in A; nothing else.
scatter         (n−a)/n   each worker outside needs a share, if the root is in A; nothing if it is outside.
gather          a/n       each worker in A has a share, if the root is outside; nothing if it is in A.
reduce_scatter  (n−a)/n   the n − a workers outside end with a shard each, and A contributes to every shard.
all_gather      a/n       the a shards that start in A are needed outside. S is all n shards.
all_to_all      a(n−a)/n  each worker in A has a block of S/n for each one outside, and nobody else has it.
==============  ========  =============================================================================================

Where each worker has its own number of bytes for each other one, what those in A have for those outside must cross.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from numbers import Rational
from typing import Any

from simcomm.units import format_bandwidth

#: So many links of a cut are written out.
NAMED_LINKS = 4

#: operation -> share of S that must leave, of (workers inside, all workers, whether the root is inside).
SHARES: dict[str, Callable[[int, int, bool], Fraction]] = {
    "all_reduce": lambda inside, workers, root: Fraction(1),
    "reduce": lambda inside, workers, root: Fraction(not root),
    "broadcast": lambda inside, workers, root: Fraction(root),
    "reduce_scatter": lambda inside, workers, root: Fraction(workers - inside, workers),
    "all_gather": lambda inside, workers, root: Fraction(inside, workers),
    "scatter": lambda inside, workers, root: Fraction((workers - inside) * root, workers),
    "gather": lambda inside, workers, root: Fraction(inside * (not root), workers),
    "all_to_all": lambda inside, workers, root: Fraction(inside * (workers - inside), workers),
}


@dataclass(frozen=True)
class Cut:
    """The cut that bounds an operation: ``seconds_per_byte`` of S, the vector of one worker (all_gather: of all).

    ``inside`` are the hosts of the workers on the side that must send, ``links`` those that cross, together of
    ``bandwidth_Bps``. ``exact`` says that no cut is tighter; otherwise this is the tightest of those that were tried,
    and still a bound.
    """

    seconds_per_byte: Any
    inside: Sequence[Any]
    workers: int
    links: tuple[tuple[Any, Any], ...]
    bandwidth_Bps: Any
    exact: bool

    def __str__(self) -> str:
        bandwidth, _, _ = format_bandwidth(float(self.bandwidth_Bps)).partition(" = ")
        count = "1 link of" if len(self.links) == 1 else f"{len(self.links)} links, in all"
        names = [f"{src} -> {dst}" for src, dst in self.links]
        if len(names) > NAMED_LINKS:
            names = [f"{names[0]} and {len(names) - 1} more"]
        return f"{len(self.inside)} of {self.workers} workers behind {count} {bandwidth}: {', '.join(names)}"


def fraction(bandwidth: Any) -> Fraction:
    """Exactly this number, also if it is of numpy."""
    if isinstance(bandwidth, Rational):
        return Fraction(int(bandwidth.numerator), int(bandwidth.denominator))
    return Fraction(float(bandwidth))
