"""The collectives: one file per family, one line here."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from simcomm.errors import InputError, did_you_mean

if TYPE_CHECKING:
    from simcomm.collectives.base import Collective

#: name -> module and attribute; a module is imported when its collective is asked for.
COLLECTIVES: dict[str, str] = {
    "all_to_all": "simcomm.collectives.all_to_all:all_to_all",
    "all_to_all_blocks": "simcomm.collectives.all_to_all_blocks:all_to_all_blocks",
    "in_network_all_reduce": "simcomm.collectives.in_network:in_network_all_reduce",
    "packed_trees_all_reduce": "simcomm.collectives.packed_trees:packed_trees_all_reduce",
    "packed_trees_broadcast": "simcomm.collectives.packed_trees:packed_trees_broadcast",
    "parameter_server": "simcomm.collectives.parameter_server:parameter_server",
    "rabenseifner": "simcomm.collectives.rabenseifner:rabenseifner",
    "recursive_doubling": "simcomm.collectives.recursive_doubling:recursive_doubling",
    "ring_all_gather": "simcomm.collectives.ring:ring_all_gather",
    "ring_all_reduce": "simcomm.collectives.ring:ring_all_reduce",
    "ring_reduce_scatter": "simcomm.collectives.ring:ring_reduce_scatter",
}


def names() -> tuple[str, ...]:
    """The names of all built-in collectives."""
    return tuple(COLLECTIVES)


def get(name: str) -> Collective:
    """The collective of that name; raises InputError with the nearest right spelling.

    >>> get("ring_all_reduce").source
    'Patarasuk and Yuan, Bandwidth optimal all-reduce algorithms for clusters of workstations, JPDC 2009'
    >>> get("ring_allreduce")
    Traceback (most recent call last):
    simcomm.errors.InputError: unknown collective 'ring_allreduce'; did you mean 'ring_all_reduce'?
    """
    if name not in COLLECTIVES:
        raise InputError(f"unknown collective {name!r}{did_you_mean(name, COLLECTIVES)}")
    module, attribute = COLLECTIVES[name].split(":")
    found: Collective = getattr(import_module(module), attribute)
    return found
