"""The metrics that CodePipeline sends to CloudWatch, derived from the events that report an execution's end.

https://docs.aws.amazon.com/codepipeline/latest/userguide/metrics-dimensions.html. A retry that fails counts again.
AWS does not document which executions have a duration: here those that succeeded or failed.
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
    """`put_event` that also puts the metrics of the event."""

    def tell(source: str, detail_type: str, detail: Mapping[str, Any], resources: list[str]) -> None:
        put_event(source, detail_type, detail, resources)
        if detail_type != "CodePipeline Pipeline Execution State Change":
            return
        pipeline = {"PipelineName": str(detail["pipeline"])}
        if detail["state"] in {"SUCCEEDED", "FAILED"}:
            seconds = now() - datetime.fromisoformat(detail["start-time"]).timestamp()
            put_metric(NAMESPACE, "PipelineDuration", seconds, "Seconds", pipeline)
        if detail["state"] == "FAILED":
            for dimensions in (pipeline, {}):  # for the pipeline and for the account
                put_metric(NAMESPACE, "FailedPipelineExecutions", 1, "Count", dimensions)

    return tell
