"""``python -m benchmarks``: how fast simcomm is, against the targets and against a yardstick of the same machine.

Without names all rows of the table are measured; or name some. ``linearity`` shows cost against messages, ``peers``
compares with SimGrid, ``profile NAME`` says where the time of a row goes.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from benchmarks import fresh, report
from benchmarks.measure import Measured, measure
from benchmarks.row import Row
from benchmarks.rows import NAMED, ROWS


def main(arguments: Sequence[str] | None = None) -> int:
    """Do what the command line says; 0 unless a benchmark fails. A target that is missed is no failure."""
    given = _parser().parse_args(arguments)
    if given.list:
        for row in ROWS:
            print(f"{row.name:24} {row.what}, n = {row.workers:,}, {row.engine}: {row.target.text(row.unit)}")
        return 0
    words: list[str] = given.names
    if words[:1] == ["linearity"]:
        from benchmarks import linearity

        return linearity.main(given.out, given.limit)
    if words[:1] == ["peers"]:
        from benchmarks import peers

        return peers.main(given.limit)
    if words[:1] == ["profile"]:
        from benchmarks import stages

        return stages.main(_rows(words[1:]), given.workers)
    return quick(_rows(words)) if given.quick else full(_rows(words), given)


def full(rows: Sequence[Row], given: argparse.Namespace) -> int:
    """Every row in a fresh process, one after the other."""
    print(report.machine(), flush=True)
    all_found = []
    for row in rows:
        found = fresh.measure(row, given.workers or row.workers, row.engine, given.limit)
        print(report.lines(found), flush=True)
        all_found.append(found)
    if given.json:
        report.write_json(given.json, all_found)
    if given.markdown:
        print(report.markdown(all_found))
    return 0


def quick(rows: Sequence[Row]) -> int:
    """Check every row at a small size, in this process: its messages, and its time against the reference engine's."""
    for row in rows:
        found, reference = (measure(row, row.quick_workers, engine, 0, 0.01) for engine in (row.engine, "des"))
        print(f"{row.name}, n = {row.quick_workers}: {agreement(found, reference)}", flush=True)
    return 0


def agreement(found: Measured, reference: Measured) -> str:
    """What the check of one row says; exits if two engines disagree."""
    if found.missing:
        return f"{found.engine} is not available: {found.missing}"
    if abs(found.time_s - reference.time_s) > NAMED[found.name].tolerance * reference.time_s:
        sys.exit(f"{found.name}: {found.time_s!r} s by {found.engine}, {reference.time_s!r} s by {reference.engine}")
    return f"{found.count:,} {NAMED[found.name].unit}, {found.time_s:.6g} s by {found.engine} and {reference.engine}"


def _rows(names: Sequence[str]) -> Sequence[Row]:
    from simcomm.errors import did_you_mean

    for name in names:
        if name not in NAMED:
            sys.exit(f"no benchmark {name!r}{did_you_mean(name, NAMED)}; python -m benchmarks --list shows all")
    return [NAMED[name] for name in names] or ROWS


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("names", nargs="*", help="rows; or linearity, peers, profile NAME")
    parser.add_argument("--list", action="store_true", help="say what there is")
    parser.add_argument("--quick", action="store_true", help="check small sizes instead of measuring")
    parser.add_argument("--workers", type=int, metavar="N", help="another size, for a look: it is not judged")
    parser.add_argument("--markdown", action="store_true", help="print the table of README.md at the end")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write all measurements here")
    parser.add_argument("--limit", type=float, default=600.0, metavar="S", help="stop a process after that (600 s)")
    parser.add_argument("--out", type=Path, default=Path("results/benchmarks"), help="folder for linearity's picture")
    return parser


if __name__ == "__main__":
    sys.exit(main())
