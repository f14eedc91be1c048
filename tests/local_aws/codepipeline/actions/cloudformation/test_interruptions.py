"""A CloudFormation action that is stopped, or interrupted by a kill, while its stack waits for a signal."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.local_aws.codepipeline.actions.cloudformation.stack_pipeline import TEMPLATE, StackPipeline
from tests.local_aws.codepipeline.documents import approval, stage
from tests.local_aws.codepipeline.project import Project
from tests.local_server import LocalServer, allow, wait_for

WAITING: dict[str, Any] = {
    "Parameters": {"Word": {"Type": "String", "Default": "a"}},
    "Resources": {
        "Handle": {"Type": "AWS::CloudFormation::WaitConditionHandle"},
        "Wait": {
            "Type": "AWS::CloudFormation::WaitCondition",
            "Properties": {"Handle": {"Ref": "Handle"}, "Timeout": "600", "Count": 1},
        },
        "Note": {"Type": "AWS::SSM::Parameter", "Properties": {"Type": "String", "Value": {"Ref": "Word"}}},
    },
    "Outputs": {"Handle": {"Value": {"Ref": "Handle"}}},
}


@pytest.fixture
def server(tmp_path: Path) -> Iterator[LocalServer]:
    server = LocalServer(tmp_path / "state")
    server.up()
    yield server
    server.down()


@pytest.fixture
def deploying(server: LocalServer) -> StackPipeline:
    deploying = StackPipeline(Project(server, "cp-interrupted"))
    server.put_role_policy("cp-interrupted-stack", allow("*"))
    return deploying


def begin(deploying: StackPipeline, *actions: Any) -> str:
    deploying.put(WAITING)
    execution = deploying.project.create(stage("Deploy", *actions))
    wait_for(lambda: under_way(deploying), "the stack to be under way")
    return execution


def under_way(deploying: StackPipeline) -> bool:
    found = deploying.stacks.describe_stacks()["Stacks"]
    return any(one["StackName"] == deploying.name and one["StackStatus"].endswith("_IN_PROGRESS") for one in found)


def signal(deploying: StackPipeline) -> None:
    """Send what the wait condition waits for, to the address that its handle has."""

    def handle() -> Any:
        resources = deploying.stacks.describe_stack_resources(StackName=deploying.name)["StackResources"]
        return next((r.get("PhysicalResourceId") for r in resources if r["LogicalResourceId"] == "Handle"), None)

    address = str(wait_for(handle, "the handle's address"))
    path = "/" + address.partition("://")[2].partition("/")[2]
    body = json.dumps({"Status": "SUCCESS", "UniqueId": "1", "Data": "", "Reason": ""}).encode()
    host = {"Host": f"127.0.0.1:{deploying.project.aws.port}"}
    status, text = deploying.project.aws.send("PUT", path, body, host)
    assert status == 200, text


def test_an_abandoned_action_leaves_the_stack_to_itself(deploying: StackPipeline) -> None:
    execution = begin(deploying, deploying.action())
    deploying.project.codepipeline.stop_pipeline_execution(
        pipelineName=deploying.name, pipelineExecutionId=execution, abandon=True
    )
    wait_for(lambda: deploying.project.status(execution) == "Stopped", "the execution to stop")
    assert deploying.project.attempts(execution)["Deploy"]["status"] == "Abandoned"
    signal(deploying)
    wait_for(lambda: deploying.stack()["StackStatus"] == "CREATE_COMPLETE", "the stack")


def test_a_stopped_execution_waits_for_the_action(deploying: StackPipeline) -> None:
    execution = begin(deploying, deploying.action())
    deploying.project.codepipeline.stop_pipeline_execution(
        pipelineName=deploying.name, pipelineExecutionId=execution, abandon=False
    )
    assert deploying.project.status(execution) == "Stopping"
    signal(deploying)
    wait_for(lambda: deploying.project.status(execution) == "Stopped", "the execution to stop")
    assert deploying.project.attempts(execution)["Deploy"]["status"] == "Succeeded"


@pytest.mark.parametrize("mode", ["CREATE_UPDATE", "CHANGE_SET_EXECUTE"])
def test_a_deployment_ends_with_its_stack_after_a_kill_and_can_be_made_again(
    deploying: StackPipeline, mode: str
) -> None:
    actions = [deploying.action()]
    if mode == "CHANGE_SET_EXECUTE":
        make = deploying.action("Make", "CHANGE_SET_REPLACE", ChangeSetName="next")
        actions = [make, deploying.action("Deploy", mode, ChangeSetName="next", RoleArn=None, runOrder=2)]
    execution = begin(deploying, *actions)
    wait_for(lambda: deploying.stack()["StackStatus"] == "CREATE_IN_PROGRESS", "the stack")
    stored = deploying.project.aws.state / "ministack" / "cloudformation.json"
    wait_for(lambda: stored.exists() and '"CREATE_IN_PROGRESS"' in stored.read_text(encoding="utf-8"), "the state")
    deploying.project.aws.kill()
    deploying.project.aws.up()
    wait_for(lambda: deploying.project.status(execution) == "Failed", "the execution to end")
    error = deploying.project.errors(execution)["Deploy"]
    assert "Current stack status: CREATE_FAILED. Reason: " in error["message"]
    assert "Local AWS was killed while the stack was in CREATE_IN_PROGRESS" in error["message"]
    deploying.put(TEMPLATE)
    document = deploying.project.codepipeline.get_pipeline(name=deploying.name)["pipeline"]
    document["stages"][1]["actions"] = [deploying.action(mode="REPLACE_ON_FAILURE")]
    deploying.project.codepipeline.update_pipeline(pipeline=document)
    deploying.again()
    assert deploying.stack()["StackStatus"] == "CREATE_COMPLETE"


def test_a_deployment_that_a_kill_has_undone_is_made_again(deploying: StackPipeline) -> None:
    """The action's record is stored at once, its stack a moment later: what the kill leaves may lack the stack."""
    deploying.put(TEMPLATE)
    execution = deploying.project.create(
        stage("Deploy", deploying.action(), approval("Hold") | {"runOrder": 2}), executionMode="QUEUED"
    )
    wait_for(lambda: "Hold" in deploying.project.attempts(execution), "the approval")
    server = deploying.project.aws
    server.down()
    with sqlite3.connect(server.state / "slipway.db") as database:
        database.execute(
            "UPDATE codepipeline_actions SET status = 'InProgress', phase = 'waiting' WHERE action = 'Deploy'"
        )
    for service in ("cloudformation", "ssm"):
        for file in (server.state / "ministack").glob(f"{service}.json*"):
            file.unlink()
    server.up()
    wait_for(lambda: deploying.project.attempts(execution)["Deploy"]["status"] == "Succeeded", "the action")
    assert deploying.stack()["StackStatus"] == "CREATE_COMPLETE"
