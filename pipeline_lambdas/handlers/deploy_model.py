"""Actions Deploy, DeployChampion and RemoveChampion: update or remove the endpoint of an environment."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Any

from pipeline_lambdas.config.instances import refuse_instances
from pipeline_lambdas.release.inputs import read_config
from pipeline_lambdas.release.names import CHAMPION, Release
from pipeline_lambdas.runtime.boundary import listed, read_environment, read_parameters
from pipeline_lambdas.runtime.job import Job
from pipeline_lambdas.runtime.outcome import Outcome
from pipeline_lambdas.runtime.runner import LambdaContext, run_job
from pipeline_lambdas.steps.champion import check_operation, deploy_champion, remove_champion
from pipeline_lambdas.steps.deployment import Deployment, HostingSite, deploy


@dataclass(frozen=True, slots=True)
class Environment:
    model_name: str
    name_prefix: str
    hosting_role_arn: str
    kms_key_arn: str
    rollback_alarms: str = ""
    instance_type_patterns: str = ""

    def site(self) -> HostingSite:
        return HostingSite(self.hosting_role_arn, self.kms_key_arn, listed(self.rollback_alarms))


@dataclass(frozen=True, slots=True)
class Parameters:
    # What has a default is of some actions alone: Prod tells the champion's model, and no other endpoint is removed.
    execution_id: str
    environment: str
    training_job: str = ""
    artifact_version: str = ""
    config_sha256: str = ""
    operation: str = "deploy"


def handler(event: Any, context: LambdaContext) -> None:
    run_job(event, context, _deploy)


def _deploy(job: Job) -> Outcome:
    environment = read_environment(Environment, os.environ)
    parameters = read_parameters(Parameters, job.user_parameters)
    release = Release(environment.name_prefix, parameters.execution_id)
    check_operation(parameters.operation, parameters.environment)
    if parameters.operation == "remove":
        return remove_champion(release)
    config, site = read_config(job, environment.model_name), environment.site()
    refuse_instances(config, environment.instance_type_patterns, parameters.environment)
    if parameters.environment == CHAMPION:
        return deploy_champion(release, config, site)
    trained = parameters.training_job, parameters.artifact_version, parameters.config_sha256
    return deploy(Deployment(release, parameters.environment, *trained), config, site)
