from __future__ import annotations

import json
import subprocess
import sys

import pytest

from local_aws.stepfunctions.definition import model
from local_aws.stepfunctions.definition.diagnostics import DefinitionError
from local_aws.stepfunctions.definition.model import ABSENT, QueryLanguage
from local_aws.stepfunctions.definition.parser import diagnose, parse, parse_state
from tests.local_aws.stepfunctions.definition.machines import FUNCTION, PASS, Raw, jsonata, machine, states


def parsed(definition: Raw) -> model.StateMachine:
    return parse(json.dumps(definition))


def only(state: Raw, **more: Raw) -> model.State:
    return parsed(machine(S=state, **more)).states.states["S"]


def test_a_machine() -> None:
    made = parsed(jsonata(A=PASS) | {"TimeoutSeconds": 60, "Comment": "c", "Version": "1.0"})
    assert (made.states.start_at, list(made.states.states)) == ("A", ["A"])
    assert (made.query_language, made.timeout_s, made.comment) == (QueryLanguage.JSONATA, 60, "c")
    assert parsed(machine(A=PASS)).timeout_s is None


def test_a_pass() -> None:
    state = {"Type": "Pass", "Result": None, "ResultPath": None, "Assign": {"a.$": "$.b"}, "Next": "Z"}
    assert only(state, Z=PASS) == model.Pass(
        name="S",
        query_language=QueryLanguage.JSONPATH,
        next="Z",
        result=None,
        result_path=None,
        assign={"a.$": "$.b"},
    )


def test_a_task() -> None:
    retry = {"ErrorEquals": ["A", "B"], "BackoffRate": 3, "MaxDelaySeconds": 9, "JitterStrategy": "FULL"}
    catch = {"ErrorEquals": ["States.ALL"], "Next": "Z", "ResultPath": None}
    made = only(
        {
            "Type": "Task",
            "Resource": FUNCTION,
            "TimeoutSeconds": 5,
            "HeartbeatSecondsPath": "$.h",
            "Credentials": {"RoleArn.$": "$.r"},
            "Retry": [retry, {"ErrorEquals": ["States.ALL"], "IntervalSeconds": 0, "MaxAttempts": 0}],
            "Catch": [catch],
            "Next": "Z",
        },
        Z=PASS,
    )
    assert isinstance(made, model.Task)
    assert (made.resource, made.timeout_seconds, made.heartbeat_seconds_path) == (FUNCTION, 5, "$.h")
    assert (made.heartbeat_seconds, made.credentials) == (ABSENT, {"RoleArn.$": "$.r"})
    assert made.retry == (
        model.Retrier(("A", "B"), backoff_rate=3.0, max_delay_s=9, full_jitter=True),
        model.Retrier(("States.ALL",), interval_s=0, max_attempts=0),
    )
    assert made.catch == (model.Catcher(("States.ALL",), "Z", result_path=None),)


def test_a_choice() -> None:
    comparison = {"Not": {"Variable": "$.a", "IsNull": True}}
    made = only(
        {
            "Type": "Choice",
            "Choices": [{**comparison, "Next": "Z", "Comment": "c", "Assign": {"x": 1}}],
            "Default": "Z",
        },
        Z=PASS,
    )
    assert isinstance(made, model.Choice)
    assert made.choices == (model.Rule("Z", comparison, assign={"x": 1}),)
    assert (made.default, made.next) == ("Z", None)


def test_a_rule_of_jsonata() -> None:
    rule = {"Condition": "{% true %}", "Output": 1, "Next": "Z"}
    made = parsed(jsonata(C={"Type": "Choice", "Choices": [rule]}, Z=PASS)).states.states["C"]
    assert isinstance(made, model.Choice)
    assert made.choices == (model.Rule("Z", None, "{% true %}", 1),)


def test_waits_and_ends() -> None:
    wait = only({"Type": "Wait", "TimestampPath": "$.t", "End": True})
    assert isinstance(wait, model.Wait)
    assert (wait.timestamp_path, wait.seconds, wait.next) == ("$.t", ABSENT, None)
    fail = only({"Type": "Fail", "ErrorPath": "$.e", "Cause": "c"})
    assert isinstance(fail, model.Fail)
    assert (fail.error_path, fail.error, fail.cause) == ("$.e", ABSENT, "c")
    assert isinstance(only({"Type": "Succeed", "OutputPath": None}), model.Succeed)


def test_a_parallel() -> None:
    made = only({"Type": "Parallel", "Branches": [states(A=PASS), states(B=PASS)], "End": True})
    assert isinstance(made, model.Parallel)
    assert [branch.start_at for branch in made.branches] == ["A", "B"]


def test_an_inline_map() -> None:
    made = only({"Type": "Map", "ItemProcessor": states(I=PASS), "ItemSelector": {"a": 1}, "End": True})
    assert isinstance(made, model.Map)
    assert (made.processor.distributed, made.processor.execution_type) == (False, "STANDARD")
    assert (made.item_selector, made.parameters, made.item_reader) == ({"a": 1}, ABSENT, None)


def test_a_map_of_the_older_form() -> None:
    made = only({"Type": "Map", "Iterator": states(I=PASS), "Parameters": {"a": 1}, "End": True})
    assert isinstance(made, model.Map)
    assert made.processor.states.start_at == "I"
    assert (made.item_selector, made.parameters) == ({"a": 1}, ABSENT)


