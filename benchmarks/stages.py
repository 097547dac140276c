"""Where the time of a row goes: ``python -m benchmarks profile NAME``.

cProfile's cumulative seconds of named functions. It slows Python down and leaves compiled code alone, so read shares of
Python stages against each other, and the engine's seconds from ``python -m benchmarks NAME``.
"""

from __future__ import annotations

import cProfile
import pstats
from collections.abc import Sequence
from typing import Final

from benchmarks import report
from benchmarks.measure import pin, timed
from benchmarks.row import Row

_WITHOUT_TIMELINE = (("engines/maxplus.py", "summaries"), ("engines/symmetry.py", "run"))

#: Stage -> the functions it consists of, (end of the file's name, function); what is indented is part of the one above.
STAGES: Final[dict[str, tuple[tuple[str, str], ...]]] = {
    "scenario": (("scenario/load.py", "from_mapping"), ("scenario/load.py", "load")),
    "recording, counts and proof": (("simcomm/checked.py", "check"),),
    "  recording": (("collectives/base.py", "schedule"),),
    "  claim": (("collectives/base.py", "claim"),),
    "  counts": (("simcomm/counts.py", "count"), ("simcomm/counts.py", "check")),
    "  proof": (("simcomm/proof.py", "prove"),),
    "topology": (("topology/__init__.py", "build"), ("topology/regular.py", "regular")),
    "cluster": (("topology/cluster.py", "place"), ("topology/check.py", "checked")),
    "engine": (*((f"engines/{name}.py", "run") for name in ("compiled", "des")), *_WITHOUT_TIMELINE),
    "  lowering": (("engines/lowering.py", "lower"),),
    "columns and links": (
        *(("simcomm/columns.py", name) for name in ("given", "counted", "timed", "linked")),
        ("simcomm/links.py", "uses_of"),
        ("simcomm/theory.py", "formula"),
        ("simcomm/theory.py", "bound"),
    ),
}


def main(rows: Sequence[Row], workers: int | None = None) -> int:
    """Profile every row once, after one run that is not profiled and one that is only timed."""
    print(report.machine())
    for row in rows:
        size = workers or row.workers
        pin(row.cores)
        timed(row, size, row.engine)
        run = timed(row, size, row.engine)
        print(f"{row.name}: {row.what}, n = {size:,}, {run.outcome.engine}")
        print(f"  {'without the profiler':32} {run.seconds:9.3f} s, {run.engine_seconds:.3f} s of it in the engine")
        print(table(profiled(row, size)), flush=True)
    return 0


def profiled(row: Row, workers: int) -> pstats.Stats:
    """The profile of one run."""
    profiler = cProfile.Profile()
    profiler.enable()
    try:
        row.work(workers, row.engine)
    finally:
        profiler.disable()
    return pstats.Stats(profiler)


def table(stats: pstats.Stats, slowest: int = 12) -> str:
    """Seconds of every stage, and of the functions that take the most time themselves."""
    whole = sum(own for _, _, own, _ in _entries(stats))
    listed = [f"  {'with the profiler':32} {whole:9.3f} s"]
    listed += [f"  {stage:32} {s:9.3f} s {s / whole:6.1%}" for stage, s in stage_seconds(stats).items() if s]
    listed.append("  the functions with the most time of their own:")
    own = sorted(_entries(stats), key=lambda entry: -entry[2])[:slowest]
    for where, calls, own_s, _ in own:
        listed.append(f"    {own_s:9.3f} s {calls:9,} calls  {'/'.join(where.split('/')[-3:])}")
    return "\n".join(listed)


def stage_seconds(stats: pstats.Stats) -> dict[str, float]:
    """Cumulative seconds of every stage; 0 of one that was not run."""
    files = {where: cumulative for where, _, _, cumulative in _entries(stats)}
    return {
        stage: sum(
            seconds
            for where, seconds in files.items()
            for file, function in parts
            if where.rpartition(":")[0].endswith(file) and where.rpartition(":")[2] == function
        )
        for stage, parts in STAGES.items()
    }


def _entries(stats: pstats.Stats) -> list[tuple[str, int, float, float]]:
    """Every function: "file:name", calls, own seconds, cumulative seconds."""
    # The public view of a profile is by name alone, and there are many functions called run.
    table: dict[tuple[str, int, str], tuple[int, int, float, float, object]] = vars(stats)["stats"]
    return [
        (f"{file}:{name}", calls, own, cumulative) for (file, _, name), (_, calls, own, cumulative, _) in table.items()
    ]
