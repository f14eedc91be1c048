from __future__ import annotations

from typing import Any

import pytest

from tests.local_aws.stepfunctions.surroundings import (
    DEFINITION,
    GROUP,
    MACHINE,
    OTHER_DEFINITION,
    ROLE,
    SYNC,
    Finding,
    Neighbourhood,
    logging_to,
)

REQUEST: dict[str, Any] = {"name": "orders", "definition": DEFINITION, "roleArn": ROLE}
AT = 1893456000.0


def test_a_machine_is_made_and_described(states: Neighbourhood) -> None:
    assert states.call("CreateStateMachine", **REQUEST) == {"stateMachineArn": MACHINE, "creationDate": AT}
    assert states.call("DescribeStateMachine", stateMachineArn=MACHINE) == {
        "stateMachineArn": MACHINE,
        "name": "orders",
        "status": "ACTIVE",
        "definition": DEFINITION,
        "roleArn": ROLE,
        "type": "STANDARD",
        "creationDate": AT,
        "loggingConfiguration": {"level": "OFF", "includeExecutionData": False},
        "tracingConfiguration": {"enabled": False},
        "encryptionConfiguration": {"type": "AWS_OWNED_KEY"},
    }


def test_what_was_made_survives_a_kill(states: Neighbourhood) -> None:
    states.create(tags=[{"key": "team", "value": "models"}], publish=True)
    states.restart()
    assert states.call("DescribeStateMachine", stateMachineArn=f"{MACHINE}:1")["definition"] == DEFINITION
    assert states.call("ListTagsForResource", resourceArn=MACHINE) == {"tags": [{"key": "team", "value": "models"}]}


@pytest.mark.parametrize("change", [{"roleArn": f"{ROLE}2"}, {"tags": [{"key": "other", "value": "x"}]}, {}])
def test_a_repeat_is_idempotent_whatever_its_role_and_tags(states: Neighbourhood, change: dict[str, Any]) -> None:
    states.create()
    states.clock.advance(60)
    assert states.call("CreateStateMachine", **{**REQUEST, **change})["creationDate"] == AT
    assert states.call("DescribeStateMachine", stateMachineArn=MACHINE)["roleArn"] == ROLE
    assert states.call("ListTagsForResource", resourceArn=MACHINE) == {"tags": []}


@pytest.mark.parametrize(
    "change",
    [
        {"definition": DEFINITION.replace(" ", "")},
        {"type": "EXPRESS"},
        {"loggingConfiguration": logging_to(GROUP)},
        {"tracingConfiguration": {"enabled": True}},
        {"encryptionConfiguration": {"type": "CUSTOMER_MANAGED_KMS_KEY", "kmsKeyId": "key"}},
        {"publish": True},
    ],
)
def test_another_machine_of_the_name_is_refused(states: Neighbourhood, change: dict[str, Any]) -> None:
    states.create()
    refused = ("StateMachineAlreadyExists", f"State Machine Already Exists: '{MACHINE}'")
    assert states.refused("CreateStateMachine", **{**REQUEST, **change}) == refused


