"""The permissions that a caller of the model registry needs.

Actions, resources and condition keys:
https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonsagemaker.html. SageMaker reads the images
and artifacts of a model package as the caller
(https://docs.aws.amazon.com/sagemaker/latest/dg/security-iam-awsmanpol-model-registry.html).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from local_aws.sagemaker import names
from local_aws.sagemaker.containers import registry
from local_aws.sagemaker.permissions import creation, present
from local_aws.sagemaker.registry import package_requests
from local_aws.wire import Caller, Document, Permission

_ECR = re.compile(r"(?P<account>\d{12})\.dkr\.ecr\.(?P<region>[^.]+)\..+")


def create_group(caller: Caller, request: Document) -> Iterator[Permission]:
    """The group and its tags."""
    arn = names.arn(caller, names.MODEL_PACKAGE_GROUP, request["ModelPackageGroupName"])
    yield from creation("CreateModelPackageGroup", arn, request, {})


def create(caller: Caller, request: Document) -> Iterator[Permission]:
    """The package, and reading its images and artifacts; a version has no number yet, so any of the group counts."""
    if "ModelPackageGroupName" in request:
        arn = _versions(caller, request["ModelPackageGroupName"])
    else:
        arn = names.arn(caller, names.MODEL_PACKAGE, request.get("ModelPackageName", "*"))
    yield from creation("CreateModelPackage", arn, request, _context(request))
    yield from _reading(caller, request)


def update(caller: Caller, request: Document) -> Iterator[Permission]:
    """The package with the values set, and reading new images and artifacts."""
    removed = request.get("CustomerMetadataPropertiesToRemove")
    context = {**_context(request), "sagemaker:CustomerMetadataPropertiesToRemove": removed}
    yield Permission("sagemaker:UpdateModelPackage", names.lower_case(request["ModelPackageArn"]), present(context))
    yield from _reading(caller, request)


def list_packages(caller: Caller, request: Document) -> Iterator[Permission]:
    """The versions of the group, or everything."""
    group = request.get("ModelPackageGroupName")
    yield Permission("sagemaker:ListModelPackages", _versions(caller, group) if group else "*")


def batch_describe(_caller: Caller, request: Document) -> Iterator[Permission]:
    """Each package."""
    for arn in request["ModelPackageArnList"]:
        yield Permission("sagemaker:BatchDescribeModelPackage", names.lower_case(arn))


def _versions(caller: Caller, group: str) -> str:
    arn = names.arn_of(caller, names.MODEL_PACKAGE_GROUP, group)
    return f"{arn.replace(f':{names.MODEL_PACKAGE_GROUP}/', f':{names.MODEL_PACKAGE}/')}/*"


def _context(request: Document) -> dict[str, Any]:
    life_cycle = request.get("ModelLifeCycle", {})
    metadata = request.get("CustomerMetadataProperties", {})
    return {
        "sagemaker:ModelApprovalStatus": request.get("ModelApprovalStatus"),
        "sagemaker:ModelLifeCycle:Stage": life_cycle.get("Stage"),
        "sagemaker:ModelLifeCycle:StageStatus": life_cycle.get("StageStatus"),
        **{f"sagemaker:CustomerMetadataProperties/{key}": value for key, value in metadata.items()},
    }


def _reading(caller: Caller, request: Document) -> Iterator[Permission]:
    """Permissions to read images in ECR and objects in S3; the operation checks everything else."""
    for container in package_requests.containers(request):
        repository = _repository(caller, container.get("Image", ""))
        if repository:
            yield Permission("ecr:BatchGetImage", repository)
        try:
            address = package_requests.artifact(container)
        except ValueError:
            continue
        if address:
            yield Permission("s3:GetObject", f"arn:{caller.partition}:s3:::{address.bucket}/{address.key}")


def _repository(caller: Caller, uri: str) -> str | None:
    try:
        image = registry.parse_image(uri)
    except registry.UnknownImageError:
        return None
    found = _ECR.fullmatch(image.registry or "")
    if found is None:
        return None
    return f"arn:{caller.partition}:ecr:{found['region']}:{found['account']}:repository/{image.repository}"
