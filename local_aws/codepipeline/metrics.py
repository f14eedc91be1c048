"""The metrics that CodePipeline gives to CloudWatch, made of the events that tell of an execution's end.

https://docs.aws.amazon.com/codepipeline/latest/userguide/metrics-dimensions.html. A retry that fails counts once more.
For which ends there is a duration is not documented: here those that came by themselves.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

NAMESPACE = "AWS/CodePipeline"

Tell = Callable[[str, str, Mapping[str, Any], list[str]], None]
PutMetric = Callable[[str, str, float, str, Mapping[str, str]], None]
"""Takes the namespace, the name, the value, the unit and the dimensions."""


def with_metrics(put_event: Tell, put_metric: PutMetric, now: Callable[[], float]) -> Tell:
    """`put_event` that afterwards puts the metrics of the event."""

    def tell(source: str, detail_type: str, detail: Mapping[str, Any], resources: list[str]) -> None:
        put_event(source, detail_type, detail, resources)
        if detail_type != "CodePipeline Pipeline Execution State Change":
            return
        pipeline = {"PipelineName": str(detail["pipeline"])}
        if detail["state"] in {"SUCCEEDED", "FAILED"}:
            seconds = now() - datetime.fromisoformat(detail["start-time"]).timestamp()
            put_metric(NAMESPACE, "PipelineDuration", seconds, "Seconds", pipeline)
        if detail["state"] == "FAILED":
            for dimensions in (pipeline, {}):  # of the pipeline and of the account
                put_metric(NAMESPACE, "FailedPipelineExecutions", 1, "Count", dimensions)

    return tell
