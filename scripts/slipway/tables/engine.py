"""The database that a table is read into: DuckDB, with its memory bounded and the rest in a file.

https://duckdb.org/docs/stable/guides/performance/how_to_tune_workloads
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from slipway.errors import SlipwayError

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

MEMORY_LIMIT = "768MB"
_MOST_THREADS = 4
"""Each holds buffers of its own."""


@contextmanager
def scratch_database() -> Iterator[tuple[DuckDBPyConnection, Path]]:
    """Yield a connection to an empty database, and the folder that it lies in; both are gone afterwards."""
    import duckdb  # noqa: PLC0415 - only this verb needs it

    with tempfile.TemporaryDirectory(prefix="slipway-table-") as name:
        folder = Path(name)
        settings: dict[str, str | bool | int | float | list[str]] = {
            "memory_limit": MEMORY_LIMIT,
            "temp_directory": str(folder / "spill"),
            "threads": str(min(os.cpu_count() or 1, _MOST_THREADS)),
            # The order of rows is never asked for, and would take memory.
            "preserve_insertion_order": "false",
            # Nothing is fetched from the network.
            "autoinstall_known_extensions": "false",
            "autoload_known_extensions": "false",
        }
        with duckdb.connect(str(folder / "table.duckdb"), config=settings) as connection:
            try:
                yield connection, folder
            except duckdb.OutOfMemoryException as error:
                raise SlipwayError(
                    f"The table needs more than {MEMORY_LIMIT} of memory: {first_line_of(error)}",
                    "Leave out columns that are not needed, or take a part of the rows.",
                ) from None


def sql_text(text: str) -> str:
    """Return a text as a literal of SQL."""
    return "'" + text.replace("'", "''") + "'"


def sql_name(name: str) -> str:
    """Return the name of a column as SQL takes it, whatever it holds."""
    return '"' + name.replace('"', '""') + '"'


def first_line_of(error: Exception) -> str:
    """Return what DuckDB says first; hints and parts of the query follow it."""
    return str(error).partition("\n")[0]
