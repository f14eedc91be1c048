"""Action CleanUp: deletes the resources of earlier releases, except those that the config keeps."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Any

from pipeline_lambdas.release.inputs import read_trained_config
from pipeline_lambdas.release.names import Release
from pipeline_lambdas.runtime.boundary import read_environment, read_parameters
from pipeline_lambdas.runtime.job import Job
from pipeline_lambdas.runtime.outcome import Done
from pipeline_lambdas.runtime.runner import LambdaContext, run_job
from pipeline_lambdas.steps.clean_up import clean_up


@dataclass(frozen=True, slots=True)
class Environment:
    model_name: str
    name_prefix: str


@dataclass(frozen=True, slots=True)
class Parameters:
    execution_id: str
    config_sha256: str


def handler(event: Any, context: LambdaContext) -> None:
    run_job(event, context, _clean_up)


def _clean_up(job: Job) -> Done:
    environment = read_environment(Environment, os.environ)
    parameters = read_parameters(Parameters, job.user_parameters)
    release = Release(environment.name_prefix, parameters.execution_id)
    config = read_trained_config(job, environment.model_name, parameters.config_sha256)
    return clean_up(release, config.keep.models)