@pytest.mark.parametrize(
    ("change", "code", "message"),
    [
        ({"name": "a b"}, "InvalidName", "Invalid Name: 'a b'"),
        ({"name": "a:b"}, "InvalidName", "Invalid Name: 'a:b'"),
        (
            {"name": "x" * 81},
            "ValidationException",
            f"1 validation error detected: Value '{'x' * 81}' at 'name' failed to satisfy constraint: Member must have "
            "length less than or equal to 80",
        ),
        ({"roleArn": "role"}, "InvalidArn", "Invalid Arn: 'Invalid ARN prefix: role'"),
        ({"roleArn": "arn:aws:s3:::x"}, "InvalidArn", "Invalid Role Arn: 'arn:aws:s3:::x'"),
        (
            {"versionDescription": "first"},
            "ValidationException",
            "Version description can only be set when publish is true",
        ),
        (
            {"loggingConfiguration": {"level": "ALL"}},
            "InvalidLoggingConfiguration",
            "Invalid Logging Configuration: Must specify exactly one Log Destination.",
        ),
        (
            {"loggingConfiguration": {"level": "ALL", "destinations": [{}]}},
            "InvalidLoggingConfiguration",
            "Invalid Logging Configuration: Must specify exactly one Log Destination.",
        ),
        (
            {"loggingConfiguration": logging_to(GROUP.replace("orders", "none"))},
            "InvalidLoggingConfiguration",
            "Invalid Logging Configuration: Log Destination not found.",
        ),
        (
            {"loggingConfiguration": logging_to(GROUP.removesuffix(":*"))},
            "InvalidLoggingConfiguration",
            "Invalid Logging Configuration: Invalid Log Destination. The ARN must be of a log group and end with ':*'.",
        ),
        (
            {"encryptionConfiguration": {"type": "CUSTOMER_MANAGED_KMS_KEY"}},
            "InvalidEncryptionConfiguration",
            "Invalid Encryption Configuration: kmsKeyId is required for the type CUSTOMER_MANAGED_KMS_KEY",
        ),
        ({"tags": [{"key": "aws:x", "value": ""}]}, "ValidationException",
         "Tag key 'aws:x': keys that begin with aws: are reserved for AWS"),
    ],
)  # fmt: skip
def test_refusals(states: Neighbourhood, change: dict[str, Any], code: str, message: str) -> None:
    assert states.refused("CreateStateMachine", **{**REQUEST, **change}) == (code, message)
    assert states.call("ListStateMachines") == {"stateMachines": []}


def test_a_definition_with_errors_is_refused_and_one_with_warnings_is_not(states: Neighbourhood) -> None:
    states.language.findings = [Finding("WARNING", "NO_PATH", "Sure?"), Finding("ERROR", "BAD", "EXPRESS only")]
    refused = ("InvalidDefinition", "Invalid State Machine Definition: 'NO_PATH, BAD'")
    assert states.refused("CreateStateMachine", **REQUEST, type="EXPRESS") == refused
    assert states.create() == MACHINE


def test_a_role_that_does_not_trust_step_functions_is_refused(states: Neighbourhood) -> None:
    states.distrusted.add(ROLE)
    assert states.refused("CreateStateMachine", **REQUEST) == (
        "AccessDeniedException",
        "Neither the global service principal states.amazonaws.com, nor the regional one is authorized to assume the "
        "provided role.",
    )


def test_sync_needs_the_right_to_make_rules(states: Neighbourhood) -> None:
    states.denied.add("role:events:PutRule")
    states.create()
    definition = f'{{"StartAt": "B", "States": {{"B": {{"Type": "Task", "Resource": "{SYNC}", "End": true}}}}}}'
    refused = ("AccessDeniedException", f"'{ROLE}' is not authorized to create managed-rule.")
    assert states.refused("CreateStateMachine", **{**REQUEST, "name": "b", "definition": definition}) == refused
    assert states.refused("UpdateStateMachine", stateMachineArn=MACHINE, definition=definition) == refused
    states.denied.clear()
    states.call("UpdateStateMachine", stateMachineArn=MACHINE, definition=definition)


def test_the_role_may_deliver_logs(states: Neighbourhood) -> None:
    states.denied.add("role:logs:CreateLogDelivery")
    refused = (
        "AccessDeniedException",
        "The state machine IAM Role is not authorized to access the Log Destination",
    )
    assert states.refused("CreateStateMachine", **REQUEST, loggingConfiguration=logging_to(GROUP)) == refused
    states.create()
    configuration = logging_to(GROUP, "ERROR", includeExecutionData=True)
    assert states.refused("UpdateStateMachine", stateMachineArn=MACHINE, loggingConfiguration=configuration) == refused
    states.denied.clear()
    states.call("UpdateStateMachine", stateMachineArn=MACHINE, loggingConfiguration=configuration)
    shown = states.call("DescribeStateMachine", stateMachineArn=MACHINE)
    assert shown["loggingConfiguration"] == configuration


