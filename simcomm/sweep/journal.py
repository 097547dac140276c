"""The journal of a results folder: one line per finished point, appended at once, so that a killed run loses none."""

from __future__ import annotations

import fcntl
import hashlib
import io
import json
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path

from simcomm.errors import InputError, OutputError, SimcommError
from simcomm.link_table import Links, LinkUse
from simcomm.results import JOURNAL_FILE, RESULTS_VERSION, Result
from simcomm.sweep.identity import canonical_json
from simcomm.tables import output_failure, sync_folder

JOURNAL_VERSION = 1
HEADER = f'{{"simcomm_journal":{JOURNAL_VERSION},"results_version":{RESULTS_VERSION}}}\n'.encode()


class Journal:
    """The finished points of a folder by their full id, and the way to add one; made by `open_journal`."""

    def __init__(self, path: Path, handle: int) -> None:
        self.path = path
        self.results, self.warnings, self._end = read_journal(path, _content(handle))
        self._handle = handle
        os.ftruncate(handle, self._end)  # the torn line of a killed run, if there is one
        if self._end == 0:
            self._append(HEADER)
            sync_folder(path.parent)

    def append(self, identity: str, result: Result) -> None:
        """Add a finished point and wait until the disk has it; OutputError, and no torn line, if that fails."""
        self._append(journal_line(identity, result))
        self.results[identity] = result

    def _append(self, line: bytes) -> None:
        try:
            rest = line
            while rest:  # one write but on a disk that fills up: the next one then says why
                rest = rest[os.write(self._handle, rest) :]
            os.fsync(self._handle)
        except OSError as error:
            with suppress(OSError):
                os.ftruncate(self._handle, self._end)
            kept = f"{len(self.results)} finished points are kept; make room and run again"
            raise OutputError(f"{self.path}: cannot be written: {error.strerror}; {kept}") from error
        self._end += len(line)


@contextmanager
def open_journal(folder: Path) -> Iterator[Journal]:
    """The journal of an existing folder, locked for this run.

    InputError if the folder cannot be written, if another run holds it, or if the journal is not one of this version.
    """
    path = folder / JOURNAL_FILE
    try:
        handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o666)
    except OSError as error:
        raise output_failure(path, error) from error
    try:
        _lock(path, handle)
        try:
            journal = Journal(path, handle)
        except OSError as error:
            raise output_failure(path, error) from error
        yield journal
    finally:
        os.close(handle)


def journal_line(identity: str, result: Result) -> bytes:
    """One record as a line of JSON: the id, the row, the links if they are kept (without the point), and a hash."""
    record: dict[str, object] = {"id": identity, "row": result.as_row()}
    if result.links is not None:
        record["links"] = [list(use.as_row().values())[1:] for use in result.links]
    return (canonical_json({**record, "sha": _hash(record)}) + "\n").encode()


def read_journal(path: Path, data: bytes) -> tuple[dict[str, Result], list[str], int]:
    """The finished points in a journal, a warning per corrupt line, and where the good lines end.

    A last line that is torn or corrupt is left out; a corrupt line before it is named in a warning, and its point
    counts as not run. InputError for a file that is not a journal or has another version; ``path`` is only named.
    """
    if HEADER.startswith(data) and data != HEADER:
        return {}, [], 0
    if not data.startswith(HEADER):
        raise InputError(f"{path}: {_foreign(data)}; choose another folder, or move this file away")
    results: dict[str, Result] = {}
    warnings: list[str] = []
    end = len(HEADER)
    lines = io.BytesIO(data[end:]).readlines()
    for number, line in enumerate(lines, start=2):
        record = _parse(line)
        if record is not None:
            results[record[0]] = record[1]
        elif number == len(lines) + 1:
            break
        else:
            warnings.append(f"{path}:{number}: corrupt line; its point is run again")
        end += len(line)
    return results, warnings, end


def _parse(line: bytes) -> tuple[str, Result] | None:
    if not line.endswith(b"\n"):
        return None
    try:
        record = json.loads(line)
        sha = record.pop("sha")
        if sha != _hash(record):
            return None
        result = Result.from_row(record["row"])
        if "links" in record:
            uses = tuple(LinkUse(result.point, *cells) for cells in record["links"])
            result = replace(result, links=Links(uses))
        return str(record["id"]), result
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError, SimcommError):
        return None


def _hash(record: dict[str, object]) -> str:
    return hashlib.sha256(canonical_json(record).encode()).hexdigest()[:16]


def _foreign(data: bytes) -> str:
    try:
        version = json.loads(data.split(b"\n", 1)[0])
        if "simcomm_journal" in version:
            return f"a journal of another version of simcomm: expected {HEADER.decode().strip()}, found {version}"
    except (ValueError, TypeError, RecursionError):
        pass
    return "not a journal of simcomm"


def _lock(path: Path, handle: int) -> None:
    if not stat.S_ISREG(os.fstat(handle).st_mode):
        raise InputError(f"{path}: not a regular file; choose another folder")
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        raise InputError(f"{path}: another run is writing into this folder; wait for it, or choose another") from error
    except OSError as error:
        raise output_failure(path, error) from error


def _content(handle: int) -> bytes:
    with open(handle, "rb", closefd=False) as file:
        return file.read()
