from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from botocore.stub import ANY, Stubber
from botocore.validate import ParamValidator

from pipeline_lambdas.config.model import InstanceVariant, Rollout, ServerlessVariant, Variant, config_sha256
from pipeline_lambdas.config.schema import LONGEST_WAITS_S
from pipeline_lambdas.release.names import Release
from pipeline_lambdas.runtime.failures import AwsRequestError, ConfigurationError, JobFailedError
from pipeline_lambdas.runtime.outcome import Continue, Done
from pipeline_lambdas.steps import deployment
from pipeline_lambdas.steps.deployment import Deployment, HostingSite, deploy, endpoint_config_request, model_request
from pipeline_lambdas.steps.rollout import deployment_config_request
from tests.events import EXECUTION_ID, KMS_KEY_ARN, PREFIX, REGISTRY, TRAINING_JOB
from tests.pipeline_lambdas.aws_doubles import client_of, sample_config
from tests.pipeline_lambdas.tables import churn_config

ROLE = "arn:aws:iam::111122223333:role/hosting"
SITE = HostingSite(ROLE, KMS_KEY_ARN)
CONFIG = sample_config()
DEPLOYMENT = Deployment(Release(PREFIX, EXECUTION_ID), "dev", TRAINING_JOB)
VERSION = "3sL4kqtJlcpXroDTDmJ+rm"
PROD = replace(DEPLOYMENT, environment="prod", artifact_version=VERSION, config_sha256=config_sha256(CONFIG))
PROD_MODEL = f"{TRAINING_JOB}-prod"
NAME, WANTED = DEPLOYMENT.endpoint, DEPLOYMENT.endpoint_config
ARN = "arn:aws:sagemaker:us-east-1:111122223333:x/y"
ARTIFACT = f"s3://models/training/{TRAINING_JOB}/output/model.tar.gz"
IMAGE = f"{REGISTRY}/sagemaker-xgboost:3.2-0"
COPY = f"s3://models/prod/{TRAINING_JOB}/{VERSION}/model.tar.gz"
TRAINED = {
    "TrainingJobStatus": "Completed",
    "AlgorithmSpecification": {"TrainingImage": IMAGE, "TrainingInputMode": "File"},
    "ModelArtifacts": {"S3ModelArtifacts": ARTIFACT},
}
TAGS = [
    {"Key": "slipway:execution-id", "Value": EXECUTION_ID},
    {"Key": "slipway:model", "Value": "wine-quality"},
    {"Key": "slipway:config-sha256", "Value": config_sha256(CONFIG)},
]
MODEL = model_request(DEPLOYMENT, CONFIG.environments["dev"], SITE, IMAGE, ARTIFACT)
ENDPOINT_CONFIG = endpoint_config_request(DEPLOYMENT, CONFIG.environments["dev"], SITE, TRAINING_JOB)
CREATED = datetime(2026, 1, 1, tzinfo=UTC)
MODEL_FOUND = {**MODEL, "ModelArn": ARN, "CreationTime": CREATED}
CONFIG_FOUND = {**ENDPOINT_CONFIG, "EndpointConfigArn": ARN, "CreationTime": CREATED}


@pytest.fixture(autouse=True)
def copies(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, ...]]:
    """What was copied for Prod: job, artifact, version and key."""
    made: list[tuple[str, ...]] = []

    def copy_for_prod(*given: str) -> str:
        made.append(given)
        return COPY

    monkeypatch.setattr(deployment, "copy_for_prod", copy_for_prod)
    return made


def job(stub: Stubber, status: str = "Completed") -> None:
    description = {
        **TRAINED,
        "TrainingJobName": TRAINING_JOB,
        "TrainingJobArn": ARN,
        "TrainingJobStatus": status,
        "SecondaryStatus": status,
        "StoppingCondition": {},
        "CreationTime": CREATED,
    }
    stub.add_response("describe_training_job", description, {"TrainingJobName": TRAINING_JOB})


