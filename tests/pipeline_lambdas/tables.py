"""A training config of a table, with a column of each type, and rows of it."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

import yaml

from pipeline_lambdas.config.model import TrainingConfig
from pipeline_lambdas.config.parsing import parse_config
from tests.pipeline_lambdas.aws_doubles import plain_document

COLUMNS = ["churned", "tenure", "contract", "signup", "notes", "customer_id"]
FEATURES = {
    "tenure": "number",
    "contract": {"type": "category", "max_categories": 20},
    "signup": "date",
    "notes": "text",
    "customer_id": "ignore",
}
ROWS = (
    b'yes,3,month-to-month,2026-01-05,"called twice, angry",c1\n'
    b'no,40,two-year,2020-11-30,"said ""thanks""",c2\n'
    b"no,,one-year,,,c3\n"
)


def churn_document(**changes: Any) -> dict[str, Any]:
    """Return a valid config of two classes as plain values; `changes` replace values at the top, ... removes one."""
    document = plain_document()
    document["problem"] = "binary"
    document["label"] = {"column": "churned", "classes": ["no", "yes"]}
    document["features"] = deepcopy(FEATURES)
    document["hyperparameters"] = {"objective": "binary:logistic", "num_round": 10, "eval_metric": "logloss"}
    document["tests"] = {
        "smoke": {"channel": "validation", "gates": {"accuracy": {"min": 0.5}}},
        "full": {"channel": "test", "gates": {"auc": {"min": 0.6}}},
    }
    return {name: value for name, value in {**document, **changes}.items() if value is not ...}


def churn_text(**changes: Any) -> str:
    return yaml.safe_dump(churn_document(**changes), sort_keys=False)


def churn_config(**changes: Any) -> TrainingConfig:
    return parse_config(churn_text(**changes), "wine-quality.yml")
