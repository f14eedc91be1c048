from __future__ import annotations

from typing import Any

MODEL = "Churn-1"
REQUEST = {"ModelName": MODEL, "DataDate": "2019-10-01"}
ARN = "arn:aws:states:us-east-1:111122223333:execution:slipway-x-lifecycle-training:one"


def event(machine: str = "training", request: Any = None, **more: Any) -> dict[str, Any]:
    """What the state Initialize passes."""
    start = {"Machine": machine, "ExecutionArn": ARN, "StartTime": "2026-01-31T23:59:58.120Z", "RedriveCount": 0}
    return {**start, "Request": REQUEST if request is None else request, **more}
