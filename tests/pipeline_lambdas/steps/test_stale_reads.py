"""SageMaker's reads are stale for a while after each change: what was just made is not there yet.

https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_CreateEndpoint.html
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from botocore.stub import Stubber

from pipeline_lambdas.aws import executions, visibility
from pipeline_lambdas.aws import sagemaker as service
from pipeline_lambdas.runtime.failures import AwsRequestError
from pipeline_lambdas.runtime.outcome import Continue, Done, Failed
from pipeline_lambdas.steps import training
from pipeline_lambdas.steps.champion_endpoint import await_deletion
from pipeline_lambdas.steps.clean_up import clean_up
from pipeline_lambdas.steps.deployment import Deployment, HostingSite, deploy
from pipeline_lambdas.steps.release_end import end_release
from pipeline_lambdas.steps.status import STALE_LOOKS, poll
from tests.events import KMS_KEY_ARN, PREFIX, ROLE_ARN, TRAINING_JOB
from tests.pipeline_lambdas.sagemaker_double import SageMaker
from tests.pipeline_lambdas.steps import test_lost_answers as lost

MOST = len(visibility.PAUSES_S)
NEW = f"{PREFIX}-dev-{lost.RELEASE.short}"
ENDPOINT = f"{PREFIX}-dev"


@pytest.fixture(autouse=True)
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    made: list[float] = []
    monkeypatch.setattr("time.sleep", made.append)
    monkeypatch.setattr(training, "check_data", lambda *_: None)
    monkeypatch.setattr(training, "check_columns", lambda *_: None)
    monkeypatch.setattr(executions, "get_execution", lambda *_: {"status": "Failed"})
    return made


def deploys() -> Any:
    return deploy(Deployment(lost.RELEASE, "dev", TRAINING_JOB), lost.CONFIG, HostingSite(ROLE_ARN, KMS_KEY_ARN))


@pytest.mark.parametrize("stale", [1, 3, MOST])
@pytest.mark.parametrize("there", [False, True])
def test_a_deployment_waits_until_each_thing_is_seen(stale: int, there: bool, pauses: list[float]) -> None:
    world = SageMaker(stale=stale)
    lost.with_job(world)
    if there:
        lost.with_endpoint(world, "dev")
    with world.answering():
        assert isinstance(deploys(), Done)
    assert world.changes == ["CreateModel", "CreateEndpointConfig", "UpdateEndpoint" if there else "CreateEndpoint"]
    assert len(pauses) == 2 * stale


def test_work_that_never_appears_is_a_failure(pauses: list[float]) -> None:
    world = SageMaker(stale=10_000)
    lost.with_job(world)
    with world.answering(), pytest.raises(AwsRequestError, match="Could not find Model"):
        deploys()
    assert sum(pauses) < 60, "the function has two minutes"


def test_another_refusal_is_not_tried_again(sagemaker: Stubber, pauses: list[float]) -> None:
    sagemaker.add_client_error("update_endpoint", "ValidationException", "Cannot update in-progress endpoint")
    sagemaker.add_client_error("describe_endpoint", "ValidationException", "Could not find it")
    with pytest.raises(AwsRequestError, match="in-progress"):
        service.update_endpoint(ENDPOINT, NEW)
    assert not pauses


def waited(look: Callable[[str | None], Any], world: SageMaker, looks: int = 20) -> Any:
    """Poll as CodePipeline does; things arrive once they have been seen on the way."""
    token = None
    for _ in range(looks):
        outcome = look(token)
        if not isinstance(outcome, Continue):
            return outcome
        if "unseen" not in outcome.token:
            world.settle()
        token = outcome.token
    raise AssertionError("it waits for ever")


@pytest.mark.parametrize("there", [False, True])
def test_an_update_that_is_not_seen_yet_is_no_rollback(there: bool) -> None:
    world = SageMaker(stale=2)
    lost.with_job(world)
    if there:
        lost.with_endpoint(world, "dev")
    with world.answering():
        deploys()
        outcome = waited(lambda token: poll("endpoint", ENDPOINT, NEW, token), world)
    assert isinstance(outcome, Done)


def test_a_job_that_is_not_seen_yet_is_not_missing() -> None:
    world = SageMaker(stale=3)
    with world.answering():
        lost.starts_training()
        assert isinstance(poll("training-job", TRAINING_JOB, None, None), Continue)


@pytest.mark.parametrize(
    ("kind", "name", "told"), [("training-job", TRAINING_JOB, "exist"), ("endpoint", ENDPOINT, "")]
)
def test_what_is_gone_or_rolled_back_fails_after_some_looks(kind: str, name: str, told: str) -> None:
    world = SageMaker()
    if kind == "endpoint":
        lost.with_endpoint(world, "dev")
    token = None
    with world.answering():
        for _ in range(STALE_LOOKS):
            outcome = poll(kind, name, NEW, token)
            assert isinstance(outcome, Continue)
            token = outcome.token
        outcome = poll(kind, name, NEW, token)
    assert isinstance(outcome, Failed)
    assert (told or "rolled the update back") in outcome.message


def test_a_rollback_that_was_seen_on_the_way_fails_at_once() -> None:
    world = SageMaker()
    lost.with_endpoint(world, "dev")
    endpoint = world.things[f"Endpoint/{ENDPOINT}"]
    with world.answering():
        endpoint |= {"EndpointStatus": "Updating", "PendingDeploymentSummary": {"EndpointConfigName": NEW}}
        under_way = poll("endpoint", ENDPOINT, NEW, None)
        assert isinstance(under_way, Continue)
        endpoint["EndpointStatus"] = "InService"
        del endpoint["PendingDeploymentSummary"]
        assert isinstance(poll("endpoint", ENDPOINT, NEW, under_way.token), Failed)


def test_a_job_that_is_not_shown_as_completed_yet_is_waited_for() -> None:
    world = SageMaker()
    lost.with_job(world, "InProgress")
    with world.answering():
        assert isinstance(deploys(), Continue)
        lost.with_job(world)
        assert isinstance(deploys(), Done)


def test_a_job_that_was_started_right_before_the_end_is_stopped() -> None:
    world = SageMaker(stale=1)
    with world.answering():
        lost.starts_training()
        world._before[f"TrainingJob/{TRAINING_JOB}"] = (1, None)
        assert end_release(lost.RELEASE, lambda: 900_000).stopped == (TRAINING_JOB,)


def test_a_champion_that_was_created_right_before_the_end_is_deleted() -> None:
    world = SageMaker()
    lost.with_endpoint(world, "champion", short=lost.RELEASE.short)
    world._before[f"Endpoint/{PREFIX}-champion"] = (1, None)
    with world.answering():
        await_deletion(lost.RELEASE, lambda: 900_000, lambda: True)
    assert world.changes.count("DeleteEndpoint") == 1


def test_no_model_is_deleted_while_a_config_is_not_shown() -> None:
    world = SageMaker()
    lost.with_old_ones(world)
    world._before[f"EndpointConfig/{PREFIX}-dev-{2:08x}-aaaa"] = (1, None)
    with world.answering():
        clean_up(lost.RELEASE, 3)
        assert world.changes == ["DeleteEndpointConfig"]
        clean_up(lost.RELEASE, 3)
    assert world.changes == ["DeleteEndpointConfig", "DeleteModel"]
