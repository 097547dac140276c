"""Network models: how one message crosses the network. One file per model, one line here."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from typing import TYPE_CHECKING, Any

from simcomm.errors import InputError, did_you_mean

if TYPE_CHECKING:
    from simcomm.networks.base import NetworkModel

#: name -> module and class.
NETWORKS: dict[str, str] = {
    "loggp": "simcomm.networks.loggp:LogGP",
    "store_and_forward": "simcomm.networks.store_and_forward:StoreAndForward",
    "fair_share": "simcomm.networks.fair_share:FairShare",
}


def names() -> tuple[str, ...]:
    """The names of all built-in network models."""
    return tuple(NETWORKS)


def model_class(name: str) -> Any:
    """The class of that name, a dataclass of the model's parameters; InputError with the nearest right spelling."""
    if name not in NETWORKS:
        raise InputError(f"unknown network model {name!r}{did_you_mean(name, NETWORKS)}")
    module, attribute = NETWORKS[name].split(":")
    return getattr(import_module(module), attribute)


def get(name: str, options: Mapping[str, Any] | None = None) -> NetworkModel:
    """The network model of that name; ``options`` are as in a scenario, quantities with units or plain SI numbers.

    >>> get("fair_share", {"rate_cap": "10 Gbit/s"})
    FairShare(weights='equal', rate_cap_Bps=1250000000.0, reduce_bandwidth_Bps=None)
    """
    from simcomm.networks.options import read

    kind = model_class(name)
    model: NetworkModel = kind(**read(name, kind, options or {}))
    return model
