"""Network models: how one message crosses the network. One file per model, one line here."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from importlib import import_module
from typing import TYPE_CHECKING, Any

from simcomm.errors import InputError, did_you_mean

if TYPE_CHECKING:
    from simcomm.networks.base import NetworkModel

#: name -> module and class.
NETWORKS: dict[str, str] = {
    "loggp": "simcomm.networks.loggp:LogGP",
}


def names() -> tuple[str, ...]:
    """The names of all built-in network models."""
    return tuple(NETWORKS)


def get(name: str, options: Mapping[str, Any] | None = None) -> NetworkModel:
    """The network model of that name with its parameters; raises InputError with the nearest right spelling.

    >>> get("loggp", {"overhead_s": 1e-6})
    LogGP(overhead_s=1e-06, gap_s=0, reduce_bandwidth_Bps=None)
    """
    if name not in NETWORKS:
        raise InputError(f"unknown network model {name!r}{did_you_mean(name, NETWORKS)}")
    module, attribute = NETWORKS[name].split(":")
    kind = getattr(import_module(module), attribute)
    known = list(inspect.signature(kind).parameters)
    for option in options or {}:
        if option not in known:
            hint = did_you_mean(option, known)
            raise InputError(f"unknown option {option!r} of network {name}; expected one of {', '.join(known)}{hint}")
    model: NetworkModel = kind(**(options or {}))
    return model
