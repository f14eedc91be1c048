"""Processing jobs: requests that are refused, and real programs over the wire."""

from __future__ import annotations

import json
import sys
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.local_aws.sagemaker.fakes import ROLE, UNTRUSTING_ROLE, Aws
from tests.local_aws.sagemaker.hosted import refused
from tests.local_aws.sagemaker.house import House
from tests.local_server import allow, wait_for

SKLEARN = "683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-scikit-learn:1.2-1-cpu-py3"
INPUTS, OUTPUTS = "/opt/ml/processing/input", "/opt/ml/processing/output"
linux_only = pytest.mark.skipif(sys.platform != "linux", reason="processing jobs need mount namespaces")

SCRIPT = """
import json, os, sys
from pathlib import Path
from sklearn.preprocessing import StandardScaler

rows = [[float(v) for v in line.split(",")] for line in Path("/opt/ml/processing/input/data/a.csv").open()]
scaled = StandardScaler().fit_transform(rows)
out = Path("/opt/ml/processing/output/scaled")
(out / "deep").mkdir()
(out / "deep" / "scaled.csv").write_text("\\n".join(",".join(f"{v:.3f}" for v in row) for row in scaled))
(out / "link").symlink_to("/etc/hostname")
config = json.loads(Path("/opt/ml/config/processingjobconfig.json").read_text())
seen = sorted(p.name for p in Path("/opt/ml/processing/input/data").iterdir())
print("arguments", sys.argv[1:], os.environ["COLOUR"], config["ProcessingJobName"], seen)
Path("/opt/ml/output/message").write_text("scaled " + str(len(rows)))
sys.exit(int(sys.argv[1]))
"""


def source(name: str, uri: str, **more: Any) -> dict[str, Any]:
    s3 = {"S3Uri": uri, "LocalPath": f"{INPUTS}/{name}", "S3DataType": "S3Prefix", "S3InputMode": "File", **more}
    return {"InputName": name, "S3Input": s3}


def target(name: str, uri: str, mode: str = "EndOfJob") -> dict[str, Any]:
    s3 = {"S3Uri": uri, "LocalPath": f"{OUTPUTS}/{name}", "S3UploadMode": mode}
    return {"OutputName": name, "S3Output": s3}


