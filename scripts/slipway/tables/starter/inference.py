"""Serves the model: raw rows in CSV, without the label, go in; an answer for each comes out."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import joblib
import numpy as np
from columns import CLASSES
from rows import table


def model_fn(model_dir: str) -> Any:
    return joblib.load(Path(model_dir) / "model.joblib")


def input_fn(body: str, content_type: str) -> Any:
    if content_type != "text/csv":
        raise ValueError(f"found {content_type}; expected text/csv")
    return table(list(csv.reader(body.splitlines())))


def predict_fn(rows: Any, model: Any) -> Any:
    """Return a number for each row, the probability of the second of two classes, or a probability for each class."""
    if not CLASSES:
        return model.predict(rows)
    probabilities = np.zeros((len(rows), len(CLASSES)))
    probabilities[:, model.classes_] = model.predict_proba(rows)
    return probabilities[:, 1] if len(CLASSES) == 2 else probabilities


def output_fn(prediction: Any, _accept: str) -> str:
    """Return a row a line."""
    return "\n".join(",".join(f"{value:.9g}" for value in np.atleast_1d(row)) for row in prediction)
