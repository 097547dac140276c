"""The tightest cut of a regular topology, in closed form: the one that :mod:`~simcomm.topology.cuts` would find.

Against the root's host, or against all others, go ``degree`` links; no cut has fewer links for what has to cross it.
Only an all-to-all on a ring or a hypercube has more to send over the two links, or the n/2, between its lower and upper
half. (a(n − a)/n over the links of a cut with a hosts inside is most there: on a ring every arc has two links; a cut of
the hypercube has 2a(n − a)/n or more, by the second eigenvalue of its Laplacian.)
"""

from __future__ import annotations

from collections.abc import Sequence
from numbers import Rational
from typing import Any

from simcomm.topology.crossing import SHARES, Cut, fraction
from simcomm.topology.cuts import EVERY_SET
from simcomm.topology.regular import Hypercube, Ring, Star
from simcomm.topology.regular_base import Regular


def knows_cuts(net: Regular, workers: int) -> bool:
    """Whether :func:`regular_cut` holds for the first ``workers`` hosts: all, or any hosts of a star."""
    return workers == net.hosts or isinstance(net, Star)


def regular_cut(net: Regular, workers: int, operation: str, root: int = 0) -> Cut | None:
    """What :func:`simcomm.topology.cuts.cut_bound` says of the graph, in the same words, and ``exact`` at any size.

    An all-to-all is said to be exact where the search would have tried every set.

    >>> from simcomm.topology.regular import regular
    >>> print(regular_cut(regular("star", 4, "100 Gbit/s", "5 us", {}), 4, "all_reduce"))
    1 of 4 workers behind 1 link of 12.5 GB/s: 0 -> switch
    """
    if operation not in SHARES or workers < 2:
        return None
    if operation == "all_to_all":
        exact = workers <= (EVERY_SET if net.degree < EVERY_SET - 1 else EVERY_SET - 1)
        half = range(net.hosts // 2) if isinstance(net, Ring | Hypercube) else range(1)
        return _cut(net, workers, operation, half, 0, exact)
    rest = range(1, workers) if root == 0 else (*range(root), *range(root + 1, workers))
    alone, others = (_cut(net, workers, operation, side, root) for side in (range(root, root + 1), rest))
    return alone if alone.seconds_per_byte >= others.seconds_per_byte else others


def _cut(net: Regular, workers: int, operation: str, inside: Sequence[int], root: int, exact: bool = True) -> Cut:
    links = _leaving(net, inside, root)
    share = SHARES[operation](len(inside), workers, root in inside)
    bandwidth = len(links) * fraction(net.bandwidth_Bps)
    seconds = share / bandwidth
    if isinstance(net.bandwidth_Bps, Rational):
        return Cut(seconds, inside, workers, links, bandwidth, exact)
    return Cut(float(seconds), inside, workers, links, float(bandwidth), exact)


def _leaving(net: Regular, inside: Sequence[int], root: int) -> tuple[tuple[Any, Any], ...]:
    """The links from the root, to it from all others, or from the lower half to the upper one, in the graph's order."""
    if isinstance(net, Star):
        return ((root, "switch"),) if root in inside else (("switch", root),)
    near = net.neighbours(root)
    if root not in inside:
        return tuple((host, root) for host in sorted(near))
    if len(inside) == 1:
        return tuple((root, host) for host in near)
    half = len(inside)
    if isinstance(net, Ring):
        return (0, net.hosts - 1), (half - 1, half)
    return tuple((host, host + half) for host in inside)
