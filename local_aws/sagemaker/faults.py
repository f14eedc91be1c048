"""SageMaker's errors, with messages observed from the service.

The service models only a few errors; most refusals are `ValidationException`
(https://docs.aws.amazon.com/sagemaker/latest/APIReference/CommonErrors.html). The registry's messages are those that
AWS's own CloudFormation handlers look for
(https://github.com/aws-cloudformation/aws-cloudformation-resource-providers-sagemaker). Where no
message is known, it is local AWS's own.
"""

from __future__ import annotations

from local_aws.sagemaker import names
from local_aws.wire import AwsError

_NOUNS = {names.MODEL: "model", names.ENDPOINT_CONFIG: "endpoint configuration", names.ENDPOINT: "endpoint"}
_JOBS = (names.PROCESSING_JOB, names.TRANSFORM_JOB)
_REGISTRY_NOUNS = {names.MODEL_PACKAGE_GROUP: "Model Package Group", names.MODEL_PACKAGE: "Model Package"}


def invalid(message: str) -> AwsError:
    """A `ValidationException`."""
    return AwsError("ValidationException", message)


def not_emulated(what: str) -> AwsError:
    """A valid request for something that AWS has and local AWS lacks."""
    return invalid(f"Local AWS does not emulate {what} yet; AWS accepts it.")


def not_found(kind: str, arn: str) -> AwsError:
    """The resource does not exist."""
    if kind == names.TRAINING_JOB:
        return invalid("Requested resource not found.")
    if kind == names.TUNING_JOB:
        name = arn.rpartition("/")[2]
        return AwsError(
            "ResourceNotFound", f"Amazon SageMaker can't find a tuning job called {name}. Type another name."
        )
    if kind in _JOBS:
        return invalid(f"Could not find requested job with ARN: {arn}")
    if kind in _REGISTRY_NOUNS:
        return invalid(f"{_REGISTRY_NOUNS[kind].replace(' ', '')} {arn} does not exist.")
    return invalid(f'Could not find {_NOUNS[kind]} "{arn}".')


def exists(kind: str, arn: str) -> AwsError:
    """The name is taken."""
    if kind == names.TRAINING_JOB:
        return AwsError(
            "ResourceInUse",
            "Training job names must be unique within an AWS account and region, and a training job with this "
            f"name already exists ({arn})",
        )
    if kind == names.TUNING_JOB:
        name = arn.rpartition("/")[2]
        return AwsError(
            "ResourceInUse",
            f"A hyperparameter tuning job with the name, {name}, already exists. Choose a different name.",
        )
    if kind in _JOBS:
        return AwsError(
            "ResourceInUse",
            "Job name must be unique within an AWS account and region, and a job with this name already exists "
            f"({arn})",
        )
    if kind in _REGISTRY_NOUNS:
        return invalid(f"{_REGISTRY_NOUNS[kind]} already exists: {arn}")
    return invalid(f'Cannot create already existing {_NOUNS[kind]} "{arn}".')


def conflict(message: str) -> AwsError:
    """A `ConflictException`, which only the registry's operations model."""
    return AwsError("ConflictException", message)


def in_progress(arn: str) -> AwsError:
    """The endpoint is being created, updated or deleted."""
    return invalid(f'Cannot update in-progress endpoint "{arn}".')


def role_not_assumable(role_arn: str) -> AwsError:
    """The role does not exist or does not trust SageMaker."""
    return invalid(
        f"Could not assume role {role_arn}. Please ensure that the role exists and allows principal "
        "'sagemaker.amazonaws.com' to assume the role."
    )


def model_data_unreadable(uri: str, role_arn: str, region: str) -> AwsError:
    """The model's artifact is missing, or its role may not read it."""
    return invalid(
        f'Could not access model data at {uri}. Please ensure that the role "{role_arn}" exists and that its '
        'trust relationship policy allows the action "sts:AssumeRole" for the service principal '
        '"sagemaker.amazonaws.com". Also ensure that the role has "s3:GetObject" permissions and that the object '
        f"is located in {region}."
    )
