"""What goes wrong: it ends with a sentence that names it, and leaves nothing running."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Any

import pytest

from tests.local_server import ACCOUNT, REGION, wait_for
from tests.workflows.lifecycle.installation import INFERENCE, SAMPLE, TRAINING, Installation
from workflows.lifecycle.sample import DRIFTED, MODEL, TRAINED_ON
from workflows.runtime.names import unique

LONG = {"hyperparameters": {"num_round": 200_000, "early_stopping_rounds": 200_000}}
HOLDOUT = f"input-data/{TRAINED_ON}/holdout"


@pytest.fixture(scope="module")
def trained(installed: Installation) -> str:
    """A model that is registered."""
    model = installed.model()
    assert installed.run(TRAINING, model, TRAINED_ON).status == "SUCCEEDED"
    return model


def models_of(installed: Installation, mark: str) -> list[str]:
    listed = installed.client("sagemaker").list_models(NameContains=mark)["Models"]
    return [one["ModelName"] for one in listed]


@pytest.mark.parametrize("machine", [TRAINING, INFERENCE])
@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"ModelName": "m"}, "Initialize failed: The input of the execution lacks DataDate"),
        ({"ModelName": "m", "DataDate": "1st May"}, "Initialize failed: DataDate: found '1st May'"),
        ({"modelName": "m", "DataDate": TRAINED_ON}, "lacks ModelName, has the unknown key modelName"),
        (["m"], "Initialize failed: The input of the execution: found a list"),
    ],
)
def test_a_request_that_is_not_valid(installed: Installation, machine: str, asked: Any, said: str) -> None:
    ended = installed.ended(installed.start_machine(machine, asked))
    assert (ended.status, ended.error) == ("FAILED", "InputError")
    assert said in ended.cause
    assert ended.states == ["Initialize", "Explain Failure", "Failed"]


def test_a_day_without_data(installed: Installation) -> None:
    model = installed.model()
    ended = installed.run(TRAINING, model, "2018-01-01")
    assert ended.error == "DataError"
    assert f"workflows/lifecycle/{model}/input-data/2018-01-01/train/: found no file" in ended.cause


def test_a_model_without_a_config(installed: Installation) -> None:
    ended = installed.run(TRAINING, "unknown", TRAINED_ON)
    assert ended.error == "DataError"
    assert "workflows/lifecycle/unknown/config.json: found no object" in ended.cause


def test_data_that_cannot_be_trained_on(installed: Installation) -> None:
    model = installed.model()
    path = f"input-data/{TRAINED_ON}/train/rows-1.csv"
    rows = SAMPLE[f"workflows/lifecycle/{MODEL}/{path}"]
    installed.put(model, path, b"ended,charge,months,calls,gigabytes\n" + rows)
    ended = installed.run(TRAINING, model, TRAINED_ON)
    assert ended.states == ["Initialize", "Train Model", "Explain Failure", "Failed"]
    name = ended.output_of("Initialize")["Training"]["JobName"]
    assert ended.cause.startswith(f"Train Model failed: {name} failed: ")
    assert "AlgorithmError" in ended.cause or "ClientError" in ended.cause
    assert (installed.registered(model), models_of(installed, name)) == ([], [])


def test_no_model_is_registered(installed: Installation) -> None:
    model = installed.model()
    ended = installed.run(INFERENCE, model, TRAINED_ON)
    assert (ended.error, ended.states[-1]) == ("NoModelRegistered", "No Model")
    assert f"found no model {model} in the table slipway-local-lifecycle-models" in ended.cause
    assert "Start the state machine slipway-local-lifecycle-training first" in ended.cause


def test_the_registered_model_was_deleted(installed: Installation) -> None:
    model = installed.model()
    made = installed.run(TRAINING, model, TRAINED_ON).output["Model"]
    installed.client("sagemaker").delete_model(ModelName=made)
    ended = installed.run(INFERENCE, model, TRAINED_ON)
    assert ended.cause.startswith(
        f"Check Model failed: the newest registered model of {model}, {made}, could not be looked"
    )
    assert "If it was deleted, start the state machine slipway-local-lifecycle-training" in ended.cause


def test_rows_that_the_model_cannot_read(installed: Installation) -> None:
    model = installed.model()
    installed.run(TRAINING, model, TRAINED_ON)
    installed.put(model, f"{HOLDOUT}/rows-1.csv", b"not,a,number,here\n" * 300)
    ended = installed.run(INFERENCE, model, TRAINED_ON)
    assert ended.states[-3:] == ["Inference", "Explain Failure", "Failed"]
    assert ended.cause.startswith("Inference failed: slipway-local-lifecycle-")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda rows: b"0\n" * len(rows.split()), "expected rows of both classes, 0 and 1"),
        (lambda rows: rows + b"1\n", "found 300 rows, and more in"),
        (lambda rows: b"maybe\n" + rows.partition(b"\n")[2], "rows-1.csv: line 1: found 'maybe'; expected 0 or 1"),
    ],
)
def test_targets_that_cannot_be_judged_against(
    installed: Installation, trained: str, change: Callable[[bytes], bytes], said: str
) -> None:
    paths = [f"{HOLDOUT}-targets/rows-{number}.csv" for number in (1, 2)]
    kept = [SAMPLE[f"workflows/lifecycle/{MODEL}/{path}"] for path in paths]
    for path, rows in zip(paths, kept, strict=True):
        installed.put(trained, path, change(rows))
    try:
        ended = installed.run(INFERENCE, trained, TRAINED_ON)
    finally:
        for path, rows in zip(paths, kept, strict=True):
            installed.put(trained, path, rows)
    assert ended.error == "DataError"
    assert ended.cause.startswith("Monitor Model Performance failed: s3://")
    assert said in ended.cause


def test_a_model_that_stays_below_the_threshold_is_trained_again_once(installed: Installation) -> None:
    model = installed.model({"threshold": 0.99})
    installed.run(TRAINING, model, TRAINED_ON)
    ended = installed.run(INFERENCE, model, DRIFTED)
    assert (ended.error, ended.states[-1]) == ("StillBelowThreshold", "Still Below Threshold")
    assert ended.states.count("Re-train Model") == 1
    old, new = installed.registered(model)
    assert f"The model {new['Model']['S']}, trained again on {DRIFTED}, reaches an AUC of 0." in ended.cause
    assert f"expected at least 0.99. Before, {old['Model']['S']} reached 0." in ended.cause


def test_a_model_that_cannot_be_registered_is_deleted(installed: Installation) -> None:
    model = installed.model()
    with installed.denied("LifecycleTrainingMachineRole", "dynamodb:PutItem"):
        ended = installed.run(TRAINING, model, TRAINED_ON)
    assert ended.states[-4:] == ["Register Model", "Delete Model", "Explain Failure", "Failed"]
    assert ended.error == "DynamoDB.AmazonDynamoDBException"
    assert ended.cause.startswith("Register Model failed: ")
    assert "dynamodb:PutItem" in ended.cause
    assert (
        installed.registered(model),
        models_of(installed, ended.output_of("Initialize")["Training"]["JobName"]),
    ) == ([], [])


def test_a_model_that_can_be_neither_registered_nor_deleted_is_named(installed: Installation) -> None:
    with installed.denied("LifecycleTrainingMachineRole", "dynamodb:PutItem", "sagemaker:DeleteModel"):
        ended = installed.run(TRAINING, installed.model(), TRAINED_ON)
    name = ended.output_of("Initialize")["Training"]["JobName"]
    assert ended.cause.startswith("Register Model failed: ")
    assert ended.cause.endswith(f"The model {name} could not be deleted, and remains.")
    installed.client("sagemaker").delete_model(ModelName=name)


def test_the_register_cannot_be_read(installed: Installation, trained: str) -> None:
    with installed.denied("LifecycleInferenceMachineRole", "dynamodb:Query"):
        ended = installed.run(INFERENCE, trained, TRAINED_ON)
    assert ended.cause.startswith("Find Model failed: ")
    assert "dynamodb:Query" in ended.cause


def test_a_retraining_that_fails(installed: Installation) -> None:
    model = installed.model()
    installed.run(TRAINING, model, TRAINED_ON)
    for number in (1, 2):
        installed.delete(model, f"input-data/{DRIFTED}/train/rows-{number}.csv")
    ended = installed.run(INFERENCE, model, DRIFTED)
    assert ended.states[-3:] == ["Re-train Model", "Explain Failure", "Failed"]
    assert ended.cause.startswith("Re-train Model failed: retrain-slipway-local-lifecycle-")
    assert f"failed: Initialize failed: s3://slipway-local-data-{ACCOUNT}-{REGION}/" in ended.cause
    assert "/train/: found no file" in ended.cause


def test_a_training_that_is_stopped(installed: Installation) -> None:
    model = installed.model(LONG)
    arn = installed.start_machine(TRAINING, {"ModelName": model, "DataDate": TRAINED_ON})
    job = installed.training_job(arn)
    installed.client("sagemaker").stop_training_job(TrainingJobName=job)
    ended = installed.ended(arn)
    assert (ended.status, ended.cause) == ("FAILED", f"Train Model failed: {job} stopped.")


def test_an_execution_that_is_stopped_stops_its_job(installed: Installation) -> None:
    model = installed.model(LONG)
    arn = installed.start_machine(TRAINING, {"ModelName": model, "DataDate": TRAINED_ON})
    job = installed.training_job(arn)
    installed.states.stop_execution(executionArn=arn)
    assert installed.ended(arn).status == "ABORTED"
    wait_for(lambda: installed.job_status(job)[0] == "Stopped", f"{job} to stop")
    assert (installed.registered(model), models_of(installed, job)) == ([], [])


def test_a_job_whose_creation_was_lost_is_stopped(installed: Installation) -> None:
    """A repeated call is told that the job exists; it is this execution's, by its name."""
    model, name = installed.model(LONG), f"lost-{uuid.uuid4().hex[:8]}"
    arn = f"arn:aws:states:{REGION}:{ACCOUNT}:execution:slipway-local-{TRAINING}:{name}"
    job = unique("slipway-local-lifecycle", arn)
    request = installed.run(TRAINING, installed.model(), TRAINED_ON).scheduled("createTrainingJob.sync")[0]
    request |= {"TrainingJobName": job, "HyperParameters": request["HyperParameters"] | {"num_round": "200000"}}
    request["HyperParameters"].pop("early_stopping_rounds")
    installed.client("sagemaker").create_training_job(**request)
    ended = installed.ended(installed.start_machine(TRAINING, {"ModelName": model, "DataDate": TRAINED_ON}, name))
    assert (ended.error, ended.states[1:3]) == ("SageMaker.ResourceInUseException", ["Train Model", "Stop Training"])
    assert "could not be stopped" not in ended.cause
    wait_for(lambda: installed.job_status(job)[0] == "Stopped", f"{job} to stop")


def test_an_inference_that_is_stopped_stops_its_retraining(installed: Installation) -> None:
    model = installed.model()
    installed.run(TRAINING, model, TRAINED_ON)
    installed.configure(model, LONG)
    arn = installed.start_machine(INFERENCE, {"ModelName": model, "DataDate": DRIFTED})
    child = installed.submitted(arn, "startExecution.sync:2")["ExecutionArn"]
    job = installed.training_job(child)
    installed.states.stop_execution(executionArn=arn)
    assert installed.ended(arn).status == "ABORTED"
    assert installed.ended(child).status == "ABORTED"
    wait_for(lambda: installed.job_status(job)[0] == "Stopped", f"{job} to stop")
    assert len(installed.registered(model)) == 1
