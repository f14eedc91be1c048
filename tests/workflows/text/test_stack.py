"""Whole runs on local AWS, as the stack installs the workflow: uploads, executions, failures."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.local_server import wait_for
from tests.real_data import real_data
from tests.workflows.installation import DATA_BUCKET
from tests.workflows.text.installation import FUNCTION, MACHINE, PREFIX, QUEUE, Installation, folder_of
from tests.workflows.text.zips import GOOD, POOR, lines, zipped, zipped_reviews
from workflows.text.sample import SAMPLE
from workflows.text.sample import zipped_reviews as sample

REAL = "reviews_Musical_Instruments_5"


def invoke(installed: Installation, *keys: str) -> tuple[dict[str, Any], str | None]:
    """Invoke the function with a test event as Lambda's console sends it."""
    records = [{"s3": {"bucket": {"name": DATA_BUCKET}, "object": {"key": key}}} for key in keys]
    answer = installed.client("lambda").invoke(FunctionName=FUNCTION, Payload=json.dumps({"Records": records}).encode())
    return json.loads(answer["Payload"].read()), answer.get("FunctionError")


def failed_upload(installed: Installation, key: str) -> dict[str, Any] | None:
    """The message of an upload, with all others taken from the queue."""
    sqs = installed.client("sqs")
    url = sqs.get_queue_url(QueueName=QUEUE)["QueueUrl"]
    taken = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages", [])
    for message in taken:
        sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
    found = (json.loads(message["Body"]) for message in taken)
    return next((one for one in found if one["requestPayload"]["detail"]["object"]["key"] == key), None)


def test_an_upload_is_prepared_and_so_is_one_in_parts(installed: Installation) -> None:
    installed.put("incoming/one file+more.json.zip", sample())
    assert len(installed.until_there("train/one file+more_train.txt").splitlines()) == 1004
    assert len(installed.until_there("test/one file+more_test.txt").splitlines()) == 251
    s3, key = installed.client("s3"), "workflows/text/incoming/parts.json.zip"
    upload = {"Bucket": DATA_BUCKET, "Key": key}
    upload["UploadId"] = s3.create_multipart_upload(**upload)["UploadId"]
    part = {"PartNumber": 1, "ETag": s3.upload_part(**upload, PartNumber=1, Body=sample())["ETag"]}
    s3.complete_multipart_upload(**upload, MultipartUpload={"Parts": [part]})
    assert len(installed.until_there("train/parts_train.txt").splitlines()) == 1004


def test_a_test_event_is_answered(installed: Installation) -> None:
    installed.put("incoming/by hand.json.zip", sample())
    answer, error = invoke(installed, "workflows/text/incoming/by+hand.json.zip")
    assert error is None
    assert answer["statusCode"] == 200
    [prepared] = json.loads(answer["body"])["prepared"]
    assert (prepared["labelled"], prepared["train"], prepared["test"]) == (360, 1004, 251)


def test_an_upload_that_cannot_be_prepared_ends_in_the_queue_with_its_sentence(installed: Installation) -> None:
    installed.put("incoming/broken.json.zip", b"PK\x03\x04 and no more")
    key = "workflows/text/incoming/broken.json.zip"
    message = wait_for(lambda: failed_upload(installed, key), "the message of the failed upload", 60)
    assert message["responsePayload"]["errorType"] == "DataError"
    assert "It is probably truncated: upload it again." in message["responsePayload"]["errorMessage"]
    answer, error = invoke(installed, "workflows/text/train/one_train.txt")
    assert error == "Unhandled"
    assert "found a key elsewhere" in answer["errorMessage"]


