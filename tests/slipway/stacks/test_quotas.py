"""What releases need of SageMaker's quotas, and what an account is told before a launch."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from botocore.stub import Stubber
from slipway import target
from slipway.cli import run
from slipway.names import Names
from slipway.session import Session
from slipway.stacks.quota_limits import Limit, quota_limits
from slipway.stacks.quota_table import warn_of_quotas, warn_of_workflow_quotas
from slipway.stacks.quotas import (
    ENDPOINT_INSTANCES,
    SERVERLESS_CONCURRENCY,
    SERVERLESS_ENDPOINTS,
    TRAINING_INSTANCES,
    needs,
    workflow_needs,
)
from slipway.stacks.templates import Template, declared_parameters
from slipway.target import Options, Target
from slipway.terminal.output import Output
from slipway.verbs import deploy

from pipeline_lambdas.config.parsing import TrainingConfig, parse_config
from tests.local_server import ROOT
from tests.releases.house import SAMPLE, patched

SAMPLE_CONFIG = parse_config(SAMPLE, "wine-quality.yml")
T2, M5, C5 = (f"ml.{name} for endpoint usage" for name in ("t2.medium", "m5.large", "c5.xlarge"))
TRAINING = "ml.m5.large for training job usage"


def instances(kind: str, count: int) -> dict[str, Any]:
    return {"instance_type": kind, "instance_count": count}


def serverless(concurrency: int) -> dict[str, Any]:
    return {"serverless": {"memory_mib": 2048, "max_concurrency": concurrency}}


def config(dev: dict[str, Any], test: dict[str, Any], prod: dict[str, Any] | None, **patch: Any) -> TrainingConfig:
    environments = {"dev": dev, "test": test, **({"prod": prod} if prod else {})}
    return parse_config(patched(SAMPLE, {"environments": environments, **patch}), "wine-quality.yml")


ON_INSTANCES = config(instances("ml.t2.medium", 1), instances("ml.m5.large", 2), instances("ml.m5.large", 3))


def needed(*configs: TrainingConfig) -> dict[str, tuple[int, int]]:
    return {need.quota: (need.alone, need.overlapping) for need in needs(configs)}


def test_old_and_new_instances_run_side_by_side_and_the_champion_beside_test() -> None:
    found = needed(ON_INSTANCES)
    # Test: 2 of Test and 3 of Prod serve, 2 more are Test's new ones, 2 the champion's. Prod: 2 + 3 and 3 new ones.
    assert found[M5] == (2 + 3 + 2 + 2, 2 + 3 + 2 + 2 + 3)
    assert found[T2] == (2, 2)
    assert found[TRAINING] == (1, 1)
    assert found[ENDPOINT_INSTANCES] == (1 + 2 + 3 + 2 + 2, 1 + 2 + 3 + 1 + 2 + 2 + 3)


def test_kept_instances_have_a_quota_of_their_own() -> None:
    found = needed(
        config(instances("ml.t2.medium", 1), instances("ml.m5.large", 1), None, **{"training.keep_alive_s": 60})
    )
    assert found["ml.m5.large for training warm pool usage"] == (1, 1)
    assert "ml.m5.large for training warm pool usage" not in needed(ON_INSTANCES)


def test_the_greatest_stage_decides_for_each_type() -> None:
    found = needed(config(instances("ml.c5.xlarge", 4), instances("ml.m5.large", 1), instances("ml.m5.large", 6)))
    assert found[C5] == (8, 8)
    assert found[M5] == (1 + 6 + 6, 1 + 6 + 1 + 1 + 6)
    assert found[ENDPOINT_INSTANCES][0] == 4 + 1 + 6 + 6


def test_without_a_comparison_or_a_prod_there_is_no_champion() -> None:
    without = {"tests.full.champion": None}
    compared = config(instances("ml.t2.medium", 1), instances("ml.m5.large", 2), instances("ml.m5.large", 1), **without)
    assert needed(compared)[M5] == (2 + 1 + 2, 2 + 1 + 2 + 1)
    assert needed(config(instances("ml.t2.medium", 1), instances("ml.m5.large", 2), None))[M5] == (4, 4)


def test_serverless_endpoints_are_counted_by_number_and_by_requests_at_a_time() -> None:
    found = needed(config(serverless(2), serverless(5), serverless(20)))
    assert found[SERVERLESS_ENDPOINTS] == (4, 4), "the champion's is one more; an update makes none"
    assert found[SERVERLESS_CONCURRENCY] == (2 + 5 + 20 + 20, 2 * 27 + 5)
    assert ENDPOINT_INSTANCES not in found


def test_a_champion_of_instances_is_not_compared_on_a_serverless_endpoint() -> None:
    found = needed(config(serverless(2), serverless(5), instances("ml.m5.large", 2)))
    assert found[M5] == (4, 5), "one beside Prod's while Test is deployed, and as many again while Prod is"
    assert found[SERVERLESS_ENDPOINTS] == (2, 2)


def test_a_search_trains_on_the_instances_of_all_jobs_at_a_time() -> None:
    rounds = {"num_round": {"type": "integer", "min": 10, "max": 60}}
    search = {
        "objective": {"metric": "validation:rmse", "type": "Minimize"},
        "max_jobs": 9,
        "max_parallel_jobs": 4,
        "ranges": rounds,
    }
    found = needed(
        config(
            serverless(2),
            serverless(5),
            None,
            tuning=search,
            hyperparameters={"objective": "reg:squarederror"},
        )
    )
    assert found[TRAINING] == (4, 4)


def test_several_models_add_up() -> None:
    one, two = needed(ON_INSTANCES), needed(ON_INSTANCES, ON_INSTANCES)
    assert two == {quota: (2 * alone, 2 * overlapping) for quota, (alone, overlapping) in one.items()}


def test_samples_need_their_greatest_step_and_together_the_sum() -> None:
    found = {need.quota: (need.alone, need.overlapping) for need in workflow_needs("ml.m5.large")}
    assert found["ml.g4dn.xlarge for training job usage"] == (1, 1), "the algorithm for images needs a GPU"
    experiments = json.loads((ROOT / "workflows" / "tabular" / "experiments.asl.json").read_text(encoding="utf-8"))
    (at_once,) = [state["MaxConcurrency"] for state in experiments["States"].values() if state["Type"] == "Map"]
    assert found[TRAINING] == (at_once, at_once + 1 + 1), "beside the experiments the life cycle's and the text's"
    assert found[TRAINING_INSTANCES] == (at_once, at_once + 3)
    assert found["ml.m5.large for processing job usage"] == (1, 1)
    assert found["ml.m5.large for transform job usage"] == (1, 4)
    assert found[M5] == (1, 2)
    assert found[ENDPOINT_INSTANCES] == (1, 2)


@pytest.fixture
def service_quotas() -> Any:
    return boto3.client(
        "service-quotas",
        region_name="eu-central-1",
        aws_access_key_id="AKIAOFNOBODY",
        aws_secret_access_key="of nobody",
    )


def page(*quotas: tuple[str, str, float], more: str = "") -> dict[str, Any]:
    listed = [{"QuotaName": name, "QuotaCode": code, "Value": value} for name, code, value in quotas]
    return {"Quotas": listed, **({"NextToken": more} if more else {})}


def test_the_applied_limit_counts_and_the_default_only_where_there_is_none(service_quotas: Any) -> None:
    asked = {"ServiceCode": "sagemaker", "MaxResults": 100}
    with Stubber(service_quotas) as stub:
        stub.add_response("list_service_quotas", page((M5, "L-M5", 8.0), (T2 + "s", "L-X", 1.0), more="2"), asked)
        stub.add_response("list_service_quotas", page((TRAINING, "L-TR", 0.0)), {**asked, "NextToken": "2"})
        stub.add_response("list_aws_default_service_quotas", page((M5, "L-M5", 0.0), (T2, "L-T2", 2.0)), asked)
        found = quota_limits(service_quotas, [M5, T2, TRAINING, "not listed in this Region"])
        stub.assert_no_pending_responses()
    assert found == {M5: Limit("L-M5", 8), TRAINING: Limit("L-TR", 0), T2: Limit("L-T2", 2)}


def test_no_page_is_read_that_is_not_needed(service_quotas: Any) -> None:
    with Stubber(service_quotas) as stub:
        stub.add_response("list_service_quotas", page((M5, "L-M5", 8.0), more="2"))
        assert quota_limits(service_quotas, [M5]) == {M5: Limit("L-M5", 8)}


@pytest.fixture
def on_aws(service_quotas: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Session, Stubber]]:
    session = Session(Options(local=False, region="eu-central-1"), Output())
    found = Target("AWS", "eu-central-1", "main", _clients={"service-quotas": service_quotas})
    monkeypatch.setitem(session.__dict__, "target", found)
    with Stubber(service_quotas) as stub:
        yield session, stub


def test_a_launch_says_which_quota_is_too_small(
    on_aws: tuple[Session, Stubber], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "400")
    session, stub = on_aws
    enough = [(need.quota, f"L-{n}", float(need.alone)) for n, need in enumerate(needs([SAMPLE_CONFIG]))]
    small = next(name for name, _, _ in enough if name.endswith("for training job usage"))
    listed = [(name, "L-SMALL" if name == small else code, 0 if name == small else v) for name, code, v in enough]
    stub.add_response("list_service_quotas", page(*listed))
    warn_of_quotas(session)
    said = capsys.readouterr().out
    assert said.count("note:") == 1
    assert f"quota {small}: found 0, a release needs 1 and fails with ResourceLimitExceeded. Request 1: " in said
    assert "https://eu-central-1.console.aws.amazon.com/servicequotas/home/services/sagemaker/quotas/L-SMALL" in said


def test_a_launch_of_the_workflows_says_which_quota_is_too_small(
    on_aws: tuple[Session, Stubber], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "400")
    session, stub = on_aws
    gpu = "ml.g4dn.xlarge for training job usage"
    listed = [(need.quota, "L-1", 0.0 if need.quota == gpu else 9.0) for need in workflow_needs("ml.m5.large")]
    stub.add_response("list_service_quotas", page(*listed))
    warn_of_workflow_quotas(session)
    said = capsys.readouterr().out
    assert said.count("note:") == 1
    assert f"quota {gpu}: found 0, a sample needs 1 and fails with ResourceLimitExceeded. Request 1: " in said


def test_who_may_not_ask_launches_all_the_same(
    on_aws: tuple[Session, Stubber], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "400")
    session, stub = on_aws
    stub.add_client_error(
        "list_service_quotas",
        "AccessDeniedException",
        "User: arn:aws:iam::111122223333:user/ci is not authorized to perform: servicequotas:ListServiceQuotas",
    )
    warn_of_quotas(session)
    said = capsys.readouterr().out
    assert said.startswith("note: what the account allows is not known: ListServiceQuotas: AccessDeniedException: ")
    assert "servicequotas:ListServiceQuotas" in said


@pytest.mark.parametrize("columns", [80, 200])
def test_the_verb_on_aws_tells_what_is_allowed_and_what_to_request(
    service_quotas: Any, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, columns: int
) -> None:
    monkeypatch.setenv("COLUMNS", str(columns))
    listed = needs([SAMPLE_CONFIG])
    monkeypatch.setattr(target.Target, "_make", lambda _self, _service: service_quotas)
    with Stubber(service_quotas) as stub:
        stub.add_response("list_service_quotas", page(*((n.quota, "L-1", float(n.alone)) for n in listed[1:])))
        stub.add_response("list_aws_default_service_quotas", page())
        assert run(["costs", "--aws", "--region", "cn-north-1", "--quotas"]) == 0
    printed = capsys.readouterr().out.splitlines()
    assert "not listed" in next(line for line in printed if line.startswith("Maximum number of"))
    assert {"allowed", "request"} <= set(" ".join(printed[1:3]).split())
    assert any("https://cn-north-1.console.amazonaws.cn/servicequotas" in line for line in printed)


def test_without_an_account_only_what_is_needed_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["costs", "--local", "--json", "--quotas"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert {tuple(each) for each in found["quotas"]} == {("quota", "release", "overlapping")}
    assert [each["quota"] for each in found["quotas"]] == [need.quota for need in needs([SAMPLE_CONFIG])]
    assert {tuple(each) for each in found["workflow_quotas"]} == {("quota", "sample", "together")}


@pytest.mark.parametrize(("stack", "order"), [(None, ["quotas", "stack"]), ({"StackStatus": "there"}, ["stack"])])
def test_the_quotas_are_looked_at_before_the_pipeline_is_made(
    stack: dict[str, str] | None, order: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    session, done = Session(Options(local=True), Output()), list[str]()
    monkeypatch.setitem(session.__dict__, "names", Names("local", "wine-quality", "111122223333", "us-east-1"))
    monkeypatch.setattr(deploy, "find_stack", lambda _session, _name: stack)
    monkeypatch.setattr(deploy, "warn_of_quotas", lambda _session: done.append("quotas"))
    monkeypatch.setattr(deploy, "stored", lambda _session, path: Template({}, declared_parameters(path)))
    monkeypatch.setattr(deploy, "deploy_stack", lambda *_arguments: done.append("stack"))
    deploy.deploy_pipeline(session)
    assert done == order
