"""Checks requests for model packages: what SageMaker refuses beyond its service model, and what is not emulated.

https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_CreateModelPackage.html. A version belongs to a group and
takes its tags and may be approved; an unversioned package has tags of its own and must name its instance types.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator

from local_aws.sagemaker import faults, names
from local_aws.sagemaker.platform import Platform
from local_aws.wire import Document

MAX_METADATA, MAX_ADDITIONAL = 50, 15
_MAX_ENVIRONMENT = 16
_INSTANCE_TYPES = ("SupportedTransformInstanceTypes", "SupportedRealtimeInferenceInstanceTypes")
_NOT_EMULATED = {
    "ValidationSpecification": "the validation of model packages by transform jobs (ValidationSpecification)",
    "SourceAlgorithmSpecification": "model packages of algorithm resources (SourceAlgorithmSpecification)",
    "CertifyForMarketplace": "certification for AWS Marketplace (CertifyForMarketplace)",
    "ManagedStorageType": "managed storage of model packages (ManagedStorageType)",
}


def check(request: Document) -> None:
    """Raise ValidationException for a CreateModelPackage request that SageMaker refuses, or local AWS cannot serve."""
    versioned, named = "ModelPackageGroupName" in request, "ModelPackageName" in request
    if versioned and named:
        raise faults.invalid(
            "Both ModelPackageName and ModelPackageGroupName are provided in the input. Cannot determine which one "
            "to use."
        )
    if not versioned and not named:
        raise faults.invalid("Missing ARN.")
    for member, what in _NOT_EMULATED.items():
        if request.get(member):
            raise faults.not_emulated(what)
    problems = list(_problems_of_version(request) if versioned else _problems_of_unversioned(request))
    if problems:
        raise faults.invalid(f"{len(problems)} validation errors detected:{'; '.join(problems)}")
    for specification in specifications(request):
        check_specification(specification)
    check_additional(request.get("AdditionalInferenceSpecifications", []))


def specifications(request: Document) -> list[Document]:
    """Every inference specification in a request to create or update a package."""
    main = [request["InferenceSpecification"]] if "InferenceSpecification" in request else []
    more = ("AdditionalInferenceSpecifications", "AdditionalInferenceSpecificationsToAdd")
    return main + [specification for member in more for specification in request.get(member, [])]


def check_specification(specification: Document) -> None:
    """Raise ValidationException for containers that cannot become a model."""
    for container in specification["Containers"]:
        if "Image" not in container:
            raise faults.invalid("A container of a model package needs an Image.")
        if "ModelDataUrl" in container and "ModelDataSource" in container:
            raise faults.invalid("A container of a model package has either ModelDataUrl or ModelDataSource.")
        variables = len(container.get("Environment", {}))
        if variables > _MAX_ENVIRONMENT:
            raise faults.invalid(
                f"The environment of a container has {variables} entries; a model package can have {_MAX_ENVIRONMENT}."
            )
        try:
            artifact(container)
        except ValueError as error:
            raise faults.invalid(str(error)) from None


def check_additional(all_of_them: Iterable[Document]) -> None:
    """Raise ValidationException if a package would have too many additional specifications, or two with one name."""
    counted = Counter(specification["Name"] for specification in all_of_them)
    if counted.total() > MAX_ADDITIONAL:
        raise faults.invalid(
            f"The model package would have {counted.total()} additional inference specifications; it can have "
            f"{MAX_ADDITIONAL}."
        )
    for name, times in counted.items():
        if times > 1:
            raise faults.invalid(f"The additional inference specification {name} occurs {times} times.")


def with_etags(platform: Platform, specification: Document) -> Document:
    """The specification with each artifact's ETag, as SageMaker adds it. Raises ValidationException for a missing one.

    https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_ModelPackageContainerDefinition.html. An artifact that
    is not one object (S3Prefix) is taken as it is.
    """
    return {**specification, "Containers": [_with_etag(platform, c) for c in specification["Containers"]]}


def containers(request: Document) -> Iterator[Document]:
    """Every container in a request to create or update a package."""
    for specification in specifications(request):
        yield from specification["Containers"]


def artifact(container: Document) -> names.S3Address | None:
    """The address of the container's artifact, None unless it is one object. Raises ValueError for other URIs."""
    if "ModelDataUrl" in container:
        return names.s3_address(container["ModelDataUrl"])
    source = container.get("ModelDataSource", {}).get("S3DataSource", {})
    return names.s3_address(source["S3Uri"]) if source.get("S3DataType") == "S3Object" else None


def _with_etag(platform: Platform, container: Document) -> Document:
    from botocore.exceptions import ClientError  # noqa: PLC0415 - not needed by an idle server

    address = artifact(container)
    if address is None:
        return container
    client = platform.runtime.clients.get("s3", platform.root())
    try:
        etag = client.head_object(Bucket=address.bucket, Key=address.key)["ETag"].strip('"')
    except ClientError:
        raise faults.invalid(f"Could not find model data at {address}.") from None
    return {**container, "ModelDataETag": etag} if "ModelDataUrl" in container else container


def _problems_of_version(request: Document) -> Iterator[str]:
    if request.get("Tags"):
        yield "Tags cannot be specified when using versioned ModelPackages: a version has the tags of its group"


def _problems_of_unversioned(request: Document) -> Iterator[str]:
    if "ModelApprovalStatus" in request:
        yield "Model approval status cannot be specified when using non-versioned ModelPackages"
    if "InferenceSpecification" not in request:
        yield "Inference specification must be specified when using non-versioned ModelPackages"
        return
    if any(container.get("Environment") for container in request["InferenceSpecification"]["Containers"]):
        yield "Environment variable map cannot be specified when using non-versioned ModelPackages"
    for member in _INSTANCE_TYPES:
        if not request["InferenceSpecification"].get(member):
            yield f"{member} must be specified when using non-versioned ModelPackages"
