"""Routes of one link, for tests that need only its two numbers."""

from __future__ import annotations

from typing import Any

from simcomm.topology.routes import Link, Route


def direct(latency_s: Any, bandwidth_Bps: Any, src: Any = 0, dst: Any = 1) -> Route:
    """A route over one link from ``src`` to ``dst``."""
    return Route((Link(src, dst, bandwidth_Bps, latency_s),))
