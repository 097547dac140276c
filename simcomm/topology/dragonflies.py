"""The dragonfly: groups of routers, all routers of a group joined, all groups joined."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import count
from typing import Any, NamedTuple

import networkx as nx

from simcomm.errors import InputError
from simcomm.topology.cables import Cable, Wire, assemble, whole, wire


class Sizes(NamedTuple):
    """Hosts on a router, routers in a group, global cables of a router, groups."""

    p: int
    a: int
    h: int
    groups: int

    @property
    def hosts(self) -> int:
        """p·a·groups."""
        return self.p * self.a * self.groups

    @property
    def most_groups(self) -> int:
        """a·h + 1: a global cable to every other group."""
        return self.a * self.h + 1


def dragonfly(
    hosts: int,
    bandwidth: Any,
    latency: Any,
    p: int | None = None,
    a: int | None = None,
    h: int | None = None,
    groups: int | None = None,
) -> nx.DiGraph[Any]:
    """p hosts on a router, a routers in a group with a cable between any two, h global cables from every router.

    At most g = a·h + 1 groups, then with one cable between any two of them; fewer groups have m = ⌊a·h / (g − 1)⌋
    cables between any two and leave the other global ports empty. Global port j of group i (router ⌊j/h⌋) leads to
    group i − 1 − j mod (g − 1), counted modulo g: the palm tree arrangement. Options that are missing follow the
    balance a = 2p = 2h, the smallest that holds all hosts, with all groups. The group is the ``group`` of hosts and of
    routers ("router3.1": group 3, router 1). InputError for too many groups and for options that do not hold all hosts.

    2(p·a·g + g·a(a − 1)/2 + m·g(g − 1)/2) links; diameter 5 (host, local, global, local, host).

    Sources: J. Kim, W. Dally, S. Scott, D. Abts, Technology-Driven, Highly-Scalable Dragonfly Topology, ISCA 2008;
    C. Camarero, E. Vallejo, R. Beivide, Topological Characterization of Hamming and Dragonfly Networks and Its
    Implications on Routing, ACM TACO 11(4), 2014 (palm tree).

    >>> graph = dragonfly(72, "1 GB/s", "1 us", p=2, a=4, h=2)
    >>> len(graph), graph.number_of_edges(), sorted(graph["router0.0"], key=str)[2:]
    (108, 324, ['router0.1', 'router0.2', 'router0.3', 'router7.3', 'router8.3'])
    """
    sizes = _sizes(whole("hosts", hosts), {"p": p, "a": a, "h": h, "groups": groups})
    routers = ((group, router) for group in range(sizes.groups) for router in range(sizes.a))
    switches = ((f"router{group}.{router}", {"group": f"group{group}"}) for group, router in routers)
    in_group = ({"group": f"group{host // (sizes.p * sizes.a)}"} for host in range(sizes.hosts))
    return assemble("dragonfly", in_group, switches, _cables(sizes, wire(bandwidth, latency)), **sizes._asdict())


def _cables(sizes: Sizes, material: Wire) -> Iterator[Cable]:
    p, a, h, groups = sizes
    for group in range(groups):
        for router in range(a):
            name, first = f"router{group}.{router}", (group * a + router) * p
            yield from ((host, name, material) for host in range(first, first + p))
            yield from ((name, f"router{group}.{other}", material) for other in range(router + 1, a))
    others = groups - 1
    for group in range(groups):
        for port in range(a * h // others * others if others else 0):
            other = (group - 1 - port % others) % groups
            if group < other:
                back = port - port % others + (other - group - 1)
                yield f"router{group}.{port // h}", f"router{other}.{back // h}", material


def _sizes(hosts: int, given: dict[str, Any]) -> Sizes:
    known = {option: whole(option, value) for option, value in given.items() if value is not None}
    base = known.get("p") or known.get("h") or -(-known.get("a", 0) // 2)
    every = (_balanced(b, known) for b in ([base] if base else count(1)))
    sizes = next(s for s in every if base or (s.hosts >= hosts and s.groups <= s.most_groups))
    if sizes.groups > sizes.most_groups:
        raise InputError(f"groups: {sizes.groups}; expected at most a·h + 1 = {sizes.most_groups}")
    if sizes.hosts < hosts:
        option = next(option for option in ("groups", "p", "a", "h") if option in known)
        got = f"{sizes.p}·{sizes.a}·{sizes.groups} = {sizes.hosts}"
        expected = f"expected p·a·groups of at least {hosts}, one for every host; got {got}"
        raise InputError(f"{option}: {known[option]}; {expected}")
    return sizes


def _balanced(base: int, known: Mapping[str, int]) -> Sizes:
    p, a, h = known.get("p", base), known.get("a", 2 * base), known.get("h", base)
    return Sizes(p, a, h, known.get("groups", a * h + 1))
