from __future__ import annotations

import json
from typing import Any

import pytest

from local_aws.resource_properties import PropertyError
from local_aws.settings import ACCOUNT
from local_aws.stepfunctions import cloudformation
from local_aws.stepfunctions.cloudformation import machines
from local_aws.wire import AwsError
from tests.local_aws.stepfunctions.surroundings import (
    DEFINITION,
    GROUP,
    MACHINE,
    OTHER_DEFINITION,
    REGION,
    ROLE,
    Neighbourhood,
)

PROPERTIES: dict[str, Any] = {"StateMachineName": "orders", "DefinitionString": DEFINITION, "RoleArn": ROLE}
STORED = {("code", "machine.json", None): DEFINITION, ("code", "machine.yml", "2"): "StartAt: ${Start}\nStates: {}\n"}
TYPES = ("StateMachine", "Activity", "StateMachineVersion", "StateMachineAlias")


def read_object(bucket: str, key: str, version: str | None) -> bytes | None:
    found = STORED.get((bucket, key, version))
    return None if found is None else found.encode()


def resource(states: Neighbourhood, kind: str) -> Any:
    behaviours = {name: operation.behaviour for name, operation in states.service.operations().items()}
    return cloudformation.resource_types(REGION, behaviours, read_object)[f"AWS::StepFunctions::{kind}"]


def make(states: Neighbourhood, kind: str = "StateMachine", **properties: Any) -> tuple[str, dict[str, Any]]:
    given = {**PROPERTIES, **properties} if kind == "StateMachine" else properties
    made: tuple[str, dict[str, Any]] = resource(states, kind).create(f"My{kind}", given, "stack")
    return made


def test_the_service_has_the_four_types(states: Neighbourhood) -> None:
    assert set(states.service.resource_types()) == {f"AWS::StepFunctions::{kind}" for kind in TYPES}


def test_a_machine_is_made(states: Neighbourhood) -> None:
    properties: dict[str, Any] = {
        "StateMachineType": "EXPRESS",
        "LoggingConfiguration": {
            "Level": "ALL",
            "IncludeExecutionData": "true",
            "Destinations": [{"CloudWatchLogsLogGroup": {"LogGroupArn": GROUP}}],
        },
        "TracingConfiguration": {"Enabled": "true"},
        "EncryptionConfiguration": {
            "Type": "CUSTOMER_MANAGED_KMS_KEY",
            "KmsKeyId": "key",
            "KmsDataKeyReusePeriodSeconds": "60",
        },
        "Tags": [{"Key": "team", "Value": "models"}, {"Key": "aws:cloudformation:stack-name", "Value": "stack"}],
    }
    arn, attributes = make(states, **properties)
    assert (arn, attributes) == (MACHINE, {"Arn": MACHINE, "Name": "orders", "StateMachineRevisionId": "INITIAL"})
    shown = states.call("DescribeStateMachine", stateMachineArn=MACHINE)
    assert (shown["type"], shown["tracingConfiguration"]) == ("EXPRESS", {"enabled": True})
    assert shown["loggingConfiguration"]["includeExecutionData"] is True
    assert shown["encryptionConfiguration"]["kmsDataKeyReusePeriodSeconds"] == 60
    tags = states.call("ListTagsForResource", resourceArn=MACHINE)
    assert tags["tags"] == [
        {"key": "aws:cloudformation:stack-name", "value": "stack"},
        {"key": "team", "value": "models"},
    ]


def test_a_name_is_made_up(states: Neighbourhood) -> None:
    without = {key: value for key, value in PROPERTIES.items() if key != "StateMachineName"}
    names = [resource(states, "StateMachine").create(i, without, "stack")[1]["Name"] for i in ("M", "M" * 200)]
    assert names[0].startswith("M-")
    assert (len(names[0]), len(names[1])) == (14, 80)


