"""The permissions that a caller of SageMaker needs.

Actions, resources and condition keys:
https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonsagemaker.html
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from local_aws.sagemaker import names
from local_aws.wire import Authorizer, Caller, Document, Permission

_PRINCIPAL = "sagemaker.amazonaws.com"


def on_name(action: str, kind: str, member: str) -> Authorizer:
    """The action on one resource that the request names in `member`."""

    def permissions(caller: Caller, request: Document) -> Iterable[Permission]:
        return [Permission(f"sagemaker:{action}", names.arn(caller, kind, request[member]))]

    return permissions


def on_all(action: str) -> Authorizer:
    """An action without resource types, such as the lists."""

    def permissions(_caller: Caller, _request: Document) -> Iterable[Permission]:
        return [Permission(f"sagemaker:{action}")]

    return permissions


def on_arn(action: str) -> Authorizer:
    """A tagging action, on the ARN in the request."""

    def permissions(_caller: Caller, request: Document) -> Iterable[Permission]:
        keys = request.get("TagKeys") or [tag["Key"] for tag in request.get("Tags", [])]
        context = {**_tag_context(request), **({"aws:TagKeys": keys} if keys else {})}
        return [Permission(f"sagemaker:{action}", names.lower_case(request["ResourceArn"]), context)]

    return permissions


def on_name_or_arn(action: str, kind: str, member: str) -> Authorizer:
    """The action on one resource that the request names in `member`, or whose ARN it gives there."""

    def permissions(caller: Caller, request: Document) -> Iterable[Permission]:
        return [Permission(f"sagemaker:{action}", names.arn_of(caller, kind, request[member]))]

    return permissions


def create_training_job(caller: Caller, request: Document) -> Iterator[Permission]:
    """The job, its role and its tags."""
    arn = names.arn(caller, names.TRAINING_JOB, request["TrainingJobName"])
    resources = request.get("ResourceConfig", {})
    context = {
        **_isolation(request),
        "sagemaker:InterContainerTrafficEncryption": _boolean(request, "EnableInterContainerTrafficEncryption"),
        "sagemaker:MaxRuntimeInSeconds": request.get("StoppingCondition", {}).get("MaxRuntimeInSeconds"),
        "sagemaker:InstanceTypes": [resources["InstanceType"]] if "InstanceType" in resources else None,
        **_key(caller, "Volume", resources.get("VolumeKmsKeyId")),
        **_key(caller, "Output", request["OutputDataConfig"].get("KmsKeyId")),
    }
    yield from creation("CreateTrainingJob", arn, request, context)
    yield pass_role(request["RoleArn"])


def create_tuning_job(caller: Caller, request: Document) -> Iterator[Permission]:
    """The tuning job, its training jobs' roles, and its tags; making the training jobs needs no permission."""
    arn = names.arn(caller, names.TUNING_JOB, request["HyperParameterTuningJobName"])
    one = request.get("TrainingJobDefinition")
    definitions = [*([one] if one else []), *request.get("TrainingJobDefinitions", [])]
    if not definitions:
        yield from creation("CreateHyperParameterTuningJob", arn, request, {})
    for definition in definitions:
        yield from creation("CreateHyperParameterTuningJob", arn, request, _of_definition(caller, definition))
        yield pass_role(definition["RoleArn"])


def _of_definition(caller: Caller, definition: Document) -> dict[str, Any]:
    """The condition keys of a training job definition."""
    flexible = definition.get("HyperParameterTuningResourceConfig", {})
    resources = flexible or definition.get("ResourceConfig", {})
    instances = [
        one["InstanceType"] for one in [resources, *flexible.get("InstanceConfigs", [])] if "InstanceType" in one
    ]
    return {
        **_isolation(definition),
        "sagemaker:InterContainerTrafficEncryption": _boolean(definition, "EnableInterContainerTrafficEncryption"),
        "sagemaker:MaxRuntimeInSeconds": definition["StoppingCondition"].get("MaxRuntimeInSeconds"),
        "sagemaker:InstanceTypes": instances or None,
        **_key(caller, "Volume", resources.get("VolumeKmsKeyId")),
        **_key(caller, "Output", definition["OutputDataConfig"].get("KmsKeyId")),
    }


def create_processing_job(caller: Caller, request: Document) -> Iterator[Permission]:
    """The job, its role and its tags."""
    arn = names.arn(caller, names.PROCESSING_JOB, request["ProcessingJobName"])
    network, cluster = request.get("NetworkConfig", {}), request["ProcessingResources"]["ClusterConfig"]
    context = {
        **_isolation(network),
        "sagemaker:InterContainerTrafficEncryption": _boolean(network, "EnableInterContainerTrafficEncryption"),
        "sagemaker:MaxRuntimeInSeconds": request.get("StoppingCondition", {}).get("MaxRuntimeInSeconds"),
        "sagemaker:InstanceTypes": [cluster["InstanceType"]] if "InstanceType" in cluster else None,
        **_key(caller, "Volume", cluster.get("VolumeKmsKeyId")),
        **_key(caller, "Output", request.get("ProcessingOutputConfig", {}).get("KmsKeyId")),
    }
    yield from creation("CreateProcessingJob", arn, request, context)
    yield pass_role(request["RoleArn"])


