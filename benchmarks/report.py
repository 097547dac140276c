"""Measurements as lines for a terminal, as a table for README.md, and as JSON."""

from __future__ import annotations

import json
import os
import platform
from collections.abc import Sequence
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path
from typing import Final

from benchmarks.measure import Measured
from benchmarks.rows import NAMED

#: The yardstick of the machine on which peers were measured and for which the targets were set.
TARGETS_YARDSTICK_PER_S: Final = 1.84e6


def machine() -> str:
    """What the seconds were measured on."""
    processor = platform.processor() or platform.machine()
    listed = Path("/proc/cpuinfo")
    if listed.exists():
        named = [
            line.split(":")[1].strip() for line in listed.read_text().splitlines() if line.startswith("model name")
        ]
        processor = named[0] if named else processor
    libraries = ", ".join(f"{name} {version(name)}" for name in ("numpy", "numba", "simpy"))
    return f"{processor}, {os.cpu_count()} cores; Python {platform.python_version()}, {libraries}"


def lines(found: Measured) -> str:
    """All that is known of one row, on two or three lines."""
    row = NAMED[found.name]
    head = f"{row.name}: {row.what}, n = {found.workers:,}, {row.engine}"
    if found.missing:
        return f"{head}\n  target {row.target.text(row.unit)}: not available: {found.missing}"
    if found.engine != row.engine:
        head += f" ({found.engine})"
    runs = len(found.seconds)
    shared = f"; it had {found.busy:.0%} of its core" if row.cores == 1 and found.busy < 0.9 else ""
    inside = f", {found.engine_s:.3g} s of it in the engine" if found.engine_s else ""
    return (
        f"{head}\n"
        f"  {found.count:,} {row.unit} in {found.median_s:.3g} s{inside} (median of {runs}): "
        f"{quantity(found.per_s)} {row.unit}/s = {found.ratio:.3g} × the yardstick, "
        f"{quantity(found.yardstick_per_s)} timeouts/s; peak {found.peak_bytes / 1e6:,.0f} MB{shared}\n"
        f"  target {row.target.text(row.unit)}: {verdict(found)}"
    )


def verdict(found: Measured) -> str:
    """Whether the target is reached, in the part that is worst; and whether it would be on the targets' machine.

    Seconds there are those here, as much shorter or longer as its yardstick is faster or slower.
    """
    if found.missing:
        return "not available"
    row = NAMED[found.name]
    if found.workers != row.workers:
        return f"not judged (it is for n = {row.workers:,})"
    here, there = (_least(found, speed) for speed in (1.0, found.yardstick_per_s / TARGETS_YARDSTICK_PER_S))
    word = "reached" if here >= 1 else "missed"
    return f"{word}: {here:.2g} of it; at {quantity(TARGETS_YARDSTICK_PER_S)} timeouts/s {there:.2g} of it"


def _least(found: Measured, speed: float) -> float:
    """How much of the target is reached, in the part that is worst, if seconds are multiplied by ``speed``."""
    seconds, inside = found.median_s * speed, (found.engine_s or found.median_s) * speed
    return min(NAMED[found.name].target.shares(found.count, seconds, inside, found.peak_bytes))


def quantity(value: float) -> str:
    """A rate with three digits.

    >>> quantity(1_840_000), quantity(23_500), quantity(2.2e12)
    ('1.84 M', '23.5 k', '2.2 T')
    """
    for unit, name in ((1e12, "T"), (1e9, "G"), (1e6, "M"), (1e3, "k")):
        if value >= unit:
            return f"{value / unit:.3g} {name}"
    return f"{value:.3g}"


def markdown(all_found: Sequence[Measured]) -> str:
    """The table of README.md, with what was measured."""
    head = ("benchmark", "engine", "target", "seconds (in the engine)", "per second", "× yardstick", "peak memory", "")
    table = [head, ("---",) * len(head), *map(_cells, all_found)]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in table)


def _cells(found: Measured) -> tuple[str, ...]:
    row = NAMED[found.name]
    first = f"`{row.name}`: {row.what}, n = {found.workers:,}"
    target = row.target.text(row.unit)
    if found.missing:
        return first, row.engine, target, "", "", "", "", "not available"
    return (
        first,
        row.engine if row.engine == found.engine else f"{row.engine} ({found.engine})",
        target,
        f"{found.median_s:.3g} ({found.engine_s:.3g})" if found.engine_s else f"{found.median_s:.3g}",
        f"{quantity(found.per_s)} {row.unit}",
        f"{found.ratio:.3g}",
        f"{found.peak_bytes / 1e6:,.0f} MB",
        verdict(found),
    )


def write_json(path: Path, all_found: Sequence[Measured]) -> None:
    """All that was measured, with every single time."""
    data = {"machine": machine(), "rows": [asdict(found) | {"verdict": verdict(found)} for found in all_found]}
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(data, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
