from __future__ import annotations

import json
from typing import Any

import pytest

from pipeline_lambdas.runtime.failures import ConfigurationError
from pipeline_lambdas.runtime.job import EVENT_KEY, Artifact, parse_job
from tests.events import ARTIFACT_BUCKET, FOLDER, SECRETS, event

EVENTS = sorted(path.stem for path in FOLDER.glob("*.json") if EVENT_KEY in event(path.stem))


def test_a_first_invocation() -> None:
    job = parse_job(event("train_model"))
    assert job.id == "11111111-1111-4111-8111-111111111111"
    assert job.function_name == "slipway-local-wine-quality-train-model"
    assert json.loads(job.user_parameters)["execution_id"] == "8f3c2a1d-4b5e-4c6d-8e7f-0123456789ab"
    assert job.continuation_token is None
    assert job.artifact("Dataset") == Artifact("Dataset", ARTIFACT_BUCKET, "slipway-local-wine-q/Dataset/e4f5g6h")
    assert job.artifact("TrainingConfig").revision == "5d41402abc4b2a76b9719d911017c592aabbccdd"


def test_a_later_invocation_has_the_token() -> None:
    assert parse_job(event("get_status_continued")).continuation_token


def test_user_parameters_may_be_absent() -> None:
    assert parse_job(event("without_user_parameters")).user_parameters == ""


@pytest.mark.parametrize("name", EVENTS)
def test_no_credential_shows(name: str) -> None:
    job = parse_job(event(name))
    shown = f"{job!r} {job} {job.credentials!r}"
    assert not any(secret in shown for secret in SECRETS)
    assert job.credentials.secret_access_key == SECRETS[1]


@pytest.mark.parametrize("missing", ["artifactCredentials", "actionConfiguration"])
def test_an_incomplete_event_names_what_it_lacks(missing: str) -> None:
    document = event("train_model")
    del document[EVENT_KEY]["data"][missing]
    with pytest.raises(ConfigurationError, match=f"lacks {missing}") as caught:
        parse_job(document)
    assert not any(secret in str(caught.value) for secret in SECRETS)


@pytest.mark.parametrize("document", [{}, None, {EVENT_KEY: {}}, {EVENT_KEY: {"id": 3}}, {"Records": []}])
def test_another_event_is_refused(document: Any) -> None:
    with pytest.raises(ConfigurationError, match=r"only CodePipeline may invoke"):
        parse_job(document)


def test_a_missing_artifact_is_named_with_those_there() -> None:
    with pytest.raises(ConfigurationError, match=r"found TrainingConfig; this action needs Dataset"):
        parse_job(event("deploy_model")).artifact("Dataset")