@pytest.mark.parametrize(
    ("given", "definition"),
    [
        ({"DefinitionString": DEFINITION}, DEFINITION),
        ({"Definition": json.loads(DEFINITION)}, json.dumps(json.loads(DEFINITION))),
        ({"DefinitionS3Location": {"Bucket": "code", "Key": "machine.json"}}, DEFINITION),
        (
            {
                "DefinitionS3Location": {"Bucket": "code", "Key": "machine.yml", "Version": "2"},
                "DefinitionSubstitutions": {"Start": "Only"},
            },
            '{"StartAt": "Only", "States": {}}',
        ),
        (
            {
                "DefinitionString": '{"Comment": "${Text} ${Number} ${Flag} ${Other}", "StartAt": "A", "States": {}}',
                "DefinitionSubstitutions": {"Text": "a b", "Number": 7, "Flag": True},
            },
            '{"Comment": "a b 7 true ${Other}", "StartAt": "A", "States": {}}',
        ),
    ],
)
def test_definitions(states: Neighbourhood, given: dict[str, Any], definition: str) -> None:
    properties = {"StateMachineName": "orders", "RoleArn": ROLE, **given}
    arn, _ = resource(states, "StateMachine").create("M", properties, "stack")
    assert states.call("DescribeStateMachine", stateMachineArn=arn)["definition"] == definition


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({}, "expected one of Definition, DefinitionString and DefinitionS3Location, found none"),
        ({"Definition": {"a": 1}, "DefinitionString": "{}"}, "found Definition, DefinitionString"),
        ({"DefinitionS3Location": {"Bucket": "code", "Key": "none"}}, "s3://code/none does not exist"),
        (
            {"DefinitionString": "{}", "LoggingConfiguration": {"Colour": "red"}},
            r"CreateStateMachine.loggingConfiguration: local AWS does not emulate the property colour",
        ),
        (
            {"DefinitionString": "{}", "TracingConfiguration": {"Enabled": "perhaps"}},
            "expected boolean, found 'perhaps'",
        ),
    ],
)
def test_properties_that_cannot_be_used(states: Neighbourhood, given: dict[str, Any], words: str) -> None:
    properties = {"StateMachineName": "orders", "RoleArn": ROLE, **given}
    with pytest.raises(PropertyError, match=words):
        resource(states, "StateMachine").create("M", properties, "stack")


def test_what_the_service_refuses_fails_the_resource(states: Neighbourhood) -> None:
    with pytest.raises(AwsError, match="InvalidName"):
        make(states, StateMachineName="a b")


def test_an_update_in_place_sets_back_what_is_gone(states: Neighbourhood) -> None:
    logging = {"Level": "ALL", "Destinations": [{"CloudWatchLogsLogGroup": {"LogGroupArn": GROUP}}]}
    old = {**PROPERTIES, "LoggingConfiguration": logging, "TracingConfiguration": {"Enabled": True},
           "Tags": [{"Key": "a", "Value": "1"}, {"Key": "b", "Value": "1"}]}  # fmt: skip
    make(states, **old)
    new = {**PROPERTIES, "DefinitionString": OTHER_DEFINITION, "Tags": [{"Key": "b", "Value": "2"}]}
    arn, attributes = resource(states, "StateMachine").update(MACHINE, old, new, "stack")
    shown = states.call("DescribeStateMachine", stateMachineArn=arn)
    assert (arn, attributes["StateMachineRevisionId"]) == (MACHINE, shown["revisionId"])
    assert (shown["definition"], shown["tracingConfiguration"]) == (OTHER_DEFINITION, {"enabled": False})
    assert shown["loggingConfiguration"] == {"level": "OFF", "includeExecutionData": False}
    assert states.call("ListTagsForResource", resourceArn=MACHINE) == {"tags": [{"key": "b", "value": "2"}]}


@pytest.mark.parametrize("change", [{"StateMachineName": "other"}, {"StateMachineType": "EXPRESS"}])
def test_another_name_or_type_is_another_machine(states: Neighbourhood, change: dict[str, Any]) -> None:
    properties = {key: value for key, value in PROPERTIES.items() if key != "StateMachineName"}
    arn, _ = resource(states, "StateMachine").create("M", properties, "stack")
    new, _ = resource(states, "StateMachine").update(arn, properties, {**properties, **change}, "stack")
    assert new != arn
    assert len(states.call("ListStateMachines")["stateMachines"]) == 2
    resource(states, "StateMachine").delete(arn, properties)
    assert [one["stateMachineArn"] for one in states.call("ListStateMachines")["stateMachines"]] == [new]


