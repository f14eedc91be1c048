"""Removes what an installation has, one kind after the other. Each function may be called again."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from botocore.exceptions import ClientError

from pipeline_lambdas.release.events import RUNNING
from slipway.datasets.model_data import Locked, empty_bucket, empty_evidence, empty_folder
from slipway.errors import SlipwayError
from slipway.installation.aws_errors import code_of
from slipway.installation.calls import unless, wait_until
from slipway.installation.installation import TRAINING_LOGS, Inventory, unfinished_jobs
from slipway.installation.metrics_inventory import METRICS_LOGS, unfinished_metrics
from slipway.installation.search_inventory import unfinished_searches
from slipway.names import BUILDS, Names
from slipway.session import Session
from slipway.stacks.stacks import delete_stack

KEY_WAITING_DAYS = 30
_CLOSED_REASON = "slipway destroy removes this pipeline"
_STOP_TIMEOUT_S = 900.0
_ENDPOINT_TIMEOUT_S = 1_800.0
_BUCKET_ATTEMPTS = 3
_QUIET_LOOKS = 2
"""How often in a row no log group may be found before none is awaited any more."""
_MOST_IMAGES = 100
"""https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_BatchDeleteImage.html"""
_NO_JOB = ("ResourceInUse", "ResourceNotFound", "ValidationException")


def stop_releases(session: Session, names: Names) -> int:
    """Let no release begin any more and stop those that run; returns how many were stopped.

    Without the pipeline there is nothing to do. What was abandoned in the middle ends by itself.
    """
    codepipeline = session.client("codepipeline")
    try:
        stages = codepipeline.get_pipeline(name=names.pipeline)["pipeline"]["stages"]
    except ClientError as error:
        if code_of(error) != "PipelineNotFoundException":
            raise
        return 0
    codepipeline.disable_stage_transition(
        pipelineName=names.pipeline, stageName=stages[1]["name"], transitionType="Inbound", reason=_CLOSED_REASON
    )
    stopped: set[str] = set()

    def none_runs() -> bool:
        running = _running(codepipeline, names.pipeline)
        for run_id in running - stopped:
            _abandon(codepipeline, names.pipeline, run_id)
            stopped.add(run_id)
        return not running

    wait_until(session, none_runs, _STOP_TIMEOUT_S, f"{names.pipeline}: its releases to stop")
    return len(stopped)


def stop_builds(session: Session, names: Names) -> int:
    """Stop the builds and checks that run, and wait; returns how many there were.

    They go on without their release, and write logs to groups that are being deleted.
    """
    codebuild = session.client("codebuild")
    recent = [_newest_builds(codebuild, names.function(name)) for name in BUILDS]

    def running() -> list[str]:
        builds = [build for ids in recent if ids for build in codebuild.batch_get_builds(ids=ids)["builds"]]
        return [build["id"] for build in builds if build["buildStatus"] == "IN_PROGRESS"]

    found = running()
    for build in found:
        codebuild.stop_build(id=build)
    wait_until(session, lambda: not running(), _STOP_TIMEOUT_S, f"builds of {names.pipeline} to stop")
    return len(found)


def _newest_builds(codebuild: Any, project: str) -> list[str]:
    """The ids of a project's newest builds, as many as can be asked for at once; none without the project."""
    try:
        ids: list[str] = codebuild.list_builds_for_project(projectName=project, sortOrder="DESCENDING")["ids"]
    except ClientError as error:
        if code_of(error) != "ResourceNotFoundException":
            raise
        return []
    return ids


def stop_training(session: Session, inventory: Inventory) -> int:
    """Stop the tuning jobs and the training jobs that run, and wait; returns how many there were."""
    sagemaker = session.client("sagemaker")
    # First, as a tuning job makes training jobs.
    searching = unfinished_searches(session, inventory.tuning_jobs)
    for job, status in searching.items():
        if status == "InProgress":
            unless(("ValidationException",), sagemaker.stop_hyper_parameter_tuning_job, HyperParameterTuningJobName=job)
    wait_until(
        session, lambda: not unfinished_searches(session, tuple(searching)), _STOP_TIMEOUT_S, "tuning jobs to stop"
    )
    running = unfinished_jobs(session, inventory.training_jobs)
    for job, status in running.items():
        if status == "InProgress":
            unless(("ValidationException",), sagemaker.stop_training_job, TrainingJobName=job)
    wait_until(session, lambda: not unfinished_jobs(session, tuple(running)), _STOP_TIMEOUT_S, "training jobs to stop")
    return len(running) + len(searching)


