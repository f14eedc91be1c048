"""How Build waits for ECR's scan and judges it."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError
from slipway_build.errors import BuildError
from slipway_build.scan import Registry

DIGEST = f"sha256:{'a' * 64}"
GRAVE = {"name": "CVE-2024-3094", "severity": "CRITICAL", "uri": "https://example.com/3094"}
MILD = {"name": "CVE-2024-1", "severity": "HIGH", "uri": ""}


class Ecr:
    """ECR with the given answers about a scan, the last one again and again."""

    def __init__(self, *statuses: str | None, findings: list[dict[str, str]] | None = None, said: str = "") -> None:
        self.statuses, self.findings, self.said = list(statuses), findings or [], said

    def describe_images(self, **_: Any) -> dict[str, Any]:
        return {"imageDetails": [{"imageDigest": DIGEST}]}

    def describe_image_scan_findings(self, **_: Any) -> dict[str, Any]:
        status = self.statuses.pop(0) if len(self.statuses) > 1 else self.statuses[0]
        if status is None:
            raise ClientError({"Error": {"Code": "ScanNotFoundException"}}, "DescribeImageScanFindings")
        return {"imageScanStatus": {"status": status, "description": self.said}}

    def get_paginator(self, _name: str) -> Any:
        pages = [{"imageScanFindings": {"findings": [one]}} for one in self.findings]
        return type("Pages", (), {"paginate": lambda _self, **_: pages})()


def judged(ecr: Ecr, **accepted: str) -> str:
    clock = iter(range(0, 100_000, 60))
    named = {name.replace("_", "-"): reason for name, reason in accepted.items()}
    return Registry(ecr, "churn", lambda _s: None, lambda: next(clock)).judge("tag", named)


def test_the_scan_is_waited_for() -> None:
    assert judged(Ecr(None, "PENDING", "IN_PROGRESS", "COMPLETE", findings=[MILD])) == DIGEST


def test_a_critical_finding_fails_the_build() -> None:
    with pytest.raises(BuildError, match=r"(?s)found 1 critical .*CVE-2024-3094 https://example.com/3094.*accepted"):
        judged(Ecr("COMPLETE", findings=[MILD, GRAVE]))


def test_one_that_is_accepted_does_not(capsys: pytest.CaptureFixture[str]) -> None:
    assert judged(Ecr("COMPLETE", findings=[GRAVE]), CVE_2024_3094="no sshd in the image") == DIGEST
    assert "CVE-2024-3094 is accepted: no sshd in the image" in capsys.readouterr().out


@pytest.mark.parametrize(("status", "said"), [("UNSUPPORTED_IMAGE", ""), ("FAILED", "UnsupportedImageError: scratch")])
def test_an_image_that_cannot_be_scanned_is_said_to_be_one(
    status: str, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert judged(Ecr(status, said=said)) == DIGEST
    assert "UNSUPPORTED_IMAGE" in capsys.readouterr().out


def test_a_scan_that_fails_fails_the_build() -> None:
    with pytest.raises(BuildError, match="ended with FAILED: internal"):
        judged(Ecr("FAILED", said="internal"))


def test_a_scan_without_an_end_fails_the_build() -> None:
    with pytest.raises(BuildError, match="has not ended after 600 s"):
        judged(Ecr("IN_PROGRESS"))
