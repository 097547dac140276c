"""Routing: which way a message takes from one host to another, found once for every pair that is used.

A routing is a function from a graph and pairs of hosts to their routes, one line in ``ROUTINGS``. It keeps the routes
and one search at a time, never a table of all pairs.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Mapping
from importlib import import_module
from typing import TYPE_CHECKING, Any

from simcomm.errors import InputError, did_you_mean
from simcomm.topology.routing.dimension_order import dimension_order
from simcomm.topology.routing.explicit import check_routes, explicit
from simcomm.topology.routing.shortest import ecmp, shortest
from simcomm.topology.routing.valiant import valiant

if TYPE_CHECKING:
    import networkx as nx

    from simcomm.topology.routes import Route
    from simcomm.topology.ways import Ways

Routing = Callable[..., "dict[tuple[Any, Any], Route]"]

ROUTINGS: dict[str, Routing] = {
    "shortest": shortest,
    "ecmp": ecmp,
    "dimension_order": dimension_order,
    "valiant": valiant,
    "explicit": explicit,
}


#: Routings without options that find many routes at once, by module and function: these take numpy.
WAYS: dict[str, str] = {
    "dimension_order": "simcomm.topology.routing.many_dimension_order:dimension_order_ways",
    "shortest": "simcomm.topology.routing.many_shortest:shortest_ways",
}


def names() -> tuple[str, ...]:
    """The names of all routings."""
    return tuple(ROUTINGS)


def find(
    name: str, graph: nx.DiGraph[Any], pairs: Iterable[tuple[Any, Any]], /, **options: Any
) -> dict[tuple[Any, Any], Route]:
    """The route of every (src, dst) pair of nodes that ranks are on, by the routing of this name.

    Raises InputError for an unknown name or option, a graph in which the routing has no way to go, and a pair that is
    no two hosts or has no path.

    >>> from simcomm.topology import build
    >>> find("shortest", build("star", 4, "1 GB/s", "1 us"), [(0, 3)])[0, 3].nodes
    (0, 'switch', 3)
    """
    check_options(name, options)
    wanted = list(dict.fromkeys(pairs))
    for source, target in wanted:
        if source not in graph or target not in graph or source == target:
            raise InputError(f"routing: {source!r} and {target!r} are not two nodes of the graph; expected two of them")
    return ROUTINGS[name](graph, wanted, **options)


def ways(name: str, graph: nx.DiGraph[Any], sources: Any, targets: Any, /, **options: Any) -> Ways | None:
    """The same for many pairs at once, all of two hosts, by their nodes' numbers; None if the routing has no such way.

    >>> import numpy as np
    >>> from simcomm.topology import build
    >>> ways("shortest", build("star", 4, "1 GB/s", "1 us"), np.array([0]), np.array([3]))[0].nodes
    (0, 'switch', 3)
    """
    check_options(name, options)
    if name not in WAYS:
        return None
    module, function = WAYS[name].split(":")
    found: Ways = getattr(import_module(module), function)(graph, sources, targets)
    return found


def check_options(name: str, options: Mapping[str, Any]) -> None:
    """Raise InputError for an unknown routing, and for an option that is unknown, missing or wrong in itself."""
    known = _options(name)
    for option, value in options.items():
        if option not in known:
            expected = f"expected one of {', '.join(known)}" if known else "it has none"
            raise InputError(f"unknown option {option!r} of routing {name}; {expected}{did_you_mean(option, known)}")
        _CHECKS[option](value)
    for option, parameter in known.items():
        if option not in options and parameter.default is parameter.empty:
            raise InputError(f"the routing {name} needs {option!r}; expected a list of routes, each a list of nodes")


def takes_seed(name: str) -> bool:
    """Whether the routing hashes, with a ``seed``; InputError for an unknown one."""
    return "seed" in _options(name)


def _options(name: str) -> dict[str, inspect.Parameter]:
    if name not in ROUTINGS:
        raise InputError(f"unknown routing {name!r}; expected {', '.join(ROUTINGS)}{did_you_mean(name, ROUTINGS)}")
    parameters = list(inspect.signature(ROUTINGS[name]).parameters.items())
    return dict(parameters[2:])  # after the graph and the pairs


def _check_seed(seed: Any) -> None:
    if not isinstance(seed, int) or isinstance(seed, bool) or seed < 0:
        raise InputError(f"seed: {seed!r}; expected an integer >= 0")


def _check_others(others: Any) -> None:
    if others != "shortest":
        raise InputError(f"others: {others!r}; expected 'shortest', or no such key{did_you_mean(others, ['shortest'])}")


_CHECKS: dict[str, Callable[[Any], None]] = {"seed": _check_seed, "routes": check_routes, "others": _check_others}
