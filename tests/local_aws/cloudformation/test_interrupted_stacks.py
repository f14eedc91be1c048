"""Stacks that were under way when local AWS was killed."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.local_server import LocalServer, wait_for

WAITING: dict[str, Any] = {
    "Handle": {"Type": "AWS::CloudFormation::WaitConditionHandle"},
    "Wait": {
        "Type": "AWS::CloudFormation::WaitCondition",
        "Properties": {"Handle": {"Ref": "Handle"}, "Timeout": "600", "Count": 1},
    },
}
NOTE = {"Note": {"Type": "AWS::SSM::Parameter", "Properties": {"Type": "String", "Value": "a"}}}
WAIT = {"Delay": 0.1, "MaxAttempts": 300}


@pytest.fixture
def server(tmp_path: Path) -> Iterator[LocalServer]:
    server = LocalServer(tmp_path / "state")
    server.up()
    yield server
    server.down()


def kill_under_way(server: LocalServer, status: str) -> dict[str, Any]:
    """The stack after a kill in that status, as the next process shows it."""
    client = server.client("cloudformation")
    file = server.state / "ministack" / "cloudformation.json"
    wait_for(lambda: file.exists() and status in file.read_text(encoding="utf-8"), f"{status} to be stored")
    time.sleep(0.2)
    server.kill()
    server.up()
    found: dict[str, Any] = client.describe_stacks(StackName="waits")["Stacks"][0]
    return found


def test_a_stack_under_way_at_a_kill_has_failed(server: LocalServer) -> None:
    client = server.client("cloudformation")
    client.create_stack(StackName="waits", TemplateBody=json.dumps({"Resources": WAITING | NOTE}))
    stack = kill_under_way(server, "CREATE_IN_PROGRESS")
    assert stack["StackStatus"] == "CREATE_FAILED"
    reason = "Local AWS was killed while the stack was in CREATE_IN_PROGRESS. Delete the stack, then create it again."
    assert stack["StackStatusReason"] == reason
    event = client.describe_stack_events(StackName="waits")["StackEvents"][0]
    assert (event["ResourceStatus"], event["ResourceStatusReason"]) == ("CREATE_FAILED", reason)
    client.delete_stack(StackName="waits")
    client.get_waiter("stack_delete_complete").wait(StackName="waits", WaiterConfig=WAIT)
    client.create_stack(StackName="waits", TemplateBody=json.dumps({"Resources": NOTE}))
    client.get_waiter("stack_create_complete").wait(StackName="waits", WaiterConfig=WAIT)


def test_an_interrupted_update_can_be_rolled_back_and_made_again(server: LocalServer) -> None:
    client = server.client("cloudformation")
    client.create_stack(StackName="waits", TemplateBody=json.dumps({"Resources": NOTE}))
    client.get_waiter("stack_create_complete").wait(StackName="waits", WaiterConfig=WAIT)
    client.update_stack(StackName="waits", TemplateBody=json.dumps({"Resources": WAITING | NOTE}))
    stack = kill_under_way(server, "UPDATE_IN_PROGRESS")
    assert stack["StackStatus"] == "UPDATE_ROLLBACK_FAILED"
    client.continue_update_rollback(StackName="waits")
    client.get_waiter("stack_rollback_complete").wait(StackName="waits", WaiterConfig=WAIT)
    changed = {"Note": {"Type": "AWS::SSM::Parameter", "Properties": {"Type": "String", "Value": "b"}}}
    client.update_stack(StackName="waits", TemplateBody=json.dumps({"Resources": changed}))
    client.get_waiter("stack_update_complete").wait(StackName="waits", WaiterConfig=WAIT)
