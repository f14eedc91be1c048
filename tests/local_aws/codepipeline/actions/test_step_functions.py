from __future__ import annotations

import io
import json
import zipfile
from typing import Any

import pytest

from tests.local_aws.codepipeline.documents import artifacts, codecommit, kind, pipeline, stage
from tests.local_aws.codepipeline.surroundings import Surroundings
from tests.local_server import wait_for

MACHINE = "arn:aws:states:us-east-1:111122223333:stateMachine:orders"


class FakeStates:
    """State machines whose executions end as a test says."""

    class exceptions:  # noqa: N801 - botocore's name
        class ExecutionAlreadyExists(Exception):  # noqa: N818 - AWS's name
            """The name is taken."""

    def __init__(self) -> None:
        self.type, self.started = "STANDARD", dict[str, dict[str, Any]]()
        self.ends: dict[str, Any] = {"status": "SUCCEEDED", "output": '{"done": true}'}

    def describe_state_machine(self, **request: Any) -> dict[str, Any]:
        assert request == {"stateMachineArn": MACHINE}
        return {"type": self.type}

    def start_execution(self, **request: Any) -> dict[str, Any]:
        if request["name"] in self.started:
            raise self.exceptions.ExecutionAlreadyExists
        self.started[request["name"]] = request
        return {"executionArn": f"{MACHINE.replace('stateMachine', 'execution')}:{request['name']}"}

    def describe_execution(self, **request: Any) -> dict[str, Any]:
        assert request["executionArn"].rpartition(":")[2] in self.started
        return self.ends


@pytest.fixture
def states(codepipeline: Surroundings, monkeypatch: pytest.MonkeyPatch) -> FakeStates:
    fake, get = FakeStates(), codepipeline.clients.get
    monkeypatch.setattr(
        codepipeline.clients, "get", lambda name, who: fake if name == "stepfunctions" else get(name, who)
    )
    return fake


def action(*, inputs: bool = False, outputs: bool = False, **configuration: str) -> dict[str, Any]:
    found: dict[str, Any] = {
        "name": "Run",
        "actionTypeId": kind("Invoke", "StepFunctions"),
        "configuration": {"StateMachineArn": MACHINE, **configuration},
        "namespace": "Run",
    }
    if inputs:
        found["inputArtifacts"] = artifacts("CodeArtifact")
    if outputs:
        found["outputArtifacts"] = artifacts("Made")
    return found


def run(codepipeline: Surroundings, work: dict[str, Any], status: str = "Succeeded") -> dict[str, Any]:
    """The attempt at the action, once the execution has that status."""
    execution = codepipeline.create(pipeline(stage("Source", codecommit()), stage("Work", work)))

    def ended() -> bool:
        codepipeline.clock.advance(1)
        return codepipeline.status(execution) == status

    wait_for(ended, f"{execution} to be {status}", 20)
    return codepipeline.attempt("Run")


def test_a_standard_execution_is_awaited_and_handed_on(codepipeline: Surroundings, states: FakeStates) -> None:
    attempt = run(codepipeline, action(outputs=True, ExecutionNamePrefix="release"))
    (started,) = states.started.values()
    assert started == {
        "stateMachineArn": MACHINE,
        "name": f"release-{attempt['actionExecutionId']}",
        "input": "{}",
    }
    execution = f"{MACHINE.replace('stateMachine', 'execution')}:{started['name']}"
    assert attempt["output"]["outputVariables"] == {"StateMachineArn": MACHINE, "ExecutionArn": execution}
    place = attempt["output"]["outputArtifacts"][0]["s3location"]
    written = codepipeline.clients.s3.objects[place["bucket"], place["key"]]
    with zipfile.ZipFile(io.BytesIO(written)) as archive:
        assert archive.read("output.json") == b'{"done": true}'


def test_an_express_execution_is_started_alone(codepipeline: Surroundings, states: FakeStates) -> None:
    states.type, states.ends = "EXPRESS", {}
    attempt = run(codepipeline, action(Input='{"a": 1}'))
    assert attempt["output"]["outputVariables"] == {"StateMachineArn": MACHINE}
    (started,) = states.started.values()
    assert (started["name"], started["input"]) == (attempt["actionExecutionId"], '{"a": 1}')


@pytest.mark.parametrize("status", ["FAILED", "TIMED_OUT", "ABORTED"])
def test_an_execution_without_success_fails_the_action(
    codepipeline: Surroundings, states: FakeStates, status: str
) -> None:
    states.ends = {"status": status, "error": "Broken", "cause": "It broke."}
    details = run(codepipeline, action(), "Failed")["output"]["executionResult"]["errorDetails"]
    assert details["code"] == "JobFailed"
    assert details["message"].endswith(f"has ended as {status}: Broken: It broke.")


@pytest.mark.parametrize(
    ("files", "words"),
    [
        ({"in/put.json": "[1]"}, ""),
        ({"other": ""}, "The artifact CodeArtifact has no file in/put.json."),
        ({"in/put.json": "x" * 262_145}, "has more than 262144 bytes"),
        (None, "in/put.json of the artifact CodeArtifact cannot be read"),
    ],
)
def test_the_input_may_be_a_file(
    codepipeline: Surroundings,
    states: FakeStates,
    monkeypatch: pytest.MonkeyPatch,
    files: dict[str, str] | None,
    words: str,
) -> None:
    packed = io.BytesIO(b"no archive")
    if files is not None:
        with zipfile.ZipFile(packed, "w") as archive:
            for name, text in files.items():
                archive.writestr(name, text)
    monkeypatch.setattr(codepipeline, "upload_archive", lambda *_: packed.getvalue())
    work = action(inputs=True, InputType="FilePath", Input="in/put.json")
    attempt = run(codepipeline, work, "Failed" if words else "Succeeded")
    if words:
        assert words in attempt["output"]["executionResult"]["errorDetails"]["message"]
    else:
        assert json.loads(next(iter(states.started.values()))["input"]) == [1]


@pytest.mark.parametrize(
    ("work", "type_", "words"),
    [
        (action(outputs=True), "EXPRESS", "which an express state machine cannot make"),
        (action(InputType="FilePath", Input="x"), "STANDARD", "has no input artifact to read x from"),
    ],
)
def test_what_cannot_run(
    codepipeline: Surroundings, states: FakeStates, work: dict[str, Any], type_: str, words: str
) -> None:
    states.type = type_
    details = run(codepipeline, work, "Failed")["output"]["executionResult"]["errorDetails"]
    assert details["code"] == "ConfigurationError"
    assert words in details["message"]


@pytest.mark.parametrize("configuration", [{"InputType": "Other"}, {"InputType": "FilePath"}])
def test_declarations_that_are_refused(codepipeline: Surroundings, configuration: dict[str, Any]) -> None:
    document = pipeline(stage("Source", codecommit()), stage("Work", action(**configuration)))
    assert codepipeline.refused("CreatePipeline", pipeline=document) == "InvalidActionDeclarationException"
