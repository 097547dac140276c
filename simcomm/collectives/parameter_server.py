"""Parameter server: workers push gradients to servers, which add them up and send the sum back; synchronous.

With s servers the vector is cut into s shards, one per server; c = S/s.

* dedicated servers (further ranks):   2ns messages of S/s,     2nS bytes,      2α + 2n·cβ + (n−1)·cγ  for s ≤ n
* co-located on the first s workers:   2(n−1)s messages of S/s, 2(n−1)S bytes,  2α + 2(n−1)·cβ + (n−1)·cγ

with 2 steps. A dedicated server stores one gradient, that of the worker that starts with its shard, and adds the
other n−1, whatever the order in which they come. Co-located with one shard on every worker it is the direct
reduce-scatter and all-gather: as few bytes through every port as a ring.
The times, and those in segments, are in :mod:`simcomm.collectives.parameter_server_time`.
"""

from __future__ import annotations

import numpy as np

from simcomm.closed_forms import Claim, Traffic, Vector
from simcomm.collectives.base import Collective
from simcomm.collectives.parameter_server_time import Placement, Servers, segmented_time, shards_of
from simcomm.goals import ALL_REDUCE
from simcomm.recorder import Recorder
from simcomm.schedule import Schedule


def ranks(workers: int, *, servers: Servers = 1, placement: Placement = "dedicated") -> int:
    """The workers, and the servers that have ranks of their own."""
    shards = shards_of(workers, servers, placement)
    return workers + shards if placement == "dedicated" else workers


def build(workers: int, *, servers: Servers = 1, placement: Placement = "dedicated") -> Schedule:
    """Parameter server: every worker pushes its gradient to the servers and pulls the sum from them.

    ``servers`` is a number or "workers" (as many); ``placement`` "dedicated" (ranks after the workers) or "colocated"
    (the first workers). Worker w starts with shard w, server j with worker j, then the next: all ports are busy.
    """
    shards = shards_of(workers, servers, placement)
    dedicated = placement == "dedicated"
    record = Recorder(ranks(workers, servers=servers, placement=placement), shards)
    worker, shard = np.arange(workers), np.arange(shards)
    server = shard + workers * dedicated
    for turn in range(shards):
        pushed = (worker + turn) % shards
        first = dedicated & (worker == np.minimum(pushed, workers - 1))
        record.copy(worker[first], server[pushed[first]], pushed[first])
        added = ~first & (server[pushed] != worker)
        record.reduce(worker[added], server[pushed[added]], pushed[added])
    pulls = (shard + np.arange(workers)[:, None]) % workers  # row after row; no pull reads what another one writes
    away = server != pulls
    record.copy(*(np.broadcast_to(each, pulls.shape)[away] for each in (server, pulls, shard)))
    return record.schedule()


def claim(n: int, vector: Vector, *, servers: Servers = 1, placement: Placement = "dedicated") -> Claim:
    """Every worker but a shard's own one pushes it and pulls it: n (dedicated) or n−1 (co-located) times 2."""
    s = shards_of(n, servers, placement)
    users = n if placement == "dedicated" else n - 1

    def traffic(rank: int) -> Traffic:
        """A worker pushes all shards that it does not serve; a server pulls its own shard to all its users."""
        shard = rank - n if placement == "dedicated" else rank
        own = vector.chunk_bytes(shard, s) if 0 <= shard < s else 0
        kept = own if placement == "colocated" else 0
        pushes = Traffic(vector.filled(s) - (kept > 0), vector.bytes - kept) if rank < n else Traffic(0, 0)
        return pushes + Traffic(users * (own > 0), users * own)

    return Claim(
        total=Traffic(2 * users * vector.filled(s), 2 * users * vector.bytes),
        steps=2 * min(users, 1),
        sent=traffic,
        received=traffic,
        time=segmented_time(n, vector, 1, servers=servers, placement=placement),
    )


def _powers_below(n: int) -> list[int]:
    return [2**exponent for exponent in range((n - 1).bit_length())]


parameter_server = Collective(
    "parameter_server",
    ALL_REDUCE,
    build,
    claim,
    source="Li et al., Scaling distributed machine learning with the parameter server, OSDI 2014; shards: Jiang et "
    "al., A unified architecture for accelerating distributed DNN training (BytePS), OSDI 2020",
    ranks=ranks,
    segmented_time=segmented_time,
    variants=(
        {},
        {"placement": "colocated"},
        {"servers": "workers"},
        {"servers": "workers", "placement": "colocated"},
    ),
    tuning=lambda n: {"servers": [*_powers_below(n), "workers"], "placement": ["dedicated", "colocated"]},
)
