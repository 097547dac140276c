"""What every table of rows can be written to."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from simcomm.tables import Cell, Column, csv_bytes, pandas_frame, parquet_bytes, write_file

if TYPE_CHECKING:
    import pandas


class Writable:
    """A table that can be written: its rows know their cells, its class knows the columns."""

    columns: ClassVar[tuple[Column, ...]]
    rows: Sequence[Any]

    def to_csv(self, path: str | Path) -> None:
        """Write a CSV file, whole or not at all; InputError if the place is wrong, OutputError if the disk fails."""
        write_file(path, csv_bytes(self.columns, self._cells()))

    def to_parquet(self, path: str | Path) -> None:
        """Write a Parquet file, whole or not at all; integers past int64 are decimals; InputError without pyarrow."""
        write_file(path, parquet_bytes(self.columns, self._cells()))

    def to_pandas(self) -> pandas.DataFrame:
        """The table as a DataFrame; integers past int64 stay exact Python ints; InputError without pandas."""
        return pandas_frame(self.columns, self._cells())

    def _cells(self) -> list[tuple[Cell, ...]]:
        return [tuple(row.as_row().values()) for row in self.rows]
