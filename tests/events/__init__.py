"""Recorded events as values."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent
SECRETS = (
    "ASIAEXAMPLEACCESSKEY",
    "example/Secret+AccessKey/0123456789abcdef",
    "ExampleSessionToken//////////wEaCXVzLWVhc3QtMSJHMEUCIQ==",
)
EXECUTION_ID = "8f3c2a1d-4b5e-4c6d-8e7f-0123456789ab"
PREFIX = "slipway-local-wine-quality"
TRAINING_JOB = f"{PREFIX}-8f3c2a1d-4b5e"
ARTIFACT_BUCKET = "slipway-local-artifacts-111122223333-us-east-1"
EVIDENCE_BUCKET = "slipway-local-evidence-111122223333-us-east-1"
DATA_BUCKET = "slipway-local-data-111122223333-us-east-1"
MODEL_BUCKET = "slipway-local-models-111122223333-us-east-1"
KMS_KEY_ARN = "arn:aws:kms:us-east-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab"
REGISTRY = "683313688378.dkr.ecr.us-east-1.amazonaws.com"
ROLE_ARN = "arn:aws:iam::111122223333:role/slipway-local-wine-quality-training"


def event(name: str, *, token: str | None = None) -> dict[str, Any]:
    """Return a recorded event, with another continuation token if one is given."""
    document: dict[str, Any] = json.loads((FOLDER / f"{name}.json").read_text(encoding="utf-8"))
    if token is not None:
        document["CodePipeline.job"]["data"]["continuationToken"] = token
    return document
