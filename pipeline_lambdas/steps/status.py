"""Decides from its description whether a training job, a tuning job or an endpoint is in progress, done or failed.

Statuses: https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_DescribeTrainingJob.html
https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_DescribeEndpoint.html. The wait for a training job is also
that for a tuning job, which its name tells.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from pipeline_lambdas.aws import sagemaker, tuning_jobs
from pipeline_lambdas.release.names import NONE, is_tuning_job
from pipeline_lambdas.release.retries import RETRY_ALL, START_NEW
from pipeline_lambdas.runtime.failures import ConfigurationError, UnavailableError
from pipeline_lambdas.runtime.outcome import Continue, Done, Failed, Outcome
from pipeline_lambdas.steps.artifact import versions_of
from pipeline_lambdas.steps.tuning_status import decide_tuning, progress, tuned_variables

Description = Mapping[str, Any]
# How far a job is, in percent, by secondary status. Most of the time goes by in Training.
_TRAINING_PERCENT = {
    "Starting": 5,
    "Pending": 5,
    "LaunchingMLInstances": 5,
    "PreparingTrainingStack": 10,
    "Downloading": 15,
    "DownloadingTrainingImage": 20,
    "Interrupted": 20,
    "Restarting": 20,
    "Training": 50,
    "Updating": 50,
    "Uploading": 90,
}
_ENDPOINT_UNDER_WAY = {
    "Creating": "SageMaker creates the endpoint",
    "Updating": "SageMaker updates the endpoint; the old model serves until the new one is healthy",
    "SystemUpdating": "SageMaker maintains the endpoint",
    "RollingBack": "SageMaker takes back a change of capacity",
}
STALE_LOOKS = 3
"""What was asked for a moment ago may not be seen yet, as SageMaker's reads may be stale: so many looks are allowed for
it before it counts as gone, or as rolled back.
https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_CreateEndpoint.html
"""
_ENDPOINT_FAILED = {
    "OutOfService": "takes no requests",
    "Deleting": "is being deleted",
    "Failed": "failed; only its deletion is possible, which the next deployment does",
    "UpdateRollbackFailed": "could neither be updated nor rolled back and serves a mix; the next deployment repairs it",
}


def poll(kind: str, name: str, endpoint_config: str | None, token: str | None) -> Outcome:
    """Look once and decide.

    If SageMaker throttles a look-up or cannot answer, the next poll repeats it, so that a moment's fault does not fail
    hours of training. An endpoint named `none` is not needed: there is nothing to wait for.
    """
    if kind not in {"training-job", "endpoint"}:
        raise ConfigurationError(f"UserParameters: kind: found {kind!r}; expected training-job, endpoint")
    if kind == "endpoint" and not endpoint_config:
        raise ConfigurationError("UserParameters: endpoint_config: missing; expected the requested config")
    if name == NONE:
        return Done(summary="Nothing to wait for")
    try:
        if is_tuning_job(name):
            description, outcome = _look_at_tuning(name)
        elif kind == "training-job":
            description = sagemaker.describe_training_job(name)
            outcome = _with_version(name, decide_training(name, description))
        else:
            description = sagemaker.describe_endpoint(name)
            outcome = decide_endpoint(name, endpoint_config or "", description)
    except UnavailableError as error:
        if token is None:
            raise
        return Continue(token, f"AWS did not answer and will be asked again: {error}", 50, name)
    unseen = _unseen_looks(token)
    if isinstance(outcome, Failed) and unseen < STALE_LOOKS and _may_be_stale(description, endpoint_config):
        return Continue(
            _token(name, unseen + 1), f"{name} will be looked at again: SageMaker may not show it yet", 10, name
        )
    return outcome


def _look_at_tuning(name: str) -> tuple[Description | None, Outcome]:
    """Return a tuning job's description and the outcome: that of its best training job once it has ended."""
    description = tuning_jobs.describe_tuning_job(name)
    found = decide_tuning(name, description, tuning_jobs.list_trials(name))
    if not isinstance(found, str):
        return description, found
    outcome = _with_version(found, decide_training(found, sagemaker.describe_training_job(found)))
    if isinstance(outcome, Done):
        summary = f"{progress(description or {})}. Training job {found} is the best"
        more = {"TuningJobName": name, **tuned_variables(description or {}, found)}
        outcome = replace(outcome, variables={**outcome.variables, **more}, summary=summary)
    return description, outcome


def decide_training(name: str, description: Description | None) -> Outcome:
    """Decide about a training job; None stands for one that does not exist."""
    if description is None:
        return Failed("JobFailed", f"Training job {name} does not exist. {START_NEW}.", name)
    status, secondary = description["TrainingJobStatus"], description.get("SecondaryStatus", "")
    if status == "InProgress":
        summary = f"{status}: {secondary}{_message(description)}"
        return Continue(_token(name), summary, _TRAINING_PERCENT.get(secondary, 50), name)
    if status == "Completed":
        return Done(_training_variables(name, description), f"Training job {name} completed", name)
    return Failed("JobFailed", f"Training job {name} {_training_failure(description)}", name)


