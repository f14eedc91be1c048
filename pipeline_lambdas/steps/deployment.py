"""Deploys a trained model to an environment: creates model and endpoint config, creates or updates the endpoint.

SageMaker updates an endpoint in place, so the old model serves until the new one is healthy:
https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_UpdateEndpoint.html
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from pipeline_lambdas.aws import sagemaker
from pipeline_lambdas.aws.instance_types import has_local_storage
from pipeline_lambdas.config.model import InstanceVariant, TrainingConfig, Variant, config_sha256
from pipeline_lambdas.release.affected import TRAINING_CONFIG, config_file
from pipeline_lambdas.release.inputs import require_trained
from pipeline_lambdas.release.names import Release
from pipeline_lambdas.release.retries import RETRY_ALL, START_NEW
from pipeline_lambdas.release.script_mode import program_of, region_of, serving_environment
from pipeline_lambdas.runtime.failures import ConfigurationError, JobFailedError
from pipeline_lambdas.runtime.outcome import Continue, Done, Outcome
from pipeline_lambdas.steps.artifact import copy_for_prod
from pipeline_lambdas.steps.found import differences
from pipeline_lambdas.steps.rollback_alarms import alarm_of_update, watch_update
from pipeline_lambdas.steps.rollout import deployment_config_request

VARIANT_NAME = "AllTraffic"
_PROD = "prod"
# https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_AutoRollbackConfig.html
_MOST_ALARMS = 10


@dataclass(frozen=True, slots=True)
class HostingSite:
    """The values that the stack gives a model."""

    role_arn: str
    kms_key_arn: str
    rollback_alarms: tuple[str, ...] = ()
    """Alarms of the endpoint, whose likes of the new fleet alone take an update back."""

    def __post_init__(self) -> None:
        if len(self.rollback_alarms) > _MOST_ALARMS:
            raise ConfigurationError(
                f"ROLLBACK_ALARMS: found {len(self.rollback_alarms)} alarms; expected at most {_MOST_ALARMS}. Set "
                "fewer in the function's template."
            )


@dataclass(frozen=True, slots=True)
class Deployment:
    """The request of one Deploy action; models are named after their training job.

    `artifact_version` and `config_sha256` are those of the training; only Prod requires them.
    """

    release: Release
    environment: str
    training_job: str
    artifact_version: str = ""
    config_sha256: str = ""

    @property
    def endpoint(self) -> str:
        return self.release.endpoint(self.environment)

    @property
    def endpoint_config(self) -> str:
        return self.release.endpoint_config(self.environment, self.training_job)


def deploy(deployment: Deployment, config: TrainingConfig, site: HostingSite) -> Outcome:
    """Create what is missing, looking for everything first, and point the endpoint at it.

    Prod gets a model of its own, of a copy of the artifact: code that nobody has approved can write neither. Returns
    Continue while the endpoint cannot be updated yet. Raises ConfigurationError for an environment that the config
    lacks, JobFailedError if the endpoint or a resource of the same name is in the way, or if config or artifact are not
    those of the training.
    """
    if deployment.environment == _PROD:
        _check_config(deployment, config)
    variant = config.environments.get(deployment.environment)
    if variant is None:
        raise ConfigurationError(
            f"{config.model}.yml: environments: found {', '.join(config.environments)}; this action deploys to "
            f"{deployment.environment}. Add it to the config."
        )
    trained = _trained(deployment.training_job)
    if trained["TrainingJobStatus"] == "InProgress":
        # The wait before has seen it Completed, and a read may be stale; at most until the job's own time limit.
        token = json.dumps({"waiting_for": deployment.training_job})
        return Continue(token, f"Training job {deployment.training_job} is not shown as Completed yet", 10)
    artifact = trained["ModelArtifacts"]["S3ModelArtifacts"]
    if deployment.environment == _PROD:
        artifact = copy_for_prod(
            deployment.release.stem(deployment.training_job), artifact, deployment.artifact_version, site.kms_key_arn
        )
    image = trained["AlgorithmSpecification"]["TrainingImage"]
    request = model_request(deployment, variant, site, image, artifact, program_of(config))
    _ensure("Model", request, _tags(deployment, config), sagemaker.describe_model, sagemaker.create_model)
    return serve(deployment, config, variant, site, request["ModelName"])


def model_of(deployment: Deployment, variant: Variant) -> str:
    """Return the name of the model that a variant serves."""
    if deployment.environment == _PROD:
        return deployment.release.prod_model(deployment.training_job)
    return deployment.release.model(deployment.training_job, isolated=isinstance(variant, InstanceVariant))


def serve(deployment: Deployment, config: TrainingConfig, variant: Variant, site: HostingSite, model: str) -> Outcome:
    """Point the endpoint at an existing model, on the instances of `variant`; returns as `deploy` does."""
    tags = _tags(deployment, config)
    endpoint_config = endpoint_config_request(deployment, variant, site, model)
    found = _ensure(
        "EndpointConfig",
        endpoint_config,
        tags,
        sagemaker.describe_endpoint_config,
        sagemaker.create_endpoint_config,
    )
    if found is None:
        found = sagemaker.describe_new_endpoint_config(deployment.endpoint_config)
    alarms = tuple(alarm_of_update(name) for name in site.rollback_alarms)
    rollout = deployment_config_request(deployment.environment, variant, alarms)
    watch = partial(watch_update, site.rollback_alarms if rollout else (), deployment.endpoint_config)
    waiting = _point_endpoint(deployment, tags, rollout, watch)
    if waiting:
        return Continue(json.dumps({"waiting_for": deployment.endpoint}), waiting, 50, deployment.endpoint)
    variables = {
        "ModelName": model,
        "EndpointConfigName": deployment.endpoint_config,
        # A name says which config was made only as long as nobody deletes it.
        "EndpointConfigCreated": sagemaker.moment(found["CreationTime"]),
        "EndpointName": deployment.endpoint,
    }
    summary = f"Deploying {deployment.endpoint_config}"
    return Done(variables, summary, deployment.endpoint)


def model_request(
    deployment: Deployment, variant: Variant, site: HostingSite, image: str, artifact: str, program: str | None = None
) -> dict[str, Any]:
    """Return the request for a variant's model: an artifact, served by the image, and `program`, that trained it.

    https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_CreateModel.html
    """
    environment = serving_environment(program, region_of(site.kms_key_arn))
    container = {"Image": image, "ModelDataUrl": artifact, **({"Environment": environment} if environment else {})}
    return {
        "ModelName": model_of(deployment, variant),
        "PrimaryContainer": container,
        "ExecutionRoleArn": site.role_arn,
        # A serverless endpoint takes no isolated model: https://docs.aws.amazon.com/sagemaker/latest/dg/serverless-endpoints.html
        "EnableNetworkIsolation": isinstance(variant, InstanceVariant),
    }


def endpoint_config_request(deployment: Deployment, variant: Variant, site: HostingSite, model: str) -> dict[str, Any]:
    """Return the request for the endpoint config.

    https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_CreateEndpointConfig.html
    """
    production: dict[str, Any] = {"VariantName": VARIANT_NAME, "ModelName": model}
    request: dict[str, Any] = {
        "EndpointConfigName": deployment.endpoint_config,
        "ProductionVariants": [production],
    }
    if isinstance(variant, InstanceVariant):
        production["InstanceType"] = variant.instance_type
        production["InitialInstanceCount"] = variant.instance_count
        production["InitialVariantWeight"] = 1.0
        # The key encrypts the instances' storage volumes, and is refused for types that have local storage instead.
        if not has_local_storage(variant.instance_type):
            request["KmsKeyId"] = site.kms_key_arn
    else:
        production["ServerlessConfig"] = {
            "MemorySizeInMB": variant.memory_mib,
            "MaxConcurrency": variant.max_concurrency,
        }
    return request


def _check_config(deployment: Deployment, config: TrainingConfig) -> None:
    if not deployment.artifact_version or not deployment.config_sha256:
        raise ConfigurationError(
            "UserParameters lacks artifact_version or config_sha256, by which Prod is held against what was trained. "
            f"Deploy the pipeline stack again. {START_NEW} then."
        )
    require_trained(config_file(config.model), config_sha256(config), deployment.config_sha256, TRAINING_CONFIG)


def _trained(name: str) -> dict[str, Any]:
    description = sagemaker.describe_training_job(name)
    status = "missing" if description is None else description["TrainingJobStatus"]
    if description is None or status not in {"Completed", "InProgress"}:
        raise JobFailedError(f"Training job {name} is {status}; only a Completed one has a model to deploy.")
    return description


def _tags(deployment: Deployment, config: TrainingConfig) -> list[dict[str, str]]:
    return [
        {"Key": "slipway:execution-id", "Value": deployment.release.execution_id},
        {"Key": "slipway:model", "Value": config.model},
        {"Key": "slipway:config-sha256", "Value": config_sha256(config)},
    ]


def _ensure(
    kind: str,
    request: dict[str, Any],
    tags: list[dict[str, str]],
    describe: Callable[[str], dict[str, Any] | None],
    create: Callable[[Mapping[str, Any]], bool],
) -> dict[str, Any] | None:
    """Make what is asked for unless it is there; return what was there, None for what was made now."""
    name = request[f"{kind}Name"]
    description = describe(name)
    if description is None and not create({**request, "Tags": tags}):
        # Another delivery of the same event was faster.
        description = describe(name)
    different = differences(kind, description, request) if description is not None else []
    if different:
        raise JobFailedError(
            f"{kind} {name} exists with other settings ({', '.join(different)}). It is never changed. {START_NEW}."
        )
    return description


def _point_endpoint(
    deployment: Deployment, tags: list[dict[str, str]], rollout: Mapping[str, Any] | None, watch: Callable[[], None]
) -> str | None:
    """Create or update the endpoint; if neither is possible yet, return what to wait for.

    `watch` creates the alarms that `rollout` names, right before the update uses them.
    """
    name, wanted = deployment.endpoint, deployment.endpoint_config
    description = sagemaker.describe_endpoint(name)
    if description is None:
        request: dict[str, Any] = {"EndpointName": name, "EndpointConfigName": wanted, "Tags": tags[1:2]}
        if rollout:
            # Nothing to roll back to yet: it is kept for updates that name none of their own.
            request["DeploymentConfig"] = rollout
        watch()
        if sagemaker.create_endpoint(request):
            return None
        description = sagemaker.describe_endpoint(name) or {"EndpointStatus": "Deleting"}
    status, serving = description["EndpointStatus"], description.get("EndpointConfigName")
    pending = description.get("PendingDeploymentSummary", {}).get("EndpointConfigName")
    match status:
        case "InService" if serving == wanted:
            return None
        case "InService" | "UpdateRollbackFailed":
            watch()
            sagemaker.update_endpoint(name, wanted, rollout)
            return None
        case "Creating" | "Updating" if (pending or serving) == wanted:
            return None
        case "Creating" | "Updating":
            raise JobFailedError(
                f"Endpoint {name} is {status} with {pending or serving}, so it cannot be given {wanted}. Wait until "
                f"it is InService. {RETRY_ALL} then."
            )
        case "Failed":
            # It serves nothing, and its deletion is all that SageMaker still allows.
            sagemaker.delete_endpoint(name)
            return f"Endpoint {name} had failed and is deleted before it is created again"
        case "Deleting" | "SystemUpdating" | "RollingBack":
            return f"Endpoint {name} is {status} and can be changed after that"
        case _:
            raise JobFailedError(
                f"Endpoint {name} is {status}, in which it cannot be updated. Look at it in SageMaker, delete it if "
                f"it is not needed. {RETRY_ALL} then."
            )
