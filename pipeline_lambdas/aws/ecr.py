"""The look-up of an image in ECR, and of its scan."""

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


def find_scan(repository: str, digest: str) -> Mapping[str, Any]:
    """Return the status of an image's scan and the number of findings of each severity; empty if there is no scan.

    The details of the image do not have them: basic scanning tells only this operation.
    https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_DescribeImageScanFindings.html
    """
    describe = clients.client("ecr").describe_image_scan_findings
    try:
        found = call(describe, repositoryName=repository, imageId={"imageDigest": digest}, maxResults=1)
    except AwsRequestError as error:
        if error.code == "ScanNotFoundException":
            return {}
        raise
    return dict(found)
