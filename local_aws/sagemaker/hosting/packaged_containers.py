"""Containers of models created from a model package (`ModelPackageName` of CreateModel).

https://docs.aws.amazon.com/sagemaker/latest/dg/model-registry-deploy.html. A version must be approved to be deployed
(`ModelApprovalStatus` in https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_CreateModelPackage.html); that
CreateModel refuses it, and the message, are local AWS's own. A model keeps its content: later updates of the package
and its deletion do not change it.
"""

from __future__ import annotations

from local_aws.sagemaker import faults, names
from local_aws.sagemaker.records import Record, Records
from local_aws.sagemaker.registry import package_states
from local_aws.sagemaker.registry.lookup import find
from local_aws.wire import Caller, Document

_OF_THE_PACKAGE = ("Image", "ModelDataUrl", "ModelDataSource")
_SERVED = (*_OF_THE_PACKAGE, "Environment", "ContainerHostname")


def resolve(records: Records, caller: Caller, container: Document) -> Document:
    """The container completed from its package; its own environment overrides the package's.

    Raises ValidationException for a package that is missing, not approved, or has several containers.
    """
    twice = [member for member in _OF_THE_PACKAGE if member in container]
    if twice:
        raise faults.invalid(f"A container with ModelPackageName cannot also have {', '.join(twice)}.")
    package = find(records, caller, names.MODEL_PACKAGE, container["ModelPackageName"])
    _require_approval(package)
    specification = _specification(package, container.get("InferenceSpecificationName"))
    if len(specification["Containers"]) > 1:
        raise faults.not_emulated("inference pipelines (a model package with several Containers)")
    packaged = {member: value for member, value in specification["Containers"][0].items() if member in _SERVED}
    environment = {**packaged.get("Environment", {}), **container.get("Environment", {})}
    return {**packaged, **container, "Environment": environment}


def _require_approval(package: Record) -> None:
    status = package.state["current"].get("ModelApprovalStatus")
    if package_states.versioned(package) and status != package_states.APPROVED:
        raise faults.invalid(
            f"ModelPackage {package.arn} has the approval status {status}; only Approved versions can be deployed. "
            "Approve it with UpdateModelPackage."
        )


def _specification(package: Record, name: str | None) -> Document:
    current = package.state["current"]
    if name is None:
        found = current.get("InferenceSpecification")
    else:
        additional = current.get("AdditionalInferenceSpecifications", [])
        found = next((specification for specification in additional if specification["Name"] == name), None)
    if found is None:
        wanted = f"inference specification {name}" if name else "inference specification"
        raise faults.invalid(f"ModelPackage {package.arn} has no {wanted}.")
    document: Document = found
    return document
