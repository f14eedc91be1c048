"""What a release that ends without success leaves behind, and what people are told."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.local_server import ACCOUNT, REGION, ROOT, allow, wait_for
from tests.releases.house import MODEL, PREFIX, UNCOMPARED, House, patched

SAMPLE = (ROOT / "training_config" / f"{MODEL}.yml").read_text(encoding="utf-8")
# Training that would take minutes, on so few rows: the test ends it.
LONG = patched(SAMPLE, {"hyperparameters.num_round": 1_000_000, "hyperparameters.early_stopping_rounds": None})


@pytest.fixture(autouse=True)
def _sample_data(house: House) -> None:
    with house.quietly():  # whatever a case before has left
        house.upload(ROOT / "data" / MODEL, [])


def job(house: House, execution: str, suffix: str = "") -> dict[str, Any]:
    name = f"{PREFIX}-{execution[:13]}{suffix}"
    found: dict[str, Any] = house.client("sagemaker").describe_training_job(TrainingJobName=name)
    return found


def train(house: House, config: str) -> str:
    """Push a config, and return the execution once its training job trains."""
    before = house.newest()
    house.push_config(f"{config}# pushed at {time.time()}\n", message="Train")
    execution = house.wait_for_new(before)
    wait_for(lambda: house.actions(execution).get("Train/WaitForTraining"), "the wait for training", 120)
    wait_for(lambda: job(house, execution)["SecondaryStatus"] == "Training", "the job to train", 60)
    return execution


def test_a_release_that_is_abandoned_stops_training_and_can_be_retried(house: House) -> None:
    execution = train(house, LONG)
    served = house.serving()
    done = house.slipway("stop", execution, "--abandon")
    assert done.returncode == 0, done.stdout + done.stderr
    assert house.wait_for_end(execution)["status"] == "Stopped"
    wait_for(lambda: job(house, execution)["TrainingJobStatus"] == "Stopped", "the job to be stopped", 30)
    assert job(house, execution)["SecondaryStatus"] == "Stopped"
    assert house.serving() == served
    # The release itself can go on: its next attempt trains anew, and is stopped as the first was.
    done = house.slipway("retry", "Train", "--run", execution, "--all-actions")
    assert done.returncode == 0, done.stdout + done.stderr

    def trains_again() -> bool:
        names = house.client("sagemaker").list_training_jobs(NameContains=f"{PREFIX}-{execution[:13]}-2")
        return any(found["TrainingJobStatus"] == "InProgress" for found in names["TrainingJobSummaries"])

    wait_for(trains_again, "the second attempt", 60)
    assert house.slipway("stop", execution, "--abandon").returncode == 0
    wait_for(lambda: job(house, execution, "-2")["TrainingJobStatus"] == "Stopped", "its job to be stopped", 30)


def test_a_release_that_fails_while_it_trains_stops_training(house: House) -> None:
    execution = train(house, LONG)
    with broken_poller(house):
        assert house.wait_for_end(execution)["status"] == "Failed"
    assert house.failure(execution)[0] == "Train/WaitForTraining"
    wait_for(lambda: job(house, execution)["TrainingJobStatus"] == "Stopped", "the job to be stopped", 30)
    # What failed alone is tried again, and says what is to be done about a job that was stopped.
    house.client("codepipeline").retry_stage_execution(
        pipelineName=PREFIX, stageName="Train", pipelineExecutionId=execution, retryMode="FAILED_ACTIONS"
    )
    failed = wait_for(lambda: stopped_message(house, execution), "the second failure", 30)
    assert "Retry all actions of the stage" in failed
    [alarm] = house.client("cloudwatch").describe_alarms(AlarmNames=[f"{PREFIX}-release-failed"])["MetricAlarms"]
    assert alarm["StateValue"] == "ALARM"


def stopped_message(house: House, execution: str) -> str:
    """What the wait says about a job that was stopped; empty as long as it does not."""
    if house.actions(execution)["Train/WaitForTraining"]["status"] != "Failed":
        return ""
    message = house.failure(execution)[1]
    return message if "was stopped" in message else ""


@contextmanager
def broken_poller(house: House) -> Iterator[None]:
    """The function that waits fails, for a reason that is not the job's: the release has a version of it already."""
    found = house.client("lambda").get_function_configuration(FunctionName=f"{PREFIX}-get-status")
    role, iam = found["Role"].rpartition("/")[2], house.client("iam")
    denied = {"Effect": "Deny", "Action": "sagemaker:DescribeTrainingJob", "Resource": "*"}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [denied]})
    iam.put_role_policy(RoleName=role, PolicyName="broken", PolicyDocument=policy)
    try:
        yield
    finally:
        iam.delete_role_policy(RoleName=role, PolicyName="broken")


def test_the_alarm_of_stuck_releases_counts_hours_in_a_row(house: House) -> None:
    cloudwatch, name = house.client("cloudwatch"), f"{PREFIX}-release-stuck"

    def state() -> str:
        [alarm] = cloudwatch.describe_alarms(AlarmNames=[name])["MetricAlarms"]
        assert (alarm["Period"], alarm["EvaluationPeriods"]) == (3600, 6)
        return str(alarm["StateValue"])

    def polled(hours_ago: int) -> None:
        datum: dict[str, Any] = {
            "MetricName": "Invocations",
            "Dimensions": [{"Name": "FunctionName", "Value": f"{PREFIX}-get-status"}],
            "Value": 100,
            "Timestamp": datetime.now(UTC) - timedelta(hours=hours_ago, minutes=5),
        }
        cloudwatch.put_metric_data(Namespace="AWS/Lambda", MetricData=[datum])

    for hours_ago in (0, 1, 2, 4, 5):
        polled(hours_ago)
    assert state() == "OK"
    polled(3)
    assert state() == "ALARM"


def test_an_approval_is_told_once_and_with_the_evidence(house: House) -> None:
    arn = f"arn:aws:sqs:{REGION}:{ACCOUNT}:told"
    sends = {**allow("sqs:SendMessage", resource=arn), "Principal": {"Service": "sns.amazonaws.com"}}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [sends]})
    queue = house.client("sqs").create_queue(QueueName="told", Attributes={"Policy": policy})["QueueUrl"]
    topic = f"arn:aws:sns:{REGION}:{ACCOUNT}:{PREFIX}-notifications"
    subscription = house.client("sns").subscribe(
        TopicArn=topic, Protocol="sqs", Endpoint=arn, ReturnSubscriptionArn=True
    )["SubscriptionArn"]
    before = house.newest()
    house.push_config(f"{UNCOMPARED}# pushed at {time.time()}\n", message="Release")
    try:
        assert house.wait_for_end(house.wait_for_new(before))["status"] == "Succeeded"
    finally:
        house.client("sns").unsubscribe(SubscriptionArn=subscription)
    messages = house.client("sqs").receive_message(QueueUrl=queue, MaxNumberOfMessages=10).get("Messages", [])
    [told] = [json.loads(message["Body"]) for message in messages]
    approval = json.loads(told["Message"])["approval"]
    assert told["Subject"].startswith("APPROVAL NEEDED")
    assert (approval["pipelineName"], approval["stageName"]) == (PREFIX, "Approve")
    assert "rmse" in approval["customData"]
    assert approval["expires"]
