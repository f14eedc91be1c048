"""Looks at a table's file before it is read: its format, its encoding, and the first line of a CSV file."""

from __future__ import annotations

import codecs
import csv
import gzip
import re
import shutil
import zlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Literal, cast

from slipway.datasets.csv_rules import LINE_LIMIT_BYTES, is_number, quoted, too_long
from slipway.errors import SlipwayError
from slipway.project import shown

Format = Literal["csv", "parquet"]

_PARQUET, _GZIP = b"PAR1", b"\x1f\x8b"
_OTHERS = {
    b"PK\x03\x04": "a zip file, as Excel writes",
    b"\xd0\xcf\x11\xe0": "an old Excel file",
    b"\x28\xb5\x2f\xfd": "a Zstandard file",
    b"BZh": "a bzip2 file",
    b"\xfd7zXZ": "an xz file",
    b"SQLite f": "an SQLite database",
    b"%PDF": "a PDF",
}
_MARKS = {codecs.BOM_UTF8: "utf-8", codecs.BOM_UTF16_LE: "utf-16", codecs.BOM_UTF16_BE: "utf-16"}
_CHUNK = 1 << 20
_QUOTED = re.compile(rb'"[^"]*"')
_LONGEST_NAME = 200


@dataclass(frozen=True)
class Source:
    """A file that can be read as a table."""

    path: Path
    form: Format
    zipped: bool
    encoding: str

    @property
    def name(self) -> str:
        return shown(self.path)


def find_source(path: Path, encoding: str | None) -> Source:
    """Return what a file is by its first bytes; SlipwayError if it is no table."""
    if not path.is_file():
        raise SlipwayError(f"{shown(path)}: found {'a folder' if path.is_dir() else 'no such file'}.")
    with path.open("rb") as file:
        first = file.read(8)
    zipped = first.startswith(_GZIP)
    if zipped:
        first = _beginning(path)
    if first.startswith(_PARQUET):
        if zipped:
            raise SlipwayError(
                f"{shown(path)}: found a Parquet file within gzip.", "Unpack it: Parquet is compressed inside."
            )
        return Source(path, "parquet", zipped=False, encoding="utf-8")
    for mark, what in _OTHERS.items():
        if first.startswith(mark):
            raise SlipwayError(
                f"{shown(path)}: found {what}; expected CSV, TSV or Parquet, as it is or in gzip.",
                "Save the table as CSV (UTF-8).",
            )
    if not first:
        raise SlipwayError(f"{shown(path)}: found an empty file; expected a header and rows.")
    found = next((name for mark, name in _MARKS.items() if first.startswith(mark)), "utf-8")
    return Source(path, "csv", zipped, _encoding(encoding or found))


def prepared_path(source: Source, folder: Path) -> Path:
    """Return a path in a folder that leads to the source as UTF-8, under a plain name that says what it holds."""
    if source.form == "parquet":
        link = folder / "table.parquet"
    elif source.encoding == "utf-8":
        link = folder / ("table.csv.gz" if source.zipped else "table.csv")
    else:
        return _recoded(source, folder / "table.csv")
    link.symlink_to(source.path.resolve())
    return link


def with_plain_ends(path: Path, folder: Path) -> Path:
    """Write a UTF-8 file, in gzip or not, with LF alone at the end of each line, and return its path."""
    plain = folder / "plain.csv"
    opener = gzip.open if path.suffix == ".gz" else open
    # Other bytes than UTF-8 are told of by whoever reads the file.
    with (
        opener(path, "rt", encoding="utf-8", errors="surrogateescape", newline=None) as file,
        plain.open("w", encoding="utf-8", errors="surrogateescape", newline="\n") as out,
    ):
        shutil.copyfileobj(cast("IO[str]", file), out, _CHUNK)
    return plain


def ends_with_cr(path: Path) -> bool:
    """Whether the lines of a file end in CR alone, as old Macs wrote them."""
    with _opened(path) as file:
        first = file.read(_CHUNK).partition(b"\n")[0]
    return b"\r" in _QUOTED.sub(b"", first.removesuffix(b"\r"))


