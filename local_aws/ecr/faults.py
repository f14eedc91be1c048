"""The errors of ECR: https://docs.aws.amazon.com/AmazonECR/latest/APIReference/CommonErrors.html."""

from __future__ import annotations

from local_aws.settings import ACCOUNT
from local_aws.wire import AwsError


def no_repository(name: str) -> AwsError:
    return AwsError(
        "RepositoryNotFoundException",
        f"The repository with name '{name}' does not exist in the registry with id '{ACCOUNT}'",
    )


def no_image(repository: str, identifier: str) -> AwsError:
    return AwsError(
        "ImageNotFoundException",
        f"The image with imageId {identifier} does not exist within the repository with name '{repository}' in the "
        f"registry with id '{ACCOUNT}'",
    )


def tag_taken(repository: str, tag: str) -> AwsError:
    return AwsError(
        "ImageTagAlreadyExistsException",
        f"The image tag '{tag}' already exists in the '{repository}' repository and cannot be overwritten because the "
        "tag is immutable.",
    )


def invalid(message: str) -> AwsError:
    return AwsError("InvalidParameterException", f"Invalid parameter at {message}")


def wrong_digest(named: str, found: str) -> AwsError:
    return AwsError(
        "ImageDigestDoesNotMatchException", f"The specified image digest {named} does not match the calculated {found}"
    )


def image_exists(repository: str, identifier: str) -> AwsError:
    return AwsError(
        "ImageAlreadyExistsException",
        f"Image with identifier '{identifier}' already exists in the '{repository}' repository, and neither its "
        "manifest nor its tag has changed since it was pushed",
    )