def request(bucket: str, role: str, name: str, *arguments: str, **changes: Any) -> dict[str, Any]:
    return {
        "ProcessingJobName": name,
        "RoleArn": role,
        "AppSpecification": {
            "ImageUri": SKLEARN,
            "ContainerEntrypoint": ["python3", f"{INPUTS}/code/script.py"],
            **({"ContainerArguments": list(arguments)} if arguments else {}),
        },
        "Environment": {"COLOUR": "red"},
        "ProcessingInputs": [
            source("code", f"s3://{bucket}/code/script.py"),
            source("data", f"s3://{bucket}/rows/{name}/"),
        ],
        "ProcessingOutputConfig": {"Outputs": [target("scaled", f"s3://{bucket}/scaled/{name}")]},
        "ProcessingResources": {
            "ClusterConfig": {"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 1}
        },
        "StoppingCondition": {"MaxRuntimeInSeconds": 300},
        **changes,
    }


def started(house: House, name: str, script: str, *arguments: str, **changes: Any) -> None:
    house.s3.put_object(Bucket=house.name, Key="code/script.py", Body=script.encode())
    house.s3.put_object(Bucket=house.name, Key=f"rows/{name}/a.csv", Body=b"1,10\n3,30\n")
    house.s3.put_object(Bucket=house.name, Key=f"rows/{name}/{name}.csv", Body=b"1,1\n")
    house.sagemaker.create_processing_job(**request(house.name, house.role, name, *arguments, **changes))


def ended(house: House, name: str) -> dict[str, Any]:
    def terminal() -> dict[str, Any] | None:
        found: dict[str, Any] = house.sagemaker.describe_processing_job(ProcessingJobName=name)
        return found if found["ProcessingJobStatus"] in ("Completed", "Failed", "Stopped") else None

    found: dict[str, Any] = wait_for(terminal, f"the end of {name}")
    return found


def keys(house: House, prefix: str) -> list[str]:
    found = house.s3.list_objects_v2(Bucket=house.name, Prefix=prefix).get("Contents", [])
    return [entry["Key"].removeprefix(prefix) for entry in found]


def logged(house: House, name: str) -> list[str]:
    logs, group = house.server.client("logs"), "/aws/sagemaker/ProcessingJobs"
    [stream] = logs.describe_log_streams(logGroupName=group, logStreamNamePrefix=f"{name}/algo-1-")["logStreams"]
    events = logs.get_log_events(logGroupName=group, logStreamName=stream["logStreamName"])["events"]
    return [event["message"] for event in events]


@linux_only
def test_jobs_at_the_same_time_see_their_own_files(house: House) -> None:
    for name in ("scale-1", "scale-2"):
        started(house, name, SCRIPT, "0", Tags=[{"Key": "team", "Value": "wine"}])
    for name in ("scale-1", "scale-2"):
        found = ended(house, name)
        assert found["ProcessingJobStatus"] == "Completed", (found.get("FailureReason"), logged(house, name))
        assert found["ExitMessage"] == "scaled 2"
        assert found["ProcessingStartTime"] <= found["ProcessingEndTime"]
        assert found["ProcessingInputs"][0]["S3Input"]["S3CompressionType"] == "None"
        assert logged(house, name) == [f"arguments ['0'] red {name} ['a.csv', '{name}.csv']"]
        assert keys(house, f"scaled/{name}/") == ["deep/scaled.csv"]
        scaled = house.s3.get_object(Bucket=house.name, Key=f"scaled/{name}/deep/scaled.csv")["Body"].read()
        assert scaled == b"-1.000,-1.000\n1.000,1.000"
        tags = house.sagemaker.list_tags(ResourceArn=found["ProcessingJobArn"])["Tags"]
        assert tags == [{"Key": "team", "Value": "wine"}]
    listed = house.sagemaker.list_processing_jobs(NameContains="scale-")["ProcessingJobSummaries"]
    assert [entry["ProcessingJobName"] for entry in listed] == ["scale-1", "scale-2"]
    house.sagemaker.delete_processing_job(ProcessingJobName="scale-1")
    with pytest.raises(ClientError, match="Could not find requested job"):
        house.sagemaker.describe_processing_job(ProcessingJobName="scale-1")


REACHING = """
import json, os, socket
from pathlib import Path

secrets = [name for name in os.environ if name.startswith("AWS_") and "REGION" not in name]
servers = [line.split()[3] for line in Path("/proc/net/tcp").read_text().splitlines()[1:]].count("0A")
try:
    socket.create_connection(("192.0.2.1", 80), 5)
except OSError as error:
    outside = os.strerror(error.errno)
state = Path(os.environ["STATE"])
kept = state.exists()
numbers = [int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdecimal()]
rights = int(next(line for line in open("/proc/self/status") if line.startswith("CapBnd")).split()[1], 16) >> 21 & 1
own = socket.create_server(("127.0.0.1", 0))
socket.create_connection(own.getsockname(), 5).close()
Path("/opt/ml/output/message").write_text(json.dumps([sorted(secrets), servers, outside, kept, max(numbers), rights]))
"""


@linux_only
def test_network_isolation_holds(house: House) -> None:
    state = {"STATE": str(house.server.state)}
    started(house, "apart", REACHING, Environment=state, NetworkConfig={"EnableNetworkIsolation": True})
    found = ended(house, "apart")
    assert found["ProcessingJobStatus"] == "Completed", logged(house, "apart")
    secrets, servers, outside, kept, process, administers = json.loads(found["ExitMessage"])
    assert (secrets, servers, outside) == (["AWS_EC2_METADATA_DISABLED"], 0, "Network is unreachable")
    assert (kept, process < 20, administers) == (False, True, 0), "it sees the state or other processes, or has rights"


@linux_only
def test_without_isolation_a_job_reaches_local_aws(house: House) -> None:
    script = REACHING.replace('("192.0.2.1", 80)', repr(("127.0.0.1", house.server.port)))
    state = {"STATE": str(house.server.state)}
    started(house, "together", script.replace("except OSError", "    outside = ''\nexcept OSError"), Environment=state)
    secrets, servers, outside, kept, *_ = json.loads(ended(house, "together")["ExitMessage"])
    assert kept
    assert {"AWS_ACCESS_KEY_ID", "AWS_ENDPOINT_URL"} <= set(secrets)
    assert (servers > 0, outside) == (True, "")


@linux_only
def test_a_program_that_fails(house: House) -> None:
    started(house, "fails", SCRIPT, "3")
    found = ended(house, "fails")
    assert (found["ProcessingJobStatus"], found["ExitMessage"]) == ("Failed", "scaled 2")
    assert found["FailureReason"].startswith("AlgorithmError: ")
    assert "exit code: 3" in found["FailureReason"]
    assert keys(house, "scaled/fails/") == ["deep/scaled.csv"]


@linux_only
def test_stop_and_the_time_limit(house: House) -> None:
    script = "import time, pathlib; print('runs', flush=True); time.sleep(600)"
    started(house, "stops", script)
    wait_for(
        lambda: "ProcessingStartTime" in house.sagemaker.describe_processing_job(ProcessingJobName="stops"), "its start"
    )
    house.sagemaker.stop_processing_job(ProcessingJobName="stops")
    assert ended(house, "stops")["ProcessingJobStatus"] == "Stopped"
    with pytest.raises(ClientError, match="is in status Stopped"):
        house.sagemaker.stop_processing_job(ProcessingJobName="stops")
    started(house, "overruns", script, StoppingCondition={"MaxRuntimeInSeconds": 1})
    assert ended(house, "overruns")["ProcessingJobStatus"] == "Stopped"


@linux_only
def test_a_continuous_output_is_complete_at_the_end(house: House) -> None:
    outputs = {"Outputs": [target("scaled", f"s3://{house.name}/scaled/continuous", "Continuous")]}
    started(house, "continuous", SCRIPT, "0", ProcessingOutputConfig=outputs)
    assert ended(house, "continuous")["ProcessingJobStatus"] == "Completed"
    assert keys(house, "scaled/continuous/") == ["deep/scaled.csv"]


@linux_only
def test_the_role_of_the_job_decides(house: House) -> None:
    started(house, "reads-more", "import boto3; boto3.client('s3').list_buckets()")
    assert ended(house, "reads-more")["ProcessingJobStatus"] == "Failed"
    assert "AccessDenied" in "\n".join(logged(house, "reads-more"))
    house.server.put_role_policy(f"{house.name}-role", allow("logs:*"))
    started(house, "may-not", SCRIPT, "0")
    assert ended(house, "may-not")["FailureReason"].startswith("ClientError: Data download failed:")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"ProcessingInputs": [source("a", "s3://data/a", LocalPath="/tmp/a")]}, "must begin with /opt/ml/processing/"),  # noqa: S108 - refused
        ({"ProcessingInputs": [source("a", "s3://data/a", LocalPath=f"{INPUTS}/../../../x")]}, "must begin with"),
        ({"ProcessingInputs": [source("a", "s3://data/a", S3CompressionType="Gzip")]}, "needs the S3InputMode Pipe"),
        ({"ProcessingInputs": [source("a", "s3://data/a", S3InputMode="Pipe")]}, "does not emulate Pipe mode"),
        ({"ProcessingInputs": [source("a", "s3://d/a"), source("a", "s3://d/b")]}, "input name a is used more"),
        (
            {"ProcessingInputs": [source("a", "s3://d/a"), source("b", "s3://d/b", LocalPath=f"{INPUTS}/a/")]},
            "LocalPath",
        ),
        ({"ProcessingInputs": [{"InputName": "a"}]}, "must have an S3Input"),
        ({"AppSpecification": {"ImageUri": SKLEARN}}, "without ContainerEntrypoint"),
        ({"AppSpecification": {"ImageUri": "busybox:1", "ContainerEntrypoint": ["sh"]}}, "is not run locally"),
        (
            {
                "ProcessingResources": {
                    "ClusterConfig": {
                        "InstanceType": "ml.r5d.large",
                        "InstanceCount": 1,
                        "VolumeSizeInGB": 1,
                        "VolumeKmsKeyId": "key",
                    }
                }
            },
            "ml.r5d.large encrypts its storage by itself; leave VolumeKmsKeyId out.",
        ),
        ({"RoleArn": UNTRUSTING_ROLE}, "Could not assume role"),
    ],
)
@linux_only
def test_refused_requests(aws: Aws, changes: dict[str, Any], message: str) -> None:
    assert message in refused(aws, "CreateProcessingJob", **request("data", ROLE, "refused", **changes))
    assert aws.call("ListProcessingJobs")["ProcessingJobSummaries"] == []


def test_a_machine_that_cannot_isolate(aws: Aws, monkeypatch: pytest.MonkeyPatch) -> None:
    isolated = aws.service._platform.launcher.isolated()
    monkeypatch.setattr(isolated, "refusal", lambda: "mount: Operation not permitted")
    found = refused(aws, "CreateProcessingJob", **request("data", ROLE, "refused"))
    assert "its own /opt/ml (mount: Operation not permitted)" in found
