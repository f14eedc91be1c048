"""Transform jobs: requests that are refused, containers that a test plays, and a real model over the wire."""

from __future__ import annotations

import gzip
from collections.abc import Mapping
from typing import Any

import pytest

from tests.local_aws.sagemaker.fakes import Aws, FakeParent
from tests.local_aws.sagemaker.hosted import refused
from tests.local_aws.sagemaker.house import IMAGE, House
from tests.local_server import allow, wait_for

SEEN: list[tuple[bytes, str | None]] = []


def request(name: str, uri: str, output: str, model: str = "one", **changes: Any) -> dict[str, Any]:
    source = {"DataSource": {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": uri}}, "ContentType": "text/csv"}
    made = {
        "TransformJobName": name,
        "ModelName": model,
        "TransformInput": {**source, "SplitType": "Line", **changes.pop("TransformInput", {})},
        "TransformOutput": {"S3OutputPath": output, "AssembleWith": "Line", **changes.pop("TransformOutput", {})},
        "TransformResources": {"InstanceType": "ml.m5.large", "InstanceCount": 1},
    }
    return {**made, **changes}


def ended(describe: Any, name: str) -> dict[str, Any]:
    def terminal() -> dict[str, Any] | None:
        found: dict[str, Any] = describe(name)
        return found if found["TransformJobStatus"] in ("Completed", "Failed", "Stopped") else None

    found: dict[str, Any] = wait_for(terminal, f"the end of {name}", 30)
    return found


def doubling(method: str, path: str, body: bytes, headers: Mapping[str, str]) -> tuple[int, dict[str, str], bytes]:
    """A model that doubles the first column, and refuses what is not a number."""
    if (method, path) == ("GET", "/ping"):
        return 200, {}, b""
    if path == "/execution-parameters":
        return 404, {}, b""
    SEEN.append((body, headers.get("Accept")))
    try:
        doubled = [str(2 * int(line.split(b",")[0])) for line in body.splitlines()]
    except ValueError:
        return 415, {}, b"not a number"
    return 200, {}, "\n".join(doubled).encode()


@pytest.fixture
def doubler(hosted: Aws) -> Aws:
    SEEN.clear()
    hosted.use(FakeParent(serve=lambda _: doubling))
    hosted.s3.objects["data", "in/a.csv"] = b"1,x\n2,y\n"
    hosted.s3.objects["data", "in/deep/b.csv"] = b"3,z\n"
    return hosted


def run(aws: Aws, **changes: Any) -> dict[str, Any]:
    aws.call("CreateTransformJob", **request("Batch-1", "s3://data/in/", "s3://data/out", **changes))
    return ended(lambda name: aws.call("DescribeTransformJob", TransformJobName=name), "Batch-1")


def test_objects_and_their_outputs(doubler: Aws) -> None:
    found = run(doubler, TransformOutput={"Accept": "text/csv"}, Tags=[{"Key": "team", "Value": "wine"}])
    assert found["TransformJobStatus"] == "Completed", found
    assert found["TransformStartTime"] <= found["TransformEndTime"]
    assert doubler.s3.objects["data", "out/a.csv.out"] == b"2\n4\n"
    assert doubler.s3.objects["data", "out/deep/b.csv.out"] == b"6\n"
    assert SEEN == [(b"1,x\n2,y", "text/csv"), (b"3,z", "text/csv")]
    changes = [detail for kind, detail in doubler.events if kind == "SageMaker Transform Job State Change"]
    assert [change["TransformJobStatus"] for change in changes] == ["InProgress", "InProgress", "Completed"]
    assert changes[-1]["Tags"] == {"team": "wine"}
    [listed] = doubler.call("ListTransformJobs", StatusEquals="Completed")["TransformJobSummaries"]
    assert listed["TransformJobName"] == "Batch-1"


def test_the_environment_of_the_container(doubler: Aws) -> None:
    parent = FakeParent(serve=lambda _: doubling)
    doubler.use(parent)
    run(doubler, MaxPayloadInMB=2, BatchStrategy="SingleRecord", Environment={"COLOUR": "red"})
    [environment] = parent.environments
    assert environment["SAGEMAKER_BATCH"] == "true"
    assert environment["SAGEMAKER_MAX_PAYLOAD_IN_MB"] == "2"
    assert environment["SAGEMAKER_BATCH_STRATEGY"] == "SINGLE_RECORD"
    assert (environment["COLOUR"], environment["MODEL"]) == ("red", "one")
    assert "SAGEMAKER_MAX_CONCURRENT_TRANSFORMS" not in environment
    assert [body for body, _ in SEEN] == [b"1,x", b"2,y", b"3,z"]


def test_a_bad_record_fails_its_object_only(doubler: Aws) -> None:
    doubler.s3.objects["data", "in/a.csv"] = b"1,x\nred,y\n"
    found = run(doubler, ModelClientConfig={"InvocationsMaxRetries": 1})
    assert found["TransformJobStatus"] == "Failed"
    assert found["FailureReason"] == "ClientError: See job logs for more information"
    assert ("data", "out/a.csv.out") not in doubler.s3.objects
    assert doubler.s3.objects["data", "out/deep/b.csv.out"] == b"6\n"
    assert len(SEEN) == 3
    [logged] = [lines for (_, stream), lines in doubler.logs.streams.items() if stream.endswith("/data-log")]
    assert logged == [
        "[sagemaker logs]: data/in/a.csv: ClientError: Bad HTTP status received from algorithm: 415. "
        "Message: not a number"
    ]


def test_compressed_and_whole_objects(doubler: Aws) -> None:
    del doubler.s3.objects["data", "in/deep/b.csv"]
    doubler.s3.objects["data", "in/a.csv"] = gzip.compress(b"4,x\n")
    found = run(
        doubler,
        TransformInput={"CompressionType": "Gzip", "SplitType": "None"},
        TransformOutput={"AssembleWith": "None"},
    )
    assert found["TransformJobStatus"] == "Completed"
    assert doubler.s3.objects["data", "out/a.csv.out"] == b"8"
    assert SEEN == [(b"4,x\n", None)]


def test_no_objects(doubler: Aws) -> None:
    for key in ("in/a.csv", "in/deep/b.csv"):
        del doubler.s3.objects["data", key]
    found = run(doubler)
    assert found["FailureReason"].startswith('ClientError: No S3 objects found under S3 URL "s3://data/in/"')


def test_a_container_that_dies(hosted: Aws) -> None:
    hosted.s3.objects["data", "in/a.csv"] = b"1\n"
    found = run(hosted, ModelName="dies")
    assert found["TransformJobStatus"] == "Failed"
    assert "did not pass the ping health check" in found["FailureReason"]


def test_stop(hosted: Aws) -> None:
    hosted.s3.objects["data", "in/a.csv"] = b"sleep 1\nsleep 1\nsleep 1\nsleep 1\n"
    hosted.call("CreateTransformJob", **request("Slow", "s3://data/in/", "s3://data/out", BatchStrategy="SingleRecord"))
    hosted.call("StopTransformJob", TransformJobName="Slow")
    found = ended(lambda name: hosted.call("DescribeTransformJob", TransformJobName=name), "Slow")
    assert found["TransformJobStatus"] == "Stopped"
    assert ("data", "out/a.csv.out") not in hosted.s3.objects
    assert "is in status Stopped" in refused(hosted, "StopTransformJob", TransformJobName="Slow")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"TransformInput": {"SplitType": "RecordIO"}}, "does not emulate binary records"),
        ({"TransformInput": {"SplitType": "None"}, "BatchStrategy": "SingleRecord"}, "BatchStrategy needs a SplitType"),
        ({"MaxPayloadInMB": 60, "MaxConcurrentTransforms": 2}, "must not exceed 100"),
        ({"MaxPayloadInMB": 0}, "built-in algorithms do not support it"),
        ({"DataProcessing": {"InputFilter": "$..a"}}, "InputFilter: "),
        ({"DataProcessing": {"JoinSource": "Input"}, "TransformOutput": {"AssembleWith": "None"}}, "AssembleWith Line"),
        ({"DataProcessing": {"JoinSource": "Input"}, "TransformOutput": {"Accept": "application/json"}}, "Accept"),
        (
            {"DataProcessing": {"JoinSource": "Input"}, "TransformInput": {"ContentType": "text/x-libsvm"}},
            "ContentType",
        ),
        (
            {"TransformResources": {"InstanceType": "ml.g4dn.xlarge", "InstanceCount": 1, "VolumeKmsKeyId": "key"}},
            "ml.g4dn.xlarge encrypts its storage by itself; leave VolumeKmsKeyId out.",
        ),
        ({"ModelName": "nonesuch"}, 'Could not find model "arn:aws:sagemaker:us-east-1:111122223333:model/nonesuch"'),
    ],
)
def test_refused_requests(hosted: Aws, changes: dict[str, Any], message: str) -> None:
    assert message in refused(
        hosted, "CreateTransformJob", **request("Bad", "s3://data/in", "s3://data/out", **changes)
    )


