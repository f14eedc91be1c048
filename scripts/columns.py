"""The names of a dataset folder's columns."""

from __future__ import annotations

import json
from pathlib import Path

from scripts.errors import SlipwayError

COLUMNS_FILE = "columns.json"


def read_columns(folder: Path) -> list[str]:
    """The names, the label's first; none without the file, SlipwayError for one that holds something else."""
    path = folder / COLUMNS_FILE
    return parse_columns(path.read_bytes(), str(path)) if path.is_file() else []


def parse_columns(content: bytes, file: str) -> list[str]:
    """The names that a file holds; SlipwayError if it holds something else."""
    try:
        columns = json.loads(content)
    except ValueError as error:
        raise SlipwayError(f"{file}: found text that is not JSON: {error}.") from None
    if not isinstance(columns, list) or not all(isinstance(name, str) for name in columns):
        raise SlipwayError(f"{file}: found no list of names; allowed are the columns' names, the label's first.")
    return columns
