"""A table of a million rows and twenty columns: how long `slipway new` looks at it, and in how much memory.

It is compared with reading the same file once into a database, every cell as text, by the same library. Each run is a
process of its own; both times are without its start.
"""

from __future__ import annotations

import statistics
from pathlib import Path

import duckdb

from benchmarks.figures import Figure, at_most, untargeted
from benchmarks.reviews import run_measured

_ROWS, _SHORT_ROWS = 1_000_000, 5_000
_TIMES, _SHORT_TIMES = 3, 1
_COLUMNS = (
    "i AS id",
    *(f"round(random() * 1000, 3) AS n{n}" for n in range(8)),
    *(f"'kind ' || (random() * {10 ** (1 + n % 3)})::INT AS c{n}" for n in range(6)),
    "CASE WHEN random() < 0.9 THEN 'some, \"said\" ' || (random() * 500)::INT || ' of them' END AS t0",
    "'some text ' || (random() * 100000)::INT AS t1",
    "DATE '2024-01-01' + (random() * 1000)::INT AS d0",
    "TIMESTAMP '2024-01-01' + to_seconds((random() * 1e7)::INT) AS d1",
    "CASE WHEN random() < 0.27 THEN 'yes' ELSE 'no' END AS churned",
)

_NEW = """
from pathlib import Path
from slipway.tables.reading import Layout, opened
from slipway.tables.study import Wanted, study
from slipway.tables.tasks import Asked
from slipway.tables.writing import write_dataset
def run():
    with opened(Path(source), Layout("churned")) as table:
        rows = study(table, Asked(), Wanted(), lambda _step: None).rows
        write_dataset(table, Path(folder) / "dataset", "bench")
    return rows
"""
_READ = """
from slipway.tables.engine import scratch_database
def run():
    with scratch_database() as (connection, _):
        reader = f"read_csv('{source}', all_varchar = true)" if source.endswith("csv") else f"read_parquet('{source}')"
        connection.execute(f"CREATE TABLE raw AS FROM {reader} SELECT CAST(COLUMNS(*) AS VARCHAR)")
        return connection.execute("FROM raw SELECT count(*)").fetchone()[0]
"""


def measure(folder: Path, *, short: bool) -> list[Figure]:
    """Look at a made-up table, as CSV and as Parquet."""
    rows, times = (_SHORT_ROWS, _SHORT_TIMES) if short else (_ROWS, _TIMES)
    figures = []
    for form in ("csv", "parquet"):
        source = folder / f"table.{form}"
        _write(source, rows)
        pairs = [(run_measured(_NEW, source), run_measured(_READ, source)) for _ in range(times)]
        seconds = [statistics.median(pair[side][0] for pair in pairs) for side in (0, 1)]
        peak = max(ours[1] for ours, _ in pairs)
        ratio = statistics.median(ours[0] / theirs[0] for ours, theirs in pairs)
        what = f"{rows:,} rows x {len(_COLUMNS)} columns, {source.stat().st_size / 1e6:,.0f} MB of {form}"
        figures += [
            untargeted(f"profile, split and write a table, {form}", seconds[0], "s", what),
            at_most(f"the same, {form} / reading it once", ratio, "x", 10.0, f"which takes {seconds[1]:.1f} s"),
            at_most(f"peak memory of the same, {form}", peak, "MiB", 1_024.0),
        ]
    return figures


def _write(path: Path, rows: int) -> None:
    with duckdb.connect() as connection:
        connection.execute("SELECT setseed(0.5)")
        table = f"FROM range({rows}) t(i) SELECT {', '.join(_COLUMNS)}"
        options = "FORMAT csv, HEADER" if path.suffix == ".csv" else "FORMAT parquet"
        connection.execute(f"COPY ({table}) TO '{path}' ({options})")
