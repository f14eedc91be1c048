from __future__ import annotations

import json
from typing import Any

import pytest

from local_aws.stepfunctions.contracts.errors import StatesError
from local_aws.stepfunctions.contracts.records import ExecutionRecord, MachineSnapshot
from local_aws.stepfunctions.tasks.items.results import preview
from local_aws.stepfunctions.tasks.items.writer import ResultFiles
from tests.local_aws.stepfunctions.tasks.fakes import MACHINE, ROLE, refused
from tests.local_aws.stepfunctions.tasks.items.bucket import FakeBucket

MAP_RUN = "arn:aws:states:us-east-1:111122223333:mapRun:Flow/Each:ad9b5f27"
CHILD = "arn:aws:states:us-east-1:111122223333:execution:Flow/Each:child"
SNAPSHOT = MachineSnapshot(f"{MACHINE}/Each", "Flow", "STANDARD", "{}", ROLE, label="Each row")
PREFIX = {"Bucket": "data", "Prefix": "results"}


def child(status: str = "SUCCEEDED", output: Any = None, **more: Any) -> ExecutionRecord:
    values: dict[str, Any] = {"output": json.dumps(output)} if status == "SUCCEEDED" else {}
    values |= {"stopped": 1769860801.5, **more}
    return ExecutionRecord(CHILD, SNAPSHOT, "child", status, '{"n": 1}', 1769860800.0, **values)


def files(bucket: FakeBucket, config: dict[str, Any] | None = None, **sizes: int) -> ResultFiles:
    return ResultFiles(bucket.world.tools, PREFIX, config or {}, MAP_RUN, ROLE, MACHINE, **sizes)


def written(bucket: FakeBucket, name: str) -> bytes:
    return bucket.objects[f"results/ad9b5f27/{name}"]


def test_results_and_manifest(bucket: FakeBucket) -> None:
    writer = files(bucket)
    writer.add(child(output={"a": 1}))
    writer.add(child("FAILED", error="Broken", cause="Why"))
    writer.add(child("ABORTED"))
    writer.add(child("RUNNING", stopped=None))
    assert writer.finish() == {
        "MapRunArn": MAP_RUN,
        "ResultWriterDetails": {"Bucket": "data", "Key": "results/ad9b5f27/manifest.json"},
    }
    described = {
        "ExecutionArn": CHILD,
        "Input": '{"n": 1}',
        "InputDetails": {"Included": True},
        "Name": "child",
        "RedriveCount": 0,
        "StartDate": "2026-01-31T12:00:00Z",
        "StateMachineArn": f"{MACHINE}/Each",
    }
    ended = described | {"StopDate": "2026-01-31T12:00:01.500Z", "RedriveStatus": "REDRIVABLE_BY_MAP_RUN"}
    reason = "Execution is SUCCEEDED and cannot be redriven"
    succeeded = {
        "Output": '{"a": 1}',
        "OutputDetails": {"Included": True},
        "RedriveStatus": "NOT_REDRIVABLE",
        "RedriveStatusReason": reason,
        "Status": "SUCCEEDED",
    }
    assert json.loads(written(bucket, "SUCCEEDED_0.json")) == [ended | succeeded]
    assert json.loads(written(bucket, "FAILED_0.json")) == [
        ended | {"Status": "FAILED", "Error": "Broken", "Cause": "Why"},
        ended | {"Status": "ABORTED"},
    ]
    [pending] = json.loads(written(bucket, "PENDING_0.json"))
    assert (pending["Status"], "StopDate" in pending) == ("RUNNING", False)
    sizes = {group: len(written(bucket, f"{group}_0.json")) for group in ("FAILED", "PENDING", "SUCCEEDED")}
    assert json.loads(written(bucket, "manifest.json")) == {
        "DestinationBucket": "data",
        "MapRunArn": MAP_RUN,
        "ResultFiles": {
            group: [{"Key": f"results/ad9b5f27/{group}_0.json", "Size": size}] for group, size in sizes.items()
        },
    }


