"""Action StartTraining: starts the training or tuning job of a release, once the dataset of its config exists."""

from __future__ import annotations

import os
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from pipeline_lambdas.config.instances import refuse_instances
from pipeline_lambdas.release.inputs import await_dataset, manifest_version, read_config, read_program
from pipeline_lambdas.release.names import Release
from pipeline_lambdas.runtime.boundary import paired, read_environment, read_parameters
from pipeline_lambdas.runtime.job import Job
from pipeline_lambdas.runtime.outcome import Continue, Done
from pipeline_lambdas.runtime.runner import LambdaContext, run_job
from pipeline_lambdas.steps.training import TrainingSite, start_training


@dataclass(frozen=True, slots=True)
class Environment:
    model_name: str
    name_prefix: str
    data_bucket: str
    model_bucket: str
    training_role_arn: str
    kms_key_arn: str
    image_registries: str
    instance_type_patterns: str = ""
    tuning_prefix: str = ""

    def site(self) -> TrainingSite:
        own = self.data_bucket, self.model_bucket, self.training_role_arn, self.kms_key_arn
        return TrainingSite(*own, paired(self.image_registries), self.tuning_prefix)


@dataclass(frozen=True, slots=True)
class Parameters:
    execution_id: str
    config_artifact: str
    dataset_artifact: str
    dataset_version: str = ""


def handler(event: Any, context: LambdaContext) -> None:
    run_job(event, context, _start)


def _start(job: Job) -> Done | Continue:
    environment = read_environment(Environment, os.environ)
    parameters = read_parameters(Parameters, job.user_parameters)
    config = read_config(job, environment.model_name, parameters.config_artifact)
    refuse_instances(config, environment.instance_type_patterns, "training")
    dataset = await_dataset(job, config, environment.data_bucket, datetime.now(UTC), parameters.dataset_artifact)
    if isinstance(dataset, Continue):
        return dataset
    folder = read_program(job, config, parameters.config_artifact)
    release = Release(environment.name_prefix, parameters.execution_id)
    started = start_training(release, config, dataset, environment.site(), folder)
    return started.done(manifest_version(config, parameters.dataset_version))
