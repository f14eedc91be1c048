from __future__ import annotations

import json
from typing import Any

import pytest

from tests.local_aws.codepipeline.documents import (
    approval,
    codecommit,
    pipeline,
    stage,
)
from tests.local_aws.codepipeline.surroundings import COMMIT, USER, Surroundings
from tests.local_server import wait_for


@pytest.mark.parametrize(("status", "ends"), [("Approved", "Succeeded"), ("Rejected", "Failed")])
def test_approval(codepipeline: Surroundings, status: str, ends: str) -> None:
    topic = "arn:aws:sns:us-east-1:111122223333:approvals"
    action = approval(NotificationArn=topic, CustomData="commit #{CodeVariables.CommitId}")
    execution = codepipeline.create(pipeline(stage("Source", codecommit()), stage("Decide", action)))

    def waiting() -> Any:
        return codepipeline.stages()["Decide"]["actionStates"][0].get("latestExecution", {}).get("token")

    token = wait_for(waiting, "the token", 10)
    wait_for(lambda: codepipeline.clients.sns.published, "the notice", 10)
    notice = codepipeline.clients.sns.published[0]
    assert notice["TopicArn"] == topic
    message = json.loads(notice["Message"])
    assert message["approval"]["token"] == token
    assert message["approval"]["customData"] == f"commit {COMMIT}"
    assert message["approval"]["expires"] == "2030-01-08T00:00Z"
    request = {"pipelineName": "release", "stageName": "Decide", "actionName": "Approve"}
    result = {"summary": "I looked", "status": status}
    other = "99999999-9999-9999-9999-999999999999"
    assert (
        codepipeline.refused("PutApprovalResult", **request, token=other, result=result)
        == "InvalidApprovalTokenException"
    )
    assert (
        codepipeline.refused("PutApprovalResult", **{**request, "actionName": "No"}, token=token, result=result)
        == "ActionNotFoundException"
    )
    codepipeline.call("PutApprovalResult", **request, token=token, result=result)
    codepipeline.until(execution, ends)
    state = codepipeline.stages()["Decide"]["actionStates"][0]["latestExecution"]
    assert (state["summary"], state["lastUpdatedBy"], state["token"]) == ("I looked", USER.arn, None)
    assert codepipeline.refused("PutApprovalResult", **request, token=token, result=result) == (
        "ApprovalAlreadyCompletedException"
    )


def test_an_approval_expires(codepipeline: Surroundings) -> None:
    action = {**approval(), "timeoutInMinutes": 5}
    execution = codepipeline.create(pipeline(stage("Source", codecommit()), stage("Decide", action)))
    wait_for(
        lambda: codepipeline.stages()["Decide"]["actionStates"][0].get("latestExecution", {}).get("token"), "token", 10
    )
    codepipeline.clock.advance(299)
    assert codepipeline.status(execution) == "InProgress"
    codepipeline.clock.advance(2)
    codepipeline.until(execution, "Failed")


def approve_in_parallel(codepipeline: Surroundings, execution: str) -> None:
    def token() -> Any:
        attempts = codepipeline.attempts(execution)
        found = [
            a["output"]["executionResult"]["externalExecutionId"] for a in attempts if a["actionName"] == "Approve"
        ]
        return found and found[0]

    codepipeline.call(
        "PutApprovalResult",
        pipelineName="release",
        stageName="Work",
        actionName="Approve",
        token=wait_for(token, "the token", 10),
        result={"summary": "fine", "status": "Approved"},
    )
    codepipeline.until(execution, "Succeeded")


def test_parallel(codepipeline: Surroundings) -> None:
    document = pipeline(stage("Source", codecommit()), stage("Work", approval()), executionMode="PARALLEL")
    first = codepipeline.create(document)
    second = codepipeline.call("StartPipelineExecution", name="release")["pipelineExecutionId"]
    for execution in (second, first):
        approve_in_parallel(codepipeline, execution)
    assert "latestExecution" not in codepipeline.stages()["Work"]