def stop_metrics(session: Session, inventory: Inventory) -> int:
    """Stop the jobs of own metrics that run, and wait; returns how many there were."""
    sagemaker = session.client("sagemaker")
    running = unfinished_metrics(session, inventory.metrics_jobs)
    for job, status in running.items():
        if status == "InProgress":
            unless(_NO_JOB, sagemaker.stop_processing_job, ProcessingJobName=job)
    wait_until(
        session, lambda: not unfinished_metrics(session, tuple(running)), _STOP_TIMEOUT_S, "jobs of metrics to stop"
    )
    return len(running)


def remove_endpoints(session: Session, inventory: Inventory) -> None:
    """Delete endpoints and wait, then their configs, models, the registry's versions of them, and their images."""
    delete_endpoints(session, inventory.endpoints, inventory.endpoint_configs, inventory.models)
    sagemaker = session.client("sagemaker")
    for package in inventory.model_packages:
        unless(("ValidationException",), sagemaker.delete_model_package, ModelPackageName=package)
    for repository in inventory.model_package_groups:
        _empty_repository(session, repository)


def _empty_repository(session: Session, repository: str) -> None:
    """Delete the images of a model, whose repository has its pipeline's name; its stack deletes only an empty one.

    A manifest list goes before the images that it names, so there are rounds; SlipwayError if one deletes nothing.
    """
    ecr = session.client("ecr")
    while images := _images(ecr, repository):
        deleted, kept = 0, list[dict[str, Any]]()
        for first in range(0, len(images), _MOST_IMAGES):
            batch = [{"imageDigest": digest} for digest in images[first : first + _MOST_IMAGES]]
            answer = ecr.batch_delete_image(repositoryName=repository, imageIds=batch)
            deleted, kept = deleted + len(answer["imageIds"]), [*kept, *answer["failures"]]
        if not deleted:
            reason = kept[0].get("failureReason", kept[0].get("failureCode")) if kept else "ECR gave no reason"
            raise SlipwayError(
                f"ECR keeps {len(images)} images of the repository {repository}: {reason}.",
                "Delete them in ECR's console, then run the same command again.",
            )


def _images(ecr: Any, repository: str) -> list[str]:
    """The digests of a repository's images; none without the repository."""
    try:
        pages = list(ecr.get_paginator("list_images").paginate(repositoryName=repository))
    except ClientError as error:
        if code_of(error) != "RepositoryNotFoundException":
            raise
        return []
    return sorted({image["imageDigest"] for page in pages for image in page["imageIds"]})


def delete_endpoints(session: Session, endpoints: Sequence[str], configs: Sequence[str], models: Sequence[str]) -> None:
    """Delete endpoints and wait, then configs and models."""
    sagemaker = session.client("sagemaker")

    def gone(name: str) -> bool:
        try:
            status = sagemaker.describe_endpoint(EndpointName=name)["EndpointStatus"]
        except ClientError as error:
            if code_of(error) != "ValidationException":
                raise
            return True
        if status != "Deleting":
            # One that is being created or updated is asked again until it can be deleted.
            unless(("ValidationException",), sagemaker.delete_endpoint, EndpointName=name)
        return False

    for endpoint in endpoints:
        wait_until(session, partial(gone, endpoint), _ENDPOINT_TIMEOUT_S, f"endpoint {endpoint} to be deleted")
    for config in configs:
        unless(("ValidationException",), sagemaker.delete_endpoint_config, EndpointConfigName=config)
    for model in models:
        unless(("ValidationException",), sagemaker.delete_model, ModelName=model)


def remove_stack(session: Session, stack: str) -> None:
    """Delete a stack; SlipwayError if something of it cannot be deleted."""
    with session.output.step(f"stack {stack}") as step:
        step.outcome = "failed"
        try:
            step.outcome = "deleted" if delete_stack(session, stack, step) else "not there"
        except SlipwayError as error:
            raise SlipwayError(error.message) from None  # what to do is the caller's to say


def remove_groups(session: Session, inventory: Inventory) -> None:
    """Delete groups of model packages that no stack deletes."""
    sagemaker = session.client("sagemaker")
    for group in inventory.model_package_groups:
        unless(("ValidationException",), sagemaker.delete_model_package_group, ModelPackageGroupName=group)


def remove_log_groups(session: Session, find: Callable[[], Sequence[str]]) -> int:
    """Delete log groups until no more appear; returns how many there were.

    What still runs as its group is deleted makes the group anew if its role may, and delivers what it logs late; a
    group that is there stops the next creation of the stack:
    https://docs.aws.amazon.com/lambda/latest/dg/monitoring-cloudwatchlogs.html
    """
    logs, deleted, quiet = session.client("logs"), set[str](), 0
    while quiet < _QUIET_LOOKS:
        found = find()
        quiet = 0 if found else quiet + 1
        for group in found:
            unless(("ResourceNotFoundException",), logs.delete_log_group, logGroupName=group)
        deleted |= set(found)
        time.sleep(session.target.poll_s)
    return len(deleted)


