"""Whole executions on local AWS: what succeeds, and what it leaves behind."""

from __future__ import annotations

import json
import re

import pytest

from tests.workflows.lifecycle.installation import INFERENCE, TRAINING, Ended, Installation
from workflows.lifecycle.request import STARTED_BY
from workflows.lifecycle.sample import DRIFTED, LATER, TRAINED_ON


@pytest.fixture(scope="module")
def model(installed: Installation) -> str:
    return installed.model()


@pytest.fixture(scope="module")
def training(installed: Installation) -> Ended:
    """A training that has succeeded."""
    return installed.run(TRAINING, installed.model(), TRAINED_ON)


def test_training_registers_a_model(installed: Installation, training: Ended) -> None:
    ended, output = training, training.output
    model = output["ModelName"]
    assert ended.states == ["Initialize", "Train Model", "Create Model", "Register Model", "Finalize"]
    assert output["ValidationAuc"] > 0.85
    assert output["DataDate"] == TRAINED_ON
    [item] = installed.registered(model)
    assert item == {
        "ModelName": {"S": model},
        "RegisteredAt": {"S": output["RegisteredAt"]},
        "Request": {"M": {"ModelName": {"S": model}, "DataDate": {"S": TRAINED_ON}}},
        "DataDate": {"S": TRAINED_ON},
        "RunDate": {"S": output["RunDate"]},
        "TrainingJob": {"S": output["TrainingJob"]},
        "Model": {"S": output["Model"]},
        "Artifact": {"S": output["Artifact"]},
        "ValidationAuc": {"N": item["ValidationAuc"]["N"]},
        "ExecutionArn": {"S": ended.arn},
    }
    assert re.fullmatch(rf"\d{{4}}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{{3}}Z#{output['Model']}", output["RegisteredAt"])
    assert float(item["ValidationAuc"]["N"]) == pytest.approx(output["ValidationAuc"])


def test_what_training_makes_is_encrypted_isolated_and_tagged(installed: Installation, training: Ended) -> None:
    sagemaker = installed.client("sagemaker")
    job = sagemaker.describe_training_job(TrainingJobName=training.output["TrainingJob"])
    key = job["ResourceConfig"]["VolumeKmsKeyId"]
    assert key == job["OutputDataConfig"]["KmsKeyId"]
    assert ":key/" in key
    made = sagemaker.describe_model(ModelName=training.output["Model"])
    assert (job["EnableNetworkIsolation"], made["EnableNetworkIsolation"]) == (True, True)
    for arn in (job["TrainingJobArn"], made["ModelArn"]):
        tags = {tag["Key"]: tag["Value"] for tag in sagemaker.list_tags(ResourceArn=arn)["Tags"]}
        assert tags["slipway:suffix"] == "local"
        assert tags["slipway:execution"] == training.arn


def test_every_state_tells_what_it_was_given_and_what_it_gave(training: Ended) -> None:
    output = training.output
    assert training.input_of("Initialize") == {"ModelName": output["ModelName"], "DataDate": TRAINED_ON}
    begun = training.output_of("Initialize")
    assert begun == training.input_of("Train Model")
    [job] = training.scheduled("createTrainingJob.sync")
    assert job["HyperParameters"] == begun["Training"]["HyperParameters"]
    trained = training.output_of("Train Model")
    assert trained["TrainingJobStatus"] == "Completed"
    [creation] = training.scheduled("createModel")
    assert creation["PrimaryContainer"]["ModelDataUrl"] == trained["ModelArtifacts"]["S3ModelArtifacts"]
    assert training.output_of("Create Model")["ModelArn"].endswith(creation["ModelName"])
    [registration] = training.scheduled("putItem")
    assert registration["Item"]["Model"]["S"] == creation["ModelName"]
    assert training.output_of("Finalize") == output


def test_drift_trains_again_once(installed: Installation, model: str) -> None:
    """As it is promised: a model of October, which November's data makes worse, and December's does not."""
    first = installed.run(TRAINING, model, TRAINED_ON).output
    passed = installed.run(INFERENCE, model, TRAINED_ON)
    once = [
        "Initialize",
        "Find Model",
        "Is a Model Registered?",
        "Check Model",
        "Inference",
        "Monitor Model Performance",
        "Is Re-training Needed?",
    ]
    assert passed.states == [*once, "Finalize"]
    assert (passed.output["Model"], passed.output["Retrained"], passed.output["Before"]) == (
        first["Model"],
        False,
        None,
    )
    assert passed.output["Auc"] > 0.8

    drifted = installed.run(INFERENCE, model, DRIFTED)
    assert drifted.states == [*once, "Re-train Model", *once[4:], "Finalize"]
    output = drifted.output
    assert output["Before"]["Model"] == first["Model"]
    assert output["Before"]["Auc"] < 0.7
    assert output["Auc"] > 0.8
    assert (output["Retrained"], output["TrainedOn"]) == (True, DRIFTED)
    old, new = installed.registered(model)
    assert (old["Model"]["S"], new["Model"]["S"]) == (first["Model"], output["Model"])

    later = installed.run(INFERENCE, model, LATER)
    assert later.states == [*once, "Finalize"]
    assert (later.output["Model"], later.output["TrainedOn"]) == (output["Model"], DRIFTED)
    assert later.output["Auc"] > 0.8


