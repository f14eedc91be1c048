"""Stops what a release that ended without success has left running: its training jobs, and the champion's endpoint.

CodePipeline ends an execution without ending what its actions started, and a training job is charged until its time
limit (https://docs.aws.amazon.com/codepipeline/latest/userguide/pipelines-stop.html). The endpoints of Dev, Test and
Prod stay: they serve.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from pipeline_lambdas.aws import executions, sagemaker
from pipeline_lambdas.release.names import MAX_ATTEMPTS, Release
from pipeline_lambdas.runtime.failures import ConfigurationError
from pipeline_lambdas.steps.champion_endpoint import await_deletion

DETAIL_TYPE = "CodePipeline Pipeline Execution State Change"
_STALE_S = 1.5
_GOING_ON = frozenset({"InProgress", "Stopping"})
_UNDER_WAY = _GOING_ON | {"Succeeded"}


@dataclass(frozen=True, slots=True)
class Ended:
    """What was found and done: the execution's status, None if there is no such execution, and the jobs stopped."""

    status: str | None
    stopped: tuple[str, ...] = ()


def ended_release(event: Any, prefix: str) -> Release:
    """Return the release that an event of EventBridge is about; ConfigurationError if it is no event of this pipeline.

    https://docs.aws.amazon.com/codepipeline/latest/userguide/detect-state-changes-cloudwatch-events.html
    """
    try:
        kind, detail = event["detail-type"], event["detail"]
        pipeline, execution_id = detail["pipeline"], detail["execution-id"]
    except (KeyError, TypeError):
        kind = pipeline = execution_id = None
    if kind != DETAIL_TYPE or pipeline != prefix or not isinstance(execution_id, str):
        raise ConfigurationError(
            f"The event is not a {DETAIL_TYPE} of the pipeline {prefix}: this function is to be the target of the "
            "rule that the template makes for it."
        )
    return Release(prefix, execution_id)


def end_release(release: Release, remaining_ms: Callable[[], int]) -> Ended:
    """Stop the training jobs of the release that are in progress; none if it has been retried and goes on.

    The endpoint at which it was compared with the champion goes with its config; `remaining_ms` tells the time that is
    left for that, as it may have to be created before it can be deleted.

    Events come late and more than once, so the execution's present status decides, and a job that has ended or is
    being stopped is left alone. Raises JobError if a call fails; the event is then to be delivered again.
    """
    status = _status(release)
    if status in _GOING_ON:
        # The event may be ahead of what is shown, and what is left running now runs on to its time limit.
        time.sleep(_STALE_S)
        status = _status(release)
    if status is None or status in _UNDER_WAY:
        return Ended(status)
    stopped: list[str] = []
    for attempt in range(1, MAX_ATTEMPTS + 1):
        name = release.training_job(attempt)
        description = sagemaker.describe_training_job(name)
        if description is None and attempt == 1:
            # One that was started a moment ago may not be shown yet, and would run on to its time limit.
            time.sleep(_STALE_S)
            description = sagemaker.describe_training_job(name)
        if description is None:
            break  # attempts are made one after the other
        if description["TrainingJobStatus"] == "InProgress" and sagemaker.stop_training_job(name):
            stopped.append(name)
    await_deletion(release, remaining_ms, lambda: _status(release) not in _UNDER_WAY)
    return Ended(status, tuple(stopped))


def _status(release: Release) -> str | None:
    execution = executions.get_execution(release.prefix, release.execution_id)
    return execution["status"] if execution else None
