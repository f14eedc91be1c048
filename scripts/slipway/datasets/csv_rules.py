"""Checks the CSV that SageMaker's algorithms accept: label first, no header, numbers only, rows of equal length.

https://docs.aws.amazon.com/sagemaker/latest/dg/cdf-training.html
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field

NUMBER = r"[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?"
_NUMBER = re.compile(NUMBER, re.ASCII)
_SHOWN_CHARACTERS = 40
_CHUNK_BYTES = 1 << 20
LINE_LIMIT_BYTES = 16 * 1024 * 1024
"""Some million columns; a file without line ends would be taken into memory as a whole."""
_LABEL_DECIMALS = re.compile(r"[+]?\d+(?:\.0*)?", re.ASCII)


@dataclass(frozen=True)
class LabelRule:
    """The labels that a problem allows; `classes` 0 allows any number."""

    classes: int = 0

    def allows(self, label: str) -> bool:
        if not self.classes:
            return True
        return _LABEL_DECIMALS.fullmatch(label) is not None and float(label) < self.classes

    @property
    def allowed(self) -> str:
        return f"a class from 0 to {self.classes - 1}" if self.classes else "a number"


ANY_NUMBER = LabelRule()


@dataclass(frozen=True)
class Problem:
    """A problem in a line of a file; `column` counts from 1, 0 stands for the whole line."""

    file: str
    line: int
    column: int
    found: str
    allowed: str

    def __str__(self) -> str:
        place = f"{self.file}: line {self.line}" + (f", column {self.column}" if self.column else "")
        return f"{place}: found {self.found}; expected {self.allowed}"


@dataclass
class FileCheck:
    """The result for one file: rows, columns, and problems (all are counted, the first are kept)."""

    file: str
    keep: int = 20
    rows: int = 0
    columns: int = 0
    problem_count: int = 0
    problems: list[Problem] = field(default_factory=list)

    def add(self, problem: Problem) -> None:
        self.problem_count += 1
        if len(self.problems) < self.keep:
            self.problems.append(problem)


def check_csv(lines: Iterable[bytes], file: str, label: LabelRule = ANY_NUMBER, columns: int = 0) -> FileCheck:
    """Check a file line by line; `columns` is the number in other files of the dataset, 0 if unknown."""
    result = FileCheck(file, columns=columns)
    pattern: re.Pattern[bytes] | None = None
    number = 0
    for number, raw in enumerate(lines, 1):
        if len(raw) > LINE_LIMIT_BYTES:
            result.add(too_long(file, number))
            continue
        line = raw.rstrip(b"\r\n")
        if pattern is None and not line.strip():
            result.add(Problem(file, number, 0, "an empty line", "rows of numbers from the first line on"))
            continue
        if pattern is None:
            result.columns = result.columns or line.count(b",") + 1
            pattern = _row_pattern(result.columns)
        if pattern.fullmatch(line) and (not label.classes or label.allows(line.split(b",", 1)[0].decode())):
            result.rows += 1
            continue
        for problem in _row_problems(line.decode("utf-8", "replace"), file, number, result.columns, label):
            result.add(problem)
    if not number:
        result.add(Problem(file, 1, 0, "an empty file", "at least one row"))
    elif result.columns == 1:
        result.problems.clear()
        result.problem_count = 0
        result.add(Problem(file, 1, 0, "one column", "a label and at least one feature, separated by commas"))
    return result


def bounded_lines(read: Callable[[int], bytes]) -> Iterator[bytes]:
    """Yield the lines that `read(size)` returns in pieces; of a line beyond the limit only its beginning."""
    pieces: list[bytes] = []
    kept = 0
    while chunk := read(_CHUNK_BYTES):
        for part in _split_at_newlines(chunk):
            room = LINE_LIMIT_BYTES + 1 - kept
            pieces.append(part[:room])
            kept += len(pieces[-1])
            if part.endswith(b"\n"):
                yield b"".join(pieces)
                pieces, kept = [], 0
    if kept:
        yield b"".join(pieces)


def too_long(file: str, line: int) -> Problem:
    """Return the problem of a line beyond the limit."""
    return Problem(file, line, 0, f"a line of more than {LINE_LIMIT_BYTES:,} bytes", "rows, each in a line of its own")


def is_number(text: str) -> bool:
    """Tell whether an algorithm reads a text as a finite number."""
    return _NUMBER.fullmatch(text) is not None


def quoted(text: str) -> str:
    """Format a cell for a message."""
    if not text:
        return "an empty field"
    return repr(text if len(text) <= _SHOWN_CHARACTERS else text[: _SHOWN_CHARACTERS - 3] + "...")


def looks_like_header(cells: list[str]) -> bool:
    """Tell whether no cell of a first line is a number."""
    return not any(is_number(cell.strip()) for cell in cells)


def _split_at_newlines(chunk: bytes) -> list[bytes]:
    *whole, rest = chunk.split(b"\n")
    return [line + b"\n" for line in whole] + ([rest] if rest else [])


def _row_pattern(columns: int) -> re.Pattern[bytes]:
    number = NUMBER.encode()
    return re.compile(number + rb"(?:," + number + rb"){" + str(columns - 1).encode() + rb"}", re.ASCII)


def _row_problems(line: str, file: str, number: int, columns: int, label: LabelRule) -> Iterator[Problem]:
    cells = line.split(",")
    if number == 1 and line and looks_like_header(cells):
        yield Problem(
            file, 1, 0, f"a header ({quoted(line)})", "rows of numbers only; `slipway data prepare` drops a header"
        )
        return
    if not line.strip():
        yield Problem(file, number, 0, "an empty line", f"{columns} numbers")
        return
    if len(cells) != columns:
        yield Problem(file, number, 0, f"{len(cells)} columns", f"{columns}, as in the rows before")
        return
    for column, cell in enumerate(cells, 1):
        if not is_number(cell):
            yield Problem(file, number, column, quoted(cell), label.allowed if column == 1 else "a number")
        elif column == 1 and not label.allows(cell):
            yield Problem(file, number, column, quoted(cell), label.allowed)
