"""Actions WaitForTraining and Wait: poll a training job or an endpoint until it is settled."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Any

from pipeline_lambdas.runtime.boundary import read_environment, read_parameters
from pipeline_lambdas.runtime.job import Job
from pipeline_lambdas.runtime.outcome import Outcome
from pipeline_lambdas.runtime.runner import LambdaContext, run_job
from pipeline_lambdas.steps.status import poll


@dataclass(frozen=True, slots=True)
class Environment:
    model_name: str
    name_prefix: str


@dataclass(frozen=True, slots=True)
class Parameters:
    kind: str
    name: str
    endpoint_config: str | None = None


def handler(event: Any, context: LambdaContext) -> None:
    run_job(event, context, _look)


def _look(job: Job) -> Outcome:
    read_environment(Environment, os.environ)
    parameters = read_parameters(Parameters, job.user_parameters)
    return poll(parameters.kind, parameters.name, parameters.endpoint_config, job.continuation_token)