def test_inference_tells_what_it_predicted_and_how_it_was_judged(installed: Installation, model: str) -> None:
    installed.run(TRAINING, model, TRAINED_ON)
    ended = installed.run(INFERENCE, model, DRIFTED)
    first, second = ended.scheduled("createTransformJob.sync")
    assert first["ModelName"] != second["ModelName"]
    assert first["TransformOutput"]["S3OutputPath"] != second["TransformOutput"]["S3OutputPath"]
    assert ended.output["Predictions"] == f"{second['TransformOutput']['S3OutputPath']}/"
    bucket, _, prefix = ended.output["Predictions"].removeprefix("s3://").partition("/")
    s3 = installed.client("s3")
    keys = [found["Key"] for found in s3.list_objects_v2(Bucket=bucket, Prefix=prefix)["Contents"]]
    assert [key.removeprefix(prefix) for key in keys] == ["rows-1.csv.out", "rows-2.csv.out"]
    lines = s3.get_object(Bucket=bucket, Key=keys[0])["Body"].read().split()
    assert len(lines) == 300
    judged = ended.output_of("Monitor Model Performance")
    assert (judged["Rows"], judged["IsBelowThreshold"]) == (600, False)
    low, high = judged["Interval"]
    assert low < judged["Auc"] == ended.output["Auc"] < high
    [retraining] = ended.scheduled("startExecution.sync:2")
    assert retraining["Input"][STARTED_BY] == ended.arn
    child = ended.output_of("Re-train Model")
    assert (child["Status"], child["Output"]["Model"]) == ("SUCCEEDED", second["ModelName"])


def test_models_that_are_registered_at_once_are_both_kept(installed: Installation) -> None:
    model = installed.model()
    asked = {"ModelName": model, "DataDate": TRAINED_ON}
    started = [installed.start_machine(TRAINING, asked) for _ in range(3)]
    made = {installed.ended(arn).output["Model"] for arn in started}
    assert len(made) == 3
    assert {item["Model"]["S"] for item in installed.registered(model)} == made


def test_a_registration_in_the_same_millisecond_overwrites_none(installed: Installation, training: Ended) -> None:
    """The condition holds where the key could not tell two executions apart."""
    ended, model = training, training.output["ModelName"]
    [registration] = ended.scheduled("putItem")
    dynamodb = installed.client("dynamodb")
    dynamodb.put_item(**registration)  # a repeat of this execution, whose answer was lost
    assert len(installed.registered(model)) == 1
    other = json.loads(json.dumps(registration).replace(ended.arn, f"{ended.arn}-2"))
    with pytest.raises(dynamodb.exceptions.ConditionalCheckFailedException):
        dynamodb.put_item(**other)


def test_a_redrive_trains_in_a_job_of_its_own(installed: Installation) -> None:
    model = installed.model({"hyperparameters": {"num_round": 4_000, "early_stopping_rounds": 4_000}})
    arn = installed.start_machine(TRAINING, {"ModelName": model, "DataDate": TRAINED_ON})
    stopped = installed.training_job(arn)
    installed.states.stop_execution(executionArn=arn)
    assert installed.ended(arn).status == "ABORTED"
    installed.states.redrive_execution(executionArn=arn)
    ended = installed.ended(arn)
    assert ended.output["TrainingJob"] == f"{stopped}-r1"
    assert [item["Model"]["S"] for item in installed.registered(model)] == [f"{stopped}-r1"]


@pytest.mark.faults
def test_a_kill_of_local_aws_in_the_middle_trains_and_registers_once(installed: Installation) -> None:
    model = installed.model()
    installed.run(TRAINING, model, TRAINED_ON)
    installed.configure(model, {"hyperparameters": {"num_round": 4_000, "early_stopping_rounds": 4_000}})
    arn = installed.start_machine(INFERENCE, {"ModelName": model, "DataDate": DRIFTED})
    child = installed.submitted(arn, "startExecution.sync:2")["ExecutionArn"]
    job = installed.training_job(child)
    installed.house.server.kill()
    installed.house.server.up()
    ended = installed.ended(arn)
    assert ended.output["Retrained"]
    assert installed.ended(child).output["TrainingJob"] == job
    assert len(installed.registered(model)) == 2