def test_a_trained_model(house: House) -> None:
    artifact = house.trained("batch-training")["ModelArtifacts"]["S3ModelArtifacts"]
    container = {"Image": IMAGE, "ModelDataUrl": artifact}
    house.sagemaker.create_model(ModelName="batch-model", PrimaryContainer=container, ExecutionRoleArn=house.role)
    house.s3.put_object(Bucket=house.name, Key="batch/rows.csv", Body=b"first,0.9,0.9,0.9\nsecond,0.1,0.1,0.1\n")
    processing = {"InputFilter": "$[1:]", "JoinSource": "Input", "OutputFilter": "$[0,-1]"}

    def create(name: str, **changes: Any) -> dict[str, Any]:
        house.sagemaker.create_transform_job(
            **request(
                name,
                f"s3://{house.name}/batch/",
                f"s3://{house.name}/{name}",
                "batch-model",
                DataProcessing=processing,
                TransformOutput={"Accept": "text/csv"},
                **changes,
            )
        )
        return ended(lambda job: house.sagemaker.describe_transform_job(TransformJobName=job), name)

    for name, strategy in (("several", "MultiRecord"), ("single", "SingleRecord")):
        found = create(name, BatchStrategy=strategy)
        assert found["TransformJobStatus"] == "Completed", found.get("FailureReason")
        text = house.s3.get_object(Bucket=house.name, Key=f"{name}/rows.csv.out")["Body"].read().decode()
        rows = [line.split(",") for line in text.splitlines()]
        assert [row[0] for row in rows] == ["first", "second"]
        assert [float(row[1]) for row in rows] == pytest.approx([2.7, 0.3], abs=0.4)
    with pytest.raises(house.sagemaker.exceptions.ResourceInUse):
        create("several")
    house.server.put_role_policy(f"{house.name}-role", allow("logs:*"))
    assert create("may-not-read")["FailureReason"].startswith("ClientError: No S3 objects found")
