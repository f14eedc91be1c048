"""StartTraining finds a team's own image."""

from __future__ import annotations

from dataclasses import replace
from typing import Any
from unittest.mock import MagicMock

import pytest
from botocore.exceptions import ClientError

from pipeline_lambdas.aws import clients
from pipeline_lambdas.config.model import Container
from pipeline_lambdas.release.image_tags import image_tag
from pipeline_lambdas.runtime.failures import ConfigurationError
from pipeline_lambdas.steps.images import Image, own_image, scan_summary
from tests.pipeline_lambdas.aws_doubles import sample_config

DIGEST = f"sha256:{'a' * 64}"
REPOSITORY = "111122223333.dkr.ecr.eu-west-1.amazonaws.com/slipway-local-wine-quality"
FILES = {"Dockerfile": b"FROM scratch\n", "main.py": b"x = 1\n"}
CONFIG = replace(sample_config(), container=Container("number", dockerfile="Dockerfile"))


@pytest.fixture
def ecr(monkeypatch: pytest.MonkeyPatch) -> MagicMock:
    client = MagicMock()
    monkeypatch.setattr(clients, "client", lambda _service: client)
    return client


def test_an_image_is_found_by_the_hash_of_its_files_and_used_by_its_digest(ecr: MagicMock) -> None:
    # Basic scanning leaves the scan out of these details.
    ecr.describe_images.return_value = {"imageDetails": [{"imageDigest": DIGEST}]}
    ecr.describe_image_scan_findings.return_value = {"imageScanStatus": {"status": "COMPLETE"}}
    assert own_image(CONFIG, REPOSITORY, FILES) == Image(f"{REPOSITORY}@{DIGEST}", "COMPLETE: no findings")
    ecr.describe_images.assert_called_once_with(
        repositoryName="slipway-local-wine-quality", imageIds=[{"imageTag": image_tag("Dockerfile", FILES)}]
    )


def test_an_image_without_a_scan(ecr: MagicMock) -> None:
    error: Any = {"Error": {"Code": "ScanNotFoundException", "Message": ""}}
    ecr.describe_images.return_value = {"imageDetails": [{"imageDigest": DIGEST}]}
    ecr.describe_image_scan_findings.side_effect = ClientError(error, "DescribeImageScanFindings")
    assert own_image(CONFIG, REPOSITORY, FILES) == Image(f"{REPOSITORY}@{DIGEST}", "NOT SCANNED")


def test_an_image_that_exists_is_taken_as_it_is(ecr: MagicMock) -> None:
    uri = f"{REPOSITORY}@{DIGEST}"
    assert own_image(replace(CONFIG, container=Container("number", image=uri)), REPOSITORY, {}) == Image(uri)
    assert own_image(sample_config(), REPOSITORY, {}) is None
    ecr.describe_images.assert_not_called()


def test_an_image_that_was_not_built(ecr: MagicMock) -> None:
    error: Any = {"Error": {"Code": "ImageNotFoundException", "Message": ""}}
    ecr.describe_images.side_effect = ClientError(error, "DescribeImages")
    with pytest.raises(ConfigurationError, match=r"wine-quality/Dockerfile: found no image .*BuildContainers=true"):
        own_image(CONFIG, REPOSITORY, FILES)


def test_a_dockerfile_that_the_folder_lacks() -> None:
    with pytest.raises(ConfigurationError, match=r"wine-quality/Dockerfile: found main.py in the folder"):
        own_image(CONFIG, REPOSITORY, {"main.py": b""})


def test_the_tag_follows_every_file_and_the_dockerfiles_name() -> None:
    tags = {
        image_tag("Dockerfile", FILES),
        image_tag("other", FILES),
        image_tag("Dockerfile", {**FILES, "main.py": b"x = 2\n"}),
        image_tag("Dockerfile", {**FILES, "more.py": b""}),
        image_tag("Dockerfile", {"Dockerfile": FILES["Dockerfile"], "mian.py": FILES["main.py"]}),
    }
    assert len(tags) == 5
    assert image_tag("Dockerfile", dict(reversed(FILES.items()))) == image_tag("Dockerfile", FILES)


@pytest.mark.parametrize(
    ("scan", "told"),
    [
        ({}, "NOT SCANNED"),
        ({"imageScanStatus": {"status": "FAILED", "description": "no distribution"}}, "FAILED: no distribution"),
        (
            {
                "imageScanStatus": {"status": "COMPLETE", "description": "The scan was completed"},
                "imageScanFindings": {"findingSeverityCounts": {"LOW": 3, "CRITICAL": 1}},
            },
            "COMPLETE: 1 CRITICAL, 3 LOW",
        ),
    ],
)
def test_a_scan_is_told_in_a_line(scan: dict[str, Any], told: str) -> None:
    assert scan_summary(scan) == told
