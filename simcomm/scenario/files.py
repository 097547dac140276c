"""The text of a scenario file, or one clear reason why there is none."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from simcomm.scenario.problems import Problem, ScenarioError

MAX_BYTES: Final = 2**20


def read_text(path: Path) -> str:
    """Read a scenario file as UTF-8; a folder, no permission, binary data or more than 1 MiB is a ``ScenarioError``."""
    try:
        with path.open("rb") as file:
            data = file.read(MAX_BYTES + 1)
    except FileNotFoundError:
        raise _refused(path, "no such file; expected a scenario in YAML") from None
    except IsADirectoryError:
        raise _refused(path, "is a folder; expected a scenario file in YAML") from None
    except PermissionError:
        raise _refused(path, "permission denied; expected a file that can be read") from None
    except (OSError, ValueError) as error:
        raise _refused(path, f"cannot be read: {getattr(error, 'strerror', None) or error}") from None
    if len(data) > MAX_BYTES:
        raise _refused(path, "larger than 1 MiB; expected a scenario in YAML")
    if b"\0" in data:
        raise _refused(
            path,
            "a binary file (it holds NUL bytes); expected a scenario in YAML, as UTF-8 text",
            data,
            data.index(b"\0"),
        )
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        message = f"the byte 0x{error.object[error.start]:02x} is not UTF-8; expected a scenario in YAML, as UTF-8 text"
        raise _refused(path, message, error.object, error.start) from None


def _refused(path: Path, message: str, data: bytes | None = None, offset: int = 0) -> ScenarioError:
    line = column = None
    if data is not None:
        before = data[:offset].decode("utf-8", errors="replace")
        line, column = before.count("\n") + 1, len(before) - before.rfind("\n")
    return ScenarioError([Problem(str(path), line, column, "", message)])