def test_a_distributed_map() -> None:
    config = {"Mode": "DISTRIBUTED", "ExecutionType": "EXPRESS"}
    reader: Raw = {"Resource": "arn:aws:states:::s3:getObject", "ReaderConfig": {"InputType": "JSON"}}
    made = only(
        {
            "Type": "Map",
            "Label": "L",
            "MaxConcurrency": 5,
            "ToleratedFailurePercentagePath": "$.p",
            "ItemProcessor": {"ProcessorConfig": config, **states(I=PASS)},
            "ItemReader": {**reader, "Parameters": {"Bucket": "b", "Key": "k"}},
            "ItemBatcher": {"MaxItemsPerBatch": 2},
            "ResultWriter": {"Resource": "arn:aws:states:::s3:putObject", "Parameters": {"Bucket": "b"}},
            "End": True,
        }
    )
    assert isinstance(made, model.Map)
    assert (made.processor.distributed, made.processor.execution_type) == (True, "EXPRESS")
    assert made.item_reader == model.ItemReader(reader["Resource"], {"Bucket": "b", "Key": "k"}, {"InputType": "JSON"})
    assert made.result_writer == model.ResultWriter("arn:aws:states:::s3:putObject", {"Bucket": "b"})
    assert (made.label, made.max_concurrency, made.tolerated_failure_percentage_path) == ("L", 5, "$.p")
    assert made.item_batcher == {"MaxItemsPerBatch": 2}


def test_states_within_have_the_machines_language() -> None:
    inner = states(I=PASS)
    made = only({"Type": "Map", "QueryLanguage": "JSONata", "Items": [1], "ItemProcessor": inner, "End": True})
    assert isinstance(made, model.Map)
    assert made.query_language is QueryLanguage.JSONATA
    assert made.processor.states.states["I"].query_language is QueryLanguage.JSONPATH


def test_what_create_state_machine_says() -> None:
    with pytest.raises(DefinitionError) as raised:
        parsed(machine(pass1={"Type": "Pass", "Next": "pass3"}, pass2=PASS))
    assert str(raised.value) == (
        "Invalid State Machine Definition: 'MISSING_TRANSITION_TARGET: Missing 'Next' target: pass3 at "
        '/States/pass1/Next, MISSING_TRANSITION_TARGET: State "pass2" is not reachable. at /States/pass2\''
    )
    assert len(raised.value.diagnostics) == 2


def test_what_has_no_place_is_told_at_null() -> None:
    with pytest.raises(DefinitionError) as raised:
        parsed(machine(A={"Type": "Pass", "Next": "A"}))
    assert str(raised.value).endswith("'MISSING_END_STATE: Workflow has no terminal state at null'")


def test_the_whole_machine_is_located_by_a_slash() -> None:
    with pytest.raises(DefinitionError) as raised:
        parse('{"StartAt": "A"}')
    told = "Invalid State Machine Definition: 'SCHEMA_VALIDATION_FAILED: These fields are required: [States] at /'"
    assert str(raised.value) == told


def test_warnings_refuse_nothing_and_are_not_told_with_errors() -> None:
    warned = PASS | {"Parameters": {"a": "$.b"}}
    assert [one.severity for one in diagnose(json.dumps(machine(A=warned)))] == ["WARNING"]
    assert parsed(machine(A=warned)).states.start_at == "A"
    with pytest.raises(DefinitionError) as raised:
        parsed(machine(A=warned | {"InputPath": "x"}))
    assert "NO_DOLLAR" not in str(raised.value)


def test_the_type_of_the_machine_counts() -> None:
    state = {"Type": "Task", "Resource": "arn:aws:states:us-east-1:111122223333:activity:a", "End": True}
    text = json.dumps(machine(A=state))
    assert parse(text).states.start_at == "A"
    with pytest.raises(DefinitionError):
        parse(text, "EXPRESS")


def test_a_state_alone() -> None:
    made = parse_state('{"Type": "Pass", "Next": "Anywhere"}')
    assert (made.name, made.next, made.query_language) == ("StateName", "Anywhere", QueryLanguage.JSONPATH)
    made = parse_state('{"Type": "Pass", "Output": "{% 1 %}", "End": true}', QueryLanguage.JSONATA, "Mine")
    assert (made.name, made.output, made.query_language) == ("Mine", "{% 1 %}", QueryLanguage.JSONATA)


ALONE = {
    "{}": "These fields are required: [Type] at /States/StateName",
    '{"Type": "Pass", "End": true, "InputPath": "a"}': "Value must be a valid JSONPath. at /States/StateName/InputPath",
    '{"Type": "Pass", "End": true, "Assign": {"states": 1}}': "Cannot assign to reserved variable '$states'.",
    '{"Type": "Map", "End": true, "ItemProcessor": {"StartAt": "A", "States": {"A": {"Type": "Pass", "Next": "B"}}}}': (
        "Missing 'Next' target: B at /States/StateName/ItemProcessor/States/A/Next"
    ),
    "Pass": "Unrecognized token 'Pass'",
}


@pytest.mark.parametrize("text", ALONE)
def test_a_state_alone_is_checked(text: str) -> None:
    with pytest.raises(DefinitionError) as raised:
        parse_state(text)
    assert ALONE[text] in str(raised.value)


def test_jsonata_is_imported_only_where_it_is_used() -> None:
    code = (
        "import sys; from local_aws.stepfunctions.definition.parser import parse; "
        'parse(\'{"StartAt": "A", "States": {"A": {"Type": "Succeed"}}}\'); '
        "assert not {'jsonata', 'botocore', 'boto3'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
