"""Action Register: registers the release's model as a version of the model package group."""

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
class Parameters(Registration):
    execution_id: str


def handler(event: Any, context: LambdaContext) -> None:
    run_job(event, context, _register)


def _register(job: Job) -> Done:
    environment = read_environment(Environment, os.environ)
    parameters = read_parameters(Parameters, job.user_parameters)
    return register(Release(environment.name_prefix, parameters.execution_id), parameters)
