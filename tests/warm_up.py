"""Compile what tests need compiled: two processes would both do it, and take far longer while coverage is measured."""

from __future__ import annotations

from typing import Any

from simcomm import simulate

LINK = {"bandwidth": "1 GB/s", "latency": "1 us"}
MODELS: tuple[dict[str, Any], ...] = (
    {"network": "loggp"},
    {"network": {"model": "loggp", "ports": "one_cpu"}},
    {"network": {"model": "store_and_forward", "packet_size": "1 kB"}},
    {"network": "fair_share"},
)


def main() -> None:
    """Run the engines' loops once: each model without a timeline and with one."""
    for model in MODELS:
        for timeline in (False, True):
            simulate("ring_all_reduce", 3, parameters=1000, link=LINK, engine="compiled", timeline=timeline, **model)
    simulate("ring_all_reduce", 3, parameters=1000, link=LINK, engine="maxplus")


if __name__ == "__main__":
    main()
