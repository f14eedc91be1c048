"""TestState: one state is run, or told what to have got, without a state machine.

https://docs.aws.amazon.com/step-functions/latest/apireference/API_TestState.html. Sentences of refusals are observed on
AWS, but for those about a role, a missing mock and JSON, which are not documented.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from local_aws.stepfunctions.operations.executions import engine, require_input
from local_aws.stepfunctions.registry import arns, faults, json_text
from local_aws.stepfunctions.registry.records import Document
from local_aws.stepfunctions.state_tests.contexts import require_context
from local_aws.stepfunctions.state_tests.results import STRICT, require_result
from local_aws.wire import AwsError, Caller

_MOCKED = frozenset({"Task", "Map", "Parallel"})
_ONLY_MOCKED = frozenset({"Map", "Parallel"})
_WAITING = (".sync", ".sync:2", ".waitForTaskToken")


@dataclass(frozen=True, slots=True)
class Mock:
    """What the state is said to have got: a result, as JSON, or an error with its cause."""

    result: Any = None
    error: str | None = None
    cause: str | None = None


@dataclass(frozen=True, slots=True)
class StateTest:
    """A request that was checked.

    `definition` is the text of the state, or of the machine if `state_name` is given. `input` is JSON text; `variables`
    and `context` are JSON objects. `configuration` is TestStateConfiguration as the API has it.
    """

    definition: str
    state_name: str | None
    role_arn: str
    input: str
    level: str = "INFO"
    variables: Mapping[str, Any] = field(default_factory=dict)
    mock: Mock | None = None
    context: Mapping[str, Any] | None = None
    configuration: Mapping[str, Any] = field(default_factory=dict)


class RunStateTest(Protocol):
    """Runs one state, for at most five minutes."""

    def __call__(self, test: StateTest) -> Mapping[str, Any]:
        """TestState's answer, with its names. Raises EngineError, such as InvalidDefinition."""


class StateTests:
    """The operation TestState."""

    def __init__(self, run: RunStateTest) -> None:
        self._run = run

    def test(self, _caller: Caller, request: Document) -> Mapping[str, Any]:
        """Check the request, and run the state."""
        test = _read(request)
        return engine(lambda: self._run(test))


def _read(request: Document) -> StateTest:
    mock, context = _mock_of(request), _object(request, "context")
    if mock is None and context is not None:
        raise faults.invalid("A Context object can only be specified when a mock is specified.")
    if mock is None and "roleArn" not in request:
        raise faults.invalid("roleArn is required unless a mock is specified.", faults.MISSING)
    if "roleArn" in request:
        arns.require_role(request["roleArn"])
    state = _state_of(request)
    _require_kind(state, mock)
    if mock is not None:
        _require_mock(state, mock, request["mock"])
    if context is not None:
        require_context(context, waits=_waits(state))
    return StateTest(
        definition=request["definition"],
        state_name=request.get("stateName"),
        role_arn=request.get("roleArn", ""),
        input=require_input(request.get("input", "{}")),
        level=request.get("inspectionLevel", "INFO"),
        variables=_object(request, "variables") or {},
        mock=mock,
        context=context,
        configuration=request.get("stateConfiguration", {}),
    )


def _mock_of(request: Document) -> Mock | None:
    given = request.get("mock")
    if given is None:
        return None
    if ("result" in given) == ("errorOutput" in given):
        raise faults.invalid("A test mock should have only one of the following fields: [result, errorOutput].")
    if request.get("revealSecrets"):
        raise faults.invalid("TestState does not support RevealSecrets when a mock is specified.")
    if "result" in given:
        return Mock(result=_json(given["result"], "mock.result"))
    error = given["errorOutput"]
    if "error" not in error:
        raise faults.invalid("mock.errorOutput.error is required.", faults.MISSING)
    return Mock(error=error["error"], cause=error.get("cause"))


def _json(text: str, name: str) -> Any:
    try:
        return json_text.read(text)
    except ValueError as error:
        raise faults.invalid(f"{name} is not valid JSON: {error}") from None


def _object(request: Document, name: str) -> dict[str, Any] | None:
    if name not in request:
        return None
    found = _json(request[name], name)
    if not isinstance(found, dict):
        raise faults.invalid(f"{name} must be a JSON object.")
    return found


def _state_of(request: Document) -> dict[str, Any]:
    """The state's own definition. Raises AwsError InvalidDefinition."""
    try:
        found = json_text.read(request["definition"])
    except ValueError as error:
        raise faults.invalid_definition(f"INVALID_JSON_DESCRIPTION: {error}") from None
    if not isinstance(found, dict):
        raise faults.invalid_definition("SCHEMA_VALIDATION_FAILED: Definition must be a valid JSON object")
    name = request.get("stateName")
    if name is None:
        return found
    state = _named(found, name)
    if state is None:
        raise faults.invalid(f"State '{name}' not found in the state machine definition.")
    return state


def _named(machine: Any, name: str) -> dict[str, Any] | None:
    """A state of a machine, also of one inside a Map or Parallel state."""
    states = machine.get("States") if isinstance(machine, dict) else None
    for key, state in states.items() if isinstance(states, dict) else ():
        if not isinstance(state, dict):
            continue
        if key == name:
            return state
        branches = state.get("Branches")
        inner = [state.get("ItemProcessor"), state.get("Iterator"), *(branches if isinstance(branches, list) else [])]
        found = next((one for part in inner if (one := _named(part, name))), None)
        if found is not None:
            return found
    return None


def _waits(state: dict[str, Any]) -> bool:
    return str(state.get("Resource", "")).endswith(_WAITING)


def _require_kind(state: dict[str, Any], mock: Mock | None) -> None:
    """Refuse a mock where none is allowed, and the lack of one where it is needed."""
    kind = state.get("Type")
    if mock is not None and kind not in _MOCKED:
        raise faults.invalid(f"State type '{kind}' is not supported when a mock is specified")
    if mock is None and kind in _ONLY_MOCKED:
        raise AwsError(
            "InvalidDefinition",
            "TestState API does not support Map or Parallel states. Supported state types include: "
            "[Task, Wait, Pass, Succeed, Fail, Choice]",
        )
    if mock is None and kind == "Task" and (_waits(state) or ":activity:" in str(state.get("Resource", ""))):
        raise AwsError(
            "InvalidDefinition",
            "TestState API does not support Activity tasks, or the .sync or .waitForTaskToken service integration "
            "patterns, unless a mock is specified",
        )


def _require_mock(state: dict[str, Any], mock: Mock, given: Document) -> None:
    if mock.error is not None:
        return
    if state["Type"] == "Task":
        require_result(str(state.get("Resource", "")), mock.result, given.get("fieldValidationMode", STRICT))
    elif state["Type"] == "Map" and "ResultWriter" in state:
        if not isinstance(mock.result, dict):
            raise faults.invalid("Mocked result must be a JSON object.")
    elif not isinstance(mock.result, list):
        raise faults.invalid("Mocked result must be an array.")
    elif state["Type"] == "Parallel" and len(mock.result) != len(state.get("Branches", [])):
        raise faults.invalid("Mocked result must contain the same number of items as number of Parallel branches.")