def test_an_update_makes_a_revision_and_one_without_change_does_not(states: Neighbourhood) -> None:
    states.create()
    states.clock.advance(5)
    updated = states.call("UpdateStateMachine", stateMachineArn=MACHINE, definition=OTHER_DEFINITION)
    assert updated["updateDate"] == AT + 5
    again = states.call("UpdateStateMachine", stateMachineArn=MACHINE, definition=OTHER_DEFINITION)
    other = states.call("UpdateStateMachine", stateMachineArn=MACHINE, roleArn=f"{ROLE}2")
    assert again["revisionId"] == updated["revisionId"] != other["revisionId"]
    shown = states.call("DescribeStateMachine", stateMachineArn=MACHINE)
    assert (shown["definition"], shown["roleArn"]) == (OTHER_DEFINITION, f"{ROLE}2")
    assert (shown["revisionId"], shown["creationDate"]) == (other["revisionId"], AT)


def test_an_update_that_changes_nothing_yet_has_no_revision(states: Neighbourhood) -> None:
    states.create()
    updated = states.call("UpdateStateMachine", stateMachineArn=MACHINE, definition=DEFINITION, publish=True)
    assert updated == {"updateDate": AT, "stateMachineVersionArn": f"{MACHINE}:1"}


@pytest.mark.parametrize(
    ("request_", "code"),
    [
        ({"stateMachineArn": MACHINE}, "MissingRequiredParameter"),
        ({"stateMachineArn": MACHINE, "publish": True}, "MissingRequiredParameter"),
        ({"stateMachineArn": f"{MACHINE}x", "roleArn": ROLE}, "StateMachineDoesNotExist"),
        ({"stateMachineArn": f"{MACHINE}:1", "roleArn": ROLE}, "StateMachineDoesNotExist"),
        ({"stateMachineArn": f"{MACHINE}/label", "roleArn": ROLE}, "ValidationException"),
        ({"stateMachineArn": "orders", "roleArn": ROLE}, "InvalidArn"),
        ({"stateMachineArn": MACHINE, "roleArn": ROLE, "versionDescription": "x"}, "ValidationException"),
    ],
)
def test_updates_that_are_refused(states: Neighbourhood, request_: dict[str, Any], code: str) -> None:
    states.create(publish=True)
    assert states.refused("UpdateStateMachine", **request_)[0] == code


def test_a_machine_is_deleting_until_its_executions_have_ended(states: Neighbourhood) -> None:
    states.create()
    execution = states.start()
    states.engine.keeps_running = True
    states.call("DeleteStateMachine", stateMachineArn=MACHINE)
    assert states.call("DescribeStateMachine", stateMachineArn=MACHINE)["status"] == "DELETING"
    deleting = ("StateMachineDeleting", f"State Machine is being deleted: '{MACHINE}'")
    assert states.refused("CreateStateMachine", **REQUEST) == deleting
    assert states.refused("StartExecution", stateMachineArn=MACHINE) == deleting
    assert states.refused("PublishStateMachineVersion", stateMachineArn=MACHINE) == deleting
    states.restart()
    states.engine.end(execution)
    missing = ("StateMachineDoesNotExist", f"State Machine Does Not Exist: '{MACHINE}'")
    assert states.refused("DescribeStateMachine", stateMachineArn=MACHINE) == missing
    states.create()


