from __future__ import annotations

from collections.abc import Iterator
from functools import cache, partial

import pytest
from botocore.loaders import JSONFileLoader
from botocore.stub import Stubber
from hypothesis import settings
from moto import mock_aws

from inference_lambdas.aws import sagemaker_runtime
from pipeline_lambdas.aws import clients
from tests.events import ARTIFACT_BUCKET, DATA_BUCKET, EVIDENCE_BUCKET, MODEL_BUCKET
from tests.pipeline_lambdas.aws_doubles import client_of, stubbed

# For the Build stage: few examples, always the same, so that a push fails for what it changes.
settings.register_profile("build", max_examples=10, derandomize=True, deadline=None, database=None)


@pytest.fixture(autouse=True)
def account(monkeypatch: pytest.MonkeyPatch) -> None:
    """A Region and made-up credentials."""
    for name in ("AWS_PROFILE", "AWS_ENDPOINT_URL", "AWS_SESSION_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_CONFIG_FILE", "/nonexistent")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", "/nonexistent")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAFUNCTIONROLE")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "function-secret")


@pytest.fixture(autouse=True, scope="package")
def own_clients() -> Iterator[None]:
    """No client of the functions is left from other tests or for them; making one takes longer than most tests."""
    _forget_clients()
    yield
    _forget_clients()


def _forget_clients() -> None:
    for cached in (clients.client, sagemaker_runtime.client):
        cached.cache_clear()


@pytest.fixture(autouse=True, scope="session")
def service_models() -> Iterator[None]:
    """Files of botocore are read once: moto drops the session with each test, and half of a test is to read again."""
    read = cache(partial(JSONFileLoader.load_file, JSONFileLoader()))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(JSONFileLoader, "load_file", lambda _, path: read(path))
        yield


@pytest.fixture
def buckets() -> Iterator[None]:
    """The buckets in moto."""
    with mock_aws():
        s3 = client_of("s3")
        for name in (ARTIFACT_BUCKET, DATA_BUCKET, EVIDENCE_BUCKET, MODEL_BUCKET):
            s3.create_bucket(Bucket=name)
            s3.put_bucket_versioning(Bucket=name, VersioningConfiguration={"Status": "Enabled"})
        yield


@pytest.fixture
def sagemaker(monkeypatch: pytest.MonkeyPatch) -> Iterator[Stubber]:
    with stubbed(monkeypatch, "sagemaker") as stub:
        yield stub


@pytest.fixture
def codepipeline(monkeypatch: pytest.MonkeyPatch) -> Iterator[Stubber]:
    with stubbed(monkeypatch, "codepipeline") as stub:
        yield stub
