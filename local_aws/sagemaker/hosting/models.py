"""The model operations (https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_CreateModel.html)."""

from __future__ import annotations

from datetime import UTC, datetime

from local_aws import base
from local_aws.engine.find import NoEngineError
from local_aws.sagemaker import events, faults, listing, names
from local_aws.sagemaker.containers.registry import UnknownImageError
from local_aws.sagemaker.containers.script_mode import frameworks
from local_aws.sagemaker.hosting import packaged_containers
from local_aws.sagemaker.platform import Platform
from local_aws.sagemaker.records import Record, TakenError
from local_aws.wire import Caller, Document

_KIND = names.MODEL
_MAX_ENVIRONMENT_BYTES = 32 * 1024
_NOT_EMULATED = {
    "AdditionalModelDataSources": "additional model data (AdditionalModelDataSources)",
    "ImageConfig": "images from private registries (ImageConfig)",
    "ContainerMetricsConfig": "metrics read from a container (ContainerMetricsConfig)",
}


def container_of(model: Record) -> Document:
    """The one container of a model, with the image and artifact of its model package, if it has one."""
    container: Document = model.state.get("container") or _requested(model.request)
    return container


def data_uri(container: Document) -> str:
    """Return the address of the container's model.tar.gz."""
    if "ModelDataUrl" in container:
        return str(container["ModelDataUrl"])
    return str(container["ModelDataSource"]["S3DataSource"]["S3Uri"])


class Models:
    """All models."""

    def __init__(self, platform: Platform) -> None:
        self._platform = platform

    def create(self, caller: Caller, request: Document) -> Document:
        """CreateModel: the image must be known and the artifact readable for the role."""
        container = self._checked(caller, request)
        name = request["ModelName"]
        arn = names.arn(caller, _KIND, name)
        if self._platform.records.find(_KIND, name):
            raise faults.exists(_KIND, arn)
        self._check_data(request, container, arn)
        kept = {"EnableNetworkIsolation": False, **request}
        packaged = {"container": container} if "ModelPackageName" in container else {}
        try:
            record = self._platform.records.create(_KIND, arn, name, kept, state=packaged)
        except TakenError:
            raise faults.exists(_KIND, arn) from None
        self._platform.prewarm(container["Image"], container.get("Environment", {}))
        events.publish("Model State Change", arn, _describe(record), self._platform.records.tags(arn))
        return {"ModelArn": arn}

    def describe(self, caller: Caller, request: Document) -> Document:
        """DescribeModel."""
        return _describe(self._find(caller, request))

    def list(self, _caller: Caller, request: Document) -> Document:
        """ListModels."""
        records = self._platform.records
        return listing.answer(listing.Listing("Models", _summary), records.heads(_KIND), request, records.full)

    def delete(self, caller: Caller, request: Document) -> Document:
        """DeleteModel: removes the entry only, even while an endpoint serves it."""
        record = self._find(caller, request)
        tags = self._platform.records.tags(record.arn)
        self._platform.records.delete(record)
        events.publish("Model State Change", record.arn, _describe(record), tags)
        return {}

    def _find(self, caller: Caller, request: Document) -> Record:
        record = self._platform.records.find(_KIND, request["ModelName"])
        if record is None:
            raise faults.not_found(_KIND, names.arn(caller, _KIND, request["ModelName"]))
        return record

    def _checked(self, caller: Caller, request: Document) -> Document:
        """The model's container. Raises ValidationException for what SageMaker refuses, or local AWS lacks."""
        if ("PrimaryContainer" in request) == bool(request.get("Containers")):
            raise faults.invalid("A model has either a PrimaryContainer or Containers.")
        if len(request.get("Containers", [])) > 1:
            raise faults.not_emulated("inference pipelines (a model with several Containers)")
        if "ExecutionRoleArn" not in request:
            raise faults.invalid("A model needs an ExecutionRoleArn.")
        container = _requested(request)
        for member, what in _NOT_EMULATED.items():
            if container.get(member):
                raise faults.not_emulated(what)
        if container.get("Mode") == "MultiModel":
            raise faults.not_emulated("multi-model endpoints (Mode MultiModel)")
        if "ModelPackageName" in container:
            container = packaged_containers.resolve(self._platform.records, caller, container)
        if "Image" not in container:
            raise faults.invalid("A container needs an Image or a ModelPackageName.")
        self._check_image(container)
        self._check_source(container)
        _check_environment(container.get("Environment", {}))
        return container

    def _check_image(self, container: Document) -> None:
        image, own = container["Image"], self._platform.own_images
        try:
            if own.is_own(image):
                own.require(image)
            else:
                frameworks.require(frameworks.to_serve(image, container.get("Environment", {})))
        except UnknownImageError as error:
            raise faults.invalid(str(error)) from None
        except (NoEngineError, frameworks.NotInstalledError) as error:
            raise faults.not_emulated(str(error)) from None

    @staticmethod
    def _check_source(container: Document) -> None:
        source = container.get("ModelDataSource", {}).get("S3DataSource")
        if ("ModelDataUrl" in container) == (source is not None):
            raise faults.invalid("A container of a built-in algorithm needs either ModelDataUrl or ModelDataSource.")
        if source and (source["S3DataType"], source["CompressionType"]) != ("S3Object", "Gzip"):
            raise faults.not_emulated("model data that is not one tar.gz object (ModelDataSource)")
        try:
            names.s3_address(data_uri(container))
        except ValueError as error:
            raise faults.invalid(str(error)) from None

    def _check_data(self, request: Document, container: Document, arn: str) -> None:
        """Check the artifact with the model's role."""
        from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415 - not needed by an idle server

        uri, role_arn = data_uri(container), request["ExecutionRoleArn"]
        address = names.s3_address(uri)
        try:
            client = self._platform.role(role_arn, arn).client("s3")
            client.head_object(Bucket=address.bucket, Key=address.key)
        except (base.RoleNotAssumableError, BotoCoreError, ClientError):
            raise faults.model_data_unreadable(uri, role_arn, names.region_of(arn)) from None


def _check_environment(environment: dict[str, str]) -> None:
    size = sum(len(key.encode()) + len(value.encode()) for key, value in environment.items())
    if size > _MAX_ENVIRONMENT_BYTES:
        raise faults.invalid(f"The environment of the containers has {size} bytes; expected 32 KB.")


def _requested(request: Document) -> Document:
    container: Document = request.get("PrimaryContainer") or request["Containers"][0]
    return container


def _describe(record: Record) -> Document:
    members = (
        "PrimaryContainer",
        "Containers",
        "InferenceExecutionConfig",
        "ExecutionRoleArn",
        "VpcConfig",
        "EnableNetworkIsolation",
    )
    return {**_summary(record), **{member: record.request[member] for member in members if member in record.request}}


def _summary(record: Record) -> Document:
    return {
        "ModelName": record.name,
        "ModelArn": record.arn,
        "CreationTime": datetime.fromtimestamp(record.created_at, UTC),
    }
