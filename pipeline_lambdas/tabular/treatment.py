"""How the columns of a table become numbers: fitted on the training rows, and a JSON document of the model.

The document, schema slipway-treatment/1, is the table's description with what was learned of each column. Training and
serving encode by the same document, so a row becomes the same numbers in both.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from typing import Any, Protocol

import numpy as np
from scipy.sparse import csr_matrix, hstack

from pipeline_lambdas.tabular import specification as table
from pipeline_lambdas.tabular.category import CategoryColumn, CategoryFit
from pipeline_lambdas.tabular.date import DateColumn, DateFit
from pipeline_lambdas.tabular.errors import TableError
from pipeline_lambdas.tabular.number import NumberColumn, NumberFit
from pipeline_lambdas.tabular.specification import Column, Specification
from pipeline_lambdas.tabular.text import TextColumn, TextFit

SCHEMA = "slipway-treatment/1"
Matrix = Any
"""Rows as XGBoost takes them: an array, or CSR of scipy if the table has a text; a value that is missing is NaN or
not there."""
_FORBIDDEN = str.maketrans("[]<", "()(")
"""Characters that XGBoost refuses in the name of a feature."""


class Fit(Protocol):
    """What learns from a column."""

    def observe(self, cells: Sequence[str]) -> None: ...

    def fitted(self) -> dict[str, Any]: ...

    def told(self) -> str | None: ...


class Encoder(Protocol):
    """What turns a column's cells into numbers; one name and one kind, q or c, for each number."""

    names: list[str]
    kinds: list[str]

    def encode(self, cells: Sequence[str]) -> Matrix: ...


_FITS: dict[str, Callable[[Column], Fit]] = {
    table.NUMBER: NumberFit,
    table.CATEGORY: CategoryFit,
    table.TEXT: TextFit,
    table.DATE: DateFit,
}
_ENCODERS: dict[str, Callable[[dict[str, Any]], Encoder]] = {
    table.NUMBER: NumberColumn,
    table.CATEGORY: CategoryColumn,
    table.TEXT: TextColumn,
    table.DATE: DateColumn,
}


def fit(
    specification: Specification, columns: Iterable[Sequence[Sequence[str]]], tell: Callable[[str], None]
) -> dict[str, Any]:
    """Learn from the training rows, given as blocks of columns without the label; return the document.

    TableError names a column that does not hold what its type says.
    """
    fits = [_FITS[column.type](column) if column.type in _FITS else None for column in specification.columns]
    rows = 0
    for block in columns:
        rows += len(block[0])
        for one, cells in zip(fits, block, strict=True):
            if one is not None:
                one.observe(cells)
    entries = [
        {**column.document(), **(one.fitted() if one else {})}
        for column, one in zip(specification.columns, fits, strict=True)
    ]
    for line in (one.told() for one in fits if one):
        if line:
            tell(line)
    return {"schema": SCHEMA, **specification.document(), "rows": rows, "columns": entries}


class Treatment:
    """Encodes rows by a document; `names` and `kinds` are those of XGBoost's features, in their order."""

    def __init__(self, document: dict[str, Any], source: str) -> None:
        self.specification = table.parse(document, source, SCHEMA)
        self._encoders = [
            (index, _ENCODERS[entry["type"]](entry))
            for index, entry in enumerate(document["columns"])
            if entry["type"] in _ENCODERS
        ]
        self._sparse = any(column.type == table.TEXT for column in self.specification.columns)
        self.names = _distinct(name for _, encoder in self._encoders for name in encoder.names)
        self.kinds = [kind for _, encoder in self._encoders for kind in encoder.kinds]
        if not self.names:
            raise TableError(f"{source}: no column gives a feature: no word of a text is in two rows")

    def encode(self, columns: Sequence[Sequence[str]]) -> Matrix:
        """Return shape (rows, features) of columns without the label, each with a cell per row."""
        parts = [encoder.encode(columns[index]) for index, encoder in self._encoders]
        if self._sparse:
            return hstack([_sparse(part) for part in parts], "csr", np.float32)
        return np.concatenate(parts, axis=1)


def _sparse(part: Matrix) -> csr_matrix:
    """Return the values that are not missing; a zero is a value, so scipy's own conversion would lose it."""
    if isinstance(part, csr_matrix):
        return part
    known = ~np.isnan(part)
    ends = np.concatenate([[0], np.cumsum(known.sum(axis=1))])
    return csr_matrix((part[known], np.nonzero(known)[1], ends), part.shape)


def _distinct(names: Iterable[str]) -> list[str]:
    """Return names as XGBoost takes them: without some characters, and none twice."""
    seen: Counter[str] = Counter()
    found = []
    for name in names:
        plain = name.translate(_FORBIDDEN)
        while seen[plain]:
            plain += "'"
        seen[plain] += 1
        found.append(plain)
    return found
