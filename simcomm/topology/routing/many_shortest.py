"""Paths of the fewest links for many pairs at once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from simcomm import jit
from simcomm.errors import InputError
from simcomm.order import distinct
from simcomm.topology.ways import Ways, Wiring

if TYPE_CHECKING:
    import networkx as nx

Numbers = npt.NDArray[np.int64]


def shortest_ways(graph: nx.DiGraph[Any], sources: Numbers, targets: Numbers) -> Ways:
    """The same for many pairs at once: numbers of nodes, numbers of links."""
    w = Wiring(graph)
    alone = np.diff(w.before_first)[targets] == 1  # only one node has a link to it: search from there
    only = np.minimum(w.before_first[targets], max(0, len(w.before) - 1))
    last, roots = np.where(alone, w.entering[only], -1), np.where(alone, w.before[only], targets)
    order = np.argsort(roots, kind="stable")
    given = (w.before_first, w.before, w.after_first, w.after, sources[order], roots[order], last[order])
    work = len(order) + len(distinct(roots)) * len(w.number)
    lengths, none = np.zeros(len(order) + 1, np.int64), np.zeros(0, np.int64)
    missing = jit.large(_walk, work)(*given, lengths, none)
    if missing >= 0:
        source, target = (list(graph)[ends[order[missing]]] for ends in (sources, targets))
        raise InputError(f"routing: there is no path from {source!r} to {target!r}; expected a connected graph")
    first = np.zeros(len(order) + 1, np.int64)
    first[1 + order] = lengths[1:]
    first = np.cumsum(first)
    links = np.zeros(max(1, first[-1]), np.int64)
    jit.large(_walk, work)(*given, first[order], links)
    return Ways(w, first, links[: first[-1]])


def _walk(
    before_first: Numbers, before: Numbers, after_first: Numbers, after: Numbers,
    sources: Numbers, roots: Numbers, last: Numbers, first: Numbers, links: Numbers,
) -> int:  # fmt: skip
    """Write the lengths of all ways to ``first`` (one place later), or, if there is room for them, the ways themselves.

    One search backwards for all pairs of a root, until it has come to all their sources; then every pair goes from its
    source always nearer, and last over the link ``last`` if there is one. Return the pair that has no way, or −1.
    """
    nodes = len(after_first) - 1
    distance, queue = np.zeros(nodes, np.int64), np.zeros(nodes, np.int64)
    seen, wanted = np.full(nodes, -1), np.full(nodes, -1)
    begin = 0
    while begin < len(sources):
        end, missing, root = begin, 0, roots[begin]
        while end < len(sources) and roots[end] == root:
            missing += wanted[sources[end]] != begin
            wanted[sources[end]] = begin
            end += 1
        distance[root], seen[root], queue[0] = 0, begin, root
        missing -= wanted[root] == begin
        head, tail = 0, 1
        while head < tail and missing > 0:
            node = queue[head]
            head += 1
            for near in before[before_first[node] : before_first[node + 1]]:
                if seen[near] != begin:
                    seen[near], distance[near], queue[tail] = begin, distance[node] + 1, near
                    missing -= wanted[near] == begin
                    tail += 1
        for row in range(begin, end):
            node = sources[row]
            if seen[node] != begin:
                return row
            if len(links) == 0:
                first[row + 1] = distance[node] + (last[row] >= 0)
                continue
            at = first[row]
            while node != root:
                link = after_first[node]
                if distance[node] == 1:
                    link += np.searchsorted(after[link : after_first[node + 1]], root)
                while seen[after[link]] != begin or distance[after[link]] != distance[node] - 1:
                    link += 1
                links[at], node = link, after[link]
                at += 1
            if last[row] >= 0:
                links[at] = last[row]
        begin = end
    return -1
