"""Stops what a release that did not succeed has left running: its jobs, and the champion's endpoint.

CodePipeline ends an execution without ending what its actions started, and AWS charges for a job until its time
limit (https://docs.aws.amazon.com/codepipeline/latest/userguide/pipelines-stop.html). The endpoints of Dev, Test
and Prod go on serving.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
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


def end_release(
    release: Release, remaining_ms: Callable[[], int], tuning_prefix: str = "", measured: Sequence[str] = ()
) -> CleanUp:
    """Stop the jobs of the release that are in progress; none if somebody has retried it.

    Of training and tuning, and of own metrics in the environments `measured`.

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
    stopped = _twice(lambda: _stop(release.training_job, sagemaker.describe_training_job, sagemaker.stop_training_job))
    if stopped is None and tuning_prefix:
        name_of = partial(release.tuning_job, tuning_prefix)
        stopped = _twice(lambda: _stop(name_of, tuning_jobs.describe_tuning_job, tuning_jobs.stop_tuning_job))
    measuring = _twice(lambda: _stop_metrics(release, measured)) if measured else None
    await_deletion(release, remaining_ms, lambda: _is_over(release))
    return CleanUp(status, (*(stopped or ()), *(measuring or ())))


def _twice(stop: Callable[[], list[str] | None]) -> list[str] | None:
    """Look again where there was no job: the API may not show one that started a moment ago.

    It would run on to its time limit.
    """
    stopped = stop()
    if stopped is None:
        time.sleep(_STALE_S)
        stopped = stop()
    return stopped


def _stop_metrics(release: Release, environments: Sequence[str]) -> list[str] | None:
    """Stop the jobs of own metrics; None if none was in progress, as those of earlier stages have ended."""
    stopped: list[str] = []
    for environment in environments:
        name_of = partial(release.metrics_job, environment)
        stopped += _stop(name_of, sagemaker.describe_processing_job, sagemaker.stop_processing_job) or ()
    return stopped or None


def _stop(
    name_of: Callable[[int], str], describe: Callable[[str], dict[str, Any] | None], stop: Callable[[str], bool]
) -> list[str] | None:
    """Stop the jobs that are in progress, and return their names; None if the release has no job of this kind."""
    stopped: list[str] = []
    for attempt in range(1, MAX_ATTEMPTS + 1):
        name = name_of(attempt)
        description = describe(name)
        if description is None:
            return stopped if attempt > 1 else None  # attempts are made one after the other
        if _in_progress(description) and stop(name):
            stopped.append(name)
    return stopped


def _in_progress(description: dict[str, Any]) -> bool:
    kinds = ("Training", "HyperParameterTuning", "Processing")
    return "InProgress" in {description.get(f"{kind}JobStatus") for kind in kinds}


def _is_over(release: Release) -> bool:
    status = _status(release)
    return status is None or status in _UNSUCCESSFUL


def _status(release: Release) -> str | None:
    execution = executions.get_execution(release.prefix, release.execution_id)
    return execution["status"] if execution else None
