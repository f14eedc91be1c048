"""Rows of the table, and what becomes of each column; the same in training and at the endpoint."""

from __future__ import annotations

import csv
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import numpy as np
from columns import COLUMNS
from sklearn.compose import ColumnTransformer
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.impute import SimpleImputer
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, OneHotEncoder, StandardScaler

MOST_CATEGORIES, MOST_WORDS = 100, 200


def read(folder: str) -> tuple[list[str], list[list[str]]]:
    """Return the labels and the rows of a channel; the label stands first in the files, and there is no header."""
    cells: list[list[str]] = []
    for path in sorted(Path(folder).rglob("*.csv")):
        with path.open(encoding="utf-8", newline="") as file:
            cells += csv.reader(file)
    return [row[0] for row in cells], [row[1:] for row in cells]


def table(rows: list[list[str]]) -> Any:
    """Return rows as an array of texts, as the encoder takes them."""
    for row in rows:
        if len(row) != len(COLUMNS):
            raise ValueError(f"found a row of {len(row)} cells; expected {len(COLUMNS)}: {', '.join(COLUMNS)}")
    return np.array(rows, dtype=object).reshape(-1, len(COLUMNS))


def encoder() -> ColumnTransformer:
    """Return what makes numbers of the columns. It is fitted on the train rows, and saved with the model."""
    makers = {"number": number, "category": category, "date": date, "text": text}
    return ColumnTransformer(
        [
            (name, makers[kind](), place if kind == "text" else [place])
            for place, (name, kind) in enumerate(COLUMNS.items())
            if kind != "ignore"
        ]
    )


def number() -> Any:
    filled = SimpleImputer(strategy="median", add_indicator=True, keep_empty_features=True)
    return make_pipeline(FunctionTransformer(numbers_of), filled, StandardScaler())


def category() -> Any:
    """Rare values count as one; new ones at the endpoint count as none."""
    return make_pipeline(
        FunctionTransformer(words_of), OneHotEncoder(handle_unknown="ignore", max_categories=MOST_CATEGORIES)
    )


def date() -> Any:
    return make_pipeline(FunctionTransformer(days_of), SimpleImputer(keep_empty_features=True), StandardScaler())


def text() -> Any:
    return TfidfVectorizer(max_features=MOST_WORDS)


def numbers_of(cells: Any) -> Any:
    """What is no number is missing."""
    return np.array([[as_number(cell) for cell in row] for row in cells], dtype=float)


def as_number(cell: str) -> float:
    try:
        value = float(cell)
    except ValueError:
        return np.nan
    return value if np.isfinite(value) else np.nan


def words_of(cells: Any) -> Any:
    return np.array([[str(cell).strip() for cell in row] for row in cells], dtype=object)


def days_of(cells: Any) -> Any:
    """Days since 1970, month and weekday of each date; what is no date is missing."""
    return np.array([as_days(row[0]) for row in cells], dtype=float).reshape(-1, 3)


def as_days(cell: str) -> list[float]:
    try:
        when = datetime.fromisoformat(str(cell).strip().replace("Z", "+00:00"))
    except ValueError:
        return [np.nan] * 3
    when = when if when.tzinfo else when.replace(tzinfo=timezone.utc)
    return [when.timestamp() / 86400, float(when.month), float(when.weekday())]