def test_the_sample_goes_from_reviews_to_predictions(installed: Installation) -> None:
    installed.put("reviews_sample.json.zip", sample())
    ended = installed.run("reviews_sample.json.zip")
    output = ended.output
    assert output["dataset"] == f"{PREFIX}reviews_sample.json.zip"
    assert (output["counts"]["sentences"], output["counts"]["train"], output["counts"]["test"]) == (1255, 1004, 251)
    assert output["metrics"]["validation:accuracy"] > 0.8
    assert [answer["label"][0] for answer in output["endpoint"]["answers"]] == ["__label__1", "__label__2"]
    transformed = [json.loads(line) for line in installed.read(output["transform"]).splitlines()]
    expected = [
        line.split(b" ")[0].decode()
        for line in installed.read(f"{folder_of(ended)}/test/reviews_sample_test.txt").splitlines()
    ]
    right = sum(found["label"] == [label] for found, label in zip(transformed, expected, strict=True))
    scores = output["scores"]
    assert scores["accuracy"] == pytest.approx(right / len(expected))
    assert scores["accuracy"] == pytest.approx(output["metrics"]["validation:accuracy"], abs=0.01)
    assert min(scores["recall"].values()) > 0.7
    assert installed.left() == {}
    assert output["model"] in installed.models()
    described = installed.client("sagemaker").describe_training_job(TrainingJobName=output["training_job"])
    assert described["OutputDataConfig"]["KmsKeyId"].startswith("arn:aws:kms:")
    told = SAMPLE.runs[0].told(output)
    assert told[0].startswith("400 reviews, 360 of them labelled: 1,255 sentences")
    assert ended.states.index("Ask endpoint") < ended.states.index("Delete endpoint")


def test_the_real_file_goes_the_same_way(installed: Installation) -> None:
    installed.put(f"{REAL}.json.zip", real_data("reviews", f"{REAL}.json.zip").read_bytes())
    ended = installed.run(f"{REAL}.json.zip")
    output = ended.output
    counts = output["counts"]
    assert (counts["reviews"], counts["labelled"], counts["sentences"]) == (10_261, 3_192, 27_008)
    written = {part: installed.read(f"{folder_of(ended)}/{part}/{REAL}_{part}.txt") for part in ("train", "test")}
    assert len(written["train"].splitlines()) == counts["train"] == 21_606
    assert len(written["test"].splitlines()) == counts["test"] == 5_402
    assert len(installed.read(output["transform"]).splitlines()) == 5_402
    assert output["scores"]["accuracy"] > 0.84
    assert output["scores"]["recall"]["__label__2"] > 0.03
    assert installed.left() == {}


@pytest.mark.parametrize(
    ("given", "cause"),
    [
        (
            {"bucket": DATA_BUCKET, "dataset": 7, "datset": "a"},
            "The input is not valid: prefix is missing; dataset is no text; datset is unknown. "
            "Expected the texts bucket, prefix and dataset.",
        ),
        ([], "The input is not valid: bucket is missing; prefix is missing; dataset is missing. "),
        (
            {"bucket": DATA_BUCKET, "prefix": "s3://other/workflows/text/", "dataset": "a.json.zip"},
            f"The input is not valid: prefix is s3://other/workflows/text/ and should be {PREFIX}, or a folder in it",
        ),
        (
            {"bucket": DATA_BUCKET, "prefix": PREFIX + "a", "dataset": "incoming/a.zip"},
            f"The input is not valid: prefix is {PREFIX}a and should be {PREFIX}, or a folder in it, with a slash at "
            "the end; dataset is incoming/a.zip and should be NAME.json.zip, in the folder that prefix names. ",
        ),
    ],
)
def test_a_wrong_input_is_told_whole(installed: Installation, given: Any, cause: str) -> None:
    ended = installed.ended(installed.start(given))
    assert ended.status == "FAILED"
    assert ended.failure[0] == "InputError"
    assert ended.failure[1].startswith(cause)
    assert ended.states == ["Check input", "Is the input valid?", "Refuse input"]


def test_a_wrong_input_is_told_before_an_execution_is_started(installed: Installation) -> None:
    states = installed.client("stepfunctions")
    before = states.list_executions(stateMachineArn=MACHINE)["executions"]
    done = installed.house.slipway("workflow", "execute", "text", "--input", '{"bucket": "x", "prefix": 1}')
    assert done.returncode == 1
    assert "The input lacks dataset, has prefix of type number, not string; expected bucket" in done.stderr
    assert "Nothing was started." in done.stderr
    assert states.list_executions(stateMachineArn=MACHINE)["executions"] == before


