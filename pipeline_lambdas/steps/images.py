"""Finds a team's own image, which trains and serves the model of a config with a container."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pipeline_lambdas.aws import ecr
from pipeline_lambdas.config.model import TrainingConfig
from pipeline_lambdas.release.affected import program_folder
from pipeline_lambdas.release.image_tags import image_tag
from pipeline_lambdas.release.retries import START_NEW
from pipeline_lambdas.runtime.failures import ConfigurationError

PARAMETER = "BuildContainers"
"""The parameter of the pipeline stack with which it builds images."""
_SEVERITIES = ("CRITICAL", "HIGH", "MEDIUM", "LOW", "INFORMATIONAL", "UNDEFINED")


@dataclass(frozen=True, slots=True)
class Image:
    """An image, and what ECR's scan found in it; `scan` is empty for one that no release built."""

    uri: str
    scan: str = ""


def own_image(config: TrainingConfig, repository: str, folder: Mapping[str, bytes]) -> Image | None:
    """Return the image of a config with a container, by its digest; None for one of AWS's images.

    `repository` has the images that are built from the model's folder, whose files are `folder`; it is empty if the
    stack has none. Raises ConfigurationError then, or if the repository lacks the image.
    """
    container = config.container
    if container and container.image:
        return Image(container.image)
    if container and container.dockerfile:
        return _built(config, container.dockerfile, repository, folder)
    return None


def _built(config: TrainingConfig, dockerfile: str, repository: str, folder: Mapping[str, bytes]) -> Image:
    place = f"{program_folder(config.model)}{dockerfile}"
    if not repository:
        raise ConfigurationError(
            f"{config.model}.yml: container.dockerfile: found {dockerfile}, and a function that knows no repository of "
            "images. Update the pipeline stack"
        )
    if dockerfile not in folder:
        found = ", ".join(sorted(folder)[:10]) or "no file"
        raise ConfigurationError(f"{place}: found {found} in the folder; expected {dockerfile}, which the config names")
    tag = image_tag(dockerfile, folder)
    name = repository.partition("/")[2]
    details = ecr.find_image(name, tag)
    if details is None:
        raise ConfigurationError(
            f"{place}: found no image {tag} in {repository}, which the action BuildImage makes of the folder. Without "
            f"that action, deploy the pipeline with it: `slipway deploy --parameter {PARAMETER}=true`; else see its "
            f"log. {START_NEW}."
        )
    digest = details["imageDigest"]
    return Image(f"{repository}@{digest}", scan_summary(ecr.find_scan(name, digest)))


def scan_summary(scan: Mapping[str, Any]) -> str:
    """Return the result of a scan in a line, such as `COMPLETE: 1 HIGH, 3 LOW`.

    https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_DescribeImageScanFindings.html
    """
    status = scan.get("imageScanStatus") or {}
    if status.get("status") not in {"COMPLETE", "ACTIVE"}:
        said = str(status.get("description") or "").strip()
        return f"{status.get('status', 'NOT SCANNED')}{f': {said}' if said else ''}"
    counts = (scan.get("imageScanFindings") or {}).get("findingSeverityCounts") or {}
    told = ", ".join(f"{counts[severity]} {severity}" for severity in _SEVERITIES if counts.get(severity))
    return f"{status['status']}: {told or 'no findings'}"
