"""The look-up of an image in ECR."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pipeline_lambdas.aws import clients
from pipeline_lambdas.aws.errors import call
from pipeline_lambdas.runtime.failures import AwsRequestError

_MISSING = frozenset({"ImageNotFoundException", "RepositoryNotFoundException"})


def find_image(repository: str, tag: str) -> Mapping[str, Any] | None:
    """Return ECR's details of the image with a tag; None without it, or without the repository.

    https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_DescribeImages.html
    """
    describe = clients.client("ecr").describe_images
    try:
        found = call(describe, repositoryName=repository, imageIds=[{"imageTag": tag}])["imageDetails"]
    except AwsRequestError as error:
        if error.code in _MISSING:
            return None
        raise
    return dict(found[0]) if found else None
