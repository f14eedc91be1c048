from __future__ import annotations

import boto3
import pytest

from pipeline_lambdas.release.inputs import read_config
from pipeline_lambdas.runtime import artifacts
from pipeline_lambdas.runtime.failures import ConfigurationError
from pipeline_lambdas.runtime.job import parse_job
from tests.events import SECRETS, event
from tests.pipeline_lambdas.aws_doubles import put_artifact, sample_text, upload_config, zipped

JOB = parse_job(event("train_model"))

pytestmark = pytest.mark.usefixtures("buckets")


def test_a_member_of_a_zip() -> None:
    upload_config("model: x")
    assert artifacts.read_member(JOB, "TrainingConfig", "wine-quality.yml") == b"model: x"


def test_a_plain_object() -> None:
    put_artifact("Dataset/e4f5g6h", b'{"schema": 1}')
    assert artifacts.read_plain(JOB, "Dataset") == b'{"schema": 1}'


def test_the_jobs_credentials_sign_the_request(monkeypatch: pytest.MonkeyPatch) -> None:
    upload_config("model: x")
    signed: list[str] = []
    real = boto3.client

    def client(service: str, **settings: object) -> object:
        made = real(service, **settings)
        made.meta.events.register(
            "before-send.s3.GetObject", lambda request, **_: signed.append(str(request.headers["Authorization"]))
        )
        return made

    monkeypatch.setattr(boto3, "client", client)
    artifacts.read_member(JOB, "TrainingConfig", "wine-quality.yml")
    assert len(signed) == 1
    assert f"Credential={SECRETS[0]}/" in signed[0]


def test_a_missing_member_is_named_with_those_there() -> None:
    put_artifact("TrainingCo/a1b2c3d", zipped({"other.yml": b"", "README.md": b""}))
    with pytest.raises(ConfigurationError, match=r"found no file wine-quality\.yml; \.yml files in it: other\.yml\."):
        read_config(JOB, "wine-quality")


def test_a_missing_artifact_is_named() -> None:
    with pytest.raises(ConfigurationError, match=r"s3://slipway-.*/e4f5g6h: found no such artifact \(NoSuchKey\)"):
        artifacts.read_plain(JOB, "Dataset")


def test_an_object_that_is_no_zip() -> None:
    put_artifact("TrainingCo/a1b2c3d", b'{"clone": "ref"}')
    with pytest.raises(ConfigurationError, match=r"not a zip archive .*CODE_ZIP"):
        artifacts.read_member(JOB, "TrainingConfig", "a")


def test_sizes_are_limited(monkeypatch: pytest.MonkeyPatch) -> None:
    put_artifact("TrainingCo/a1b2c3d", zipped({"wine-quality.yml": b"a" * 1000}))
    monkeypatch.setattr(artifacts, "MEMBER_LIMIT_BYTES", 999)
    with pytest.raises(ConfigurationError, match=r"wine-quality\.yml: found 1000 bytes; expected at most 999"):
        artifacts.read_member(JOB, "TrainingConfig", "wine-quality.yml")
    monkeypatch.setattr(artifacts, "ARTIFACT_LIMIT_BYTES", 50)
    with pytest.raises(ConfigurationError, match="expected at most 50"):
        artifacts.read_member(JOB, "TrainingConfig", "wine-quality.yml")


def test_the_config_must_be_of_the_pipelines_model() -> None:
    upload_config(sample_text(("model: wine-quality ", "model: other ")))
    with pytest.raises(ConfigurationError, match=r"wine-quality\.yml: model: found other; expected wine-quality"):
        read_config(JOB, "wine-quality")


def test_the_config_must_be_text() -> None:
    put_artifact("TrainingCo/a1b2c3d", zipped({"wine-quality.yml": b"model: \xff"}))
    with pytest.raises(ConfigurationError, match="at offset 7 that are not UTF-8"):
        read_config(JOB, "wine-quality")


@pytest.mark.parametrize("content", [b'{"schema": 1}', zipped({"output.json": b'{"schema": 1}'})])
def test_a_document_is_plain_or_the_only_file_of_a_zip(content: bytes) -> None:
    put_artifact("Dataset/e4f5g6h", content)
    assert artifacts.read_document(JOB, "Dataset") == b'{"schema": 1}'


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (zipped({"a.json": b"{}", "b.json": b"{}"}), "a zip archive of 2 files; expected one document"),
        (zipped({}), "a zip archive of 0 files; expected one document"),
        (b"PK\x03\x04 and no more", "a zip archive that cannot be read"),
    ],
)
def test_an_archive_of_anything_else_is_refused(content: bytes, said: str) -> None:
    put_artifact("Dataset/e4f5g6h", content)
    with pytest.raises(ConfigurationError, match=f"^Dataset: found {said}"):
        artifacts.read_document(JOB, "Dataset")