def test_deletion_waits_for_executions(states: Neighbourhood, monkeypatch: pytest.MonkeyPatch) -> None:
    make(states)
    execution = states.start()
    states.engine.keeps_running = True
    monkeypatch.setattr(machines, "_DELETION_S", 0.0)
    with pytest.raises(PropertyError, match="still has running executions"):
        resource(states, "StateMachine").delete(MACHINE, PROPERTIES)
    states.engine.end(execution)
    resource(states, "StateMachine").delete(MACHINE, PROPERTIES)
    resource(states, "StateMachine").delete(MACHINE, PROPERTIES)


def test_an_activity(states: Neighbourhood) -> None:
    kind = resource(states, "Activity")
    old = {"Name": "label", "Tags": [{"Key": "a", "Value": "1"}]}
    arn, attributes = kind.create("A", old, "stack")
    assert (arn, attributes) == (
        f"arn:aws:states:{REGION}:{ACCOUNT}:activity:label",
        {"Arn": arn, "Name": "label"},
    )
    assert kind.update(arn, old, {"Name": "label"}, "stack")[0] == arn
    assert states.call("ListTagsForResource", resourceArn=arn) == {"tags": []}
    renamed, _ = kind.update(arn, old, {"Name": "other"}, "stack")
    assert renamed.endswith(":other")
    kind.delete(arn, old)
    kind.delete(arn, old)
    assert [one["name"] for one in states.call("ListActivities")["activities"]] == ["other"]


def test_versions_and_an_alias(states: Neighbourhood) -> None:
    make(states)
    version, alias = resource(states, "StateMachineVersion"), resource(states, "StateMachineAlias")
    old = {"StateMachineArn": MACHINE, "StateMachineRevisionId": "INITIAL", "Description": "one"}
    first, attributes = version.create("V", old, "stack")
    assert (first, attributes) == (f"{MACHINE}:1", {"Arn": f"{MACHINE}:1"})
    routing = {"Name": "PROD", "RoutingConfiguration": [{"StateMachineVersionArn": first, "Weight": "100"}]}
    arn, attributes = alias.create("A", {**routing, "Description": "d"}, "stack")
    assert (arn, attributes) == (f"{MACHINE}:PROD", {"Arn": f"{MACHINE}:PROD"})
    updated = resource(states, "StateMachine").update(
        MACHINE, PROPERTIES, {**PROPERTIES, "DefinitionString": OTHER_DEFINITION}, "stack"
    )[1]
    new = {**old, "StateMachineRevisionId": updated["StateMachineRevisionId"]}
    assert version.update(first, old, old, "stack")[0] == first
    second, _ = version.update(first, old, new, "stack")
    preference = {"Name": "PROD", "DeploymentPreference": {"StateMachineVersionArn": second, "Type": "ALL_AT_ONCE"}}
    assert alias.update(arn, routing, preference, "stack")[0] == arn
    shown = states.call("DescribeStateMachineAlias", stateMachineAliasArn=arn)
    assert shown["routingConfiguration"] == [{"stateMachineVersionArn": second, "weight": 100}]
    assert "description" not in shown
    version.delete(first, old)
    with pytest.raises(AwsError, match="ConflictException"):
        version.delete(second, new)
    alias.delete(arn, preference)
    version.delete(second, new)
    assert states.call("ListStateMachineVersions", stateMachineArn=MACHINE) == {"stateMachineVersions": []}


def test_an_alias_says_in_one_way_where_it_points(states: Neighbourhood) -> None:
    with pytest.raises(PropertyError, match="either RoutingConfiguration or DeploymentPreference"):
        make(states, "StateMachineAlias", Name="PROD")