def found(stub: Stubber) -> None:
    job(stub)
    stub.add_response("describe_model", MODEL_FOUND)
    stub.add_response("describe_endpoint_config", CONFIG_FOUND)


def endpoint(
    stub: Stubber, status: str, serving: str = WANTED, pending: str | None = None, name: str | None = None
) -> None:
    description: dict[str, Any] = {
        "EndpointName": name or NAME,
        "EndpointArn": ARN,
        "EndpointConfigName": serving,
        "EndpointStatus": status,
        "CreationTime": CREATED,
        "LastModifiedTime": 0,
    }
    if pending:
        description["PendingDeploymentSummary"] = {"EndpointConfigName": pending}
    stub.add_response("describe_endpoint", description, {"EndpointName": name or NAME})


def absent(stub: Stubber, operation: str, kind: str) -> None:
    stub.add_client_error(operation, "ValidationException", f'Could not find {kind} "{ARN}".')


def exists(stub: Stubber, operation: str, kind: str) -> None:
    stub.add_client_error(operation, "ValidationException", f'Cannot create already existing {kind} "{ARN}".')


def test_the_first_deployment_creates_everything(sagemaker: Stubber, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("time.sleep", lambda _: None)
    job(sagemaker)
    absent(sagemaker, "describe_model", "model")
    sagemaker.add_response(
        "create_model",
        {"ModelArn": ARN},
        {
            "ModelName": TRAINING_JOB,
            "PrimaryContainer": {"Image": f"{REGISTRY}/sagemaker-xgboost:3.2-0", "ModelDataUrl": ARTIFACT},
            "ExecutionRoleArn": ROLE,
            "EnableNetworkIsolation": True,
            "Tags": TAGS,
        },
    )
    absent(sagemaker, "describe_endpoint_config", "endpoint configuration")
    sagemaker.add_response(
        "create_endpoint_config",
        {"EndpointConfigArn": ARN},
        {
            "EndpointConfigName": f"{PREFIX}-dev-8f3c2a1d-4b5e",
            "ProductionVariants": [
                {
                    "VariantName": "AllTraffic",
                    "ModelName": TRAINING_JOB,
                    "InstanceType": "ml.t2.medium",
                    "InitialInstanceCount": 1,
                    "InitialVariantWeight": 1.0,
                }
            ],
            "KmsKeyId": KMS_KEY_ARN,
            "Tags": TAGS,
        },
    )
    absent(sagemaker, "describe_endpoint_config", "endpoint configuration")
    sagemaker.add_response("describe_endpoint_config", CONFIG_FOUND)
    absent(sagemaker, "describe_endpoint", "endpoint")
    sagemaker.add_response(
        "create_endpoint",
        {"EndpointArn": ARN},
        {"EndpointName": f"{PREFIX}-dev", "EndpointConfigName": WANTED, "Tags": TAGS[1:2]},
    )
    outcome = deploy(DEPLOYMENT, CONFIG, SITE)
    assert isinstance(outcome, Done)
    assert outcome.variables == {
        "ModelName": TRAINING_JOB,
        "EndpointConfigName": WANTED,
        "EndpointConfigCreated": "2026-01-01T00:00:00+00:00",
        "EndpointName": NAME,
    }


def test_an_endpoint_is_updated_in_place(sagemaker: Stubber) -> None:
    found(sagemaker)
    endpoint(sagemaker, "InService", "older")
    sagemaker.add_response(
        "update_endpoint", {"EndpointArn": ARN}, {"EndpointName": NAME, "EndpointConfigName": WANTED}
    )
    assert isinstance(deploy(DEPLOYMENT, CONFIG, SITE), Done)


def test_a_rollback_that_failed_is_mended_by_an_update(sagemaker: Stubber) -> None:
    found(sagemaker)
    endpoint(sagemaker, "UpdateRollbackFailed", "older")
    sagemaker.add_response("update_endpoint", {"EndpointArn": ARN})
    assert isinstance(deploy(DEPLOYMENT, CONFIG, SITE), Done)


@pytest.mark.parametrize(
    ("status", "serving", "pending"),
    [
        ("InService", WANTED, None),
        ("Creating", WANTED, None),
        ("Updating", "older", WANTED),
        ("Updating", WANTED, None),
    ],
)
def test_what_was_asked_for_already_is_not_asked_again(
    sagemaker: Stubber, status: str, serving: str, pending: str | None
) -> None:
    found(sagemaker)
    endpoint(sagemaker, status, serving, pending)
    assert isinstance(deploy(DEPLOYMENT, CONFIG, SITE), Done)


@pytest.mark.parametrize(("status", "pending"), [("Creating", None), ("Updating", "newer")])
def test_another_change_under_way_is_named(sagemaker: Stubber, status: str, pending: str | None) -> None:
    found(sagemaker)
    endpoint(sagemaker, status, "older", pending)
    with pytest.raises(
        JobFailedError, match=rf"is {status} with {pending or 'older'}, .*Retry all actions of the stage"
    ):
        deploy(DEPLOYMENT, CONFIG, SITE)


def test_a_failed_endpoint_is_deleted_and_waited_for(sagemaker: Stubber) -> None:
    found(sagemaker)
    endpoint(sagemaker, "Failed", "older")
    sagemaker.add_response("delete_endpoint", {}, {"EndpointName": NAME})
    outcome = deploy(DEPLOYMENT, CONFIG, SITE)
    assert isinstance(outcome, Continue)
    assert "deleted before it is created again" in outcome.summary


@pytest.mark.parametrize("status", ["Deleting", "SystemUpdating", "RollingBack"])
def test_what_ends_by_itself_is_waited_for(sagemaker: Stubber, status: str) -> None:
    found(sagemaker)
    endpoint(sagemaker, status, "older")
    assert isinstance(deploy(DEPLOYMENT, CONFIG, SITE), Continue)


@pytest.mark.parametrize("status", ["OutOfService", "Novel"])
def test_another_status_stands_in_the_way(sagemaker: Stubber, status: str) -> None:
    found(sagemaker)
    endpoint(sagemaker, status)
    with pytest.raises(JobFailedError, match=f"is {status}, in which it cannot be updated"):
        deploy(DEPLOYMENT, CONFIG, SITE)


def test_faster_deliveries_are_found(sagemaker: Stubber) -> None:
    job(sagemaker)
    absent(sagemaker, "describe_model", "model")
    exists(sagemaker, "create_model", "model")
    sagemaker.add_response("describe_model", MODEL_FOUND)
    absent(sagemaker, "describe_endpoint_config", "endpoint configuration")
    exists(sagemaker, "create_endpoint_config", "endpoint configuration")
    sagemaker.add_response("describe_endpoint_config", CONFIG_FOUND)
    absent(sagemaker, "describe_endpoint", "endpoint")
    exists(sagemaker, "create_endpoint", "endpoint")
    endpoint(sagemaker, "Creating")
    assert isinstance(deploy(DEPLOYMENT, CONFIG, SITE), Done)


def test_a_model_with_other_settings_is_refused(sagemaker: Stubber) -> None:
    job(sagemaker)
    sagemaker.add_response("describe_model", {**MODEL_FOUND, "ExecutionRoleArn": ROLE + "2"})
    with pytest.raises(JobFailedError, match=r"Model .* exists with other settings \(ExecutionRoleArn\)"):
        deploy(DEPLOYMENT, CONFIG, SITE)


def test_an_endpoint_config_with_other_settings_is_refused(sagemaker: Stubber) -> None:
    job(sagemaker)
    sagemaker.add_response("describe_model", MODEL_FOUND)
    other = [{**ENDPOINT_CONFIG["ProductionVariants"][0], "InitialInstanceCount": 2}]
    sagemaker.add_response("describe_endpoint_config", {**CONFIG_FOUND, "ProductionVariants": other})
    with pytest.raises(JobFailedError, match=r"EndpointConfig .* exists with other settings \(ProductionVariants\)"):
        deploy(DEPLOYMENT, CONFIG, SITE)


def test_what_runs_something_else_under_the_name_is_refused(sagemaker: Stubber) -> None:
    job(sagemaker)
    container = {**MODEL["PrimaryContainer"], "Environment": {"SAGEMAKER_PROGRAM": "another.py"}}
    sagemaker.add_response("describe_model", {**MODEL_FOUND, "PrimaryContainer": container})
    with pytest.raises(JobFailedError, match=r"exists with other settings \(PrimaryContainer\.Environment\)"):
        deploy(DEPLOYMENT, CONFIG, SITE)


PROGRAM = {
    "SAGEMAKER_PROGRAM": "slipway_tabular.py",
    "SAGEMAKER_SUBMIT_DIRECTORY": "/opt/ml/model/code",
    "SAGEMAKER_CONTAINER_LOG_LEVEL": "20",
    "SAGEMAKER_REGION": "us-east-1",
}


def test_a_model_of_a_table_serves_with_the_program_that_trained_it(sagemaker: Stubber) -> None:
    config = churn_config()
    job(sagemaker)
    absent(sagemaker, "describe_model", "model")
    asked = {**MODEL, "PrimaryContainer": {**MODEL["PrimaryContainer"], "Environment": PROGRAM}, "Tags": ANY}
    assert asked["EnableNetworkIsolation"] is True
    sagemaker.add_response("create_model", {"ModelArn": ARN}, asked)
    absent(sagemaker, "describe_endpoint_config", "endpoint configuration")
    sagemaker.add_client_error("create_endpoint_config", "ResourceLimitExceeded", "that is enough")
    with pytest.raises(AwsRequestError, match="that is enough"):
        deploy(DEPLOYMENT, config, SITE)


@pytest.mark.parametrize("environment", [{}, {**PROGRAM, "SAGEMAKER_PROGRAM": "another.py"}, {**PROGRAM, "A": "b"}])
def test_a_model_of_a_table_with_another_environment_is_refused(
    sagemaker: Stubber, environment: dict[str, str]
) -> None:
    job(sagemaker)
    container = {**MODEL["PrimaryContainer"], "Environment": environment}
    sagemaker.add_response("describe_model", {**MODEL_FOUND, "PrimaryContainer": container})
    with pytest.raises(JobFailedError, match=r"exists with other settings \(PrimaryContainer"):
        deploy(DEPLOYMENT, churn_config(), SITE)


def test_prod_is_refused_another_config_than_the_trained_one(copies: list[tuple[str, ...]]) -> None:
    changed = replace(CONFIG, environments={**CONFIG.environments, "prod": InstanceVariant("ml.m5.large", 9)})
    with pytest.raises(JobFailedError) as caught:
        deploy(PROD, changed, SITE)
    text, found = str(caught.value), config_sha256(changed)
    assert text.startswith(f"wine-quality.yml: found the SHA-256 {found}; expected {PROD.config_sha256}")
    assert "the artifact TrainingConfig was changed since" in text
    assert copies == []


@pytest.mark.parametrize("lacking", ["artifact_version", "config_sha256"])
def test_prod_is_refused_without_what_it_is_held_against(lacking: str) -> None:
    without: dict[str, Any] = {lacking: ""}
    with pytest.raises(ConfigurationError, match=r"lacks artifact_version or config_sha256.*Deploy the pipeline"):
        deploy(replace(PROD, **without), CONFIG, SITE)


def test_only_a_completed_job_is_deployed(sagemaker: Stubber) -> None:
    job(sagemaker, "Stopped")
    with pytest.raises(JobFailedError, match=rf"{TRAINING_JOB} is Stopped; only a Completed one"):
        deploy(DEPLOYMENT, CONFIG, SITE)


def test_an_environment_must_be_in_the_config() -> None:
    config = replace(CONFIG, environments={name: CONFIG.environments[name] for name in ("dev", "test")})
    with pytest.raises(ConfigurationError, match="found dev, test; this action deploys to prod"):
        deploy(replace(PROD, config_sha256=config_sha256(config)), config, SITE)


def policy(kind: str, *, wait_s: int = 0, last_s: int = 600, longest_s: int = 4200, **size: Any) -> dict[str, Any]:
    return {
        "BlueGreenUpdatePolicy": {
            "TrafficRoutingConfiguration": {"Type": kind, "WaitIntervalInSeconds": wait_s, **size},
            "TerminationWaitInSeconds": last_s,
            "MaximumExecutionTimeoutInSeconds": longest_s,
        }
    }


WATCHED = {"AutoRollbackConfiguration": {"Alarms": [{"AlarmName": "n-prod-errors"}, {"AlarmName": "n-prod-latency"}]}}
ALARMS = ("n-prod-errors", "n-prod-latency")


def percent(value: int) -> dict[str, Any]:
    return {"Type": "CAPACITY_PERCENT", "Value": value}


@pytest.mark.parametrize(
    ("environment", "variant", "alarms", "expected"),
    [
        ("dev", InstanceVariant("ml.m5.large", 1), (), None),
        ("dev", InstanceVariant("ml.m5.large", 1), ALARMS, {**policy("ALL_AT_ONCE"), **WATCHED}),
        ("prod", InstanceVariant("ml.m5.large", 1), (), policy("ALL_AT_ONCE")),
        ("prod", ServerlessVariant(1024, 5), ALARMS, None),
        (
            "prod",
            InstanceVariant("ml.m5.large", 2, Rollout("canary", 50, None, 300, 60)),
            ALARMS,
            {
                **policy("CANARY", wait_s=300, last_s=60, longest_s=3960, CanarySize=percent(50)),
                **WATCHED,
            },
        ),
        (
            "prod",
            InstanceVariant("ml.m5.large", 4, Rollout("linear", None, 25, 100, 0)),
            (),
            policy("LINEAR", wait_s=100, last_s=0, longest_s=3900, LinearStepSize=percent(25)),
        ),
    ],
)
def test_how_an_update_goes(
    environment: str, variant: Variant, alarms: tuple[str, ...], expected: dict[str, Any] | None
) -> None:
    request = deployment_config_request(environment, variant, alarms)
    assert request == expected
    if request:
        validate(request)


def validate(request: dict[str, Any]) -> None:
    """The shape's own rules: names, types and ranges."""
    shape = client_of("sagemaker").meta.service_model.shape_for("DeploymentConfig")
    assert not ParamValidator().validate(request, shape).has_errors()
    timeout_s = request["BlueGreenUpdatePolicy"]["MaximumExecutionTimeoutInSeconds"]
    limits = shape.members["BlueGreenUpdatePolicy"].members["MaximumExecutionTimeoutInSeconds"].metadata
    assert limits["min"] <= timeout_s <= limits["max"]


def test_the_longest_waits_that_a_config_allows_fit_sagemaker() -> None:
    rollout = Rollout("linear", None, 10, 2500, 2700)
    assert rollout.longest_s == LONGEST_WAITS_S
    request = deployment_config_request("prod", InstanceVariant("ml.m5.large", 10, rollout), ())
    assert request
    validate(request)


@pytest.mark.parametrize("there", [False, True])
def test_prod_is_deployed_with_a_model_of_its_own_and_its_alarms(
    sagemaker: Stubber, monkeypatch: pytest.MonkeyPatch, copies: list[tuple[str, ...]], there: bool
) -> None:
    watched: list[tuple[tuple[str, ...], str]] = []
    monkeypatch.setattr(deployment, "watch_update", lambda *given: watched.append(given))
    site = replace(SITE, rollback_alarms=ALARMS)
    job(sagemaker)
    absent(sagemaker, "describe_model", "model")
    model = {**MODEL, "ModelName": PROD_MODEL, "PrimaryContainer": {"Image": IMAGE, "ModelDataUrl": COPY}}
    sagemaker.add_response("create_model", {"ModelArn": ARN}, {**model, "Tags": TAGS})
    prod = endpoint_config_request(PROD, CONFIG.environments["prod"], SITE, PROD_MODEL)
    sagemaker.add_response("describe_endpoint_config", {**prod, "EndpointConfigArn": ARN, "CreationTime": CREATED})
    request: dict[str, Any] = {
        "EndpointName": f"{PREFIX}-prod",
        "EndpointConfigName": f"{PREFIX}-prod-8f3c2a1d-4b5e",
        "DeploymentConfig": {
            **policy("ALL_AT_ONCE"),
            "AutoRollbackConfiguration": {"Alarms": [{"AlarmName": f"{name}-update"} for name in ALARMS]},
        },
    }
    if there:
        endpoint(sagemaker, "InService", "older", name=PROD.endpoint)
        sagemaker.add_response("update_endpoint", {"EndpointArn": ARN}, request)
    else:
        absent(sagemaker, "describe_endpoint", "endpoint")
        sagemaker.add_response("create_endpoint", {"EndpointArn": ARN}, {**request, "Tags": TAGS[1:2]})
    assert isinstance(deploy(PROD, CONFIG, site), Done)
    assert copies == [(TRAINING_JOB, ARTIFACT, VERSION, KMS_KEY_ARN)]
    assert watched == [(ALARMS, f"{PREFIX}-prod-8f3c2a1d-4b5e")]


def test_no_alarm_is_made_where_nothing_is_watched(sagemaker: Stubber, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(deployment, "watch_update", lambda names, _: None if not names else pytest.fail(str(names)))
    config = replace(CONFIG, environments={**CONFIG.environments, "prod": ServerlessVariant(1024, 5)})
    job(sagemaker)
    container = {"Image": IMAGE, "ModelDataUrl": COPY}
    reachable = {"ModelName": PROD_MODEL, "PrimaryContainer": container, "EnableNetworkIsolation": False}
    sagemaker.add_response("describe_model", {**MODEL_FOUND, **reachable}, {"ModelName": PROD_MODEL})
    serverless = endpoint_config_request(PROD, config.environments["prod"], SITE, PROD_MODEL)
    sagemaker.add_response(
        "describe_endpoint_config", {**serverless, "EndpointConfigArn": ARN, "CreationTime": CREATED}
    )
    endpoint(sagemaker, "InService", "older", name=PROD.endpoint)
    sagemaker.add_response("update_endpoint", {"EndpointArn": ARN})
    prod = replace(PROD, config_sha256=config_sha256(config))
    assert isinstance(deploy(prod, config, replace(SITE, rollback_alarms=ALARMS)), Done)


def test_more_alarms_than_sagemaker_takes_are_refused() -> None:
    with pytest.raises(ConfigurationError, match="ROLLBACK_ALARMS: found 11 alarms; expected at most 10"):
        HostingSite(ROLE, KMS_KEY_ARN, ("a",) * 11)


def test_aws_explains_itself(sagemaker: Stubber) -> None:
    found(sagemaker)
    endpoint(sagemaker, "InService", "older")
    sagemaker.add_client_error("update_endpoint", "ValidationException", "Cannot update in-progress endpoint")
    with pytest.raises(AwsRequestError, match="UpdateEndpoint answered ValidationException: Cannot update"):
        deploy(DEPLOYMENT, CONFIG, SITE)


def test_a_serverless_variant_has_no_key_and_a_model_without_isolation(sagemaker: Stubber) -> None:
    config = sample_config(
        (
            "dev: {instance_type: ml.t2.medium, instance_count: 1}",
            "dev: {serverless: {memory_mib: 2048, max_concurrency: 2}}",
        )
    )
    model = f"{TRAINING_JOB}-s"
    job(sagemaker)
    wanted = model_request(DEPLOYMENT, config.environments["dev"], SITE, IMAGE, ARTIFACT)
    assert wanted == {**MODEL, "ModelName": model, "EnableNetworkIsolation": False}
    tags = [*TAGS[:2], {"Key": "slipway:config-sha256", "Value": config_sha256(config)}]
    absent(sagemaker, "describe_model", "model")
    sagemaker.add_response("create_model", {"ModelArn": ARN}, {**wanted, "Tags": tags})
    request = endpoint_config_request(DEPLOYMENT, config.environments["dev"], SITE, model)
    sagemaker.add_response("describe_endpoint_config", {**request, "EndpointConfigArn": ARN, "CreationTime": CREATED})
    endpoint(sagemaker, "InService")
    outcome = deploy(DEPLOYMENT, config, SITE)
    assert isinstance(outcome, Done)
    assert outcome.variables["ModelName"] == model
    assert request == {
        "EndpointConfigName": WANTED,
        "ProductionVariants": [
            {
                "VariantName": "AllTraffic",
                "ModelName": model,
                "ServerlessConfig": {"MemorySizeInMB": 2048, "MaxConcurrency": 2},
            }
        ],
    }


def test_prod_is_rolled_back_to_the_model_of_an_older_release(sagemaker: Stubber) -> None:
    """The execution that rolls back has an id of its own, and the training job of the release it goes back to."""
    target = f"{PREFIX}-0a1b2c3d-1111-2"
    rolled_back = replace(PROD, training_job=target)
    wanted = f"{PREFIX}-prod-8f3c2a1d-4b5e-2"
    assert rolled_back.endpoint_config == wanted
    assert rolled_back.release.owns_endpoint_config("prod", wanted)
    assert not rolled_back.release.owns_model(target)
    described = {**TRAINED, "TrainingJobName": target, "TrainingJobArn": ARN, "SecondaryStatus": "Completed"}
    sagemaker.add_response(
        "describe_training_job",
        {**described, "StoppingCondition": {}, "CreationTime": CREATED},
        {"TrainingJobName": target},
    )
    model = model_request(rolled_back, CONFIG.environments["prod"], SITE, IMAGE, COPY)
    name = f"{target}-prod"
    sagemaker.add_response("describe_model", {**model, "ModelArn": ARN, "CreationTime": CREATED}, {"ModelName": name})
    absent(sagemaker, "describe_endpoint_config", "endpoint configuration")
    request = endpoint_config_request(rolled_back, CONFIG.environments["prod"], SITE, name)
    assert request["ProductionVariants"][0]["ModelName"] == name
    sagemaker.add_response("create_endpoint_config", {"EndpointConfigArn": ARN}, {**request, "Tags": TAGS})
    shown: dict[str, Any] = {**request, "EndpointConfigArn": ARN, "CreationTime": CREATED}
    sagemaker.add_response("describe_endpoint_config", shown, {"EndpointConfigName": wanted})
    endpoint(sagemaker, "InService", f"{PREFIX}-prod-ffffffff-0000", name=f"{PREFIX}-prod")
    rollout = deployment_config_request("prod", CONFIG.environments["prod"], ())
    sagemaker.add_response(
        "update_endpoint",
        {"EndpointArn": ARN},
        {"EndpointName": f"{PREFIX}-prod", "EndpointConfigName": wanted, "DeploymentConfig": rollout},
    )
    outcome = deploy(rolled_back, CONFIG, SITE)
    assert isinstance(outcome, Done)
    assert outcome.variables["ModelName"] == name


@pytest.mark.parametrize(("instance_type", "has_key"), [("ml.m5.large", True), ("ml.m5d.large", False)])
def test_no_key_for_instances_with_local_storage(instance_type: str, has_key: bool) -> None:
    """https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_CreateEndpointConfig.html."""
    request = endpoint_config_request(DEPLOYMENT, InstanceVariant(instance_type, 1), SITE, TRAINING_JOB)
    assert ("KmsKeyId" in request) is has_key