def test_a_missing_dataset_is_named_before_a_job_is_started(installed: Installation) -> None:
    ended = installed.run("none.json.zip")
    assert ended.status == "FAILED"
    assert ended.failure[1] == (
        f"Reading the dataset {PREFIX}none.json.zip failed: there is no such object. Upload it, or correct bucket, "
        "prefix and dataset."
    )
    assert ended.states[-2:] == ["Find dataset", "Fail"]


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("text", b"no zip", "text.json.zip: found no zip (File is not a zip file); expected"),
        ("one-class", zipped_reviews([GOOD] * 20), "one-class.json.zip: 20 reviews have no sentence for __label__2"),
        (
            "bad-lines",
            zipped({"a.json": lines([GOOD]) + b'"\\"{}\n'}),
            "bad-lines.json.zip: 1 of 2 lines are no reviews, at most 1% may be. line 2: no JSON. Expected on each "
            'line an object with "helpful": [up, total] and "reviewText".',
        ),
    ],
)
def test_a_job_that_fails_is_named_with_what_it_said(
    installed: Installation, name: str, content: bytes, said: str
) -> None:
    installed.put(f"{name}.json.zip", content)
    ended = installed.run(f"{name}.json.zip")
    assert ended.status == "FAILED"
    error, cause = ended.failure
    assert error == "States.TaskFailed"
    assert cause.startswith("Processing job slipway-local-text-")
    assert f" failed: {said}" in cause
    assert installed.left() == {}


def test_an_endpoint_that_cannot_be_asked_is_deleted_and_so_is_the_model(installed: Installation) -> None:
    installed.put("reviews_sample.json.zip", sample())
    before = installed.models()
    with installed.denied("TextMachineRole", "sagemaker:InvokeEndpoint"):
        ended = installed.run("reviews_sample.json.zip")
    assert ended.status == "FAILED"
    assert "Invoking endpoint slipway-local-text-" in ended.failure[1]
    assert "sagemaker:InvokeEndpoint" in ended.failure[1]
    assert installed.left() == {}
    assert installed.models() == before


def test_predictions_that_cannot_be_scored_delete_the_model(installed: Installation) -> None:
    installed.put("reviews_sample.json.zip", sample())
    with installed.denied("ScorePredictionsFunctionRole", "s3:GetObject"):
        ended = installed.run("reviews_sample.json.zip")
    assert ended.failure[0] == "PermissionDeniedError"
    assert ended.failure[1].startswith("Scoring the predictions failed: ")
    assert "HeadObject" in ended.failure[1]
    assert ended.states[-2:] == ["Delete model", "Fail"]
    assert installed.left() == {}


@pytest.mark.parametrize("state", ["Prepare reviews", "Train", "Create endpoint", "Describe endpoint"])
def test_an_execution_that_is_stopped_leaves_nothing_running_and_can_be_redriven(
    installed: Installation, state: str
) -> None:
    installed.put("reviews_sample.json.zip", sample())
    states, sagemaker = installed.client("stepfunctions"), installed.client("sagemaker")
    arn = installed.start({"bucket": DATA_BUCKET, "prefix": PREFIX, "dataset": "reviews_sample.json.zip"})
    installed.until_entered(arn, state)
    states.stop_execution(executionArn=arn, error="Stopped", cause="a test")
    assert installed.ended(arn).status == "ABORTED"
    if state != "Create endpoint":  # Redriven at once, while the sweep may still delete.
        wait_for(lambda: not set(installed.left()) - {"configs"}, "jobs and endpoints to be gone", 60)
    states.redrive_execution(executionArn=arn)
    output = installed.ended(arn).output
    assert output["scores"]["accuracy"] > 0.8
    assert output["model"] in installed.models()
    assert not set(installed.left()) - {"configs"}
    for config in installed.left().get("configs", []):
        sagemaker.delete_endpoint_config(EndpointConfigName=config)


def test_what_others_upload_meanwhile_changes_no_execution(installed: Installation) -> None:
    """Reviews of that name with other labels are prepared, and objects whose names go on from those of the outputs."""
    name = "race.json.zip"
    installed.put(name, sample())
    for neighbour in ("train/race_train.txt.old", "sentences/race_test.jsonl.bak"):
        installed.put(neighbour, b"__label__1 another\n")
    arn = installed.start({"bucket": DATA_BUCKET, "prefix": PREFIX, "dataset": name})
    installed.until_entered(arn, "Train")
    installed.put(f"incoming/{name}", zipped_reviews([GOOD, POOR] * 20))
    ended = installed.ended(arn)
    assert ended.output["scores"]["accuracy"] > 0.8
    assert ended.output["counts"]["test"] == 251
    assert len(installed.until_there("test/race_test.txt").splitlines()) != 251
    assert len(installed.read(f"{folder_of(ended)}/test/race_test.txt").splitlines()) == 251
