"""Definitions judged and run as Step Functions does, by local AWS's interpreter."""

from __future__ import annotations

import json
import uuid
from typing import Any

import boto3
from botocore.config import Config

from local_aws.stepfunctions.definition.parser import diagnose
from tests.local_server import REGION, LocalServer, wait_for
from workflows.compose import Chain, ExecutionInput, State, Target, Workflow

NOTHING = ExecutionInput({})


def composed(*steps: State, given: ExecutionInput = NOTHING) -> Workflow:
    return Workflow("tried", Chain(steps), given)


def states(steps: Target, given: ExecutionInput = NOTHING) -> dict[str, Any]:
    """The states of a workflow, without those that check the input."""
    found = Workflow("tried", steps, given).definition()["States"]
    return {name: state for name, state in found.items() if not name.endswith("Input") and name != "Is Input Right"}


def findings(workflow: Workflow) -> list[str]:
    return [finding.message for finding in diagnose(workflow.json(), "STANDARD")]


def tried(aws: LocalServer, state: dict[str, Any], given: Any, **more: Any) -> dict[str, Any]:
    """Run one state: https://docs.aws.amazon.com/step-functions/latest/dg/test-state-isolation.html."""
    config = Config(inject_host_prefix=False)
    key = {"aws_access_key_id": aws.root.access_key_id, "aws_secret_access_key": aws.root.secret_access_key}
    client = boto3.client("stepfunctions", endpoint_url=aws.url, region_name=REGION, config=config, **key)
    text = json.dumps(state | {"QueryLanguage": "JSONata"})
    deny = {"Effect": "Deny", "Action": "*", "Resource": "*"}
    role = aws.create_role(f"tried-{uuid.uuid4().hex[:8]}", "states.amazonaws.com", deny)
    found: dict[str, Any] = client.test_state(
        definition=text, roleArn=role, input=json.dumps(given), inspectionLevel="DEBUG", **more
    )
    return found


def run(aws: LocalServer, workflow: Workflow, given: Any) -> dict[str, Any]:
    """Create a state machine without any rights, and run it to its end."""
    client, name = aws.client("stepfunctions"), f"{workflow.name}-{abs(hash(workflow.json()))}"
    role = f"{name}-role"
    arn = aws.create_role(role, "states.amazonaws.com", {"Effect": "Deny", "Action": "*", "Resource": "*"})
    machine = client.create_state_machine(name=name, definition=workflow.json(), roleArn=arn)["stateMachineArn"]
    execution = client.start_execution(stateMachineArn=machine, input=json.dumps(given))["executionArn"]

    def ended() -> dict[str, Any] | None:
        found: dict[str, Any] = client.describe_execution(executionArn=execution)
        return None if found["status"] == "RUNNING" else found

    done: dict[str, Any] = wait_for(ended, execution, 20)
    client.delete_state_machine(stateMachineArn=machine)
    aws.client("iam").delete_role_policy(RoleName=role, PolicyName="policy")
    aws.client("iam").delete_role(RoleName=role)
    return done