def remove_records(session: Session, inventory: Inventory) -> None:
    """Delete jobs that have ended, what they logged, and the models' folders in the buckets."""
    sagemaker, logs, s3 = session.client("sagemaker"), session.client("logs"), session.client("s3")
    for job in inventory.training_jobs:
        # A job that has not ended, or that keeps its instances warm, cannot be deleted; it is listed as left.
        unless(_NO_JOB, sagemaker.delete_training_job, TrainingJobName=job)
    for job in inventory.metrics_jobs:
        unless(_NO_JOB, sagemaker.delete_processing_job, ProcessingJobName=job)
    for group, streams in ((TRAINING_LOGS, inventory.log_streams), (METRICS_LOGS, inventory.metrics_log_streams)):
        for stream in streams:
            missing = ("ResourceNotFoundException",)
            unless(missing, logs.delete_log_stream, logGroupName=group, logStreamName=stream)
    # After the streams: only the tuning job tells whose they are, should this be interrupted.
    for job in inventory.tuning_jobs:
        unless(_NO_JOB, sagemaker.delete_hyper_parameter_tuning_job, HyperParameterTuningJobName=job)
    for folder in inventory.data:
        with session.output.step(folder) as step:
            step.outcome = "failed"
            step.outcome = f"{empty_folder(s3, folder, step.update):,} versions deleted"


def remove_evidence(session: Session, inventory: Inventory, *, lift: bool) -> dict[str, Locked]:
    """Delete the evidence that is not locked, with `lift` that of GOVERNANCE as well.

    Returns folder to the version that was locked last, of the folders that are not empty now.
    """
    s3, kept = session.client("s3"), dict[str, Locked]()
    for folder in inventory.evidence:
        with session.output.step(folder) as step:
            step.outcome = "failed"
            try:
                deleted, locked = empty_evidence(s3, folder, step.update, lift=lift)
            except (ClientError, SlipwayError) as error:
                if "AccessDenied" not in str(error):
                    raise
                what = "its locks cannot be lifted" if lift else "it cannot be deleted"
                raise SlipwayError(
                    f"{folder}: {what}: {error}",
                    "The bucket's policy allows it to those in the parameter EvidenceKeepers of the setup stack; "
                    "if that is empty, to the root user.",
                ) from None
            step.outcome = f"{deleted:,} versions deleted, {len(locked):,} are locked"
        if locked:
            kept[folder] = max(locked, key=lambda one: one.written)
    return kept


def remove_data(session: Session, inventory: Inventory) -> None:
    """Delete repositories and their work folders, empty and delete buckets, and schedule the key's deletion."""
    codecommit, kms, s3 = session.client("codecommit"), session.client("kms"), session.client("s3")
    for repository in inventory.repositories:
        codecommit.delete_repository(repositoryName=repository)
    for folder in inventory.work_folders:
        shutil.rmtree(folder)
    for bucket in inventory.buckets:
        with session.output.step(f"bucket {bucket}") as step:
            step.outcome = "failed"
            step.outcome = f"emptied of {empty_bucket(s3, bucket, step.update):,} versions"
    for bucket in inventory.buckets:
        _delete_bucket(s3, bucket)
    for key in inventory.keys:
        kms.schedule_key_deletion(KeyId=key, PendingWindowInDays=KEY_WAITING_DAYS)
        session.output.say(f"key {key}: deleted in {KEY_WAITING_DAYS} days, unless that is cancelled")


def _delete_bucket(s3: Any, bucket: str) -> None:
    """Delete an empty bucket; access logs that arrive late are deleted too."""
    for attempt in range(_BUCKET_ATTEMPTS):
        try:
            s3.delete_bucket(Bucket=bucket)
        except ClientError as error:
            if code_of(error) != "BucketNotEmpty" or attempt == _BUCKET_ATTEMPTS - 1:
                raise
            empty_bucket(s3, bucket, lambda _text: None)
        else:
            return


def _running(codepipeline: Any, pipeline: str) -> set[str]:
    pages = codepipeline.get_paginator("list_pipeline_executions").paginate(pipelineName=pipeline)
    summaries = (summary for page in pages for summary in page["pipelineExecutionSummaries"])
    return {summary["pipelineExecutionId"] for summary in summaries if summary["status"] in RUNNING}


def _abandon(codepipeline: Any, pipeline: str, run_id: str) -> None:
    # One that has just ended or is being stopped already refuses.
    unless(
        ("DuplicatedStopRequestException", "PipelineExecutionNotStoppableException"),
        codepipeline.stop_pipeline_execution,
        pipelineName=pipeline,
        pipelineExecutionId=run_id,
        abandon=True,
        reason=_CLOSED_REASON,
    )