def read_header(path: Path, name: str, delimiter: str) -> list[str]:
    """Return the names of a CSV file's columns; SlipwayError if the first line does not hold them, each once."""
    header = _first_record(path, name, delimiter)
    if not any(header):
        raise SlipwayError(f"{name}: line 1: found an empty line; expected the columns' names.")
    if 2 * sum(map(is_number, header)) > len(header):
        raise SlipwayError(
            f"{name}: line 1: found a row ({quoted(delimiter.join(header))}); expected the columns' names.",
            "Put a line with the names before the rows.",
        )
    if len(header) < 2:
        raise SlipwayError(
            f"{name}: line 1: found one column, {quoted(header[0])}; expected a label and at least one feature.",
            "Name the separator of the columns: --delimiter ';'",
        )
    names = [cell or f"column {number}" for number, cell in enumerate(header, 1)]
    check_names(names, name)
    return names


def check_names(names: Sequence[str], file: str) -> None:
    """Raise SlipwayError for a name that several columns have, or that is too long for a training config."""
    long = next((name for name in names if len(name) > _LONGEST_NAME), None)
    if long:
        raise SlipwayError(
            f"{file}: line 1: found a name of {len(long)} characters, {quoted(long)}; expected {_LONGEST_NAME} at most."
        )
    twice = sorted(name for name, count in Counter(names).items() if count > 1)
    if twice:
        places = [number for number, name in enumerate(names, 1) if name == twice[0]]
        more = f", and {len(twice) - 1} more names" if len(twice) > 1 else ""
        raise SlipwayError(
            f"{file}: line 1: found the name {quoted(twice[0])} at columns {', '.join(map(str, places))}{more}; "
            "expected each name once.",
            "Rename the columns, or leave one of them out.",
        )


def first_line(path: Path, name: str) -> str:
    """Return the first line of a UTF-8 file, in gzip or not; SlipwayError if it cannot be read."""
    with _opened(path) as file:
        line = file.readline(LINE_LIMIT_BYTES + 1)
    if len(line) > LINE_LIMIT_BYTES:
        raise SlipwayError(str(too_long(name, 1)))
    try:
        return line.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise not_utf8(f"{name}: line 1, offset {error.start}") from None


def not_utf8(place: str) -> SlipwayError:
    """Return the error of bytes that are not UTF-8."""
    return SlipwayError(
        f"{place}: found bytes that are not UTF-8.",
        "Save the table as UTF-8, or name its encoding, such as: --encoding cp1252",
    )


def _first_record(path: Path, name: str, delimiter: str) -> list[str]:
    first_line(path, name)
    with _opened(path) as file:
        lines = (line.decode("utf-8-sig", "replace").replace("\0", "\N{REPLACEMENT CHARACTER}") for line in file)
        try:
            cells = next(csv.reader(lines, delimiter=delimiter), [])
        except csv.Error as error:
            raise SlipwayError(f"{name}: line 1: found text that is not CSV: {error}.") from None
    return [" ".join(cell.split()) for cell in cells]


def _opened(path: Path) -> IO[bytes]:
    return cast("IO[bytes]", gzip.open(path)) if path.suffix == ".gz" else path.open("rb")


def _beginning(path: Path) -> bytes:
    try:
        with gzip.open(path) as file:
            return file.read(8)
    except (EOFError, gzip.BadGzipFile, zlib.error):
        raise broken_gzip(shown(path)) from None


def broken_gzip(name: str) -> SlipwayError:
    """Return the error of a gzip file that ends early or is damaged."""
    return SlipwayError(f"{name}: found a gzip file that is damaged or ends early.", "Copy or download it again.")


def _encoding(name: str) -> str:
    try:
        "a".encode(name)  # refuses codecs of bytes, such as base64
        found = codecs.lookup(name).name
    except (LookupError, UnicodeError):
        raise SlipwayError(
            f"--encoding: found {name!r}; expected an encoding that Python knows, such as utf-8, cp1252 or utf-16."
        ) from None
    return "utf-8" if found in {"utf-8", "utf-8-sig", "ascii"} else found


def _recoded(source: Source, path: Path) -> Path:
    """Write a source as UTF-8, piece by piece."""
    decoder = codecs.getincrementaldecoder(source.encoding)()
    opener = gzip.open if source.zipped else open
    try:
        with cast("IO[bytes]", opener(source.path, "rb")) as file, path.open("w", encoding="utf-8", newline="") as out:
            while chunk := file.read(_CHUNK):
                out.write(decoder.decode(chunk))
            out.write(decoder.decode(b"", final=True))
    except UnicodeError as error:
        raise SlipwayError(
            f"{source.name}: found bytes that are not {source.encoding}: {error}", "Name another one with --encoding."
        ) from None
    except (EOFError, gzip.BadGzipFile, zlib.error):
        raise broken_gzip(source.name) from None
    return path
