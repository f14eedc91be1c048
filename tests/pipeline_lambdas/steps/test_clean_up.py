"""What a release deletes of earlier ones, and what never."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from botocore.stub import ANY, Stubber
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipeline_lambdas.aws import sagemaker as calls
from pipeline_lambdas.config.parsing import config_sha256, parse_config
from pipeline_lambdas.handlers import clean_up as handler_module
from pipeline_lambdas.release.names import ENVIRONMENTS, Release
from pipeline_lambdas.runtime.failures import AwsRequestError, JobError, JobFailedError, PermissionDeniedError
from pipeline_lambdas.runtime.outcome import Done
from pipeline_lambdas.steps import clean_up as module
from pipeline_lambdas.steps.clean_up import clean_up
from tests.events import EXECUTION_ID, PREFIX, event
from tests.pipeline_lambdas.aws_doubles import Context, sample_text, upload_config

RELEASE = Release(PREFIX, EXECUTION_ID)
ARN = "arn:aws:sagemaker:us-east-1:111122223333:x/y"
OTHERS = (f"{PREFIX}-dev-dev-00000000-0001", f"{PREFIX}-manual", f"x-{PREFIX}-00000000-0001")


def short(number: int) -> str:
    return f"{number:08x}-0000"


@dataclass
class Account:
    """SageMaker in memory; times are numbers, the higher the newer."""

    configs: dict[str, tuple[int, str]] = field(default_factory=dict)
    """Name to time and model."""
    models: dict[str, int] = field(default_factory=dict)
    endpoints: dict[str, dict[str, Any]] = field(default_factory=dict)
    refused: dict[str, JobError] = field(default_factory=dict)
    deleted: list[str] = field(default_factory=list)

    def release(self, number: int, time: int, environments: tuple[str, ...] = ENVIRONMENTS, part: str = "") -> None:
        model = f"{PREFIX}-{part or short(number)}"
        self.models[model] = time
        for environment in environments:
            name = f"{PREFIX}-{environment}-{part or short(number)}"
            self.configs[name] = (time, model)
            self.endpoints[f"{PREFIX}-{environment}"] = {"EndpointConfigName": name}

    def own(self, time: int) -> None:
        self.release(0, time, part=RELEASE.short)

    def describe_endpoint(self, name: str) -> dict[str, Any] | None:
        return self.endpoints.get(name)

    def describe_endpoint_config(self, name: str) -> dict[str, Any] | None:
        return {"ProductionVariants": [{"ModelName": self.configs[name][1]}]} if name in self.configs else None

    def list_endpoint_configs(self, part: str) -> Iterator[dict[str, Any]]:
        newest = sorted(self.configs, key=lambda name: self.configs[name][0], reverse=True)
        yield from [{"EndpointConfigName": n, "CreationTime": self.configs[n][0]} for n in newest if part in n]

    def list_models(self, part: str) -> Iterator[dict[str, Any]]:
        newest = sorted(self.models, key=lambda name: self.models[name], reverse=True)
        yield from [{"ModelName": n, "CreationTime": self.models[n]} for n in newest if part in n]

    def _delete(self, table: dict[str, Any], name: str) -> bool:
        if name in self.refused:
            raise self.refused[name]
        self.deleted.append(name)
        return table.pop(name, None) is not None

    def delete_endpoint_config(self, name: str) -> bool:
        return self._delete(self.configs, name)

    def delete_model(self, name: str) -> bool:
        return self._delete(self.models, name)


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> Account:
    account = Account()
    install(monkeypatch, account)
    return account


def install(monkeypatch: pytest.MonkeyPatch, account: Account) -> None:
    for name in (
        "describe_endpoint",
        "describe_endpoint_config",
        "list_endpoint_configs",
        "list_models",
        "delete_endpoint_config",
        "delete_model",
    ):
        monkeypatch.setattr(calls, name, getattr(account, name))


def test_the_newest_are_kept_and_a_second_run_finds_nothing(aws: Account) -> None:
    for number in range(1, 6):
        aws.release(number, number)
    aws.own(6)
    done = clean_up(RELEASE, 3)
    assert done.variables == {"DeletedEndpointConfigs": "9", "DeletedModels": "3"}
    assert aws.deleted[:3] == [f"{PREFIX}-{environment}-{short(1)}" for environment in reversed(ENVIRONMENTS)]
    assert set(aws.models) == {f"{PREFIX}-{short(4)}", f"{PREFIX}-{short(5)}", f"{PREFIX}-{RELEASE.short}"}
    assert len(aws.configs) == 9
    assert done.summary
    assert done.summary.startswith(f"Deleted 9 endpoint configs and 3 models ({PREFIX}-{short(1)}, ")
    again = clean_up(RELEASE, 3)
    assert again.variables == {"DeletedEndpointConfigs": "0", "DeletedModels": "0"}
    assert again.summary == "Deleted 0 endpoint configs and 0 models; kept 9 endpoint configs"


def test_prods_own_models_go_with_their_configs(aws: Account) -> None:
    for number in range(1, 4):
        aws.release(number, number)
        own, config = f"{PREFIX}-{short(number)}-prod", f"{PREFIX}-prod-{short(number)}"
        aws.models[own], aws.configs[config] = number, (number, own)
    aws.own(4)
    clean_up(RELEASE, 2)
    assert {name for name in aws.models if name.endswith("-prod")} == {f"{PREFIX}-{short(3)}-prod"}


def test_what_serves_or_is_about_to_stays_however_old(aws: Account) -> None:
    for number in range(1, 6):
        aws.release(number, number)
    aws.own(6)
    served, pending = f"{PREFIX}-prod-{short(1)}", f"{PREFIX}-prod-{short(2)}"
    aws.endpoints[f"{PREFIX}-prod"] = {
        "EndpointConfigName": served,
        "PendingDeploymentSummary": {"EndpointConfigName": pending},
    }
    clean_up(RELEASE, 1)
    assert {served, pending} <= set(aws.configs)
    assert {f"{PREFIX}-{short(1)}", f"{PREFIX}-{short(2)}"} <= set(aws.models)
    assert f"{PREFIX}-{short(3)}" not in aws.models


def test_a_config_of_the_champion_goes_unless_it_serves_or_a_later_release_compares(aws: Account) -> None:
    aws.release(1, 1)
    aws.own(5)
    names = {time: f"{PREFIX}-champ-{short(time)}" for time in (2, 3, 7)}
    # Its own may be a moment older than that of Test, or newer.
    own = f"{PREFIX}-champ-{RELEASE.short}"
    aws.configs |= {name: (time, f"{PREFIX}-{short(1)}") for time, name in {**names, 6: own}.items()}
    aws.endpoints[f"{PREFIX}-champion"] = {"EndpointConfigName": names[2]}
    clean_up(RELEASE, 1)
    assert names[2] in aws.configs
    assert names[3] not in aws.configs
    assert names[7] in aws.configs
    assert own not in aws.configs
    assert f"{PREFIX}-{short(1)}" in aws.models


def test_a_release_rolled_back_to_an_older_one_keeps_all_models_and_the_champions_configs(aws: Account) -> None:
    for number in range(1, 6):
        aws.release(number, number)
    rolled_back = f"{PREFIX}-prod-{RELEASE.short}"
    aws.configs[rolled_back] = (6, f"{PREFIX}-{short(1)}")
    aws.endpoints[f"{PREFIX}-prod"] = {"EndpointConfigName": rolled_back}
    aws.configs[f"{PREFIX}-champ-{short(5)}"] = (5, f"{PREFIX}-{short(4)}")
    done = clean_up(RELEASE, 2)
    assert done.variables["DeletedModels"] == "0"
    assert {rolled_back, f"{PREFIX}-prod-{short(5)}", f"{PREFIX}-champ-{short(5)}"} <= set(aws.configs)
    assert f"{PREFIX}-prod-{short(4)}" not in aws.configs


def test_a_model_of_a_failed_release_goes_and_one_of_a_later_release_stays(aws: Account) -> None:
    aws.models[f"{PREFIX}-{short(1)}-2"] = 1
    aws.own(2)
    aws.models[f"{PREFIX}-{short(3)}"] = 3
    clean_up(RELEASE, 3)
    assert set(aws.models) == {f"{PREFIX}-{RELEASE.short}", f"{PREFIX}-{short(3)}"}


def test_without_a_model_of_its_own_no_model_is_deleted(aws: Account) -> None:
    aws.models[f"{PREFIX}-{short(1)}"] = 1
    assert clean_up(RELEASE, 3).variables["DeletedModels"] == "0"


def test_a_config_that_could_not_be_deleted_keeps_its_model(aws: Account) -> None:
    for number in (1, 2):
        aws.release(number, number, ("prod",))
    aws.own(3)
    name = f"{PREFIX}-prod-{short(1)}"
    aws.refused[name] = AwsRequestError("DeleteEndpointConfig", "ValidationException", "not now")
    with pytest.raises(JobFailedError) as failed:
        clean_up(RELEASE, 1)
    assert f"Not deleted: {name}: DeleteEndpointConfig answered ValidationException: not now" in str(failed.value)
    assert "Deleted 1 endpoint configs" in str(failed.value)
    assert f"{PREFIX}-{short(1)}" in aws.models
    assert f"{PREFIX}-{short(2)}" not in aws.models


def test_a_denial_is_reported_as_one_with_every_name(aws: Account) -> None:
    for number in (1, 2, 3):
        aws.models[f"{PREFIX}-{short(number)}"] = number
    aws.own(4)
    for number in (1, 3):
        aws.refused[f"{PREFIX}-{short(number)}"] = PermissionDeniedError("sagemaker:DeleteModel")
    with pytest.raises(PermissionDeniedError) as failed:
        clean_up(RELEASE, 1)
    assert all(f"{PREFIX}-{short(number)}: sagemaker:DeleteModel" in str(failed.value) for number in (1, 3))
    assert f"{PREFIX}-{short(2)}" not in aws.models


def test_a_run_has_an_end(aws: Account, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_MOST", 2)
    for number in range(1, 6):
        aws.models[f"{PREFIX}-{short(number)}"] = number
    aws.own(9)
    done = clean_up(RELEASE, 3)
    assert done.variables["DeletedModels"] == "2"
    assert "3 more with the next release" in (done.summary or "")
    assert set(aws.models) == {f"{PREFIX}-{n}" for n in (short(3), short(4), short(5), RELEASE.short)}


@given(
    releases=st.lists(st.sets(st.sampled_from(ENVIRONMENTS)), max_size=8),
    keep=st.integers(1, 4),
    served=st.lists(st.integers(0, 30), min_size=3, max_size=3),
    later=st.integers(0, 2),
)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
def test_whatever_there_is_only_old_and_unused_names_go(
    monkeypatch: pytest.MonkeyPatch, releases: list[set[str]], keep: int, served: list[int], later: int
) -> None:
    account = Account(models=dict.fromkeys(OTHERS, 0), configs=dict.fromkeys(OTHERS, (0, OTHERS[0])))
    for number, environments in enumerate(releases, 1):
        account.release(number, number, tuple(sorted(environments)))
    account.own(len(releases) + 1)
    for number in range(later):
        account.models[f"{PREFIX}-{short(100 + number)}"] = 100 + number
    for environment, choice in zip(ENVIRONMENTS, served, strict=True):
        names = [name for name in account.configs if name.startswith(f"{PREFIX}-{environment}-{short(0)[:4]}")]
        if names:
            account.endpoints[f"{PREFIX}-{environment}"] = {"EndpointConfigName": names[choice % len(names)]}
    install(monkeypatch, account)
    before = dict(account.configs)
    clean_up(RELEASE, keep)
    assert set(OTHERS) <= set(account.configs)
    assert set(OTHERS) <= set(account.models)
    for environment, endpoint in itertools.product(ENVIRONMENTS, account.endpoints.values()):
        assert endpoint["EndpointConfigName"] in account.configs
        mine = [n for n in before if n.startswith(f"{PREFIX}-{environment}-") and n not in OTHERS]
        newest = sorted(mine, key=lambda name: before[name][0])[-keep:]
        assert set(newest) <= set(account.configs)
        left = [name for name in account.configs if name in mine]
        assert len(left) <= keep + 1
    assert {model for _, model in account.configs.values()} <= set(account.models)
    assert len(account.models) <= len(OTHERS) + later + 1 + 3 * (keep + 1)
    assert sum(f"{PREFIX}-{short(100 + number)}" in account.models for number in range(later)) == later


def summaries(kind: str, names: list[str]) -> list[dict[str, Any]]:
    return [{f"{kind}Name": name, f"{kind}Arn": ARN, "CreationTime": 9 - n} for n, name in enumerate(names)]


@pytest.mark.usefixtures("buckets")
def test_the_function(
    sagemaker: Stubber, codepipeline: Stubber, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("MODEL_NAME", "wine-quality")
    monkeypatch.setenv("NAME_PREFIX", PREFIX)
    text = sample_text(("keep: {models: 3}", "keep: {models: 1}"))
    upload_config(text)
    prod = [f"{PREFIX}-prod-{part}" for part in (RELEASE.short, short(2), short(1))]
    for environment in (*ENVIRONMENTS, "champion"):
        sagemaker.add_client_error(
            "describe_endpoint", "ValidationException", f'Could not find endpoint "{environment}"'
        )
    request = {"NameContains": PREFIX, "SortBy": "CreationTime", "SortOrder": "Descending", "MaxResults": 100}
    configs = summaries("EndpointConfig", prod)
    sagemaker.add_response("list_endpoint_configs", {"EndpointConfigs": configs[:2], "NextToken": "next"}, request)
    sagemaker.add_response("list_endpoint_configs", {"EndpointConfigs": configs[2:]}, {**request, "NextToken": "next"})
    sagemaker.add_response("delete_endpoint_config", {}, {"EndpointConfigName": prod[2]})
    sagemaker.add_client_error("delete_endpoint_config", "ValidationException", "Could not find endpoint configuration")
    models = summaries("Model", [f"{PREFIX}-{RELEASE.short}", f"{PREFIX}-{short(1)}"])
    sagemaker.add_response("list_models", {"Models": models[:1], "NextToken": "more"}, request)
    sagemaker.add_response("list_models", {"Models": models[1:]}, {**request, "NextToken": "more"})
    variant = {"VariantName": "AllTraffic", "ModelName": f"{PREFIX}-{RELEASE.short}"}
    described = {"EndpointConfigName": prod[0], "EndpointConfigArn": ARN, "CreationTime": 0}
    sagemaker.add_response(
        "describe_endpoint_config", {**described, "ProductionVariants": [variant]}, {"EndpointConfigName": prod[0]}
    )
    sagemaker.add_response("delete_model", {}, {"ModelName": f"{PREFIX}-{short(1)}"})
    codepipeline.add_response(
        "put_job_success_result",
        {},
        {
            "jobId": event("clean_up")["CodePipeline.job"]["id"],
            "executionDetails": ANY,
            "outputVariables": {"DeletedEndpointConfigs": "1", "DeletedModels": "1"},
        },
    )
    document = event("clean_up")
    configuration = document["CodePipeline.job"]["data"]["actionConfiguration"]["configuration"]
    asked = {"execution_id": EXECUTION_ID, "config_sha256": config_sha256(parse_config(text, "wine-quality.yml"))}
    configuration["UserParameters"] = json.dumps(asked)
    handler_module.handler(document, Context())
    line = json.loads(capsys.readouterr().out)
    assert line["summary"] == (
        f"Deleted 1 endpoint configs ({prod[2]}) and 1 models ({PREFIX}-{short(1)}); kept 1 endpoint configs"
    )


def test_done_is_what_the_wrapper_takes(aws: Account) -> None:
    aws.own(1)
    assert isinstance(clean_up(RELEASE, 3), Done)
