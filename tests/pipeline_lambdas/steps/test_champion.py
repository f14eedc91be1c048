"""The champion's endpoint: when it comes, what it serves, when it goes."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

import pytest

from pipeline_lambdas.aws import sagemaker as calls
from pipeline_lambdas.config.model import ChampionGate, ChampionTest, ServerlessVariant, TrainingConfig
from pipeline_lambdas.handlers import deploy_model
from pipeline_lambdas.release.names import Release
from pipeline_lambdas.runtime.failures import ConfigurationError, JobFailedError, UnavailableError
from pipeline_lambdas.runtime.outcome import Continue, Done
from pipeline_lambdas.steps.champion import check_operation, deploy_champion, remove_champion
from pipeline_lambdas.steps.champion_endpoint import await_deletion
from pipeline_lambdas.steps.deployment import HostingSite
from pipeline_lambdas.steps.status import poll
from tests.events import EXECUTION_ID, KMS_KEY_ARN, PREFIX, ROLE_ARN, event
from tests.pipeline_lambdas.answers import CHAMPION_JOB
from tests.pipeline_lambdas.aws_doubles import Context, sample_config

RELEASE = Release(PREFIX, EXECUTION_ID)
SITE = HostingSite(ROLE_ARN, KMS_KEY_ARN)
ENDPOINT, CONFIG_NAME = f"{PREFIX}-champion", f"{PREFIX}-champ-8f3c2a1d-4b5e"
PROD_CONFIG = f"{PREFIX}-prod-0a1b2c3d-1111"


def config(*, compares: bool = True) -> TrainingConfig:
    sample = sample_config()
    test = ChampionTest((ChampionGate("rmse", 2.0),)) if compares else None
    return replace(sample, tests={**sample.tests, "full": replace(sample.tests["full"], champion=test)})


CREATED = datetime(2026, 1, 1, tzinfo=UTC)


@dataclass
class Account:
    """SageMaker in memory."""

    endpoints: dict[str, dict[str, Any]] = field(default_factory=dict)
    configs: dict[str, dict[str, Any]] = field(default_factory=dict)
    calls: list[str] = field(default_factory=list)

    def serve(self, environment: str, endpoint_config: str, model: str, status: str = "InService") -> None:
        self.endpoints[f"{PREFIX}-{environment}"] = {"EndpointStatus": status, "EndpointConfigName": endpoint_config}
        self.configs[endpoint_config] = {"ProductionVariants": [{"ModelName": model}], "CreationTime": CREATED}

    def describe_endpoint(self, name: str) -> dict[str, Any] | None:
        return self.endpoints.get(name)

    def describe_endpoint_config(self, name: str) -> dict[str, Any] | None:
        return self.configs.get(name)

    def create_endpoint_config(self, request: dict[str, Any]) -> bool:
        self.configs[request["EndpointConfigName"]] = {**request, "CreationTime": CREATED}
        return True

    def describe_new_endpoint_config(self, name: str) -> dict[str, Any]:
        return self.configs[name]

    def create_endpoint(self, request: dict[str, Any]) -> bool:
        self.calls.append("create")
        name = request["EndpointName"]
        self.endpoints[name] = {"EndpointStatus": "Creating", "EndpointConfigName": request["EndpointConfigName"]}
        return True

    def update_endpoint(self, name: str, config_name: str, _deployment: Any = None) -> None:
        self.calls.append("update")
        self.endpoints[name]["EndpointConfigName"] = config_name

    def delete_endpoint(self, name: str) -> None:
        self.calls.append("delete")
        del self.endpoints[name]

    def delete_endpoint_config(self, name: str) -> bool:
        return self.configs.pop(name, None) is not None


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> Account:
    account = Account()
    for name in (
        "describe_endpoint",
        "describe_endpoint_config",
        "describe_new_endpoint_config",
        "create_endpoint_config",
        "create_endpoint",
        "update_endpoint",
        "delete_endpoint",
        "delete_endpoint_config",
    ):
        monkeypatch.setattr(calls, name, getattr(account, name))
    return account


def variables(outcome: Any) -> dict[str, str]:
    assert isinstance(outcome, Done)
    assert all(outcome.variables.values())
    return dict(outcome.variables)


def test_the_model_of_prod_gets_the_instances_of_test(aws: Account) -> None:
    aws.serve("prod", PROD_CONFIG, CHAMPION_JOB)
    found = variables(deploy_champion(RELEASE, config(), SITE))
    assert found == {
        "ModelName": CHAMPION_JOB,
        "EndpointName": ENDPOINT,
        "EndpointConfigName": CONFIG_NAME,
        "EndpointConfigCreated": "2026-01-01T00:00:00+00:00",
        "Reason": f"{PROD_CONFIG} serves it",
        "ServedModelName": CHAMPION_JOB,
        "ServedEndpointConfigName": PROD_CONFIG,
    }
    (variant,) = aws.configs[CONFIG_NAME]["ProductionVariants"]
    assert (variant["ModelName"], variant["InstanceType"]) == (CHAMPION_JOB, "ml.m5.large")
    assert aws.endpoints[ENDPOINT]["EndpointConfigName"] == CONFIG_NAME
    deploy_champion(RELEASE, config(), SITE)
    assert aws.calls == ["create"]


def test_the_champion_is_prods_own_model(aws: Account) -> None:
    model = f"{CHAMPION_JOB}-prod"
    aws.serve("prod", PROD_CONFIG, model)
    assert variables(deploy_champion(RELEASE, config(), SITE))["ModelName"] == model
    assert [variant["ModelName"] for variant in aws.configs[CONFIG_NAME]["ProductionVariants"]] == [model]


def test_a_model_made_for_instances_gets_one_where_test_is_serverless(aws: Account) -> None:
    aws.serve("prod", PROD_CONFIG, CHAMPION_JOB)
    aws.configs[PROD_CONFIG]["ProductionVariants"][0]["InstanceType"] = "ml.c5.large"
    sample = config()
    serverless = replace(sample, environments={**sample.environments, "test": ServerlessVariant(2048, 5)})
    deploy_champion(RELEASE, serverless, SITE)
    (variant,) = aws.configs[CONFIG_NAME]["ProductionVariants"]
    assert (variant["InstanceType"], variant["InitialInstanceCount"]) == ("ml.c5.large", 1)
    del aws.configs[PROD_CONFIG]["ProductionVariants"][0]["InstanceType"]
    aws.endpoints.pop(ENDPOINT)
    aws.configs.pop(CONFIG_NAME)
    deploy_champion(RELEASE, serverless, SITE)
    (variant,) = aws.configs[CONFIG_NAME]["ProductionVariants"]
    assert variant["ServerlessConfig"] == {"MemorySizeInMB": 2048, "MaxConcurrency": 5}


@pytest.mark.parametrize("status", ["Updating", "SystemUpdating", "RollingBack", "UpdateRollbackFailed"])
def test_prod_serves_while_it_changes(aws: Account, status: str) -> None:
    aws.serve("prod", PROD_CONFIG, CHAMPION_JOB, status)
    assert variables(deploy_champion(RELEASE, config(), SITE))["ModelName"] == CHAMPION_JOB


@pytest.mark.parametrize("status", [None, "Creating", "Failed", "Deleting", "OutOfService"])
def test_without_a_model_in_prod_there_is_no_champion(aws: Account, status: str | None) -> None:
    if status:
        aws.serve("prod", PROD_CONFIG, CHAMPION_JOB, status)
    found = variables(deploy_champion(RELEASE, config(), SITE))
    assert (found["ModelName"], found["EndpointName"], found["EndpointConfigName"]) == ("none", "none", "none")
    assert found["Reason"] == f"no champion: {PREFIX}-prod serves no model yet"
    assert aws.calls == []
    assert poll("endpoint", found["EndpointName"], found["EndpointConfigName"], None) == Done(
        summary="Nothing to wait for"
    )


def test_a_config_without_a_comparison_gets_no_endpoint_and_tells_what_prod_serves(aws: Account) -> None:
    aws.serve("prod", PROD_CONFIG, CHAMPION_JOB)
    found = variables(deploy_champion(RELEASE, config(compares=False), SITE))
    assert (found["ModelName"], found["ServedModelName"]) == ("none", CHAMPION_JOB)
    assert found["Reason"] == "the config asks for no comparison with the champion"
    assert aws.calls == []


def test_a_champion_that_cannot_be_known_fails_only_a_comparison(aws: Account) -> None:
    aws.serve("prod", PROD_CONFIG, "made-by-hand")
    with pytest.raises(JobFailedError, match="no model of this pipeline"):
        deploy_champion(RELEASE, config(), SITE)
    del aws.configs[PROD_CONFIG]
    with pytest.raises(JobFailedError, match="does not exist any more"):
        deploy_champion(RELEASE, config(), SITE)
    assert variables(deploy_champion(RELEASE, config(compares=False), SITE))["ServedModelName"] == "none"


def test_an_endpoint_that_a_release_before_left_is_taken_over(aws: Account) -> None:
    aws.serve("prod", PROD_CONFIG, CHAMPION_JOB)
    aws.serve("champion", f"{PREFIX}-champ-00000000-1111", CHAMPION_JOB)
    deploy_champion(RELEASE, config(), SITE)
    assert aws.calls == ["update"]
    aws.endpoints[ENDPOINT]["EndpointStatus"] = "Deleting"
    assert isinstance(deploy_champion(RELEASE, config(), SITE), Continue)


def test_it_is_removed_once_and_its_config_by_approved_code_alone(aws: Account) -> None:
    aws.serve("champion", CONFIG_NAME, CHAMPION_JOB)
    for _ in range(2):
        assert isinstance(remove_champion(RELEASE), Done)
    assert (aws.endpoints, set(aws.configs), aws.calls) == ({}, {CONFIG_NAME}, ["delete"])
    await_deletion(RELEASE, lambda: 900_000, lambda: True)
    assert aws.configs == {}


def test_another_releases_endpoint_is_left_alone(aws: Account) -> None:
    other = f"{PREFIX}-champ-00000000-1111"
    aws.serve("champion", other, CHAMPION_JOB)
    aws.configs[CONFIG_NAME] = {}
    assert isinstance(remove_champion(RELEASE), Done)
    await_deletion(RELEASE, lambda: 900_000, lambda: True)
    assert set(aws.endpoints) == {ENDPOINT}
    assert set(aws.configs) == {other}


@pytest.mark.parametrize("status", ["Creating", "Updating", "SystemUpdating", "RollingBack"])
def test_what_cannot_be_deleted_yet_is_waited_for(aws: Account, status: str) -> None:
    aws.serve("champion", CONFIG_NAME, CHAMPION_JOB, status)
    outcome = remove_champion(RELEASE)
    assert isinstance(outcome, Continue)
    assert status in outcome.summary
    assert json.loads(outcome.token) == {"waiting_for": ENDPOINT}
    assert set(aws.configs) == {CONFIG_NAME}


def test_the_end_of_a_release_waits_until_the_endpoint_can_go(aws: Account, monkeypatch: pytest.MonkeyPatch) -> None:
    aws.serve("champion", CONFIG_NAME, CHAMPION_JOB, "Creating")
    pauses: list[float] = []

    def sleep(seconds: float) -> None:
        pauses.append(seconds)
        if sum(pauses) > 60:
            aws.endpoints[ENDPOINT]["EndpointStatus"] = "InService"

    monkeypatch.setattr(time, "sleep", sleep)
    await_deletion(RELEASE, lambda: 900_000, lambda: True)
    assert pauses == [0.5, 1, 2, 4, 8, 16, 30]
    assert aws.endpoints == {}


def test_a_release_that_is_running_again_keeps_its_endpoint(aws: Account, monkeypatch: pytest.MonkeyPatch) -> None:
    aws.serve("champion", CONFIG_NAME, CHAMPION_JOB, "Creating")

    def sleep(_: float) -> None:
        aws.endpoints[ENDPOINT]["EndpointStatus"] = "InService"

    monkeypatch.setattr(time, "sleep", sleep)
    await_deletion(RELEASE, lambda: 900_000, lambda: False)
    assert aws.endpoints[ENDPOINT]["EndpointStatus"] == "InService"


def test_when_the_time_is_up_the_event_has_to_come_again(aws: Account, monkeypatch: pytest.MonkeyPatch) -> None:
    aws.serve("champion", CONFIG_NAME, CHAMPION_JOB, "Creating")
    monkeypatch.setattr(time, "sleep", lambda _seconds: None)
    left = iter(range(20_000, 0, -2_000))
    with pytest.raises(UnavailableError, match=f"{ENDPOINT} is Creating"):
        await_deletion(RELEASE, lambda: next(left), lambda: True)


@pytest.mark.parametrize(
    ("operation", "environment"), [("remove", "prod"), ("remove", "dev"), ("delete", "champion"), ("", "test")]
)
def test_nothing_else_is_done_to_an_environment(operation: str, environment: str) -> None:
    with pytest.raises(ConfigurationError, match=f"operation: found '{operation}'; allowed in {environment} deploy"):
        check_operation(operation, environment)


def test_the_function_removes(aws: Account, codepipeline: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {
        "MODEL_NAME": "wine-quality",
        "NAME_PREFIX": PREFIX,
        "HOSTING_ROLE_ARN": ROLE_ARN,
        "KMS_KEY_ARN": KMS_KEY_ARN,
    }.items():
        monkeypatch.setenv(name, value)
    aws.serve("champion", CONFIG_NAME, CHAMPION_JOB)
    document = event("deploy_model")
    configuration = document["CodePipeline.job"]["data"]["actionConfiguration"]["configuration"]
    parameters = {"execution_id": EXECUTION_ID, "environment": "champion", "operation": "remove"}
    configuration["UserParameters"] = json.dumps(parameters)
    summary = f"No endpoint {ENDPOINT} is left"
    identifier = document["CodePipeline.job"]["id"]
    codepipeline.add_response(
        "put_job_success_result", {}, {"jobId": identifier, "executionDetails": {"summary": summary}}
    )
    deploy_model.handler(document, Context())
    assert aws.endpoints == {}
