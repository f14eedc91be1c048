"""Reads a file into a database: every cell as text, as it stands, and the label apart.

Spaces around a cell, and line breaks and NUL within it, are no part of a value; an empty cell is a gap.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from pipeline_lambdas.config.rules import nearest
from slipway.datasets.csv_rules import Problem, quoted
from slipway.datasets.prepare import DELIMITERS
from slipway.errors import SlipwayError
from slipway.tables.engine import first_line_of, scratch_database, sql_name, sql_text
from slipway.tables.source import (
    Source,
    broken_gzip,
    check_names,
    ends_with_cr,
    find_source,
    first_line,
    not_utf8,
    prepared_path,
    read_header,
    with_plain_ends,
)

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

_KEPT_PROBLEMS = 20
_MIXED_ENDS = "state machine reached an invalid state"
"""What DuckDB says where some lines end in LF and others in CRLF."""
_UNREADABLE = ("BLOB", "STRUCT", "MAP", "UNION", "BIT")
"""Types of Parquet that are no values of a cell; lists end in []."""
_SHOWN_NAMES = 20
_SPACES = "".join(filter(str.isspace, map(chr, range(0x3001))))
"""Those of every alphabet, as training strips them too."""


class _MixedEndsError(SlipwayError):
    """The lines of a file have ends of several kinds."""


@dataclass(frozen=True)
class Layout:
    """The options of reading, as far as a person gave them."""

    label: str
    delimiter: str | None = None
    encoding: str | None = None
    skip_bad_rows: bool = False


@dataclass(frozen=True)
class Table:
    """A table in the database: `raw` with the columns `label` and `c0`, `c1`, ..., whose names are `features`."""

    connection: DuckDBPyConnection
    source: str
    label: str
    features: tuple[str, ...]
    unused: tuple[str, ...] = ()
    """Columns of Parquet whose values are no texts or numbers; they are not in the database."""
    rejected: int = 0
    problems: tuple[Problem, ...] = ()

    @property
    def cells(self) -> list[str]:
        """The columns of the features in the database."""
        return [f"c{index}" for index in range(len(self.features))]

    def rows(self) -> int:
        """Return how many rows there are now."""
        return self.scalar("FROM raw SELECT count(*)")

    def scalar(self, query: str) -> int:
        """Return the one number that a query answers."""
        found = self.connection.execute(query).fetchone()
        return int(found[0]) if found else 0


@contextmanager
def opened(path: Path, layout: Layout) -> Iterator[Table]:
    """Yield the table of a file; its database is gone afterwards.

    Raises SlipwayError for a file that is no table, a label that is no column, and, unless they are to be skipped, bad
    rows.
    """
    source = find_source(path, layout.encoding)
    with scratch_database() as (connection, folder):
        place = prepared_path(source, folder)
        read = _read_parquet if source.form == "parquet" else _read_csv
        table = read(connection, source, place, layout)
        if not table.rows():
            raise SlipwayError(f"{source.name}: found a header and no row; expected rows.")
        yield table


def _read_csv(connection: DuckDBPyConnection, source: Source, place: Path, layout: Layout) -> Table:
    if ends_with_cr(place):
        place = with_plain_ends(place, place.parent)
    try:
        return _read_lines(connection, source, place, layout)
    except _MixedEndsError:
        return _read_lines(connection, source, with_plain_ends(place, place.parent), layout)


def _read_lines(connection: DuckDBPyConnection, source: Source, place: Path, layout: Layout) -> Table:
    delimiter = layout.delimiter or _delimiter(connection, place, source.name)
    names = read_header(place, source.name, delimiter)
    label = _label_index(layout.label, names, source.name)
    columns = ", ".join(f"{sql_text(f'r{index}')}: 'VARCHAR'" for index in range(len(names)))
    reader = (
        f"read_csv({sql_text(str(place))}, auto_detect = false, header = true, columns = {{{columns}}}, "
        f"delim = {sql_text(delimiter)}, quote = '\"', escape = '\"', nullstr = '', strict_mode = true, "
        "store_rejects = true)"
    )
    _create(connection, reader, _renamed([f"r{index}" for index in range(len(names))], label), source)
    rejected, problems = _rejected(connection, source.name, len(names))
    if rejected and not layout.skip_bad_rows:
        more = f"\n{source.name}: {rejected:,} bad rows in all" if rejected > 1 else ""
        raise SlipwayError(
            "\n".join(map(str, problems[:3])) + more, "Mend the rows, or leave them out: --skip-bad-rows"
        )
    features = (*names[:label], *names[label + 1 :])
    return Table(connection, source.name, names[label], features, (), rejected, tuple(problems))


def _read_parquet(connection: DuckDBPyConnection, source: Source, place: Path, layout: Layout) -> Table:
    import duckdb  # noqa: PLC0415 - only this verb needs it

    reader = f"read_parquet({sql_text(str(place))})"
    try:
        described = connection.execute(f"DESCRIBE FROM {reader}").fetchall()
    except duckdb.Error as error:
        raise SlipwayError(f"{source.name}: found a Parquet file that cannot be read: {first_line_of(error)}") from None
    names = [str(name) for name, *_ in described]
    check_names([" ".join(name.split()) for name in names], source.name)
    label = _label_index(layout.label, names, source.name)
    unused = [str(name) for name, kind, *_ in described if _is_unreadable(str(kind))]
    if names[label] in unused:
        raise SlipwayError(f"{source.name}: --label: found {names[label]}, whose values are no texts or numbers.")
    kept = [name for name in names if name not in unused]
    cells = [f"CAST({sql_name(name)} AS VARCHAR)" for name in kept]
    _create(connection, reader, _renamed(cells, kept.index(names[label])), source)
    features = [" ".join(name.split()) for name in kept if name != names[label]]
    return Table(connection, source.name, " ".join(names[label].split()), tuple(features), tuple(unused))


def _is_unreadable(kind: str) -> bool:
    return kind.startswith(_UNREADABLE) or kind.endswith("]")


def _create(connection: DuckDBPyConnection, reader: str, selected: str, source: Source) -> None:
    import duckdb  # noqa: PLC0415 - only this verb needs it

    try:
        connection.execute(f"CREATE TABLE raw AS FROM {reader} SELECT {selected}")
    except duckdb.OutOfMemoryException:
        raise
    except duckdb.Error as error:
        text = str(error)
        if _MIXED_ENDS in text:
            raise _MixedEndsError(f"{source.name}: found lines that end in LF and others in CRLF.") from None
        if "gzip" in text.lower() or "decompress" in text.lower():
            raise broken_gzip(source.name) from None
        if "utf-8" in text.lower() or "unicode" in text.lower():
            raise not_utf8(source.name) from None
        raise SlipwayError(f"{source.name}: cannot be read: {first_line_of(error)}") from None


def _renamed(cells: Sequence[str], label: int) -> str:
    """Return the columns of `raw`: the label first, then the features in their order."""
    features = [cell for index, cell in enumerate(cells) if index != label]
    return ", ".join([f"{_clean(cells[label])} AS label", *(f"{_clean(c)} AS c{i}" for i, c in enumerate(features))])


def _clean(cell: str) -> str:
    # Few cells hold one of these, and an expression for each cell would take as long as all the rest.
    broken = " OR ".join(f"contains({cell}, chr({code}))" for code in (0, 10, 13))
    whole = f"CASE WHEN {broken} THEN regexp_replace({cell}, '[\\x00\\r\\n]+', ' ', 'g') ELSE {cell} END"
    return f"nullif(trim({whole}, {sql_text(_SPACES)}), '')"


def _delimiter(connection: DuckDBPyConnection, place: Path, name: str) -> str:
    """Return the separator that DuckDB finds, else the one that the first line has most of."""
    import duckdb  # noqa: PLC0415 - only this verb needs it

    line = first_line(place, name)
    try:
        found = connection.execute(f"FROM sniff_csv({sql_text(str(place))}) SELECT Delimiter").fetchone()
    except duckdb.Error:
        found = None
    if found and found[0] and str(found[0]) in line:
        return str(found[0])
    return max(DELIMITERS, key=line.count)


def _rejected(connection: DuckDBPyConnection, name: str, columns: int) -> tuple[int, list[Problem]]:
    counted = connection.execute("FROM reject_errors SELECT count(DISTINCT line)").fetchone()
    first = connection.execute(
        "FROM reject_errors SELECT line, min(error_type::VARCHAR), min(csv_line), min(error_message) "
        f"GROUP BY line ORDER BY line LIMIT {_KEPT_PROBLEMS}"
    ).fetchall()
    problems = [_problem(name, int(line), kind, text or "", said, columns) for line, kind, text, said in first]
    return int(counted[0]) if counted else 0, problems


def _problem(name: str, line: int, kind: str, text: str, said: str, columns: int) -> Problem:
    expected = f"{columns} columns, as in the header"
    if kind == "MISSING COLUMNS":
        return Problem(name, line, 0, f"too few columns ({quoted(text)})", expected)
    if kind == "TOO MANY COLUMNS":
        return Problem(name, line, 0, f"too many columns ({quoted(text)})", expected)
    if kind == "UNQUOTED VALUE":
        return Problem(name, line, 0, f"a quote that is not closed ({quoted(text)})", "quotes in pairs")
    if kind in {"INVALID ENCODING", "INVALID UNICODE"}:
        return Problem(name, line, 0, "bytes that are not UTF-8", "UTF-8, or the option --encoding, such as cp1252")
    if kind == "LINE SIZE OVER MAXIMUM":
        return Problem(name, line, 0, "a line of more than 2,000,000 bytes", "shorter lines, or a closed quote before")
    return Problem(name, line, 0, said.partition("\n")[0], expected)


def _label_index(label: str, names: Sequence[str], file: str) -> int:
    if label in names:
        return list(names).index(label)
    more = "" if len(names) <= _SHOWN_NAMES else f" and {len(names) - _SHOWN_NAMES} more"
    raise SlipwayError(
        f"{file}: --label: found {label!r}; expected a column: {', '.join(names[:_SHOWN_NAMES])}{more}"
        f"{nearest(label, list(names))}"
    )
