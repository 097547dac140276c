"""How long a parameter server takes, in one piece and in k segments.

With s shards of c = S/s, all of the same size, and u = n or (co-located) n−1 users of each:

    α + u·cβ + (n−1)·cγ + max(α + u·c/k·β, w·cβ)

Pushes fill the servers' ports; a server sends the sum of one segment back while it adds up the next, so that behind the
last push only the last segment is pulled. w = 0, but u with one co-located shard on every worker, which pushes all of
its segments before it sends a sum. For any other number of co-located servers pushes and pulls meet at their ports in
segments, and the engine answers alone; so it does for more servers than workers. (Where a worker's exchanges block each
other it pays 2(n−1)α for n co-located shards and not 2α, as the literature often counts.)
"""

from __future__ import annotations

from typing import Literal

from simcomm.closed_forms import Seconds, TimeFormula, Vector
from simcomm.errors import InputError

Servers = int | Literal["workers"]
Placement = Literal["dedicated", "colocated"]


def shards_of(workers: int, servers: Servers, placement: Placement) -> int:
    """Into how many shards the vector is cut, one for each server; InputError if there can be no such servers."""
    shards = workers if servers == "workers" else servers
    if shards < 1:
        raise InputError(f"servers: {shards}; expected at least 1")
    if placement == "colocated" and shards > workers:
        raise InputError(f"servers: {shards} co-located servers need as many workers; expected at most {workers}")
    return shards


def segmented_time(
    n: int, vector: Vector, segments: int, *, servers: Servers = 1, placement: Placement = "dedicated"
) -> TimeFormula | None:
    """All users' pushes; behind them the last segment's pulls, or all pulls where all pushes leave first."""
    s, colocated = shards_of(n, servers, placement), placement == "colocated"
    if s > n or (s > 1 and not vector.is_cut_evenly(s * segments)) or (segments > 1 and colocated and 1 < s < n):
        return None
    users, chunk, piece = n - colocated, vector.largest_chunk(s), vector.largest_chunk(s * segments)

    def time(alpha: Seconds, beta: Seconds, gamma: Seconds) -> Seconds:
        latency, pulled = min(users, 1) * alpha, colocated * (s == n) * users * chunk * beta
        return latency + users * chunk * beta + (n - 1) * chunk * gamma + max(latency + users * piece * beta, pulled)

    return time
