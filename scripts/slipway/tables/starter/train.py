"""Trains the model. SageMaker runs it with the hyperparameters of the config as arguments."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path
from typing import Any

import joblib
import numpy as np
from columns import CLASSES
from rows import encoder, read, table
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.metrics import log_loss
from sklearn.pipeline import make_pipeline


def estimator(strength: float, max_iter: int) -> Any:
    """Return what learns from the encoded columns: take another one here."""
    if CLASSES:
        return LogisticRegression(C=strength, max_iter=max_iter)
    return Ridge(alpha=1 / strength)


def targets(labels: list[str]) -> Any:
    """Return classes as their places in CLASSES, or numbers."""
    return np.array([CLASSES.index(label) if CLASSES else float(label) for label in labels])


def score(model: Any, rows: Any, wanted: Any) -> float:
    """Return the error of a channel, the smaller the better. The config finds it in the log."""
    if CLASSES:
        return float(log_loss(wanted, model.predict_proba(rows), labels=model.classes_))
    return float(np.sqrt(np.mean((model.predict(rows) - wanted) ** 2)))


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--strength", type=float, default=1.0)
    parser.add_argument("--max-iter", type=int, default=1000)
    arguments = parser.parse_args()
    model = make_pipeline(encoder(), estimator(arguments.strength, arguments.max_iter))
    labels, rows = read(os.environ["SM_CHANNEL_TRAIN"])
    model.fit(table(rows), targets(labels))
    for channel in ("train", "validation"):
        labels, rows = read(os.environ[f"SM_CHANNEL_{channel.upper()}"])
        known = [place for place, label in enumerate(targets(labels)) if not CLASSES or label in model.classes_]
        error = score(model, table(rows)[known], targets(labels)[known])
        sys.stdout.write(f"{channel} {'logloss' if CLASSES else 'rmse'}: {error:.6f}\n")
    joblib.dump(model, Path(os.environ["SM_MODEL_DIR"]) / "model.joblib")


if __name__ == "__main__":
    main()
