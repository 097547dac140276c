"""A typed table as bytes: its columns, its cells, CSV and Parquet, and writing a file whole or not at all."""

from __future__ import annotations

import csv
import errno
import io
import os
import re
import stat
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, fields
from numbers import Rational, Real
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, cast, get_args, get_type_hints

from simcomm.errors import InputError, OutputError, SimcommError, did_you_mean

if TYPE_CHECKING:
    import pandas

Kind = Literal["int", "float", "str", "bool"]
Cell = int | float | str | bool | None

_INTEGER = re.compile(r"[-+]?[0-9]+")
_NUMBER = re.compile(r"[-+]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][-+]?[0-9]+)?|[-+]?inf|nan")
_BOOLEANS = {"true": True, "false": False}
_PLAIN = {"int": int, "float": float, "str": str, "bool": bool}
_QUOTED = re.compile(r'[,"\r\n]')
_EXPECTED = {"int": "a whole number", "float": "a number", "str": "text", "bool": "true or false"}
# The errors that mean "you named a place that cannot be written", not "the disk failed".
_BAD_PLACE = {
    errno.EACCES,
    errno.EPERM,
    errno.EROFS,
    errno.ENOENT,
    errno.ENOTDIR,
    errno.EISDIR,
    errno.EEXIST,
    errno.ENAMETOOLONG,
    errno.ELOOP,
}


@dataclass(frozen=True)
class Column:
    """A column of a table: its name with the unit, the kind of its cells, what they mean, and may they be empty.

    >>> column = Column("time_s", "float", "Time until the last operation ends, in seconds.")
    >>> column.parse("0.1"), column.text(0.1)
    (0.1, '0.1')
    """

    name: str
    kind: Kind
    meaning: str
    optional: bool = False

    def plain(self, value: object) -> Cell:
        """The value as plain Python: numpy scalars and fractions converted; ValueError if it is not of this kind."""
        if type(value) is _PLAIN[self.kind]:
            return value  # type: ignore[return-value]
        if hasattr(value, "item"):
            value = value.item()
        if value is None and self.optional:
            return None
        if self.kind == "str" and isinstance(value, str):
            return value
        is_bool = value is True or value is False
        if self.kind == "bool" and is_bool:
            return bool(value)
        if self.kind == "int" and isinstance(value, Rational) and value.denominator == 1 and not is_bool:
            return int(value.numerator)
        if self.kind == "float" and isinstance(value, Real) and not is_bool:
            return float(value)
        raise self._bad("nothing" if value is None else repr(value))

    def parse(self, text: str) -> Cell:
        """The cell that this text of a CSV file stands for, else ValueError."""
        if self.kind == "str":
            return text
        if text == "" and self.optional:
            return None
        if self.kind == "int" and _INTEGER.fullmatch(text):
            return int(text)
        if self.kind == "float" and _NUMBER.fullmatch(text):
            return float(text)
        if self.kind == "bool" and text.lower() in _BOOLEANS:
            return _BOOLEANS[text.lower()]
        raise self._bad(repr(text) if text else "an empty cell")

    def text(self, value: Cell) -> str:
        """The cell as it stands in a CSV file: integers exact, floats by ``repr``, nothing for None."""
        if value is None:
            return ""
        if isinstance(value, bool):
            return "true" if value else "false"
        return repr(value) if isinstance(value, float) else str(value)

    def _bad(self, found: str) -> ValueError:
        return ValueError(f"{self.name}: expected {_EXPECTED[self.kind]}, found {found}")


def columns_of(row: type) -> tuple[Column, ...]:
    """The columns of a table whose rows are this dataclass: its annotated fields in their order."""
    hints = get_type_hints(row, include_extras=True)
    found = []
    for name in (item.name for item in fields(row)):
        if hasattr(hints[name], "__metadata__"):
            kind, *none = get_args(hints[name].__origin__) or (hints[name].__origin__,)
            found.append(Column(name, cast(Kind, kind.__name__), hints[name].__metadata__[0], optional=bool(none)))
    return tuple(found)


