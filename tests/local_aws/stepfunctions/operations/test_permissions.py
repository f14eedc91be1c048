from __future__ import annotations

from typing import Any

import pytest

from local_aws.settings import ACCOUNT
from local_aws.stepfunctions.registry.registry import Registry
from local_aws.wire import Permission
from tests.local_aws.stepfunctions.surroundings import DEFINITION, MACHINE, REGION, ROLE, USER, Neighbourhood

PREFIX = f"arn:aws:states:{REGION}:{ACCOUNT}"
ACTIVITY, EXECUTION, MAP_RUN = f"{PREFIX}:activity:a", f"{PREFIX}:execution:orders:one", f"{PREFIX}:mapRun:orders/M:r"
PASSES = Permission("iam:PassRole", ROLE, {"iam:PassedToService": "states.amazonaws.com"})
QUALIFIED = {"states:StateMachineQualifier": ["PROD"]}
TAGS = [{"key": "team", "value": "models"}]
TAGGED = {"aws:RequestTag/team": "models", "aws:TagKeys": ["team"]}


@pytest.mark.parametrize(
    ("operation", "request_", "resource", "context"),
    [
        ("CreateActivity", {"name": "a"}, ACTIVITY, {}),
        ("DeleteActivity", {"activityArn": ACTIVITY}, ACTIVITY, {}),
        ("GetActivityTask", {"activityArn": ACTIVITY}, ACTIVITY, {}),
        ("DescribeStateMachine", {"stateMachineArn": MACHINE}, MACHINE, {}),
        ("DescribeStateMachine", {"stateMachineArn": f"{MACHINE}:PROD"}, MACHINE, QUALIFIED),
        ("DeleteStateMachine", {"stateMachineArn": MACHINE}, MACHINE, {}),
        ("UpdateStateMachine", {"stateMachineArn": MACHINE}, MACHINE, {}),
        ("StartExecution", {"stateMachineArn": f"{MACHINE}:PROD"}, MACHINE, QUALIFIED),
        ("StartSyncExecution", {"stateMachineArn": MACHINE}, MACHINE, {}),
        ("PublishStateMachineVersion", {"stateMachineArn": MACHINE}, MACHINE, {}),
        (
            "DeleteStateMachineVersion",
            {"stateMachineVersionArn": f"{MACHINE}:1"},
            MACHINE,
            {"states:StateMachineQualifier": ["1"]},
        ),
        (
            "CreateStateMachineAlias",
            {"name": "PROD", "routingConfiguration": [{"stateMachineVersionArn": f"{MACHINE}:1", "weight": 100}]},
            MACHINE,
            QUALIFIED,
        ),
        ("DeleteStateMachineAlias", {"stateMachineAliasArn": f"{MACHINE}:PROD"}, MACHINE, QUALIFIED),
        ("ListExecutions", {"stateMachineArn": MACHINE}, MACHINE, {}),
        ("ListExecutions", {"mapRunArn": MAP_RUN}, MAP_RUN, {}),
        ("DescribeExecution", {"executionArn": EXECUTION}, EXECUTION, {}),
        ("GetExecutionHistory", {"executionArn": EXECUTION}, EXECUTION, {}),
        ("RedriveExecution", {"executionArn": EXECUTION}, EXECUTION, {}),
        ("UpdateMapRun", {"mapRunArn": MAP_RUN}, MAP_RUN, {}),
        ("TagResource", {"resourceArn": MACHINE, "tags": TAGS}, MACHINE, TAGGED),
        ("UntagResource", {"resourceArn": ACTIVITY, "tagKeys": ["a"]}, ACTIVITY, {"aws:TagKeys": ["a"]}),
        ("ListStateMachines", {}, f"{PREFIX}:stateMachine:*", {}),
        ("ListActivities", {}, f"{PREFIX}:activity:*", {}),
        ("ValidateStateMachineDefinition", {"definition": "{}"}, f"{PREFIX}:stateMachine:*", {}),
        ("SendTaskSuccess", {"taskToken": "t", "output": "1"}, "*", {}),
    ],
)
def test_what_an_operation_asks_about(
    states: Neighbourhood, operation: str, request_: dict[str, Any], resource: str, context: dict[str, Any]
) -> None:
    asked = list(states.service.operations()[operation].permissions(USER, request_))
    assert asked == [Permission(f"states:{operation}", resource, context)]


def test_making_a_machine_passes_its_role_and_may_publish_and_tag(states: Neighbourhood) -> None:
    request = {"name": "orders", "definition": DEFINITION, "roleArn": ROLE, "publish": True, "tags": TAGS}
    asked = list(states.service.operations()["CreateStateMachine"].permissions(USER, request))
    assert asked == [
        Permission("states:CreateStateMachine", MACHINE, TAGGED),
        PASSES,
        Permission("states:PublishStateMachineVersion", MACHINE),
        Permission("states:TagResource", MACHINE, TAGGED),
    ]


def test_an_update_passes_the_role_that_it_names_alone(states: Neighbourhood) -> None:
    permissions = states.service.operations()["UpdateStateMachine"].permissions
    assert PASSES in permissions(USER, {"stateMachineArn": MACHINE, "roleArn": ROLE})
    assert PASSES not in permissions(USER, {"stateMachineArn": MACHINE, "definition": DEFINITION})


def test_secrets_of_a_state_need_a_right_of_their_own(states: Neighbourhood) -> None:
    request = {"definition": "{}", "roleArn": ROLE, "revealSecrets": True}
    asked = [one.action for one in states.service.operations()["TestState"].permissions(USER, request)]
    assert asked == ["states:TestState", "iam:PassRole", "states:RevealSecrets"]


def test_conditions_see_the_tags_of_the_resource(states: Neighbourhood) -> None:
    Registry(states.store).put_tags(MACHINE, {"team": "models"})
    (asked,) = states.service.operations()["StartExecution"].permissions(USER, {"stateMachineArn": f"{MACHINE}:PROD"})
    assert asked.context == {**QUALIFIED, "aws:ResourceTag/team": "models"}


def test_what_is_denied_is_not_done(states: Neighbourhood) -> None:
    states.denied.add("iam:PassRole")
    request = {"name": "orders", "definition": DEFINITION, "roleArn": ROLE}
    assert states.refused("CreateStateMachine", **request) == ("AccessDeniedException", "not allowed: iam:PassRole")
    assert states.call("ListStateMachines") == {"stateMachines": []}


def test_every_operation_of_the_model_is_there(states: Neighbourhood) -> None:
    assert frozenset(states.service.operations()) == states.front.model.metadata["allOperations"]
