"""The formats of a dataset that a Map reads, each as an iterator over its items.

https://docs.aws.amazon.com/step-functions/latest/dg/input-output-itemreader.html
"""

from __future__ import annotations

import codecs
import csv
import json
import zlib
from collections.abc import Iterator, Mapping
from typing import Any

from local_aws.stepfunctions.tasks.items.json_stream import JsonStream, NotIterableError

_DELIMITERS = {"COMMA": ",", "PIPE": "|", "SEMICOLON": ";", "SPACE": " ", "TAB": "\t"}
_MOST_HEADER_BYTES = 10 * 1024
_MOST_FIELD = 8 * 1024 * 1024
_GZIP = 16 + zlib.MAX_WBITS

Pair = tuple[str | None, Any]
"""A key, None but for the members of a JSON object, and a value."""


class FormatError(Exception):
    """The dataset is not what its ReaderConfig says; the message says why."""


def items(chunks: Iterator[bytes], config: Mapping[str, Any]) -> Iterator[Pair]:
    """The items of one object of S3. Raises FormatError."""
    kind = config.get("InputType")
    reader = _READERS.get(str(kind))
    if reader is None:
        raise FormatError(_unknown_type(kind))
    try:
        yield from reader(text(chunks), config)
    except UnicodeDecodeError as error:
        raise FormatError(f"The dataset is not UTF-8: {error.reason} at byte {error.start} of a part") from error
    except NotIterableError as error:
        raise FormatError("Attempting to map over non-iterable node.") from error
    except (ValueError, csv.Error) as error:
        raise FormatError(f"The dataset is no valid {kind}: {error}") from error


def text(chunks: Iterator[bytes]) -> Iterator[str]:
    """The text of UTF-8 in pieces, without a byte order mark."""
    decoder = codecs.getincrementaldecoder("utf-8-sig")()
    for chunk in chunks:
        yield decoder.decode(chunk)
    yield decoder.decode(b"", final=True)


def unzipped(chunks: Iterator[bytes]) -> Iterator[bytes]:
    """What gzip has packed, in pieces. Raises FormatError."""
    unpacker = zlib.decompressobj(_GZIP)
    try:
        for chunk in chunks:
            yield unpacker.decompress(chunk)
        yield unpacker.flush()
    except zlib.error as error:
        raise FormatError(f"The file is no gzip: {error}") from error


def lines(pieces: Iterator[str]) -> Iterator[str]:
    """Lines with their ends."""
    rest: list[str] = []
    for piece in pieces:
        head, found, tail = piece.rpartition("\n")
        if not found:
            rest.append(piece)
            continue
        for line in ("".join(rest) + head).split("\n"):
            yield f"{line}\n"
        rest = [tail]
    if last := "".join(rest):
        yield last


def csv_rows(rows: Iterator[str], headers: list[str] | None, delimiter: str = ",") -> Iterator[dict[str, str]]:
    """Rows as objects; without headers the first row is them.

    What a row lacks is "", what it has beyond the headers is left out.
    """
    csv.field_size_limit(_MOST_FIELD)
    reader = csv.reader(rows, delimiter=delimiter)
    names = headers if headers is not None else next(reader, [])
    if len(",".join(names).encode()) > _MOST_HEADER_BYTES:
        raise FormatError("The headers of the CSV file are longer than 10 KiB")
    for row in reader:
        if row:
            yield dict(zip(names, row + [""] * (len(names) - len(row)), strict=False))


def _json(pieces: Iterator[str], config: Mapping[str, Any]) -> Iterator[Pair]:
    """An array's values, or an object's members as objects of Key and Value."""
    stream, pointer = JsonStream(pieces), config.get("ItemsPointer") or ""
    try:
        stream.find(pointer)
    except KeyError as error:
        raise FormatError(f"The ItemsPointer '{pointer}' leads to nothing: the dataset has no {error}") from error
    for key, value in stream.items():
        yield key, value if key is None else {"Key": key, "Value": value}


def _json_lines(pieces: Iterator[str], _config: Mapping[str, Any]) -> Iterator[Pair]:
    for line in lines(pieces):
        if line.strip():
            yield None, json.loads(line)


def _csv(pieces: Iterator[str], config: Mapping[str, Any]) -> Iterator[Pair]:
    name = config.get("CSVDelimiter", "COMMA")
    if name not in _DELIMITERS:
        raise FormatError(f"CSVDelimiter is '{name}'; expected {', '.join(_DELIMITERS)}")
    for row in csv_rows(lines(pieces), _headers(config), _DELIMITERS[name]):
        yield None, row


def _headers(config: Mapping[str, Any]) -> list[str] | None:
    where = config.get("CSVHeaderLocation")
    if where == "FIRST_ROW":
        return None
    if where == "GIVEN" and config.get("CSVHeaders"):
        return list(map(str, config["CSVHeaders"]))
    raise FormatError(f"CSVHeaderLocation is '{where}'; expected FIRST_ROW, or GIVEN with CSVHeaders")


def _unknown_type(kind: Any) -> str:
    if kind == "PARQUET":
        return "Local AWS reads no Parquet files; give the dataset as CSV, JSON or JSONL (docs/state-machines-tasks.md)"
    return f"InputType is '{kind}'; expected CSV, JSON, JSONL, MANIFEST or PARQUET"


_READERS = {"CSV": _csv, "JSON": _json, "JSONL": _json_lines}