@dataclass(frozen=True)
class RawTable:
    """A table as it was read: column names and, for every row, where it stands and its cells, not yet checked."""

    names: tuple[str, ...]
    rows: tuple[tuple[str, tuple[Any, ...]], ...]
    typed: bool


def csv_bytes(columns: Sequence[Column], rows: Iterable[Sequence[Cell]]) -> bytes:
    r"""The table as UTF-8 CSV with "\n" line ends; equal tables give equal bytes.

    >>> csv_bytes([Column("n", "int", ""), Column("name", "str", "")], [(2**70, "a,b")])
    b'n,name\n1180591620717411303424,"a,b"\n'
    """
    lines = [",".join(column.name for column in columns)]
    texts = [column.text if column.kind != "str" else _quoted for column in columns]
    lines += [",".join([text(cell) for text, cell in zip(texts, row, strict=True)]) for row in rows]
    return ("\n".join(lines) + "\n").encode()


def _quoted(cell: Cell) -> str:
    # csv.writer leaves a lone carriage return bare when the line end is "\n"; a reader would split the row there.
    text = "" if cell is None else str(cell)
    return '"' + text.replace('"', '""') + '"' if _QUOTED.search(text) else text


def pandas_frame(columns: Sequence[Column], rows: Sequence[Sequence[Cell]]) -> pandas.DataFrame:
    """The table as a DataFrame: int64 where a column fits, else exact Python ints; InputError without pandas."""
    try:
        import pandas
    except ImportError as error:
        raise InputError("to_pandas needs pandas: pip install 'simcomm[parquet]'") from error

    def dtype(column: Column, cells: Sequence[Cell]) -> Any:
        if column.kind == "int":
            small = all(cell is None or -(2**63) <= int(cell) < 2**63 for cell in cells)
            return ("Int64" if column.optional else "int64") if small else "object"
        if column.kind == "bool":
            return "boolean" if column.optional else "bool"
        return {"float": "float64", "str": "str"}[column.kind]

    data = {}
    for index, column in enumerate(columns):
        cells = [row[index] for row in rows]
        data[column.name] = pandas.Series(cells, dtype=dtype(column, cells))
    return pandas.DataFrame(data)


def parquet_bytes(columns: Sequence[Column], rows: Sequence[Sequence[Cell]]) -> bytes:
    """The table as Parquet: int64 where a column fits, else exact decimals of scale 0; InputError without pyarrow."""
    arrow = _arrow("to_parquet")

    def array(column: Column, cells: Sequence[Any]) -> Any:
        if column.kind == "int" and not all(cell is None or -(2**63) <= cell < 2**63 for cell in cells):
            digits = max(len(str(abs(cell))) for cell in cells if cell is not None)
            return arrow.array(cells, arrow.decimal128(38, 0) if digits <= 38 else arrow.decimal256(76, 0))
        kinds = {"int": arrow.int64(), "float": arrow.float64(), "str": arrow.string(), "bool": arrow.bool_()}
        return arrow.array(cells, kinds[column.kind])

    arrays = [array(column, [row[index] for row in rows]) for index, column in enumerate(columns)]
    buffer = io.BytesIO()
    arrow.parquet.write_table(arrow.table(arrays, names=[column.name for column in columns]), buffer)
    return buffer.getvalue()


def _arrow(who: str) -> Any:
    try:
        import pyarrow.parquet  # type: ignore[import-untyped]
    except ImportError as error:
        raise InputError(f"{who} needs pyarrow: pip install 'simcomm[parquet]'") from error
    return pyarrow


