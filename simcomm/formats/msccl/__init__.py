"""MSCCL's algorithms in XML, as MSCCL, RCCL and ASTRA-sim read them.

What every instruction becomes: docs/msccl.md. Sources: the runtimes microsoft/msccl and ROCm/rccl, the language
microsoft/msccl-tools (Cowan et al., MSCCLang, ASPLOS 2023).
"""

from __future__ import annotations

from pathlib import Path

from simcomm.closed_forms import Vector
from simcomm.errors import InputError
from simcomm.formats.base import Imported
from simcomm.formats.msccl.build import operations_of
from simcomm.formats.msccl.elements import read
from simcomm.formats.msccl.layout import Layout
from simcomm.formats.msccl.order import order_of
from simcomm.formats.msccl.values import interpret
from simcomm.goals import Goal
from simcomm.schedule import Schedule
from simcomm.tables import write_file


def load(path: Path) -> Imported:
    """The schedule in an MSCCL file.

    InputError naming file, line and element of what is wrong; ProofError of what ends up at the wrong place.
    """
    algorithm = read(path)
    try:
        layout = Layout.of(
            algorithm.collective, len(algorithm.gpus), algorithm.chunks, algorithm.root, algorithm.in_place
        )
    except InputError as error:
        raise algorithm.at.wrong(str(error)) from None
    rows = operations_of(interpret(algorithm, layout, order_of(algorithm)))
    return Imported(
        Schedule.of(layout.ranks, layout.chunks * layout.vectors, [row for row, _ in rows], layout.vectors),
        layout.ranks,
        algorithm.name or path.stem,
        str(path),
        layout.goal,
        places=tuple(at for _, at in rows),
    )


def dump(
    schedule: Schedule, path: Path, *, workers: int, name: str, goal: Goal | None, vector: Vector | None = None
) -> None:
    """Write a schedule as an MSCCL file; InputError for what MSCCL cannot say."""
    from simcomm.formats.msccl.write import text_of

    write_file(path, text_of(schedule, workers, name, goal).encode())
