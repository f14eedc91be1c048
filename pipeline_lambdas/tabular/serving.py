"""Serves a model: the four functions that SageMaker's inference toolkit calls for each request.

https://sagemaker.readthedocs.io/en/stable/frameworks/xgboost/using_xgboost.html
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import xgboost as xgb

from pipeline_lambdas.tabular.answers import Predictions, written
from pipeline_lambdas.tabular.job import FEATURES, MODEL
from pipeline_lambdas.tabular.requests import columns_of, rows_of
from pipeline_lambdas.tabular.treatment import Treatment


@dataclass(frozen=True)
class Model:
    """What is loaded once."""

    booster: xgb.Booster
    treatment: Treatment
    objective: str


def model_fn(model_dir: str) -> Model:
    """Load the model folder that a training job has written."""
    folder = Path(model_dir)
    document = json.loads((folder / FEATURES).read_text(encoding="utf-8"))
    booster = xgb.Booster(model_file=bytearray((folder / MODEL).read_bytes()))
    objective = json.loads(booster.save_config())["learner"]["objective"]["name"]
    # The container runs a process for each processor, and each answers one request at a time.
    booster.set_param({"nthread": 1})
    return Model(booster, Treatment(document, FEATURES), objective)


def input_fn(body: str | bytes, content_type: str | None) -> list[Any]:
    """Return the rows of a request."""
    return rows_of(body, content_type)


def predict_fn(rows: list[Any], model: Model) -> Predictions:
    """Encode the rows as in training, and predict."""
    specification = model.treatment.specification
    matrix = model.treatment.encode(columns_of(rows, specification.columns))
    return Predictions(model.booster.inplace_predict(matrix), model.objective, specification.classes)


def output_fn(predictions: Predictions, accept: str | None) -> str:
    """Return the body of the answer."""
    return written(predictions, accept)
