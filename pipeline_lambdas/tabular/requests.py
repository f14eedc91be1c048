"""Reads a request: raw rows without the label, as CSV or JSON."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Sequence
from importlib import import_module
from typing import TYPE_CHECKING, Any

from pipeline_lambdas.tabular.errors import quoted
from pipeline_lambdas.tabular.reading import parsed
from pipeline_lambdas.tabular.specification import IGNORE, Column

CSV = "text/csv"
JSON = "application/json"


def _base() -> type[Exception]:
    """Return the error whose status SageMaker's inference toolkit answers with; any other is a 500.

    https://github.com/aws/sagemaker-inference-toolkit/blob/master/src/sagemaker_inference/errors.py
    """
    try:
        found: type[Exception] = import_module("sagemaker_inference.errors").BaseInferenceToolkitError
    except (ImportError, AttributeError):
        return Exception
    return found


if TYPE_CHECKING:
    _ToolkitError = Exception
else:
    _ToolkitError = _base()


class RequestError(_ToolkitError):
    """A request that is answered with an error status and a sentence."""

    def __init__(self, status_code: int, message: str) -> None:
        super().__init__(status_code, message, message)
        self.status_code, self.message, self.phrase = status_code, message, message

    def __str__(self) -> str:
        return self.message


def rows_of(body: str | bytes, content_type: str | None) -> list[Any]:
    """Return the rows of a request, each a list of values or an object; RequestError with status 400 or 415."""
    kind = (content_type or CSV).partition(";")[0].strip().lower()
    if kind not in (CSV, JSON):
        raise RequestError(415, f"Content-Type: found {kind}; expected {CSV} or {JSON}")
    try:
        # The toolkit decodes the body of some types, and leaves the mark of a byte order in it.
        text = body.decode("utf-8-sig") if isinstance(body, bytes) else body.removeprefix("\N{BYTE ORDER MARK}")
        rows = _instances(json.loads(text)) if kind == JSON else list(parsed(io.StringIO(text, newline="")))
    except (ValueError, RecursionError, csv.Error) as error:
        raise RequestError(400, f"The request is no {kind}: {error}") from None
    if not rows:
        raise RequestError(400, "The request has no rows")
    return rows


def _instances(document: object) -> list[Any]:
    found = document.get("instances") if isinstance(document, dict) else document
    if not isinstance(found, list):
        raise RequestError(400, 'The request has no rows; expected {"instances": [{"column": value, ...}, ...]}')
    return found


def columns_of(rows: Sequence[Any], columns: Sequence[Column]) -> list[Sequence[str]]:
    """Return the cells of each column, as the dataset has them; RequestError names what a row lacks or has too much."""
    cells = [_cells(row, number, columns) for number, row in enumerate(rows, 1)]
    return list(zip(*cells, strict=True))


def _cells(row: object, number: int, columns: Sequence[Column]) -> list[str]:
    if isinstance(row, dict):
        return _by_name(row, number, columns)
    # An empty line is the row of a table whose only column is empty.
    values = row if row or len(columns) > 1 else [""]
    if not isinstance(values, list) or len(values) != len(columns):
        found = f"{len(values)} values" if isinstance(values, list) else f"no row: {json.dumps(values)[:60]}"
        names = quoted((column.name for column in columns), 50)
        raise RequestError(400, f"Row {number}: found {found}; expected {len(columns)}: {names}")
    return [_cell(value, number, column.name) for value, column in zip(values, columns, strict=True)]


def _by_name(row: dict[str, Any], number: int, columns: Sequence[Column]) -> list[str]:
    names = [column.name for column in columns]
    unknown = [name for name in row if name not in names]
    missing = [column.name for column in columns if column.name not in row and column.type != IGNORE]
    if unknown or missing:
        said = [f"found unknown columns {quoted(unknown)}"] if unknown else []
        said += [f"lacks {quoted(missing)}"] if missing else []
        raise RequestError(400, f"Row {number}: {' and '.join(said)}; a missing value is null")
    return [_cell(row.get(name), number, name) for name in names]


def _cell(value: object, number: int, column: str) -> str:
    """Return a value of JSON as CSV has it."""
    if isinstance(value, str):
        return value
    if value is None:
        return ""
    if isinstance(value, bool | int | float):
        return json.dumps(value)
    raise RequestError(400, f"Row {number}: column '{column}': found {json.dumps(value)[:60]}; expected one value")
