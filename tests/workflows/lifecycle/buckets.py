"""The buckets of the life cycle in moto, with data in them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import boto3

from tests.workflows.lifecycle.requests import MODEL

DATA, MODELS = "slipway-x-data-111122223333-us-east-1", "slipway-x-models-111122223333-us-east-1"
CONFIG: dict[str, Any] = {
    "threshold": 0.75,
    "hyperparameters": {"objective": "binary:logistic", "eval_metric": "auc", "num_round": 20, "eta": 0.2},
}
DAY = f"workflows/lifecycle/{MODEL}/input-data/2019-10-01/"
FILES = {
    f"workflows/lifecycle/{MODEL}/config.json": json.dumps(CONFIG),
    f"{DAY}train/a.csv": "1,2\n0,3\n",
    f"{DAY}validation/a.csv": "1,2\n",
    f"{DAY}holdout/a.csv": "2\n3\n",
    f"{DAY}holdout-targets/a.csv": "1\n0\n",
}


def put(bucket: str, files: Mapping[str, str]) -> None:
    s3: Any = boto3.client("s3")
    for key, content in files.items():
        s3.put_object(Bucket=bucket, Key=key, Body=content.encode())
