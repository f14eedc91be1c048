from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from botocore.stub import Stubber

from pipeline_lambdas.runtime.failures import ConfigurationError, JobFailedError, PermissionDeniedError
from pipeline_lambdas.steps.artifact import copy_for_prod, versions_of
from tests.events import KMS_KEY_ARN, MODEL_BUCKET, TRAINING_JOB
from tests.pipeline_lambdas.aws_doubles import client_of, stubbed

KEY = f"training/{TRAINING_JOB}/output/model.tar.gz"
URI = f"s3://{MODEL_BUCKET}/{KEY}"


@pytest.fixture
def s3(buckets: None) -> Any:  # noqa: ARG001 - moto is started by it
    s3 = client_of("s3")
    s3.create_bucket(Bucket=MODEL_BUCKET)
    s3.put_bucket_versioning(Bucket=MODEL_BUCKET, VersioningConfiguration={"Status": "Enabled"})
    return s3


def written(s3: Any, content: bytes, key: str = KEY) -> str:
    return str(s3.put_object(Bucket=MODEL_BUCKET, Key=key, Body=content)["VersionId"])


def copied(version: str) -> str:
    return copy_for_prod(TRAINING_JOB, URI, version, KMS_KEY_ARN)


def place(version: str) -> str:
    return f"prod/{TRAINING_JOB}/{version}/model.tar.gz"


def test_all_versions_are_found_the_newest_first(s3: Any) -> None:
    assert versions_of(URI) == []
    first = written(s3, b"trained")
    written(s3, b"another key that begins so", f"{KEY}.old")
    assert versions_of(URI) == [first]
    second = written(s3, b"another's")
    assert sorted(versions_of(URI)) == sorted([first, second])
    s3.delete_object(Bucket=MODEL_BUCKET, Key=KEY)
    assert len(versions_of(URI)) == 3


def test_versions_come_in_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    def version(name: str, day: int) -> dict[str, Any]:
        return {"Key": KEY, "VersionId": name, "LastModified": datetime(2026, 1, day, tzinfo=UTC)}

    request = {"Bucket": MODEL_BUCKET, "Prefix": KEY}
    with stubbed(monkeypatch, "s3") as stub:
        more = {"IsTruncated": True, "NextKeyMarker": KEY, "NextVersionIdMarker": "b"}
        stub.add_response("list_object_versions", {"Versions": [version("b", 2)], **more}, request)
        then = {**request, "KeyMarker": KEY, "VersionIdMarker": "b"}
        stub.add_response("list_object_versions", {"Versions": [version("c", 3), version("a", 1)]}, then)
        assert versions_of(URI) == ["c", "b", "a"]


def test_a_bucket_without_versions_is_refused(s3: Any) -> None:
    s3.create_bucket(Bucket="plain")
    s3.put_object(Bucket="plain", Key="model.tar.gz", Body=b"x")
    with pytest.raises(ConfigurationError, match=r"^s3://plain/model\.tar\.gz: found no version of it"):
        versions_of("s3://plain/model.tar.gz")
    with pytest.raises(ConfigurationError, match=r"^s3://plain/model\.tar\.gz: found no version of it"):
        copy_for_prod(TRAINING_JOB, "s3://plain/model.tar.gz", "a", KMS_KEY_ARN)


def test_a_refusal_is_not_taken_for_absence(monkeypatch: pytest.MonkeyPatch) -> None:
    with stubbed(monkeypatch, "s3") as stub:
        stub.add_client_error("list_object_versions", "AccessDenied", "Access Denied", 403)
        with pytest.raises(PermissionDeniedError):
            versions_of(URI)


def test_the_version_is_copied_once_under_the_key(s3: Any) -> None:
    version = written(s3, b"trained")
    s3.put_object_tagging(Bucket=MODEL_BUCKET, Key=KEY, Tagging={"TagSet": [{"Key": "a", "Value": "b"}]})
    assert copied(version) == f"s3://{MODEL_BUCKET}/{place(version)}"
    copy = s3.get_object(Bucket=MODEL_BUCKET, Key=place(version))
    assert (copy["Body"].read(), copy["ServerSideEncryption"], copy["SSEKMSKeyId"]) == (
        b"trained",
        "aws:kms",
        KMS_KEY_ARN,
    )
    assert s3.get_object_tagging(Bucket=MODEL_BUCKET, Key=place(version))["TagSet"] == []
    assert copied(version) == f"s3://{MODEL_BUCKET}/{place(version)}"
    assert len(s3.list_object_versions(Bucket=MODEL_BUCKET, Prefix="prod/")["Versions"]) == 1


def test_what_was_written_again_is_not_copied(s3: Any) -> None:
    version = written(s3, b"trained")
    newer = written(s3, b"another's")
    with pytest.raises(JobFailedError) as caught:
        copied(version)
    assert str(caught.value).startswith(f"{URI}: found version {newer}; expected version {version}, which")
    assert "written again after it was trained" in str(caught.value)
    assert str(caught.value).endswith("Start a new release.")
    s3.delete_object(Bucket=MODEL_BUCKET, Key=KEY)
    with pytest.raises(JobFailedError, match=f"found nothing; expected version {version}"):
        copied(version)
    assert "Versions" not in s3.list_object_versions(Bucket=MODEL_BUCKET, Prefix="prod/")


def test_a_copy_serves_whatever_becomes_of_the_artifact(s3: Any) -> None:
    """A rollback in need is not kept up by who writes an old artifact again."""
    version = written(s3, b"trained")
    copied(version)
    written(s3, b"another's")
    assert copied(version) == f"s3://{MODEL_BUCKET}/{place(version)}"
    assert s3.get_object(Bucket=MODEL_BUCKET, Key=place(version))["Body"].read() == b"trained"


@pytest.mark.parametrize(("size_bytes", "fits"), [(5 * 1024**3, True), (5 * 1024**3 + 1, False)])
def test_more_than_s3_copies_at_once_is_refused(monkeypatch: pytest.MonkeyPatch, size_bytes: int, fits: bool) -> None:
    with stubbed(monkeypatch, "s3") as stub:
        stub.add_client_error("head_object", "404", "Not Found", 404, expected_params=_at(place("v")))
        stub.add_response("head_object", {"VersionId": "v", "ContentLength": size_bytes}, _at(KEY))
        if fits:
            _add_copy(stub)
            assert copied("v") == f"s3://{MODEL_BUCKET}/{place('v')}"
        else:
            with pytest.raises(JobFailedError, match=r"found 5368709121 bytes; expected at most 5368709120"):
                copied("v")


def _at(key: str) -> dict[str, str]:
    return {"Bucket": MODEL_BUCKET, "Key": key}


def _add_copy(stub: Stubber) -> None:
    request = {
        **_at(place("v")),
        "CopySource": {**_at(KEY), "VersionId": "v"},
        "TaggingDirective": "REPLACE",
        "ServerSideEncryption": "aws:kms",
        "SSEKMSKeyId": KMS_KEY_ARN,
    }
    stub.add_response("copy_object", {"CopyObjectResult": {}}, request)
