"""What each state of the machine promises: that it ends, what it repeats, and where its failure leads."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from local_aws.stepfunctions.language.expressions import query
from local_aws.stepfunctions.language.scope import Scope
from tests.cloudformation import templates
from workflows.compose import schema_of
from workflows.runtime.names import mark

TEXT = (Path(__file__).parents[3] / "workflows" / "text" / "state-machine.asl.json").read_text(encoding="utf-8")
STATES: dict[str, dict[str, Any]] = json.loads(TEXT)["States"]
ENDPOINT: dict[str, dict[str, Any]] = STATES["Try model"]["Branches"][0]["States"]
TRANSFORM: dict[str, dict[str, Any]] = STATES["Try model"]["Branches"][1]["States"]
EVERY = {**STATES, **ENDPOINT, **TRANSFORM}
TASKS = {name: state for name, state in EVERY.items() if state["Type"] == "Task"}
NO_BLANKET = {"States.ALL", "States.TaskFailed", "States.Timeout"}


def test_every_task_ends_and_repeats_what_may_pass() -> None:
    assert len(TASKS) == 17
    for name, task in TASKS.items():
        assert task["TimeoutSeconds"] > 0, name
        for retry in task["Retry"]:
            assert retry["JitterStrategy"] == "FULL", name
            assert retry["BackoffRate"] > 1, name
            assert not NO_BLANKET & set(retry["ErrorEquals"]), name


def test_every_failure_is_caught_and_leads_past_what_deletes() -> None:
    caught = {name: task["Catch"][-1] for name, task in TASKS.items()}
    assert all(catch["ErrorEquals"] == ["States.ALL"] for catch in caught.values())
    following = {name: catch["Next"] for name, catch in caught.items()}
    stops = ("Stop processing", "Stop training")
    before = dict.fromkeys(("Find dataset", "Prepare reviews", "Train", "Delete model", *stops), "Fail")
    with_model = dict.fromkeys(("Create model", "Score predictions"), "Delete model")
    with_endpoint = dict.fromkeys(("Create endpoint", "Describe endpoint", "Ask endpoint"), "Can it go on?")
    deleting = {
        "Create endpoint config": "Look for endpoint",
        "Look for endpoint": "Delete endpoint config",
        "Delete endpoint": "Delete endpoint config",
        "Delete endpoint config": "Tell of endpoint",
    }
    transforming = dict.fromkeys(("Transform", "Stop transform"), "Tell of transform")
    assert following == {**before, **with_model, **with_endpoint, **deleting, **transforming}
    assert ENDPOINT["Can it go on?"]["Default"] == "Look for endpoint"
    assert STATES["Try model"]["Catch"][-1]["Next"] == "Delete model"


def test_no_branch_fails_so_that_none_is_cut_off_with_an_endpoint() -> None:
    assert not [name for name, state in {**ENDPOINT, **TRANSFORM}.items() if state["Type"] == "Fail"]


def test_waiting_is_bounded() -> None:
    """Every loop passes a Choice that counts its looks."""
    for name in ("Is it in service?", "Can it be deleted?"):
        assert all("$polls <" in rule["Condition"] for rule in ENDPOINT[name]["Choices"] if "Wait" in rule["Next"])
        assert "Wait" not in ENDPOINT[name]["Default"]


def test_the_template_fills_in_each_placeholder() -> None:
    properties = templates.load("workflows")["Resources"]["TextMachine"]["Properties"]
    assert json.loads(properties["DefinitionString"]) == json.loads(TEXT)
    assert set(re.findall(r"\$\{(\w+)\}", TEXT)) == set(properties["DefinitionSubstitutions"])


def test_what_is_made_is_tagged_encrypted_and_isolated() -> None:
    made = [task["Arguments"] for task in TASKS.values() if "Tags" in task["Arguments"]]
    assert len(made) == 6
    assert all({tag["Key"] for tag in one["Tags"]} == {"slipway:suffix", "slipway:execution"} for one in made)
    assert TEXT.count('"${KmsKeyArn}"') == 7
    assert STATES["Prepare reviews"]["Arguments"]["NetworkConfig"] == {"EnableNetworkIsolation": True}
    for name in ("Train", "Create model"):
        assert STATES[name]["Arguments"]["EnableNetworkIsolation"]


@pytest.mark.parametrize(
    ("state", "argument"),
    [
        ("Prepare reviews", "ProcessingJobName"),
        ("Stop processing", "ProcessingJobName"),
        ("Train", "TrainingJobName"),
        ("Stop training", "TrainingJobName"),
        ("Create model", "ModelName"),
        ("Create endpoint config", "EndpointConfigName"),
        ("Transform", "TransformJobName"),
        ("Stop transform", "TransformJobName"),
    ],
)
@pytest.mark.parametrize("redrives", [0, 1])
def test_names_are_the_execution_s_and_those_of_the_sweeper(state: str, argument: str, redrives: int) -> None:
    """A redrive does not run states again that have ended, so each name is made where something is made."""
    expression = EVERY[state]["Arguments"][argument]
    assert _evaluated(expression, redrives).endswith(f"-text-{mark(EXECUTION, redrives)}")


def test_what_jobs_write_is_in_a_folder_of_the_execution_and_of_the_redrive() -> None:
    jobs = {name: EVERY[name]["Arguments"] for name in ("Prepare reviews", "Train", "Transform")}
    written = re.findall(r'"(?:S3OutputPath|S3Uri)": "({% \'s3://\$\{ModelBucket.*?%})"', json.dumps(jobs))
    assert len(written) == 5
    folder = "s3://${ModelBucket}/workflows/text/one"
    ends = ["/train", "/test", "/sentences", "", "/transform"]
    assert [_evaluated(expression, 0) for expression in written] == [folder + end for end in ends]
    assert [_evaluated(expression, 2) for expression in written] == [f"{folder}/redrive-2{end}" for end in ends]


def test_the_schema_of_the_input_stands_in_the_definition() -> None:
    """`slipway workflow execute` reads it before it starts an execution."""
    assert schema_of(json.loads(TEXT)) == dict.fromkeys(("bucket", "prefix", "dataset"), "string")


EXECUTION = "arn:aws:states:us-east-1:111122223333:execution:slipway-local-text:one"


def _evaluated(expression: str, redrives: int) -> str:
    context = {"Execution": {"Id": EXECUTION, "Name": "one", "RedriveCount": redrives}}
    return str(query({}, Scope(context, {})).evaluate(expression, "Arguments"))