def read_table(path: Path) -> RawTable:
    """Read a CSV or Parquet file (told apart by its first bytes); InputError if it cannot be read or is neither."""
    try:
        if not stat.S_ISREG(path.stat().st_mode):
            raise InputError(f"{path}: not a file; expected a results file")
        data = path.read_bytes()
    except OSError as error:
        raise InputError(f"{path}: cannot be read: {error.strerror}") from error
    return _read_parquet(path, data) if data.startswith(b"PAR1") else _read_csv(path, data)


def _read_csv(path: Path, data: bytes) -> RawTable:
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InputError(f"{path}: a binary file; expected a results file (CSV in UTF-8, or Parquet)") from error
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    rows = []
    try:
        for cells in reader:
            if cells:
                rows.append((f"{path}:{reader.line_num}", tuple(cells)))
    except csv.Error as error:
        raise InputError(f"{path}:{reader.line_num}: not CSV: {error}") from error
    if not rows:
        raise InputError(f"{path}: the file is empty; expected a results file")
    return RawTable(rows[0][1], tuple(rows[1:]), typed=False)


def _read_parquet(path: Path, data: bytes) -> RawTable:
    arrow = _arrow(f"reading {path}")
    try:
        table = arrow.parquet.read_table(io.BytesIO(data))
    except (arrow.ArrowException, OSError) as error:
        raise InputError(f"{path}: not a readable Parquet file: {error}") from error
    columns = [[_whole(cell) for cell in table.column(index).to_pylist()] for index in range(table.num_columns)]
    rows = tuple((f"{path}: row {number}", cells) for number, cells in enumerate(zip(*columns, strict=True), start=1))
    return RawTable(tuple(table.column_names), rows, typed=True)


def check_names(names: Sequence[str], columns: Sequence[Column], where: str) -> None:
    """InputError naming a column that is unknown, missing or there twice."""
    known = [column.name for column in columns]
    for name in names:
        if name not in known:
            raise InputError(f"{where}: unknown column {name!r}{did_you_mean(name, known)}")
        if list(names).count(name) > 1:
            raise InputError(f"{where}: column {name!r} stands twice")
    if missing := [name for name in known if name not in names]:
        raise InputError(f"{where}: missing column{'s' if missing[1:] else ''} {', '.join(missing)}")


def typed_row(where: str, table: RawTable, cells: tuple[Any, ...], columns: Sequence[Column]) -> dict[str, Any]:
    """A row that was read as cells of these columns; InputError says where one is wrong."""
    if len(cells) != len(table.names):
        raise InputError(f"{where}: expected {len(table.names)} cells, found {len(cells)}")
    row = dict(zip(table.names, cells, strict=True))
    try:
        return {c.name: c.plain(row[c.name]) if table.typed else c.parse(row[c.name]) for c in columns}
    except ValueError as error:
        raise InputError(f"{where}: {error}") from error


def _whole(cell: Any) -> Any:
    return int(cell) if type(cell).__name__ == "Decimal" and cell == int(cell) else cell


def write_file(path: str | Path, data: bytes) -> None:
    """Write the file whole or leave it as it was; InputError if the place is wrong, OutputError if the disk fails."""
    target = Path(path)
    try:
        if target.exists() and not target.is_file():  # a pipe or a device: there is nothing to replace
            target.write_bytes(data)
        else:
            _replace(Path(os.path.realpath(target)), data)
    except OSError as error:
        raise output_failure(target, error) from error


def _replace(target: Path, data: bytes) -> None:
    draft = target.with_name(f".{target.name}.{os.getpid()}.tmp")
    try:
        with draft.open("wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(target)
    finally:
        with suppress(OSError):
            draft.unlink()
    sync_folder(target.parent)


def sync_folder(folder: Path) -> None:
    """Make a new name in the folder survive a power cut."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def output_failure(path: Path, error: OSError) -> SimcommError:
    """The failure in our words: InputError for a place that cannot be written, OutputError for a disk that fails."""
    kind = InputError if error.errno in _BAD_PLACE else OutputError
    return kind(f"{path}: cannot be written: {error.strerror}")
