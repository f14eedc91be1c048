"""The model's repository in ECR: finds an image, waits for its scan and judges it.

https://docs.aws.amazon.com/AmazonECR/latest/userguide/image-scanning-basic.html
"""

from __future__ import annotations

import base64
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from slipway_build.errors import BuildError

_GRAVE = "CRITICAL"
_WAIT_S, _PAUSE_S = 600.0, 5.0
_MISSING = "ImageNotFoundException"
# The scan of an image that was pushed a moment ago may not be known yet.
_NOT_YET = frozenset({"ScanNotFoundException", _MISSING})
_UNDER_WAY = frozenset({"IN_PROGRESS", "PENDING"})
_DONE = frozenset({"COMPLETE", "ACTIVE"})
_UNSUPPORTED = "UNSUPPORTED_IMAGE"
# How basic scanning says it: https://docs.aws.amazon.com/AmazonECR/latest/userguide/image-scanning-troubleshooting.html
_UNSUPPORTED_ERROR = "UnsupportedImageError"


@dataclass(frozen=True)
class Registry:
    """A repository, through a client of ECR."""

    client: Any
    name: str
    pause: Callable[[float], None] = time.sleep
    now: Callable[[], float] = time.monotonic

    def find(self, tag: str) -> str | None:
        """The digest of the image with a tag; None if there is none."""
        try:
            found = self.client.describe_images(repositoryName=self.name, imageIds=[{"imageTag": tag}])["imageDetails"]
        except ClientError as error:
            if error.response["Error"]["Code"] == _MISSING:
                return None
            raise
        return str(found[0]["imageDigest"]) if found else None

    def password(self) -> str:
        """The password for the user AWS, valid for 12 hours."""
        token = self.client.get_authorization_token()["authorizationData"][0]["authorizationToken"]
        return base64.b64decode(token).decode().partition(":")[2]

    def judge(self, tag: str, accepted: Mapping[str, str]) -> str:
        """Wait for the scan of an image and return its digest.

        Raises BuildError for a critical finding that is not accepted, and for a scan that failed or does not end. An
        image that ECR cannot scan, such as one without a distribution, is said to be one.
        """
        status = self._scanned(tag)
        digest = self.find(tag) or ""
        if _unsupported(status):
            sys.stdout.write(f"scan: {_UNSUPPORTED}: {status.get('description', '')}; judge it yourself\n")
            return digest
        if status["status"] not in _DONE:
            raise BuildError(
                f"The scan of {self.name}:{tag} ended with {status['status']}: {status.get('description', '')}.",
                "Start it again in ECR's console, then retry the release.",
            )
        _refuse(list(self._grave(tag)), accepted, f"{self.name}:{tag}")
        return digest

    def _scanned(self, tag: str) -> Mapping[str, Any]:
        until = self.now() + _WAIT_S
        while True:
            status = self._status(tag)
            if status is not None and status["status"] not in _UNDER_WAY:
                return status
            if self.now() >= until:
                raise BuildError(
                    f"The scan of {self.name}:{tag} has not ended after {_WAIT_S:.0f} s.", "Retry the release later."
                )
            self.pause(_PAUSE_S)

    def _status(self, tag: str) -> Mapping[str, Any] | None:
        try:
            answer = self.client.describe_image_scan_findings(repositoryName=self.name, imageId={"imageTag": tag})
        except ClientError as error:
            if error.response["Error"]["Code"] in _NOT_YET:
                return None
            raise
        status: Mapping[str, Any] = answer["imageScanStatus"]
        return status

    def _grave(self, tag: str) -> Iterator[Mapping[str, Any]]:
        """The critical findings: of basic scanning, and of Inspector's where the registry has that."""
        pages = self.client.get_paginator("describe_image_scan_findings")
        for page in pages.paginate(repositoryName=self.name, imageId={"imageTag": tag}):
            found = page.get("imageScanFindings", {})
            for item in (*found.get("findings", ()), *map(_plain, found.get("enhancedFindings", ()))):
                if item.get("severity") == _GRAVE:
                    yield item


def _plain(finding: Mapping[str, Any]) -> dict[str, Any]:
    details = finding.get("packageVulnerabilityDetails", {})
    return {
        "name": details.get("vulnerabilityId", finding.get("title", "")),
        "severity": finding.get("severity"),
        "uri": details.get("sourceUrl", ""),
    }


def _unsupported(status: Mapping[str, Any]) -> bool:
    return status["status"] == _UNSUPPORTED or (
        status["status"] == "FAILED" and _UNSUPPORTED_ERROR in str(status.get("description", ""))
    )


def _refuse(found: list[Mapping[str, Any]], accepted: Mapping[str, str], image: str) -> None:
    for item in found:
        if item["name"] in accepted:
            sys.stdout.write(f"scan: {item['name']} is accepted: {accepted[item['name']]}\n")
    grave = {str(item["name"]): str(item.get("uri", "")) for item in found if item["name"] not in accepted}
    if grave:
        told = "\n".join(f"  {name} {uri}".rstrip() for name, uri in sorted(grave.items()))
        raise BuildError(
            f"{image}: found {len(grave)} critical findings that are not accepted:\n{told}\n",
            "Update the base image or the packages; or say in the config, under container.accepted, why one does no "
            "harm here.",
        )
    sys.stdout.write(f"scan: no critical finding that is not accepted; {image}\n")
