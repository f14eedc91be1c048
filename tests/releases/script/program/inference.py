"""Serves the model: raw rows in, the probability of the positive class out."""

import csv
from pathlib import Path
from typing import Any

import joblib
from rows import features


def model_fn(model_dir: str) -> Any:
    return joblib.load(Path(model_dir) / "model.joblib")


def input_fn(body: str, content_type: str) -> list[dict[str, object]]:
    if content_type != "text/csv":
        raise ValueError(f"found {content_type}; expected text/csv")
    return [features(row) for row in csv.reader(body.splitlines())]


def predict_fn(rows: list[dict[str, object]], model: Any) -> Any:
    return model.predict_proba(rows)[:, 1]


def output_fn(probabilities: Any, accept: str) -> str:
    if accept != "text/csv":
        raise ValueError(f"found {accept}; expected text/csv")
    return "\n".join(f"{value:.6f}" for value in probabilities)
