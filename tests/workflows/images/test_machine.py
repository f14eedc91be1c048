"""Whole executions on local AWS, installed by the stack."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.local_server import wait_for
from tests.real_data import real_data
from tests.workflows.images.installation import SAMPLE, Installation
from tests.workflows.installation import MODEL_BUCKET
from workflows.images.sample import PREFIX
from workflows.images.sample import SAMPLE as OF_SYSTEM
from workflows.samples import Place

FEW = {"min_accuracy": 0.0, "epochs": 2}


def jobs(installed: Installation, kind: str, status: str = "InProgress") -> list[str]:
    client = installed.client("sagemaker")
    if kind == "Training":
        return [
            job["TrainingJobName"] for job in client.list_training_jobs(StatusEquals=status)["TrainingJobSummaries"]
        ]
    return [job["TransformJobName"] for job in client.list_transform_jobs(StatusEquals=status)["TransformJobSummaries"]]


def test_the_sample_is_trained_on_and_judged(installed: Installation) -> None:
    [run] = OF_SYSTEM.runs
    done = installed.run(**run.input(Place("local", "", "", "", "", "", "")))
    assert done.output["metrics"]["accuracy"] > 0.9
    assert done.output["images"] == {"train": 120, "test": 40}
    assert done.states == [
        "Tell input",
        "How to list",
        "List images",
        "Train",
        "Save model",
        "Predict test images",
        "Judge",
        "Gate",
        "Done",
    ]
    assert done.output["model"] in installed.models()
    [_, trained, *_] = run.told(done.output)
    assert trained == "trained on 120 images of 5 classes, tested on 40"
    s3, folder = installed.client("s3"), done.output["output"].removeprefix(f"s3://{MODEL_BUCKET}/")
    rows = s3.get_object(Bucket=MODEL_BUCKET, Key=f"{folder}lists/train.lst")["Body"].read().decode().splitlines()
    assert (len(rows), rows[0], rows[-1]) == (120, "0\t0\tchecks/00.png", "119\t4\tslope/23.bmp")
    tags = installed.client("sagemaker").list_tags(
        ResourceArn=f"arn:aws:sagemaker:us-east-1:111122223333:model/{done.output['model']}"
    )["Tags"]
    assert {"Key": "slipway:suffix", "Value": "local"} in tags
    assert {"Key": "slipway:execution", "Value": done.described["executionArn"]} in tags


def test_class_folders_are_listed_side_by_side(installed: Installation) -> None:
    prefix = installed.images(**{"train/rows/deep/er/more.png": SAMPLE[f"{PREFIX}/train/rows/00.png"]})
    done = installed.run(prefix=prefix, listing="map", **FEW)
    assert done.output["images"] == {"train": 11, "test": 10}
    assert done.states[1:7] == ["How to list", "Plan lists", "List class folders", "All listed", "Join lists", "Train"]


def test_a_gate_that_fails_deletes_the_model(installed: Installation) -> None:
    before = installed.models()
    done = installed.run(prefix=installed.images(), min_accuracy=1.0, epochs=1, learning_rate=0.0)
    error, cause = done.failure
    assert error == "GateError"
    assert cause.startswith("The gate failed: accuracy is 0.2000 (2 of 10 test images), the gate min_accuracy wants at")
    assert done.states[-3:] == ["Delete model", "Explain failure", "Failed"]
    assert installed.models() == before


@pytest.mark.parametrize(
    ("given", "files", "error", "cause"),
    [
        ({"colour": 1}, {}, "InputError", "Listing the images failed: The input has the unknown key colour; allowed: "),
        ({"prefix": "resize"}, {}, "InputError", "Listing the images failed: The input has prefix 'resize'; expected"),
        ({"prefix": "workflows/images/nothing"}, {}, "DataError", "/workflows/images/nothing/train/: found 0 folders"),
        (
            {"classes": ["rows"]},
            {},
            "DataError",
            "train/: found the folders checks, columns, disc, slope, which are not",
        ),
        ({}, {"test/rows": None}, "DataError", "test/: found no folder for the classes rows"),
        ({}, {"train/rows/x.png": b""}, "DataError", "1 without any bytes, such as workflows/images/"),
        (
            {"listing": "map"},
            {"train/rows/x.png": b""},
            "DataError",
            "Joining the lists failed: s3://slipway-local-data-",
        ),
        (
            {},
            {"train/rows/x.png": b"no image"},
            "States.TaskFailed",
            "Training failed: AlgorithmError: train/rows/x.png",
        ),
        ({"image_shape": "3,64,64"}, {}, "States.TaskFailed", "Training failed: AlgorithmError: train/checks/00.png"),
    ],
)
def test_what_is_wrong_is_named(
    installed: Installation, given: dict[str, Any], files: dict[str, bytes | None], error: str, cause: str
) -> None:
    before = installed.models()
    prefix = {} if "prefix" in given else {"prefix": installed.images(**files)}
    done = installed.run(**{**FEW, **prefix, **given})
    assert done.status == "FAILED"
    assert done.failure[0] == error
    assert cause in done.failure[1]
    assert installed.models() == before


def test_a_class_folder_that_cannot_be_listed_is_named(installed: Installation) -> None:
    prefix = installed.images()
    condition = {"StringLike": {"s3:prefix": f"{prefix}/train/rows/*"}}
    with installed.denied("ListImagesFunctionRole", "s3:ListBucket", Condition=condition):
        done = installed.run(prefix=prefix, listing="map", **FEW)
    error, cause = done.failure
    assert error == "PermissionDeniedError"
    assert cause.startswith("Listing the class folders failed: The role of the call is not allowed s3:ListBucket")


def test_a_transform_job_that_fails_leaves_no_model(installed: Installation) -> None:
    before = installed.models()
    with installed.denied("ImagesJobsRole", "s3:PutObject", Resource="arn:aws:s3:::*/predictions/*"):
        done = installed.run(prefix=installed.images(), **FEW)
    error, cause = done.failure
    assert error == "States.TaskFailed"
    assert cause.startswith("Predicting the test images failed: ClientError")
    assert installed.models() == before


def test_an_execution_that_is_stopped_leaves_nothing_running_and_can_be_redriven(installed: Installation) -> None:
    before, states = installed.models(), installed.client("stepfunctions")
    execution = installed.start(prefix=PREFIX, epochs=100_000, min_accuracy=0.0)
    job = stopped_in_training(installed, execution)
    states.redrive_execution(executionArn=execution)
    again = stopped_in_training(installed, execution)
    assert again != job
    assert jobs(installed, "Transform") == []
    assert installed.models() == before


def stopped_in_training(installed: Installation, execution: str) -> str:
    """Stop an execution while it trains; returns the job, which has been stopped as well."""
    job: str
    [job] = wait_for(lambda: jobs(installed, "Training"), "the training job to run", 60)
    installed.client("stepfunctions").stop_execution(executionArn=execution)
    assert installed.ended(execution).status == "ABORTED"
    wait_for(lambda: job in jobs(installed, "Training", "Stopped"), "the training job to be stopped", 60)
    return job


def test_mammograms(installed: Installation) -> None:
    folder = real_data("mammography", "resize")
    files = {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*.*") if path.is_file()}
    installed.put({f"workflows/images/resize/{name}": content for name, content in files.items()})
    order = ["NAO", "CCD", "CCE", "MLOD", "MLOE"]
    done = installed.run(prefix="workflows/images/resize", image_shape="3,300,150", classes=order, epochs=10)
    assert sum(done.output["images"].values()) == len(files)
    assert done.output["metrics"]["accuracy"] > 0.9
    name = done.output["classes"]["uri"].removeprefix(f"s3://{MODEL_BUCKET}/")
    numbers = json.loads(installed.client("s3").get_object(Bucket=MODEL_BUCKET, Key=name)["Body"].read())
    assert numbers == {name: number for number, name in enumerate(order)}
