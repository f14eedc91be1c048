"""AWS's answer is lost, before or after its effect, at each change that each function makes."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import pytest
from botocore.stub import ANY, Stubber

from pipeline_lambdas.aws import executions, s3
from pipeline_lambdas.config.model import config_sha256
from pipeline_lambdas.release.dataset import Dataset
from pipeline_lambdas.release.names import Release
from pipeline_lambdas.runtime.failures import JobError, UnavailableError
from pipeline_lambdas.runtime.outcome import Continue, Done
from pipeline_lambdas.runtime.runner import run_job
from pipeline_lambdas.steps import deployment, registration, training
from pipeline_lambdas.steps import release_end as end
from pipeline_lambdas.steps.champion import deploy_champion, remove_champion
from pipeline_lambdas.steps.clean_up import clean_up
from pipeline_lambdas.steps.deployment import Deployment, HostingSite, deploy
from tests.events import (
    DATA_BUCKET,
    EXECUTION_ID,
    KMS_KEY_ARN,
    MODEL_BUCKET,
    PREFIX,
    REGISTRY,
    ROLE_ARN,
    TRAINING_JOB,
    event,
)
from tests.pipeline_lambdas import answers
from tests.pipeline_lambdas.aws_doubles import Context, sample_config, stubbed
from tests.pipeline_lambdas.sagemaker_double import Fault, SageMaker
from tests.pipeline_lambdas.steps.test_registration import REGISTRATION

RELEASE = Release(PREFIX, EXECUTION_ID)
CONFIG = sample_config()
SITE = HostingSite(ROLE_ARN, KMS_KEY_ARN)
OLD = "0a1b2c3d-1111"
PROD = Deployment(RELEASE, "prod", TRAINING_JOB, "a version", config_sha256(CONFIG))
CLIENT_ATTEMPTS = 5
FOR_GOOD = 1000


def with_job(world: SageMaker, status: str = "Completed") -> None:
    name = RELEASE.training_job()
    world.things[f"TrainingJob/{name}"] = {**answers.training_job(TrainingJobStatus=status), "SecondaryStatus": status}


def with_endpoint(world: SageMaker, environment: str, status: str = "InService", short: str = OLD) -> None:
    part = "champ" if environment == "champion" else environment
    config = f"{PREFIX}-{part}-{short}"
    variant = {"VariantName": "AllTraffic", "ModelName": f"{PREFIX}-{OLD}", "InstanceType": "ml.t2.medium"}
    model = f"{PREFIX}-{OLD}"
    world.things[f"Model/{model}"] = {"ModelName": model, "ModelArn": "arn:aws:sagemaker:x", "CreationTime": 0}
    world.things[f"EndpointConfig/{config}"] = {
        "EndpointConfigName": config,
        "EndpointConfigArn": "arn:aws:sagemaker:us-east-1:111122223333:endpoint-config/x",
        "ProductionVariants": [variant],
        "CreationTime": 1,
    }
    world.things[f"Endpoint/{PREFIX}-{environment}"] = {
        "EndpointName": f"{PREFIX}-{environment}",
        "EndpointArn": "arn:aws:sagemaker:us-east-1:111122223333:endpoint/x",
        "EndpointConfigName": config,
        "EndpointStatus": status,
        "CreationTime": 0,
        "LastModifiedTime": 0,
    }


def with_old_ones(world: SageMaker) -> None:
    for number in range(1, 5):
        name = f"{PREFIX}-{number:08x}-aaaa"
        world.things[f"Model/{name}"] = {"ModelName": name, "ModelArn": "arn:aws:sagemaker:x", "CreationTime": number}
        config = f"{PREFIX}-dev-{number:08x}-aaaa"
        world.things[f"EndpointConfig/{config}"] = {
            "EndpointConfigName": config,
            "EndpointConfigArn": "arn:aws:sagemaker:us-east-1:111122223333:endpoint-config/x",
            "ProductionVariants": [{"VariantName": "AllTraffic", "ModelName": name}],
            "CreationTime": number,
        }
    own = RELEASE.training_job()
    world.things[f"Model/{own}"] = {"ModelName": own, "ModelArn": "arn:aws:sagemaker:x", "CreationTime": 9}


def registered(world: SageMaker) -> None:
    world.things["ModelPackage/x"] = {
        "ModelPackageName": answers.PACKAGE,
        "ModelPackageArn": answers.PACKAGE,
        "ModelApprovalStatus": "PendingManualApproval",
        "CustomerMetadataProperties": {"ExecutionId": EXECUTION_ID},
    }


def starts_training() -> object:
    dataset = Dataset("a" * 64, "wine-quality/datasets/aaaa/", (), ())
    site = training.TrainingSite(DATA_BUCKET, MODEL_BUCKET, ROLE_ARN, KMS_KEY_ARN, {"xgboost": REGISTRY})
    return training.start_training(RELEASE, CONFIG, dataset, site)


def ends() -> object:
    return end.end_release(RELEASE, lambda: 900_000)


@dataclass(frozen=True)
class Case:
    name: str
    act: Callable[[], object]
    given: tuple[Callable[[SageMaker], None], ...]
    changes: tuple[str, ...]


CASES = (
    Case("train", starts_training, (), ("CreateTrainingJob",)),
    Case(
        "deploy",
        lambda: deploy(PROD, CONFIG, SITE),
        (with_job,),
        ("CreateModel", "CreateEndpointConfig", "CreateEndpoint"),
    ),
    Case(
        "deploy again",
        lambda: deploy(PROD, CONFIG, SITE),
        (with_job, lambda world: with_endpoint(world, "prod")),
        ("CreateModel", "CreateEndpointConfig", "UpdateEndpoint"),
    ),
    Case(
        "deploy over a failed one",
        lambda: deploy(Deployment(RELEASE, "dev", TRAINING_JOB), CONFIG, SITE),
        (with_job, lambda world: with_endpoint(world, "dev", "Failed")),
        ("CreateModel", "CreateEndpointConfig", "DeleteEndpoint", "CreateEndpoint"),
    ),
    Case(
        "deploy the champion",
        lambda: deploy_champion(RELEASE, CONFIG, SITE),
        (lambda world: with_endpoint(world, "prod"),),
        ("CreateEndpointConfig", "CreateEndpoint"),
    ),
    Case(
        "remove the champion",
        lambda: remove_champion(RELEASE),
        (lambda world: with_endpoint(world, "champion", short=RELEASE.short),),
        ("DeleteEndpoint",),
    ),
    Case(
        "end",
        ends,
        (
            lambda world: with_job(world, "InProgress"),
            lambda world: with_endpoint(world, "champion", short=RELEASE.short),
        ),
        ("StopTrainingJob", "DeleteEndpoint", "DeleteEndpointConfig"),
    ),
    Case(
        "clean up",
        lambda: clean_up(RELEASE, 3).variables.get("x"),
        (with_old_ones,),
        ("DeleteEndpointConfig", "DeleteModel"),
    ),
    Case("register", lambda: registration.register(RELEASE, REGISTRATION), (with_job,), ("CreateModelPackage",)),
    Case(
        "decide",
        lambda: registration.decide(RELEASE),
        (with_job, registered),
        ("UpdateModelPackage",),
    ),
)


@pytest.fixture(autouse=True)
def surroundings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("time.sleep", lambda _: None)
    monkeypatch.setattr(deployment, "copy_for_prod", lambda *_: "s3://models/prod/model.tar.gz")
    monkeypatch.setattr(registration, "versions_of", lambda _: [REGISTRATION.artifact_version])
    monkeypatch.setattr(training, "check_data", lambda *_: None)
    monkeypatch.setattr(training, "check_columns", lambda *_: None)
    monkeypatch.setattr(executions, "get_execution", lambda *_: {"status": "Failed"})
    monkeypatch.setattr(executions, "list_actions", lambda *_: answers.approved(by=answers.APPROVER))


def run(case: Case, fault: Fault | None = None) -> tuple[SageMaker, object]:
    """Run the function as CodePipeline does, until it no longer asks to be invoked again."""
    world = SageMaker(fault)
    for given in case.given:
        given(world)
    with world.answering():
        outcome = case.act()
        while isinstance(outcome, Continue):
            world.settle()
            outcome = case.act()
    return world, outcome


def faults() -> Iterator[Any]:
    for case in CASES:
        for number, change in enumerate(case.changes):
            for when, fault in (
                ("before", Fault(number, after=False)),
                ("after", Fault(number, after=True)),
                ("after, and no repeat by the client is answered", Fault(number, after=True, lost=CLIENT_ATTEMPTS)),
            ):
                yield pytest.param(case, fault, id=f"{case.name}, {change}, {when}")


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_the_table_has_every_change(case: Case) -> None:
    world, _ = run(case)
    assert tuple(world.changes) == case.changes


@pytest.mark.parametrize(("case", "fault"), list(faults()))
def test_a_lost_answer_changes_nothing(case: Case, fault: Fault) -> None:
    plain, expected = run(case)
    world, outcome = run(case, fault)
    assert world.requests > len(case.changes), "no answer was lost"
    assert world.state() == plain.state()
    assert outcome == expected


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_change_that_was_never_made_is_a_failure_and_the_next_try_makes_it(case: Case) -> None:
    plain, _ = run(case)
    for number in range(len(case.changes)):
        world = SageMaker(Fault(number, after=False, lost=FOR_GOOD))
        for given in case.given:
            given(world)
        with world.answering():
            with pytest.raises(JobError):  # noqa: PT012 - some functions come to the fault in their second invocation
                while isinstance(case.act(), Continue):
                    world.settle()
            world.fault = None
            while isinstance(case.act(), Continue):
                world.settle()
        assert world.state() == plain.state()


@contextmanager
def bucket(monkeypatch: pytest.MonkeyPatch) -> Iterator[Stubber]:
    with stubbed(monkeypatch, "s3") as stub:
        yield stub


@pytest.mark.parametrize(("found", "created"), [(b"own", True), (b"another's", False)])
def test_a_conditional_write_knows_its_own(monkeypatch: pytest.MonkeyPatch, found: bytes, created: bool) -> None:
    with bucket(monkeypatch) as stub:
        stub.add_client_error("put_object", "PreconditionFailed", "At least one of the pre-conditions", 412)
        stub.add_response("get_object", {"Body": io.BytesIO(found)}, {"Bucket": "b", "Key": ANY})
        assert s3.create_object("b", "records/1.json", b"own", "application/json", KMS_KEY_ARN) is created


@pytest.mark.parametrize(
    ("answers", "created"),
    [
        (["ConditionalRequestConflict", None], True),
        (["ConditionalRequestConflict", "PreconditionFailed"], True),
        (["ConditionalRequestConflict"] * 4, None),
    ],
)
def test_who_writes_beside_another_writer_tries_again(
    monkeypatch: pytest.MonkeyPatch, answers: list[str | None], created: bool | None
) -> None:
    pauses: list[float] = []
    monkeypatch.setattr("time.sleep", pauses.append)
    with bucket(monkeypatch) as stub:
        for code in answers:
            if code:
                stub.add_client_error("put_object", code, "The conditional request cannot succeed", 409)
            else:
                stub.add_response("put_object", {"VersionId": "1"})
        if answers[-1] == "PreconditionFailed":
            stub.add_response("get_object", {"Body": io.BytesIO(b"own")})
        if created is None:
            with pytest.raises(UnavailableError, match=r"s3://b/source/1: found another writer each time"):
                s3.create_object("b", "source/1", b"own", "application/gzip", KMS_KEY_ARN)
        else:
            assert s3.create_object("b", "source/1", b"own", "application/gzip", KMS_KEY_ARN) is created
    assert pauses[:3] == [1, 2, 4][: len(answers) - 1 if created else 3]


def test_a_report_that_cannot_be_made_is_raised_and_its_repeat_is_met_by_the_result(codepipeline: Stubber) -> None:
    for _ in range(10):
        codepipeline.add_client_error("put_job_success_result", "ThrottlingException", "Rate exceeded", 400)
    with pytest.raises(UnavailableError):
        run_job(event("train_model"), Context(), lambda _: Done())
    codepipeline._queue.clear()  # how often botocore asks is its own matter
    codepipeline.add_client_error("put_job_success_result", "InvalidJobStateException", "has a result")
    run_job(event("train_model"), Context(), lambda _: Done())