@pytest.mark.parametrize(
    ("config", "name", "text"),
    [
        ({"Transformation": "COMPACT"}, "SUCCEEDED_0.json", '[[1,2],{"a":"ü"}]'),
        ({"Transformation": "FLATTEN"}, "SUCCEEDED_0.json", '[1,2,{"a":"ü"}]'),
        ({"Transformation": "FLATTEN", "OutputType": "JSONL"}, "SUCCEEDED_0.jsonl", '1\n2\n{"a":"ü"}\n'),
    ],
)
def test_transformations(bucket: FakeBucket, config: dict[str, Any], name: str, text: str) -> None:
    writer = files(bucket, config)
    for output in ([1, 2], {"a": "ü"}):
        writer.add(child(output=output))
    writer.add(child("FAILED", error="Broken"))
    writer.finish()
    assert written(bucket, name).decode() == text
    failed = written(bucket, name.replace("SUCCEEDED", "FAILED"))
    assert b'"Error":"Broken"' in failed, "a child that failed is told whole"


def test_without_children(bucket: FakeBucket) -> None:
    files(bucket).finish()
    manifest = json.loads(written(bucket, "manifest.json"))
    assert manifest["ResultFiles"] == {"FAILED": [], "PENDING": [], "SUCCEEDED": []}
    assert list(bucket.objects) == ["results/ad9b5f27/manifest.json"]


def test_a_long_file_is_uploaded_in_parts(bucket: FakeBucket) -> None:
    writer = files(bucket, {"Transformation": "COMPACT"}, part_bytes=100)
    for number in range(100):
        writer.add(child(output=number))
    assert len(bucket.parts) == 1, "parts are sent before the end"
    writer.finish()
    assert bucket.parts == {}
    assert json.loads(written(bucket, "SUCCEEDED_0.json")) == list(range(100))


def test_a_file_has_a_greatest_length(bucket: FakeBucket) -> None:
    writer = files(bucket, {"Transformation": "COMPACT"}, most_bytes=10)
    for number in range(12):
        writer.add(child(output=number))
    writer.finish()
    found = json.loads(written(bucket, "manifest.json"))["ResultFiles"]["SUCCEEDED"]
    assert [entry["Key"][-16:] for entry in found] == [f"SUCCEEDED_{n}.json" for n in range(len(found))]
    values = [json.loads(bucket.objects[entry["Key"]]) for entry in found]
    assert len(values) > 1
    assert [value for part in values for value in part] == list(range(12))


def test_what_was_not_finished_is_dropped(bucket: FakeBucket) -> None:
    writer = files(bucket, part_bytes=10)
    writer.add(child(output=1))
    writer.abort()
    assert (bucket.parts, bucket.objects) == ({}, {})


def test_a_bucket_that_does_not_exist(bucket: FakeBucket) -> None:
    bucket.world.clients.answer("s3", "put_object", refused("NoSuchBucket", "The specified bucket does not exist", 404))
    with pytest.raises(StatesError) as failed:
        files(bucket).finish()
    assert failed.value.error == "States.ResultWriterFailed"
    assert failed.value.cause.startswith("The specified bucket does not exist (Service: S3, Status Code: 404")


@pytest.mark.parametrize(
    ("arguments", "config", "cause"),
    [
        ({}, {}, "The ResultWriter needs Bucket"),
        ({"Bucket": "b", "Key": "k"}, {}, "The field 'Key' is not supported"),
        ({"Bucket": "b"}, {"Transformation": "SMALL"}, "Transformation is 'SMALL'; expected NONE, COMPACT, FLATTEN"),
        ({"Bucket": "b"}, {"OutputType": "CSV"}, "OutputType is 'CSV'; expected JSON, JSONL"),
    ],
)
def test_writers_that_are_none(bucket: FakeBucket, arguments: Any, config: Any, cause: str) -> None:
    with pytest.raises(StatesError, match=cause):
        ResultFiles(bucket.world.tools, arguments, config, MAP_RUN, ROLE, MACHINE)


def test_without_a_prefix(bucket: FakeBucket) -> None:
    writer = ResultFiles(bucket.world.tools, {"Bucket": "data"}, {}, MAP_RUN, ROLE, MACHINE)
    assert writer.finish()["ResultWriterDetails"]["Key"] == "ad9b5f27/manifest.json"


@pytest.mark.parametrize(
    ("config", "found"),
    [
        ({}, [[1, 2], 3]),
        ({"Transformation": "FLATTEN"}, [1, 2, 3]),
        ({"Transformation": "FLATTEN", "OutputType": "JSONL"}, "1\n2\n3"),
    ],
)
def test_a_preview(config: dict[str, Any], found: Any) -> None:
    assert preview([child(output=[1, 2]), child(output=3)], config) == found
