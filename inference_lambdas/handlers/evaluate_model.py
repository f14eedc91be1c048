"""Actions SmokeTest and Evaluate: predict against a live endpoint and judge."""

from __future__ import annotations

import gc
import os
from dataclasses import dataclass
from typing import Any

from inference_lambdas.own.job import Site
from inference_lambdas.predicting.evaluation import Deadline, evaluate
from inference_lambdas.predicting.plan import Evaluation, Parameters, test_of
from pipeline_lambdas.release.inputs import read_program, read_trained_config, released_dataset
from pipeline_lambdas.release.names import Release
from pipeline_lambdas.runtime.boundary import read_environment, read_parameters
from pipeline_lambdas.runtime.job import Job
from pipeline_lambdas.runtime.outcome import Outcome
from pipeline_lambdas.runtime.runner import LambdaContext, run_job

# A batch's lists die by reference counts; to look for cycles after every 700 of them takes a fifth of the time.
gc.set_threshold(100_000)


@dataclass(frozen=True, slots=True)
class Environment:
    model_name: str
    name_prefix: str
    data_bucket: str
    artifact_bucket: str
    evidence_bucket: str
    kms_key_arn: str


def handler(event: Any, context: LambdaContext) -> None:
    run_job(event, context, lambda job: _evaluate(job, Deadline(context.get_remaining_time_in_millis)))


def _evaluate(job: Job, deadline: Deadline) -> Outcome:
    environment, asked = read_environment(Environment, os.environ), read_parameters(Parameters, job.user_parameters)
    config = read_trained_config(job, environment.model_name, asked.config_sha256)
    test = test_of(config, asked.environment, asked.test)
    evaluation = Evaluation(
        release=Release(environment.name_prefix, asked.execution_id),
        environment=asked.environment,
        deployed=asked.deployed,
        test=test,
        config=config,
        dataset=released_dataset(job, config, environment.data_bucket, asked.dataset_sha256),
        data_bucket=environment.data_bucket,
        artifact_bucket=environment.artifact_bucket,
        evidence_bucket=environment.evidence_bucket,
        kms_key_arn=environment.kms_key_arn,
        champion=asked.champion,
        champion_deployed=asked.champion_deployed,
        site=read_environment(Site, os.environ),
        folder=read_program(job, config, asked.config_artifact or None) if config.own_metrics(test) else {},
    )
    return evaluate(evaluation, job.continuation_token, deadline)
