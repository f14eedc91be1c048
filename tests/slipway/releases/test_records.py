"""Which record, report and evaluation of a release the command line reads."""

from __future__ import annotations

import io
import json
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any, cast

import pytest
from botocore.exceptions import ClientError
from slipway.names import Names
from slipway.releases.records import find_record, find_report
from slipway.releases.reports import load_reports
from slipway.releases.run_view import ActionView, RunView
from slipway.session import Session

RUN = "0a1b2c3d-4e5f-4a1b-8c3d-0a1b2c3d4e5f"
NAMES = Names("local", "wine-quality", "111122223333", "us-east-1")
FOLDER = f"releases/wine-quality/{RUN}/"
EVALUATION = f"{FOLDER}test-evaluation.json"


@dataclass
class Aws:
    """S3 and CodePipeline in memory; a key without a version is the newest one."""

    objects: dict[tuple[str, str], bytes] = field(default_factory=dict)
    told: dict[str, str] = field(default_factory=dict)
    """The output variables of the action Evidence."""
    status: str = "InProgress"

    def get_object(self, *, Bucket: str, Key: str, VersionId: str = "") -> dict[str, Any]:  # noqa: N803 - as boto3's
        if Bucket != NAMES.bucket("evidence") or (Key, VersionId) not in self.objects:
            raise ClientError({"Error": {"Code": "NoSuchKey"}}, "GetObject")
        return {"Body": io.BytesIO(self.objects[Key, VersionId])}

    def get_pipeline_execution(self, **_which: str) -> dict[str, Any]:
        return {"pipelineExecution": {"status": self.status}}

    def get_paginator(self, _operation: str) -> Any:
        done = {
            "stageName": "DeployTest",
            "actionName": "Evidence",
            "startTime": 0,
            "output": {"outputVariables": self.told},
        }
        return SimpleNamespace(paginate=lambda **_which: [{"actionExecutionDetails": [done]}])


@pytest.fixture
def aws() -> Aws:
    account = Aws(told={"RecordVersionId": "r1", "ReportVersionId": "p1"})
    for key, version in (("draft-record.json", "r1"), ("draft-report.html", "p1")):
        account.objects[f"{FOLDER}{key}", version] = b'{"from": "its action"}'
        account.objects[f"{FOLDER}{key}", ""] = b'{"from": "code of another push"}'
    return account


def session(aws: Aws) -> Session:
    return cast("Session", SimpleNamespace(names=NAMES, client=lambda _service: aws))


def test_the_drafts_are_read_by_the_versions_that_their_action_told(aws: Aws) -> None:
    assert find_record(session(aws), RUN, going_on=True) == {"from": "its action"}
    assert find_report(session(aws), RUN) == b'{"from": "its action"}'
    aws.told = {}
    assert find_record(session(aws), RUN, going_on=True) is None
    assert find_report(session(aws), RUN) is None


@pytest.mark.parametrize(("status", "read"), [("InProgress", "its action"), ("Failed", "the end")])
def test_the_record_of_an_end_is_that_of_a_release_that_has_ended(aws: Aws, status: str, read: str) -> None:
    """One that goes on has ended before, and was tried again."""
    aws.status = status
    aws.objects |= dict.fromkeys(((f"{FOLDER}record.json", ""), (f"{FOLDER}report.html", "")), b'{"from": "the end"}')
    assert find_record(session(aws), RUN, going_on=status == "InProgress") == {"from": read}
    assert find_report(session(aws), RUN) == json.dumps({"from": read}).encode()


@pytest.mark.parametrize("failed", [False, True])
def test_an_evaluation_is_read_by_the_version_that_its_action_told(aws: Aws, failed: bool) -> None:
    uri = f"s3://{NAMES.bucket('evidence')}/{EVALUATION}"
    told: dict[str, Any] = {"variables": {"ReportUri": uri, "ReportVersionId": "e1"}}
    if failed:
        told = {"external_id": f"{uri}?versionId=e1"}
    run = RunView(RUN, NAMES.pipeline, "InProgress", "", "", (), (ActionView("DeployTest", "Evaluate", **told),))
    aws.objects |= {(EVALUATION, "e1"): b'{"from": "its action"}', (EVALUATION, ""): b'{"from": "another push"}'}
    assert load_reports(session(aws), run) == {"test": {"from": "its action"}}
    other = RunView(RUN, NAMES.pipeline, "InProgress", "", "", (), (ActionView("DeployTest", "Evaluate"),))
    assert load_reports(session(aws), other) == {}
