"""What the result of a run says of its time, without the times of all operations."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import Any, NamedTuple

from simcomm.engines.explain import CriticalPath, Parts, critical_path, rank_times
from simcomm.engines.timeline import Timeline


class Summary(NamedTuple):
    """When a run was over, what its critical path is made of, and what the busiest and the idlest rank did.

    ``wait_at`` is the port or link that the critical path waited for longest, for ``wait_at_s`` (None: it never
    waited). ``max_busy_s`` is that of the busiest rank, ``max_waiting_s`` that of the one that waits longest.
    """

    makespan_s: Any
    parts: Parts
    wait_at: Hashable | None
    wait_at_s: Any
    max_busy_s: float
    max_waiting_s: float


def summarise(timeline: Timeline, name: Callable[[CriticalPath], CriticalPath] | None = None) -> Summary:
    """The summary of a timeline; ``name`` may give the places that its critical path waited for other names."""
    path, ranks = critical_path(timeline), rank_times(timeline)
    named = path if name is None or not path.waits else name(path)
    place, seconds = named.longest_wait() or (None, 0.0)
    busy, waiting = (max(getattr(rank, column) for rank in ranks) for column in ("busy_s", "waiting_s"))
    return Summary(timeline.makespan_s, path.parts, place, seconds, busy, waiting)
