"""From a figure to files: the same figure gives the same bytes."""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import matplotlib
from matplotlib.figure import Figure

from simcomm.errors import InputError, did_you_mean
from simcomm.plots.style import drawing
from simcomm.tables import output_failure, write_file

#: What each kind of file says of itself: no date, which would differ from run to run.
FORMATS: dict[str, dict[str, Any]] = {"png": {}, "svg": {"Date": None}}


def save(figure: Figure, path_without_suffix: str | Path, formats: Sequence[str] = ("png", "svg")) -> list[Path]:
    """Write the figure, one file for each format, each whole or not at all; the folder is made if it is missing.

    Raises InputError for an unknown format or a place that cannot be written, OutputError if the disk fails.
    """
    base = Path(path_without_suffix)
    for name in formats:
        if name not in FORMATS:
            raise InputError(f"unknown format {name!r}; expected {' or '.join(FORMATS)}{did_you_mean(name, FORMATS)}")
    files = {base.with_name(f"{base.name}.{name}"): rendered(figure, name) for name in formats}
    try:
        base.parent.mkdir(parents=True, exist_ok=True)
    except FileExistsError:
        raise InputError(f"{base.parent}: cannot be written: it is not a folder") from None
    except OSError as error:
        raise output_failure(base.parent, error) from error
    for path, data in files.items():
        write_file(path, data)
    return list(files)


def rendered(figure: Figure, name: str) -> bytes:
    """The figure as the bytes of a file."""
    data = io.BytesIO()
    with drawing(), matplotlib.rc_context({"svg.hashsalt": "simcomm"}):
        figure.savefig(data, format=name, metadata=FORMATS[name])
    return data.getvalue()
