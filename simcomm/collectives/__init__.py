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
    "all_to_all_v": "simcomm.collectives.all_to_all_v:all_to_all_v",
    "binomial_all_reduce": "simcomm.collectives.binomial_all_reduce:binomial_all_reduce",
    "binomial_broadcast": "simcomm.collectives.binomial:binomial_broadcast",
    "binomial_gather": "simcomm.collectives.binomial_scatter:binomial_gather",
    "binomial_reduce": "simcomm.collectives.binomial:binomial_reduce",
    "binomial_scatter": "simcomm.collectives.binomial_scatter:binomial_scatter",
    "bruck_all_gather": "simcomm.collectives.bruck_all_gather:bruck_all_gather",
    "bruck_all_to_all": "simcomm.collectives.bruck_all_to_all:bruck_all_to_all",
    "chain_broadcast": "simcomm.collectives.chain:chain_broadcast",
    "chain_reduce": "simcomm.collectives.chain:chain_reduce",
    "direct_all_gather": "simcomm.collectives.direct:direct_all_gather",
    "direct_broadcast": "simcomm.collectives.flat_tree:direct_broadcast",
    "direct_gather": "simcomm.collectives.direct_rooted:direct_gather",
    "direct_reduce": "simcomm.collectives.flat_tree:direct_reduce",
    "direct_reduce_scatter": "simcomm.collectives.direct:direct_reduce_scatter",
    "direct_scatter": "simcomm.collectives.direct_rooted:direct_scatter",
    "double_binary_tree_all_reduce": "simcomm.collectives.double_binary_tree:double_binary_tree_all_reduce",
    "double_binary_tree_broadcast": "simcomm.collectives.double_binary_tree_rooted:double_binary_tree_broadcast",
    "double_binary_tree_reduce": "simcomm.collectives.double_binary_tree_rooted:double_binary_tree_reduce",
    "gossip": "simcomm.collectives.gossip:gossip",
    "hierarchical_all_reduce": "simcomm.collectives.hierarchical:hierarchical_all_reduce",
    "hierarchical_all_to_all": "simcomm.collectives.hierarchical_all_to_all:hierarchical_all_to_all",
    "hierarchical_ring_all_reduce": "simcomm.collectives.hierarchical_ring:hierarchical_ring_all_reduce",
    "in_network_all_reduce": "simcomm.collectives.in_network:in_network_all_reduce",
    "multi_ring_all_reduce": "simcomm.collectives.multi_ring:multi_ring_all_reduce",
    "neighbor_exchange_all_gather": "simcomm.collectives.neighbor_exchange:neighbor_exchange_all_gather",
    "packed_trees_all_reduce": "simcomm.collectives.packed_trees:packed_trees_all_reduce",
    "packed_trees_broadcast": "simcomm.collectives.packed_trees:packed_trees_broadcast",
    "pairwise_reduce_scatter": "simcomm.collectives.pairwise:pairwise_reduce_scatter",
    "parameter_server": "simcomm.collectives.parameter_server:parameter_server",
    "rabenseifner": "simcomm.collectives.rabenseifner:rabenseifner",
    "recursive_doubling": "simcomm.collectives.recursive_doubling:recursive_doubling",
    "recursive_doubling_all_gather": "simcomm.collectives.recursive_doubling_all_gather:recursive_doubling_all_gather",
    "recursive_halving_reduce_scatter": "simcomm.collectives.recursive_halving:recursive_halving_reduce_scatter",
    "reduce_scatter_gather_reduce": "simcomm.collectives.reduce_scatter_gather:reduce_scatter_gather_reduce",
    "ring_all_gather": "simcomm.collectives.ring:ring_all_gather",
    "ring_all_reduce": "simcomm.collectives.ring:ring_all_reduce",
    "ring_reduce_scatter": "simcomm.collectives.ring:ring_reduce_scatter",
    "ring_shift": "simcomm.collectives.ring_shift:ring_shift",
    "scatter_all_gather_broadcast": "simcomm.collectives.scatter_all_gather:scatter_all_gather_broadcast",
    "torus_all_reduce": "simcomm.collectives.torus:torus_all_reduce",
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
