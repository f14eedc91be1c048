"""Stops what a release that did not succeed has left running: its training or tuning jobs, and the champion's endpoint.

CodePipeline ends an execution without ending what its actions started, and AWS charges for a training job until its
time limit (https://docs.aws.amazon.com/codepipeline/latest/userguide/pipelines-stop.html). The endpoints of Dev, Test
and Prod go on serving.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

from pipeline_lambdas.aws import executions, sagemaker, tuning_jobs
from pipeline_lambdas.release.events import ENDED
from pipeline_lambdas.release.names import MAX_ATTEMPTS, Release
from pipeline_lambdas.steps.champion_endpoint import await_deletion

_STALE_S = 1.5
_UNSUCCESSFUL = ENDED - {"Succeeded"}


@dataclass(frozen=True, slots=True)
class CleanUp:
    """The execution's status, None if there is no such execution, and the names of the jobs stopped."""

    status: str | None
    stopped: tuple[str, ...] = ()


def end_release(release: Release, remaining_ms: Callable[[], int], tuning_prefix: str = "") -> CleanUp:
    """Stop the training and tuning jobs of the release that are in progress; none if somebody has retried it.

    Delete the endpoint of the comparison with the champion, and its config. SageMaker deletes no endpoint that it is
    still creating, so this may wait; `remaining_ms` returns how long it may.

    Events arrive late and more than once, so the execution's present status decides. A job that has ended or is
    stopping is left alone. Raises JobError if a call fails; Lambda then repeats the event.
    """
    status = _status(release)
    if status is not None and status not in ENDED:
        # The event may be ahead of the API, and a job that is not stopped now runs on to its time limit.
        time.sleep(_STALE_S)
        status = _status(release)
    if status not in _UNSUCCESSFUL:
        return CleanUp(status)
    stopped = _stop(release.training_job, sagemaker.describe_training_job, sagemaker.stop_training_job)
    if stopped is None and tuning_prefix:
        name_of = partial(release.tuning_job, tuning_prefix)
        stopped = _stop(name_of, tuning_jobs.describe_tuning_job, tuning_jobs.stop_tuning_job)
    await_deletion(release, remaining_ms, lambda: _is_over(release))
    return CleanUp(status, tuple(stopped or ()))


def _stop(
    name_of: Callable[[int], str], describe: Callable[[str], dict[str, Any] | None], stop: Callable[[str], bool]
) -> list[str] | None:
    """Stop the jobs that are in progress, and return their names; None if the release has no job of this kind."""
    stopped: list[str] = []
    for attempt in range(1, MAX_ATTEMPTS + 1):
        name = name_of(attempt)
        description = describe(name)
        if description is None and attempt == 1:
            # The API may not show a job that started a moment ago, and the job would run on to its time limit.
            time.sleep(_STALE_S)
            description = describe(name)
        if description is None:
            return stopped if attempt > 1 else None  # attempts are made one after the other
        if _in_progress(description) and stop(name):
            stopped.append(name)
    return stopped


def _in_progress(description: dict[str, Any]) -> bool:
    return "InProgress" in {description.get(f"{kind}JobStatus") for kind in ("Training", "HyperParameterTuning")}


def _is_over(release: Release) -> bool:
    status = _status(release)
    return status is None or status in _UNSUCCESSFUL


def _status(release: Release) -> str | None:
    execution = executions.get_execution(release.prefix, release.execution_id)
    return execution["status"] if execution else None
