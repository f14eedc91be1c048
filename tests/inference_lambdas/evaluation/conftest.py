from __future__ import annotations

import pytest

from inference_lambdas.aws import sagemaker_runtime
from pipeline_lambdas.aws import codepipeline as codepipeline_calls
from pipeline_lambdas.aws import sagemaker as sagemaker_calls
from tests.events import ARTIFACT_BUCKET, DATA_BUCKET, EVIDENCE_BUCKET, KMS_KEY_ARN, PREFIX
from tests.inference_lambdas.endpoint_double import FILES, LOOSE, Endpoint, Results, plain_config
from tests.pipeline_lambdas.aws_doubles import upload_config, upload_dataset


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> None:
    """The function's environment, a config with loose gates, and a dataset."""
    request.getfixturevalue("buckets")
    variables = {
        "MODEL_NAME": "wine-quality",
        "NAME_PREFIX": PREFIX,
        "DATA_BUCKET": DATA_BUCKET,
        "ARTIFACT_BUCKET": ARTIFACT_BUCKET,
        "EVIDENCE_BUCKET": EVIDENCE_BUCKET,
        "KMS_KEY_ARN": KMS_KEY_ARN,
    }
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    upload_config(plain_config(*LOOSE))
    upload_dataset(FILES)


@pytest.fixture
def endpoint(monkeypatch: pytest.MonkeyPatch) -> Endpoint:
    made = Endpoint()
    monkeypatch.setattr(sagemaker_runtime, "invoke", made.invoke)
    monkeypatch.setattr(sagemaker_calls, "describe_endpoint", made.describe)
    monkeypatch.setattr(sagemaker_calls, "describe_endpoint_config", made.describe_config)
    return made


@pytest.fixture
def results(monkeypatch: pytest.MonkeyPatch) -> Results:
    made = Results()
    monkeypatch.setattr(codepipeline_calls, "put_success", made.put)
    monkeypatch.setattr(codepipeline_calls, "put_failure", made.put)
    return made
