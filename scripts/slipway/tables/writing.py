"""Writes the dataset of a table: three channels of CSV, the names of the columns, the manifest, and a row to try.

Cells stand as they are in the table, the label first, without a header; RFC 4180 quotes where a cell holds a comma or a
quote: https://www.rfc-editor.org/rfc/rfc4180
"""

from __future__ import annotations

import csv
from pathlib import Path

from pipeline_lambdas.release.dataset import CHANNELS
from slipway.datasets.columns import write_columns
from slipway.datasets.dataset import write_manifest
from slipway.tables.engine import sql_text
from slipway.tables.reading import Table

EXAMPLE_FILE = "example.csv"


def write_dataset(table: Table, folder: Path, model: str) -> None:
    """Write the channels' files; rows of the same split come in the same order."""
    cells = ", ".join(["label", *table.cells])
    for channel in CHANNELS:
        path = folder / channel / f"{channel}.csv"
        path.parent.mkdir(parents=True, exist_ok=True)
        table.connection.execute(
            f"COPY (FROM raw JOIN placed ON raw.rowid = placed.id SELECT {cells} "
            f"WHERE channel = {sql_text(channel)} ORDER BY shuffle, id) TO {sql_text(str(path))} "
            "(FORMAT csv, HEADER false, DELIMITER ',', QUOTE '\"', ESCAPE '\"', NULLSTR '')"
        )
    write_columns(folder, [table.label, *table.features])
    write_manifest(folder, model)


def write_example(table: Table, folder: Path) -> Path:
    """Write one row of the test channel with a header and without its label, as a caller sends it."""
    cells = ", ".join(table.cells)
    row = table.connection.execute(
        f"FROM raw JOIN placed ON raw.rowid = placed.id SELECT {cells} WHERE channel = 'test' ORDER BY shuffle LIMIT 1"
    ).fetchone()
    path = folder / EXAMPLE_FILE
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(table.features)
        writer.writerow(row or ())
    return path
