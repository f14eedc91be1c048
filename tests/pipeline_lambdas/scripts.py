"""A training config of a script, and a program for it without any library."""

from __future__ import annotations

from typing import Any

import yaml

from pipeline_lambdas.config.model import TrainingConfig
from pipeline_lambdas.config.parsing import parse_config
from tests.pipeline_lambdas.tables import churn_document

PROGRAM = """\
import argparse, csv, os

def model_fn(model_dir):
    return float(open(os.path.join(model_dir, "share")).read())

def input_fn(body, content_type):
    return list(csv.reader(body.splitlines()))

def predict_fn(rows, share):
    return [share for _ in rows]

if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--weight", type=float)
    parser.parse_args()
    folder = os.environ["SM_CHANNEL_TRAIN"]
    rows = [row for name in os.listdir(folder) for row in csv.reader(open(os.path.join(folder, name)))]
    with open(os.path.join(os.environ["SM_MODEL_DIR"], "share"), "w") as file:
        file.write(str(sum(row[0] == "yes" for row in rows) / len(rows)))
"""


def script_document(**changes: Any) -> dict[str, Any]:
    """Return a valid config of a script; `changes` replace values at the top, ... removes one."""
    document = churn_document(features=...)
    document["algorithm"] = {"name": "scikit-learn", "version": "1.4-2"}
    document["script"] = {"program": "train.py", "answers": "probability"}
    document["hyperparameters"] = {"weight": 0.5, "kind": "ridge", "fast": True, "steps": 7, "code": "007"}
    document["training"]["instance_count"] = 1
    return {name: value for name, value in {**document, **changes}.items() if value is not ...}


def script_config(**changes: Any) -> TrainingConfig:
    return parse_config(yaml.safe_dump(script_document(**changes), sort_keys=False), "wine-quality.yml")
