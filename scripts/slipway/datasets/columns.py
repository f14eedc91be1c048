"""Reads and writes the column names of a dataset folder."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

from slipway.errors import SlipwayError

COLUMNS_FILE = "columns.json"
SIZE_LIMIT_BYTES = 8 * 1024 * 1024


def read_columns(folder: Path) -> list[str]:
    """Return the names, the label first; none without the file. SlipwayError if the file is not valid."""
    path = folder / COLUMNS_FILE
    if not path.is_file():
        return []
    with path.open("rb") as file:
        return parse_columns(file.read(SIZE_LIMIT_BYTES + 1), str(path))


def write_columns(folder: Path, names: Sequence[str]) -> None:
    """Write the names, the label first; none leave no file."""
    path = folder / COLUMNS_FILE
    if names:
        path.write_text(json.dumps(list(names), indent=2) + "\n", encoding="utf-8", newline="\n")
    else:
        path.unlink(missing_ok=True)


def parse_columns(content: bytes, file: str) -> list[str]:
    """Return the names in a file's content; SlipwayError if it is not valid."""
    if len(content) > SIZE_LIMIT_BYTES:
        raise SlipwayError(f"{file}: found more than {SIZE_LIMIT_BYTES:,} bytes; expected no more.")
    try:
        columns = json.loads(content)
    except RecursionError:
        raise SlipwayError(f"{file}: found values nested too deeply; expected a list of names.") from None
    except ValueError as error:
        raise SlipwayError(f"{file}: found text that is not JSON: {error}.") from None
    if not isinstance(columns, list) or not all(isinstance(name, str) for name in columns):
        raise SlipwayError(f"{file}: found no list of names; expected the columns' names, the label's first.")
    return columns