def test_deletion_ends_executions_and_takes_versions_aliases_and_tags(states: Neighbourhood) -> None:
    states.create(publish=True, tags=[{"key": "team", "value": "models"}])
    routing = [{"stateMachineVersionArn": f"{MACHINE}:1", "weight": 100}]
    states.call("CreateStateMachineAlias", name="PROD", routingConfiguration=routing)
    execution = states.start()
    states.call("DeleteStateMachine", stateMachineArn=MACHINE)
    states.call("DeleteStateMachine", stateMachineArn=MACHINE)
    assert states.engine.records[execution].status == "FAILED"
    assert states.call("ListStateMachines") == {"stateMachines": []}
    states.create()
    assert states.call("ListStateMachineVersions", stateMachineArn=MACHINE) == {"stateMachineVersions": []}
    assert states.call("ListStateMachineAliases", stateMachineArn=MACHINE) == {"stateMachineAliases": []}
    assert states.call("ListTagsForResource", resourceArn=MACHINE) == {"tags": []}


@pytest.mark.parametrize("qualifier", [":1", ":PROD", "/label"])
def test_a_part_of_a_machine_is_not_deleted_with_it(states: Neighbourhood, qualifier: str) -> None:
    states.create(publish=True)
    code, _ = states.refused("DeleteStateMachine", stateMachineArn=f"{MACHINE}{qualifier}")
    assert code == "ValidationException"
    states.call("DescribeStateMachine", stateMachineArn=f"{MACHINE}:1")


@pytest.mark.parametrize(
    ("arn", "code", "message"),
    [
        ("nothing", "InvalidArn", "Invalid Arn: 'Invalid ARN prefix: nothing'"),
        (
            MACHINE.replace(":stateMachine:", ":activity:"),
            "InvalidArn",
            "Invalid Arn: 'Resource type not valid in this context: activity'",
        ),
        (f"{MACHINE}:9", "StateMachineDoesNotExist", f"State Machine Does Not Exist: '{MACHINE}:9'"),
        (f"{MACHINE}:PROD", "StateMachineDoesNotExist", f"State Machine Does Not Exist: '{MACHINE}:PROD'"),
        (
            MACHINE.replace("us-east-1", "eu-west-1"),
            "StateMachineDoesNotExist",
            f"State Machine Does Not Exist: '{MACHINE.replace('us-east-1', 'eu-west-1')}'",
        ),
    ],
)
def test_arns_that_are_none(states: Neighbourhood, arn: str, code: str, message: str) -> None:
    states.create()
    assert states.refused("DescribeStateMachine", stateMachineArn=arn) == (code, message)


def test_variable_references_and_metadata(states: Neighbourhood) -> None:
    definition = DEFINITION.replace("Pass", "Pass", 1).replace("}", ', "Comment": "$x"}', 1)
    states.create(definition=definition)
    assert states.call("DescribeStateMachine", stateMachineArn=MACHINE)["variableReferences"] == {"Only": ["x"]}
    shown = states.call("DescribeStateMachine", stateMachineArn=MACHINE, includedData="METADATA_ONLY")
    assert (shown["definition"], shown.get("variableReferences")) == ("", None)


def test_validation_tells_errors_and_on_request_warnings(states: Neighbourhood) -> None:
    states.language.findings = [
        Finding("WARNING", "NO_PATH", "Sure?", "/States/A"),
        Finding("ERROR", "INVALID_JSON_DESCRIPTION", "Broken"),
        Finding("ERROR", "BAD", "EXPRESS only", "/"),
    ]
    told = states.call("ValidateStateMachineDefinition", definition="{", type="EXPRESS")
    broken = {"severity": "ERROR", "code": "INVALID_JSON_DESCRIPTION", "message": "Broken"}
    bad = {"severity": "ERROR", "code": "BAD", "message": "EXPRESS only", "location": "/"}
    assert told == {"result": "FAIL", "diagnostics": [broken, bad], "truncated": False}
    told = states.call("ValidateStateMachineDefinition", definition="{", severity="WARNING", maxResults=1)
    assert (told["result"], told["truncated"]) == ("FAIL", True)
    assert [one["code"] for one in told["diagnostics"]] == ["NO_PATH"]
    states.language.findings = states.language.findings[:1]
    told = states.call("ValidateStateMachineDefinition", definition="{}", maxResults=0)
    assert told == {"result": "OK", "diagnostics": [], "truncated": False}