def create_transform_job(caller: Caller, request: Document) -> Iterator[Permission]:
    """The job and its tags: it runs as its model's role, which is not passed again."""
    arn = names.arn(caller, names.TRANSFORM_JOB, request["TransformJobName"])
    resources = request["TransformResources"]
    context = {
        "sagemaker:InstanceTypes": [resources["InstanceType"]],
        "sagemaker:ModelArn": names.arn(caller, names.MODEL, request["ModelName"]),
        **_key(caller, "Volume", resources.get("VolumeKmsKeyId")),
        **_key(caller, "Output", request["TransformOutput"].get("KmsKeyId")),
    }
    yield from creation("CreateTransformJob", arn, request, context)


def create_model(caller: Caller, request: Document) -> Iterator[Permission]:
    """The model, its role and its tags."""
    arn = names.arn(caller, names.MODEL, request["ModelName"])
    yield from creation("CreateModel", arn, request, _isolation(request))
    if "ExecutionRoleArn" in request:
        yield pass_role(request["ExecutionRoleArn"])


def create_endpoint_config(caller: Caller, request: Document) -> Iterator[Permission]:
    """The endpoint config, its tags, and its role if it names one."""
    arn = names.arn(caller, names.ENDPOINT_CONFIG, request["EndpointConfigName"])
    variants = request["ProductionVariants"]
    serverless = [variant["ServerlessConfig"] for variant in variants if "ServerlessConfig" in variant]
    models = [names.arn(caller, names.MODEL, v["ModelName"]) for v in variants if "ModelName" in v]
    context = {
        **_isolation(request),
        "sagemaker:InstanceTypes": [v["InstanceType"] for v in variants if "InstanceType" in v] or None,
        "sagemaker:ModelArn": models or None,
        "sagemaker:ServerlessMaxConcurrency": serverless[0]["MaxConcurrency"] if serverless else None,
        "sagemaker:ServerlessMemorySize": serverless[0]["MemorySizeInMB"] if serverless else None,
        **_key(caller, "Volume", request.get("KmsKeyId")),
    }
    yield from creation("CreateEndpointConfig", arn, request, context)
    if "ExecutionRoleArn" in request:
        yield pass_role(request["ExecutionRoleArn"])


def create_endpoint(caller: Caller, request: Document) -> Iterator[Permission]:
    """The endpoint and its tags, and its endpoint config."""
    arn = names.arn(caller, names.ENDPOINT, request["EndpointName"])
    config = names.arn(caller, names.ENDPOINT_CONFIG, request["EndpointConfigName"])
    yield from creation("CreateEndpoint", arn, request, {})
    yield Permission("sagemaker:CreateEndpoint", config, _tag_context(request))


def update_endpoint(caller: Caller, request: Document) -> Iterator[Permission]:
    """The endpoint and its new endpoint config."""
    for kind, member in ((names.ENDPOINT, "EndpointName"), (names.ENDPOINT_CONFIG, "EndpointConfigName")):
        yield Permission("sagemaker:UpdateEndpoint", names.arn(caller, kind, request[member]))


def invoke_endpoint(caller: Caller, request: Document) -> Iterator[Permission]:
    """The endpoint."""
    arn = names.arn(caller, names.ENDPOINT, request["EndpointName"])
    target = {"sagemaker:TargetModel": request["TargetModel"]} if "TargetModel" in request else {}
    yield Permission("sagemaker:InvokeEndpoint", arn, target)


def pass_role(role_arn: str) -> Permission:
    """Return the permission to pass a role to SageMaker (https://docs.aws.amazon.com/sagemaker/latest/dg/sagemaker-roles.html)."""
    return Permission("iam:PassRole", role_arn, {"iam:PassedToService": _PRINCIPAL})


def creation(action: str, arn: str, request: Document, context: Mapping[str, Any]) -> Iterator[Permission]:
    """Creating a resource, and its tags if the request has any."""
    tags = _tag_context(request)
    yield Permission(f"sagemaker:{action}", arn, {**present(context), **tags})
    if tags:
        yield Permission("sagemaker:AddTags", arn, {**tags, "sagemaker:TaggingAction": action})


def present(context: Mapping[str, Any]) -> dict[str, Any]:
    """The condition keys that a request sets."""
    return {key: value for key, value in context.items() if value is not None}


def _tag_context(request: Document) -> dict[str, Any]:
    tags = request.get("Tags") or []
    if not tags:
        return {}
    named = {f"aws:RequestTag/{tag['Key']}": tag["Value"] for tag in tags}
    return {**named, "aws:TagKeys": [tag["Key"] for tag in tags]}


def _isolation(request: Document) -> dict[str, str]:
    return {"sagemaker:NetworkIsolation": _boolean(request, "EnableNetworkIsolation")}


def _boolean(request: Document, member: str) -> str:
    return "true" if request.get(member) else "false"


def _key(caller: Caller, use: str, key: str | None) -> dict[str, Any]:
    """The KMS key under its current and its former condition key; an id is expanded to an ARN."""
    if key is None:
        return {}
    whole = key if ":" in key else f"arn:{caller.partition}:kms:{caller.region}:{caller.account}:"
    if ":" not in key:
        whole += key if key.startswith("alias/") else f"key/{key}"
    return {f"sagemaker:{use}KmsKeyArn": whole, f"sagemaker:{use}KmsKey": whole}
