"""How much memory a message takes: ``python benchmarks/memory.py``. What ``simcomm.limits`` has was measured so.

Every run is a process of its own: the peak of what it uses, less that of the same run of few messages.
"""

from __future__ import annotations

import subprocess
import sys
from typing import Any

#: Collective, the fewer workers and the more, and the network model.
RUNS = (
    ("ring_all_reduce", 16, 256, "loggp"),
    ("all_to_all", 16, 362, "loggp"),
    ("parameter_server", 64, 32768, "loggp"),
    ("ring_all_reduce", 16, 256, "store_and_forward"),
    ("ring_all_reduce", 16, 128, "fair_share"),
    ("recursive_doubling", 16, 8192, "loggp"),
    ("rabenseifner", 16, 512, "loggp"),
)
LINK = {"bandwidth": "100 Gbit/s", "latency": "5 us"}


def run(collective: str, workers: int, network: str, engine: str, timeline: bool) -> None:
    """Simulate and print messages, chunks in them, and the peak in bytes."""
    import resource

    import simcomm

    keys: dict[str, Any] = {"network": network, "engine": engine, "link": LINK, "parameters": 10**8}
    result = simcomm.simulate(collective, workers, timeline=timeline, **keys)
    chunks = int(result.schedule.count[result.schedule.is_message].sum())
    print(result.messages, chunks, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024)


def measured(*words: object) -> list[int]:
    """What a run in a process of its own prints; nothing if it fails."""
    command = [sys.executable, __file__, *map(str, words)]
    return [int(word) for word in subprocess.run(command, capture_output=True, text=True).stdout.split()]


def main() -> None:
    """Print a line for every run."""
    if len(sys.argv) > 1:
        collective, workers, network, engine, timeline = sys.argv[1:]
        return run(collective, int(workers), network, engine, timeline == "timeline")
    for engine in ("compiled", "des"):
        for collective, few, many, network in RUNS:
            for timeline in ("", "timeline"):
                base = measured(collective, few, network, engine, timeline)
                full = measured(collective, many, network, engine, timeline)
                what = f"{engine:9} {timeline:9} {network:18} {collective:20} {many:6}"
                if base and full:
                    messages, chunks, used = (a - b for a, b in zip(full, base, strict=True))
                    print(
                        f"{what} {messages:9,} messages {chunks / messages:6.1f} chunks {used / messages:7,.0f} bytes"
                    )
                else:
                    print(f"{what} not run")
    return None


if __name__ == "__main__":
    main()
