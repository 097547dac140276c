"""A benchmark in a fresh process: nothing that ran before it is in its memory, or in its way."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from benchmarks.measure import Measured
from benchmarks.row import Row

ROOT = Path(__file__).resolve().parents[1]


class Stopped(Exception):
    """A process took too long, or failed; the text says which."""


def run(module: str, *arguments: object, limit_s: float) -> Any:
    """What ``python -m MODULE ARGUMENTS`` prints as its last line, in JSON."""
    command = [sys.executable, "-m", module, *map(str, arguments)]
    try:
        ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=limit_s)
    except subprocess.TimeoutExpired:
        raise Stopped(f"stopped after {limit_s:g} s") from None
    if ended.returncode < 0:
        raise Stopped(f"killed by signal {-ended.returncode}")
    if ended.returncode:
        sys.exit(f"{' '.join(command[2:])} failed:\n{ended.stderr}")
    return json.loads(ended.stdout.splitlines()[-1])


def measure(row: Row, workers: int, engine: str, limit_s: float) -> Measured:
    """Measure a row in a process of its own; one that takes too long is reported as missing."""
    options = ("--workers", workers, "--engine", engine)
    try:
        found = run("benchmarks.measure", row.name, *options, limit_s=limit_s)
    except Stopped as error:
        return Measured(row.name, workers, engine, missing=str(error))
    times = {name: tuple(found[name]) for name in ("seconds", "engine_seconds", "cpu_seconds")}
    return Measured(**(found | times))
