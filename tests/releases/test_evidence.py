"""What releases leave behind: records in a chain, a report, a version in the registry, no endpoint of the champion."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest

from pipeline_lambdas.evidence.chain import Entry, parsed, verify
from tests.local_server import ROOT, wait_for
from tests.record_schema import problems
from tests.releases.house import MODEL, PREFIX, House

SAMPLE = (ROOT / "training_config" / f"{MODEL}.yml").read_text(encoding="utf-8")
BUCKET = f"slipway-local-evidence-{House.account}-us-east-1"


@pytest.fixture(autouse=True)
def _sample_data(house: House) -> None:
    with house.quietly():  # whatever a case before has left
        house.upload(ROOT / "data" / MODEL, [])


def push(house: House) -> str:
    before = house.newest()
    house.push_config(f"{SAMPLE}# pushed at {time.time()}\n", message="Release")
    return house.wait_for_new(before)


def version(house: House, record: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = house.client("sagemaker").describe_model_package(
        ModelPackageName=record["model_package"]["arn"]
    )
    return found


def forge(house: House, kind: str, key: str) -> None:
    """Write a piece of evidence anew, as a role that writes this kind may."""
    iam, name = house.client("iam"), f"forger-of-{kind}"
    trusted = {
        "Effect": "Allow",
        "Principal": {"AWS": f"arn:aws:iam::{house.account}:root"},
        "Action": "sts:AssumeRole",
    }
    writes = {"Effect": "Allow", "Action": "s3:PutObject", "Resource": f"arn:aws:s3:::{BUCKET}/releases/*"}
    trust, policy = ({"Version": "2012-10-17", "Statement": [statement]} for statement in (trusted, writes))
    tags = [{"Key": "slipway-evidence", "Value": kind}]
    arn = iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(trust), Tags=tags)["Role"]["Arn"]
    iam.put_role_policy(RoleName=name, PolicyName="write", PolicyDocument=json.dumps(policy))
    keys = house.client("sts").assume_role(RoleArn=arn, RoleSessionName="forger")["Credentials"]
    s3 = house.server.client("s3", keys["AccessKeyId"], keys["SecretAccessKey"], keys["SessionToken"])
    s3.put_object(Bucket=BUCKET, Key=key, Body=b"{}", ChecksumAlgorithm="SHA256")
    iam.delete_role_policy(RoleName=name, PolicyName="write")
    iam.delete_role(RoleName=name)


def chain(house: House) -> list[Entry]:
    s3 = house.client("s3")
    keys = [item["Key"] for item in s3.list_objects_v2(Bucket=BUCKET, Prefix=f"records/{MODEL}/")["Contents"]]
    return [Entry(key, s3.get_object(Bucket=BUCKET, Key=key)["Body"].read()) for key in keys]


def test_a_release_is_compared_with_the_champion_and_recorded(house: House) -> None:
    prod = house.serving()[f"{PREFIX}-prod"][1]
    execution = push(house)
    assert house.wait_for_end(execution)["status"] == "Succeeded"
    record = house.record(execution)
    assert problems(record) == []
    assert record["missing"] == []
    assert record["champion"]["endpoint_config"] == prod
    assert record["champion"]["execution_id"].startswith(record["champion"]["model"].removeprefix(f"{PREFIX}-")[:13])
    judged = record["evaluations"]["test"]
    assert (judged["champion"]["status"], judged["champion"]["model"]) == ("compared", record["champion"]["model"])
    assert any(gate["kind"] == "champion" for gate in judged["gates"])
    assert len(record["training"]["curves"]["validation:rmse"]) > 10
    assert record["approval"]["reason"] == "a test"
    assert record["cost"]["total"] > 0
    house.wait_for_champion_to_go()
    # CleanUp has deleted it, as no code of a push may.
    configs = house.client("sagemaker").list_endpoint_configs(NameContains=f"{PREFIX}-champ-")["EndpointConfigs"]
    assert configs == []
    registered = version(house, record)
    assert registered["ModelApprovalStatus"] == "Approved"
    assert registered["ApprovalDescription"] == f"Approved by {record['approval']['by']}: a test"
    assert registered["CustomerMetadataProperties"]["ExecutionId"] == execution
    page = house.client("s3").get_object(Bucket=BUCKET, Key=f"releases/{MODEL}/{execution}/report.html")
    assert page["ContentType"] == "text/html; charset=utf-8"
    assert execution in page["Body"].read().decode()


def test_a_rejected_release_is_rejected_in_the_registry_and_recorded(house: House) -> None:
    execution = push(house)

    def asked() -> dict[str, Any] | None:
        action = house.actions(execution).get("Approve/Approve")
        return action if action and action["status"] == "InProgress" else None

    wait_for(asked, "the approval", 120)
    drafted = house.actions(execution)["DeployTest/Evidence"]["output"]["outputVariables"]
    key = f"releases/{MODEL}/{execution}/draft-record.json"
    waiting = house.client("s3").get_object(Bucket=BUCKET, Key=key, VersionId=drafted["RecordVersionId"])
    record = parsed(waiting["Body"].read())
    assert record["sequence"] is None
    assert record["evaluations"]["test"]["verdict"] == "passed"
    # Code of another push writes them anew, and nobody reads that.
    forge(house, "report", key)
    forge(house, "evaluate", f"releases/{MODEL}/{execution}/test-evaluation.json")
    shown = json.loads(house.slipway("show", execution, "--json").stdout)
    assert shown["record"] == record
    assert shown["evaluations"]["test"]["metrics"] == record["evaluations"]["test"]["metrics"]
    done = house.slipway("reject", execution, "--message", "Too dear")
    assert done.returncode == 0, done.stdout + done.stderr
    assert house.wait_for_end(execution)["status"] == "Failed"
    record = house.record(execution)
    assert problems(record) == []
    assert (record["approval"]["status"], record["approval"]["reason"]) == ("Rejected", "Too dear")
    assert record["model_package"]["approval_status"] == "Rejected"
    assert record["evaluations"] == shown["record"]["evaluations"]
    assert version(house, record)["ApprovalDescription"].endswith(": Too dear")


def test_the_records_are_a_chain_and_a_changed_one_shows(house: House) -> None:
    ended = {e["pipelineExecutionId"] for e in house.executions() if e["status"] != "InProgress"}
    for execution in ended:
        house.record(execution)
    entries = chain(house)
    assert verify(entries) == []
    assert ended <= {parsed(entry.content)["execution_id"] for entry in entries}
    forged = Entry(entries[0].key, entries[0].content.replace(b"Succeeded", b"Superseded"))
    assert forged != entries[0]
    assert verify([forged, *entries[1:]])[0].startswith(entries[1].key)