def decide_endpoint(name: str, endpoint_config: str, description: Description | None) -> Outcome:
    """Decide about an endpoint that is to serve `endpoint_config`.

    InService with another config means that SageMaker rolled the update back.
    """
    if description is None:
        return Failed("JobFailed", f"Endpoint {name} does not exist. {RETRY_ALL} to deploy again.", name)
    status, serving = description["EndpointStatus"], description.get("EndpointConfigName")
    pending = description.get("PendingDeploymentSummary", {}).get("EndpointConfigName", endpoint_config)
    if status in _ENDPOINT_UNDER_WAY and pending == endpoint_config:
        return Continue(_token(name), f"{status}: {_ENDPOINT_UNDER_WAY[status]}{_variant(description)}", 50, name)
    if status == "InService" and serving == endpoint_config:
        variables = {"EndpointName": name, "EndpointConfigName": endpoint_config, "Status": status}
        return Done(variables, f"Endpoint {name} serves {endpoint_config}", name)
    reason = description.get("FailureReason") or "SageMaker gives no reason"
    if status in _ENDPOINT_UNDER_WAY:
        text = f"is being changed to {pending}, not {endpoint_config}. Wait until it is InService. {RETRY_ALL} then."
    elif status == "InService":
        text = f"serves {serving}, not {endpoint_config}: SageMaker rolled the update back ({reason})."
    elif status in _ENDPOINT_FAILED:
        text = f"is {status}: it {_ENDPOINT_FAILED[status]} ({reason})."
    else:
        text = _unknown(status)
    return Failed("JobFailed", f"Endpoint {name} {text}", name)


def _with_version(name: str, outcome: Outcome) -> Outcome:
    """Add the version of the artifact that a job has written, which has to be the only one.

    A job's name is used once, so a second version is not the job's. A Completed job has an artifact, as S3 shows a
    write to every later read: https://docs.aws.amazon.com/AmazonS3/latest/userguide/Welcome.html#ConsistencyModel
    """
    if not isinstance(outcome, Done):
        return outcome
    uri = outcome.variables["ModelArtifacts"]
    versions = versions_of(uri)
    if not versions:
        return Failed("JobFailed", f"{uri}: found no artifact of {name}, which completed. {START_NEW}.", name)
    if len(versions) > 1:
        text = (
            f"{uri}: found {len(versions)} versions; expected one, as {name} writes it once. Somebody else has written "
            f"there: the access log of the bucket tells who. {START_NEW}."
        )
        return Failed("JobFailed", text, name)
    return replace(outcome, variables={**outcome.variables, "ArtifactVersion": versions[0]})


def _training_failure(description: Description) -> str:
    status = description["TrainingJobStatus"]
    match status:
        case "Failed":
            reason = description.get("FailureReason") or "SageMaker gives no reason"
            return f"failed: {reason}. Its log has the details."
        case "Stopping" | "Stopped":
            return _stopped(status, description.get("SecondaryStatus", ""))
        case "Deleting":
            return f"is being deleted. {START_NEW}."
        case _:
            return _unknown(status)


def _training_variables(name: str, description: Description) -> dict[str, str]:
    metrics = {item["MetricName"]: item["Value"] for item in description.get("FinalMetricDataList", ())}
    return {
        "TrainingJobName": name,
        "Status": description["TrainingJobStatus"],
        "ModelArtifacts": description["ModelArtifacts"]["S3ModelArtifacts"],
        "TrainingSeconds": str(description.get("TrainingTimeInSeconds", 0)),
        "BillableSeconds": str(description.get("BillableTimeInSeconds", 0)),
        "Metrics": json.dumps(metrics, sort_keys=True, separators=(",", ":")),
    }


def _stopped(status: str, secondary: str) -> str:
    match secondary:
        case "MaxRuntimeExceeded":
            return "ran longer than training.max_runtime_s and was stopped. Raise it in the config."
        case "MaxWaitTimeExceeded":
            return "waited too long for instances and was stopped. Release again or choose another instance type."
        case _:
            return f"was stopped ({status}). {RETRY_ALL} to train again."


def _message(description: Description) -> str:
    transitions = description.get("SecondaryStatusTransitions") or [{}]
    message = transitions[-1].get("StatusMessage")
    return f" ({message})" if message else ""


def _variant(description: Description) -> str:
    deployment = description.get("PendingDeploymentSummary") or description
    variants = deployment.get("ProductionVariants") or [{}]
    statuses = variants[0].get("VariantStatus") or [{}]
    message = statuses[0].get("StatusMessage") or statuses[0].get("Status")
    return f" ({message})" if message else ""


def _unknown(status: str) -> str:
    return f"has the status {status}, which this function does not know. Look at it in SageMaker."


def _may_be_stale(description: Description | None, endpoint_config: str | None) -> bool:
    """Tell whether an answer may predate the job, the endpoint or its update, instead of showing a failure."""
    if description is None:
        return True
    status = description.get("EndpointStatus")
    return status == "Deleting" or (status == "InService" and description.get("EndpointConfigName") != endpoint_config)


def _unseen_looks(token: str | None) -> int:
    """Return how many polls in a row have not seen the work begin."""
    if token is None:
        return 0
    try:
        return int(json.loads(token)["unseen"])
    except (ValueError, TypeError, KeyError):
        return STALE_LOOKS


def _token(name: str, unseen: int | None = None) -> str:
    return json.dumps({"waiting_for": name} if unseen is None else {"waiting_for": name, "unseen": unseen})
