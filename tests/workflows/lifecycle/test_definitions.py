"""What each task of the definitions promises: that it ends, what it repeats, and that its failure is told."""

from __future__ import annotations

import json
import re
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest
from cfnlint.config import ConfigMixIn
from cfnlint.decode.decode import decode_str
from cfnlint.runner import Runner

from tests.cloudformation import templates
from workflows.compose import schema_of
from workflows.lifecycle.request import Request

FOLDER = Path(__file__).parents[3] / "workflows" / "lifecycle"
MACHINES = ("lifecycle-training", "lifecycle-inference")
CLEANING = {"Delete Model", "Stop Training", "Stop Inference"}
NO_BLANKET = {"States.ALL", "States.TaskFailed", "States.Timeout"}

each_machine = pytest.mark.parametrize("machine", MACHINES)


def text_of(machine: str) -> str:
    return (FOLDER / f"{machine}.asl.json").read_text(encoding="utf-8")


def properties_of(machine: str) -> dict[str, Any]:
    logical_id = "".join(word.capitalize() for word in machine.split("-")) + "Machine"
    properties: dict[str, Any] = templates.load("workflows")["Resources"][logical_id]["Properties"]
    return properties


def filled(machine: str) -> str:
    """The definition with the resources of its tasks; what else is filled in stands by its name."""
    values = properties_of(machine)["DefinitionSubstitutions"]

    def value(found: re.Match[str]) -> str:
        given = values[found[1]]
        resource = str(given.get("Fn::Sub", "")) if isinstance(given, dict) else ""
        is_action = ":states:::" in resource
        return resource.replace("${AWS::Partition}", "aws") if is_action else found[1]

    return re.sub(r"\$\{(\w+)\}", value, text_of(machine))


def states_of(machine: str) -> dict[str, dict[str, Any]]:
    states: dict[str, dict[str, Any]] = json.loads(filled(machine))["States"]
    return states


def tasks_of(machine: str) -> dict[str, dict[str, Any]]:
    return {name: state for name, state in states_of(machine).items() if state["Type"] == "Task"}


@each_machine
def test_every_task_ends_and_repeats_what_may_pass(machine: str) -> None:
    for name, task in tasks_of(machine).items():
        assert task["TimeoutSeconds"] > 0, name
        for retry in task["Retry"]:
            assert retry["JitterStrategy"] == "FULL", name
            assert retry["BackoffRate"] > 1, name
            assert not NO_BLANKET & set(retry["ErrorEquals"]), name


@each_machine
def test_every_failure_is_told_with_its_state(machine: str) -> None:
    states = states_of(machine)
    for name, task in tasks_of(machine).items():
        assert task["Catch"][-1]["ErrorEquals"] == ["States.ALL"], name
        for caught in task["Catch"]:
            assert caught["Next"] in {"Explain Failure", *CLEANING}, name
            failure = caught["Assign"]["failure"]
            # What cleans up keeps the failure that it was started for.
            assert "$merge([$failure," in failure if name in CLEANING else failure["State"] == name
    assert states["Explain Failure"]["Next"] == "Failed"


@each_machine
def test_a_job_that_may_still_run_is_stopped(machine: str) -> None:
    states = states_of(machine)
    for task in (task for task in tasks_of(machine).values() if ":sagemaker:create" in task["Resource"]):
        if task["Resource"].endswith(".sync"):
            caught = task["Catch"][0]
            assert set(caught["ErrorEquals"]) == {
                "States.Timeout",
                "SageMaker.ResourceInUseException",
                "SageMaker.SdkClientException",
            }
            stopped, made = states[caught["Next"]]["Arguments"], task["Arguments"]
            assert stopped == {name: made[name] for name in stopped}


@each_machine
def test_the_template_fills_in_each_placeholder(machine: str) -> None:
    properties = properties_of(machine)
    assert json.loads(properties["DefinitionString"]) == json.loads(text_of(machine))
    assert set(re.findall(r"\$\{(\w+)\}", text_of(machine))) == set(properties["DefinitionSubstitutions"])


@each_machine
def test_cfn_lint_has_nothing_to_say_once_the_placeholders_are_filled(machine: str) -> None:
    properties = {"RoleArn": "arn:aws:iam::111122223333:role/machine", "DefinitionString": filled(machine)}
    resource = {"Type": "AWS::StepFunctions::StateMachine", "Properties": properties}
    template, _ = decode_str(json.dumps({"Resources": {"Machine": resource}}))
    config = ConfigMixIn(regions=["us-east-1"])
    assert [match.message for match in Runner(config).validate_template(template)] == []


@each_machine
def test_jobs_and_volumes_are_encrypted_and_tagged(machine: str) -> None:
    made = [task for task in tasks_of(machine).values() if ":sagemaker:create" in task["Resource"]]
    assert made
    for task in made:
        assert {tag["Key"] for tag in task["Arguments"]["Tags"]} == {"slipway:suffix", "slipway:execution"}
        if task["Resource"].endswith(".sync"):
            assert json.dumps(task["Arguments"]).count('": "Key"') == 2


@each_machine
def test_the_schema_of_the_input_stands_in_the_definition(machine: str) -> None:
    """`slipway workflow execute` reads it before it starts an execution; it has what the function reads."""
    definition = json.loads(text_of(machine))
    assert schema_of(definition) == {field.name: "string" for field in fields(Request)}
