"""Action Register: makes the release's model a version of the model package group."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Any

from pipeline_lambdas.release.names import Release
from pipeline_lambdas.runtime.boundary import read_environment, read_parameters
from pipeline_lambdas.runtime.job import Job
from pipeline_lambdas.runtime.outcome import Done
from pipeline_lambdas.runtime.runner import LambdaContext, run_job
from pipeline_lambdas.steps.registration import Registration, register


@dataclass(frozen=True, slots=True)
class Environment:
    model_name: str
    name_prefix: str


@dataclass(frozen=True, slots=True)
class Parameters:
    execution_id: str
    training_job: str
    artifact_version: str
    config_commit: str
    pipeline_commit: str
    inference_commit: str
    dataset_version: str
    config_sha256: str
    dataset_sha256: str
    report_uri: str
    report_version: str


def handler(event: Any, context: LambdaContext) -> None:
    run_job(event, context, _register)


def _register(job: Job) -> Done:
    environment = read_environment(Environment, os.environ)
    given = read_parameters(Parameters, job.user_parameters)
    release = Release(environment.name_prefix, given.execution_id)
    registration = Registration(
        given.training_job,
        given.artifact_version,
        given.config_commit,
        given.pipeline_commit,
        given.inference_commit,
        given.dataset_version,
        given.config_sha256,
        given.dataset_sha256,
        given.report_uri,
        given.report_version,
    )
    return register(release, registration)
