"""The predictions of an evaluation as a file: CSV with a header, compressed by gzip, a line for each tested row.

Columns: `row`, counted from 1 over the files of the channel; `label` as the file has it; `prediction`; where a model
gives the probabilities of several classes, `prediction` is the most probable one and `p_0`, `p_1`, ... are these;
`champion`, and `champion_p_0`, ..., where one was asked. A cell is empty where there is no prediction. A number is
written so that it is read as the same double.
"""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from io import BufferedReader, RawIOBase
from itertools import islice
from typing import Any, BinaryIO, cast

from inference_lambdas.predicting.predictions import Parsed
from inference_lambdas.predicting.quoting import hidden
from pipeline_lambdas.algorithms.answers import PredictionForm
from pipeline_lambdas.runtime.failures import ConfigurationError

CONTENT_TYPE = "application/gzip"
_CHAMPION = "champion"
# More takes several times as long and saves a tenth.
_LEVEL = 1


@dataclass(frozen=True, slots=True)
class Columns:
    """What the columns are: `width` probabilities for each model, or 1 for a number or class alone."""

    width: int
    champion: bool

    @classmethod
    def of(cls, form: PredictionForm, *, champion: bool) -> Columns:
        return cls(form.width, champion)

    @property
    def names(self) -> list[str]:
        found = ["row", "label", "prediction", *self._classes("p")]
        return [*found, _CHAMPION, *self._classes(f"{_CHAMPION}_p")] if self.champion else found

    def header(self) -> bytes:
        """Return the beginning of the file."""
        return _compressed(",".join(self.names).encode() + b"\n")

    def lines(self, first: int, labels: Sequence[bytes], parsed: Parsed, champion: Parsed | None) -> bytes:
        """Return consecutive rows for the end of the file; `first` is the number of rows before them."""
        models = [parsed, champion] if self.champion else [parsed]
        cells = [self._cells(found, len(labels)) for found in models]
        numbers = range(first + 1, first + 1 + len(labels))
        template = b",".join([b"%d,%b", *(kind for kind, _ in cells)]) + b"\n"
        columns = [column for _, found in cells for column in found]
        return _compressed(b"".join(map(template.__mod__, zip(numbers, labels, *columns, strict=True))))

    def _cells(self, parsed: Parsed | None, rows: int) -> tuple[bytes, Sequence[Sequence[Any]]]:
        """Return how a model's cells are written, and its columns."""
        count = 1 + len(self._classes(""))
        if parsed is None:
            return b",".join([b"%b"] * count), [[b""] * rows] * count
        if parsed.texts:
            return b"%b", [parsed.texts]
        if parsed.kept is None:
            return b",".join([b"%r"] * count), self._columns(parsed.predictions)
        kept = Parsed(list(zip(*self._columns(parsed.predictions), strict=True)), parsed.kept)
        texts = [
            (b"",) * count if found is None else tuple(b"%r" % value for value in found) for found in kept.whole(rows)
        ]
        return b",".join([b"%b"] * count), list(zip(*texts, strict=True))

    def _columns(self, predictions: Sequence[Any]) -> list[Sequence[Any]]:
        if self.width == 1:
            return [predictions]
        return [[row.index(max(row)) for row in predictions], *zip(*predictions, strict=True)]

    def _classes(self, prefix: str) -> list[str]:
        return [f"{prefix}_{number}" for number in range(self.width)] if self.width > 1 else []


class PredictionsReader:
    """Reads the file from its beginning, as many rows at a time as are asked for."""

    def __init__(self, name: str, content: Iterable[bytes], columns: Columns) -> None:
        self._name, self._columns = name, columns
        self._lines = gzip.GzipFile(fileobj=cast("BinaryIO", BufferedReader(_Joined(content))))
        header = b"".join(self._taken(1)).decode(errors="replace").rstrip("\n")
        if header != ",".join(columns.names):
            raise ConfigurationError(f"{name}: found the columns {header}; expected {','.join(columns.names)}.")

    def read(self, rows: int) -> tuple[Parsed, Parsed | None]:
        """Return the predictions of the next rows, and the champion's; ConfigurationError if there are fewer."""
        lines = self._taken(rows)
        if len(lines) < rows:
            raise ConfigurationError(
                f"{self._name}: found {rows - len(lines)} rows fewer than the channel has; expected a line for each."
            )
        columns = self._columns
        # A label may be a text with a comma.
        cells = hidden(b"".join(lines)).replace(b"\n", b",").split(b",")
        total = len(columns.names)
        found = [cells[place : rows * total : total] for place in range(2, total)]
        count = len(found) // (1 + columns.champion)
        return self._parsed(found[:count]), self._parsed(found[count:]) if columns.champion else None

    def end(self) -> None:
        """Raise ConfigurationError if there are more rows."""
        if self._taken(1):
            raise ConfigurationError(f"{self._name}: found more rows than the channel has; expected a line for each.")

    def _taken(self, rows: int) -> list[bytes]:
        try:
            return list(islice(self._lines, rows))
        except (OSError, EOFError, zlib.error) as error:
            raise ConfigurationError(f"{self._name}: found a file that gzip cannot read: {error}.") from None

    def _parsed(self, texts: list[list[bytes]]) -> Parsed:
        kept = None
        if b"" in texts[0]:
            kept = [row for row, text in enumerate(texts[0]) if text]
            texts = [[column[row] for row in kept] for column in texts]
        # The most probable class follows from the probabilities.
        numbers = [list(map(float, column)) for column in (texts if len(texts) == 1 else texts[1:])]
        return Parsed(numbers[0] if len(numbers) == 1 else list(zip(*numbers, strict=True)), kept)


class _Joined(RawIOBase):
    """Pieces of bytes as one file."""

    def __init__(self, pieces: Iterable[bytes]) -> None:
        self._pieces: Iterator[bytes] = iter(pieces)
        self._rest = memoryview(b"")

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any, /) -> int:
        while not self._rest:
            piece = next(self._pieces, None)
            if piece is None:
                return 0
            self._rest = memoryview(piece)
        part, self._rest = self._rest[: len(buffer)], self._rest[len(buffer) :]
        buffer[: len(part)] = part
        return len(part)


def _compressed(content: bytes) -> bytes:
    # Members one after the other are one file: https://www.rfc-editor.org/rfc/rfc1952#section-2.2
    return gzip.compress(content, _LEVEL, mtime=0)
