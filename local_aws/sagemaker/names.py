"""ARNs and S3 addresses as SageMaker writes them."""

from __future__ import annotations

from dataclasses import dataclass

from local_aws.wire import Caller

TRAINING_JOB, MODEL, ENDPOINT_CONFIG, ENDPOINT = "training-job", "model", "endpoint-config", "endpoint"
PROCESSING_JOB, TRANSFORM_JOB, TUNING_JOB = "processing-job", "transform-job", "hyper-parameter-tuning-job"
MODEL_PACKAGE_GROUP, MODEL_PACKAGE = "model-package-group", "model-package"


def arn(caller: Caller, kind: str, name: str) -> str:
    """The ARN of a resource: its name in lower case, as SageMaker shows it."""
    return f"arn:{caller.partition}:sagemaker:{caller.region}:{caller.account}:{kind}/{name.lower()}"


def arn_of(caller: Caller, kind: str, name_or_arn: str) -> str:
    """The ARN for a member that may be a name or an ARN (`ArnOrName` in the API)."""
    return lower_case(name_or_arn) if name_or_arn.startswith("arn:") else arn(caller, kind, name_or_arn)


def lower_case(resource_arn: str) -> str:
    """An ARN with its name in lower case, as SageMaker stores it."""
    head, _, name = resource_arn.partition("/")
    return f"{head}/{name.lower()}"


def region_of(resource_arn: str) -> str:
    """The Region in an ARN."""
    return resource_arn.split(":")[3]


@dataclass(frozen=True)
class S3Address:
    """A bucket and a key or key prefix."""

    bucket: str
    key: str

    def __str__(self) -> str:
        return f"s3://{self.bucket}/{self.key}"

    def below(self, *parts: str) -> S3Address:
        """The address of `parts` below this one, with or without a slash at its end."""
        key = self.key.rstrip("/")
        return S3Address(self.bucket, "/".join((*((key,) if key else ()), *parts)))


def s3_address(uri: str) -> S3Address:
    """Parse `s3://bucket/key` or `https://s3.<region>.<suffix>/bucket/key`; the request's pattern allows both.

    Raises ValueError for anything else.
    """
    scheme, _, rest = uri.partition("://")
    first, _, key = rest.partition("/")
    if scheme == "https" and first.split(".")[0] == "s3":
        first, _, key = key.partition("/")
    elif scheme == "https":
        first = first.partition(".s3")[0]
    if scheme not in ("s3", "https") or not first:
        raise ValueError(f"{uri!r} is not an S3 URI: expected s3://bucket/key")
    return S3Address(first, key)
