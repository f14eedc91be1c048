"""TestState runs one state: by its own means, or with the result or error that the request gives in its place.

https://docs.aws.amazon.com/step-functions/latest/dg/test-state-isolation.html. What an inspection holds for each type
of state was observed on AWS.
"""

from __future__ import annotations

import json
import random
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from local_aws.stepfunctions.contracts.engine import EngineError
from local_aws.stepfunctions.contracts.errors import RUNTIME, TIMEOUT, StatesError
from local_aws.stepfunctions.definition.diagnostics import DefinitionError
from local_aws.stepfunctions.definition.model import (
    ABSENT,
    Choice,
    Fail,
    Map,
    Pass,
    QueryLanguage,
    State,
    Succeed,
    Task,
    Wait,
    Working,
)
from local_aws.stepfunctions.definition.parser import TESTED_STATE, parse, parse_state
from local_aws.stepfunctions.definition.walk import state_named
from local_aws.stepfunctions.interpreter.run import iso_time
from local_aws.stepfunctions.language import data_flow, map_fields, times
from local_aws.stepfunctions.language.error_matching import first_match, retry_delay
from local_aws.stepfunctions.language.limits import check_result
from local_aws.stepfunctions.language.scope import Scope
from local_aws.stepfunctions.language.templates import fill
from local_aws.stepfunctions.language.values import json_text
from local_aws.stepfunctions.state_tests.requests import StateTest
from local_aws.stepfunctions.tasks.contract import Done, TaskCall, TaskFailed, Tasks

_MOST_WAIT_S = 300.0
"""https://docs.aws.amazon.com/step-functions/latest/apireference/API_TestState.html"""


class StateRuns:
    """Runs states for TestState."""

    def __init__(self, tasks: Tasks, region: str, account: str, new_id: Callable[[], str]) -> None:
        """`tasks` are the integrations; a task without a mock calls them with the role of the request."""
        self._tasks, self._prefix, self._new_id = tasks, f"{region}:{account}", new_id

    def __call__(self, test: StateTest) -> Mapping[str, Any]:
        """Return TestState's answer. Raises EngineError InvalidDefinition."""
        try:
            state = _state_of(test)
        except DefinitionError as error:
            raise EngineError("InvalidDefinition", str(error)) from None
        context = test.context if test.context is not None else self._context(state, test)
        return _Run(self._tasks, state, test, Scope(context, test.variables), self._new_id).answer()

    def _context(self, state: State, test: StateTest) -> Mapping[str, Any]:
        now, name = iso_time(time.time()), self._new_id()
        context: dict[str, Any] = {
            "Execution": {
                "Id": f"arn:aws:states:{self._prefix}:express:{state.name}:{name}:{name}",
                "Input": json.loads(test.input),
                "Name": name,
                "RoleArn": test.role_arn,
                "StartTime": now,
                "RedriveCount": 0,
            },
            "State": {"Name": state.name, "EnteredTime": now},
            "StateMachine": {"Id": f"arn:aws:states:{self._prefix}:stateMachine:{state.name}", "Name": state.name},
        }
        if isinstance(state, Working):
            context["State"]["RetryCount"] = test.configuration.get("retrierRetryCount", 0)
        return context


class _Run:
    """One test."""

    def __init__(self, tasks: Tasks, state: State, test: StateTest, scope: Scope, new_id: Callable[[], str]) -> None:
        self._tasks, self._state, self._test, self._scope, self._new_id = tasks, state, test, scope, new_id
        self._raw = json.loads(test.input)
        self._seen: dict[str, str] = {"input": test.input}
        self._details: dict[str, Any] = {}
        self._queries = state.query_language is QueryLanguage.JSONATA

    def answer(self) -> dict[str, Any]:
        """Run the state, and tell what came of it."""
        try:
            answer = self._succeeded()
        except StatesError as error:
            where = f"An error occurred while executing the state '{self._state.name}' (entered at the event id #0)."
            answer = self._failed(error.error, f"{where} {error.cause}")
        except TaskFailed as error:
            answer = self._failed(error.error, error.cause, of_task=True)
        if self._test.level != "INFO":
            answer["inspectionData"] = {**self._seen, **self._details}
        return {name: value for name, value in answer.items() if value is not None}

    def _succeeded(self) -> dict[str, Any]:
        state, raw = self._state, self._raw
        if isinstance(state, Choice):
            self._after_input()
            chosen = data_flow.choose(state, raw, self._scope)
            return self._told(chosen.output, chosen.assigned, chosen.next)
        if isinstance(state, Fail):
            self._after_input()
            return self._failed(*data_flow.failure(state, raw, self._scope))
        if isinstance(state, Succeed | Wait):
            self._after_input()
            if isinstance(state, Wait) and not self._waited(state):
                return self._failed(TIMEOUT, None)
            finished = data_flow.finish(state, raw, ABSENT, self._scope)
            return self._told(finished.output, finished.assigned, state.next)
        result = self._pass_result(state) if isinstance(state, Pass) else self._result(state)
        finished = data_flow.finish(state, raw, result, self._scope, effective=result)
        if not self._queries:
            self._after_result(state, result)
        return self._told(finished.output, finished.assigned, state.next)

    def _told(self, output: Any, assigned: Mapping[str, Any], next_state: str | None) -> dict[str, Any]:
        variables = {**self._test.variables, **assigned}
        if variables:
            self._seen["variables"] = json_text(variables)
        return {
            "status": "SUCCEEDED",
            "output": check_result(output, self._state.name),
            "nextState": next_state,
        }

    def _waited(self, state: Wait) -> bool:
        """Wait; False if the time of a test ends before that of the state."""
        now = datetime.now(UTC)
        left_s = (times.wait_until(state, self._raw, self._scope, now) - now).total_seconds()
        time.sleep(max(0.0, min(left_s, _MOST_WAIT_S)))
        return left_s <= _MOST_WAIT_S

    # What an inspection shows

    def _see(self, name: str, value: Any) -> None:
        self._seen[name] = json_text(value)

    def _after_input(self) -> None:
        if not self._queries:
            self._see("afterInputPath", data_flow.selected_input(self._state, self._raw, self._scope))

    def _pass_result(self, state: Pass) -> Any:
        if self._queries:
            return ABSENT
        if state.result is not ABSENT:
            self._see("result", state.result)
            return state.result
        self._after_input()
        effective = data_flow.effective_input(state, self._raw, self._scope)
        self._see("afterParameters", effective)
        return effective

    def _after_result(self, state: State, result: Any) -> None:
        selector = state.result_selector if isinstance(state, Working) else ABSENT
        if selector is not ABSENT:
            result = fill(selector, result, self._scope, "ResultSelector")
        self._see("afterResultSelector", result)
        path = state.result_path if isinstance(state, Pass | Working) else ABSENT
        self._see("afterResultPath", data_flow.place_result(path, self._raw, result))

    def _result(self, state: State) -> Any:
        """Return the result of a Task, Map or Parallel. Raises TaskFailed, StatesError."""
        self._after_input()
        effective = data_flow.effective_input(state, self._raw, self._scope)
        self._see("afterArguments" if self._queries else "afterParameters", effective)
        if isinstance(state, Map):
            self._see_map(state)
        result = self._mocked() if self._test.mock is not None else self._called(state, effective)
        self._see("result", result)
        return result

    def _see_map(self, state: Map) -> None:
        raw, scope = self._raw, self._scope
        items = self._items(state)
        if not self._queries and state.item_reader is None:
            self._see("afterItemsPath", items)
        inputs = [map_fields.item_input(state, raw, item, index, scope) for index, item in enumerate(items)]
        if state.item_selector is not ABSENT:
            self._see("afterItemSelector", inputs)
        if state.item_batcher is not None:
            self._see("afterItemBatcher", list(map_fields.batches(state, inputs, raw, scope)))
        numbers = {
            "maxConcurrency": map_fields.max_concurrency(state, raw, scope) or None,
            "toleratedFailureCount": map_fields.tolerated_failure_count(state, raw, scope),
            "toleratedFailurePercentage": map_fields.tolerated_failure_percentage(state, raw, scope),
        }
        self._details |= {name: number for name, number in numbers.items() if number is not None}

    def _items(self, state: Map) -> list[Any]:
        given = self._test.configuration.get("mapItemReaderData")
        if given is None:
            return map_fields.items(state, self._raw, self._scope) if state.item_reader is None else []
        read = json.loads(given)
        return read if isinstance(read, list) else [{"Key": key, "Value": value} for key, value in read.items()]

    def _mocked(self) -> Any:
        mock = self._test.mock
        if mock is None or mock.error is not None:
            raise TaskFailed(mock.error or "" if mock else "", (mock.cause or "") if mock else "")
        return mock.result

    def _called(self, state: State, effective: Any) -> Any:
        if not isinstance(state, Task):
            raise StatesError(RUNTIME, f"A {type(state).__name__} state is tested with a mock only.")
        resource = self._tasks.resource(state.resource)
        problem = self._tasks.problem(resource, effective)
        if problem is not None:
            raise StatesError(RUNTIME, problem)
        name = self._new_id()
        execution = str(self._scope.context.get("Execution", {}).get("Id", ""))
        machine = str(self._scope.context.get("StateMachine", {}).get("Id", ""))
        own = self._test.role_arn
        role = data_flow.credentials_role(state, self._raw, self._scope)
        call = TaskCall(
            execution,
            machine,
            state.name,
            state.resource,
            effective,
            role or own,
            name,
            name,
            _MOST_WAIT_S,
            machine_role_arn=own if role else "",
        )
        outcome = self._tasks.integration(resource).start(call)
        return outcome.output if isinstance(outcome, Done) else None

    # Failures

    def _failed(self, error: str | None, cause: str | None, *, of_task: bool = False) -> dict[str, Any]:
        """Tell whether a failure would be retried or caught."""
        told = {"error": error, "cause": cause}
        state = self._state
        if isinstance(state, Working):
            retried = self._retried(state, first_match(state.retry, error or "", of_task=of_task))
            if retried:
                return {"status": "RETRIABLE", **told}
            index = first_match(state.catch, error or "", of_task=of_task)
            if index is not None:
                return {"status": "CAUGHT_ERROR", **told, **self._caught(state, index, error, cause)}
        return {"status": "FAILED", **told}

    def _retried(self, state: Working, index: int | None) -> bool:
        attempts = self._test.configuration.get("retrierRetryCount", 0)
        if index is None or attempts >= state.retry[index].max_attempts:
            return False
        delay_s = retry_delay(state.retry[index], attempts, random.random)
        self._details["errorDetails"] = {"retryIndex": index, "retryBackoffIntervalSeconds": int(delay_s)}
        return True

    def _caught(self, state: Working, index: int, error: str | None, cause: str | None) -> dict[str, Any]:
        output = {name: value for name, value in (("Error", error), ("Cause", cause)) if value is not None}
        catcher = state.catch[index]
        finished = data_flow.caught(state, catcher, self._raw, output, self._scope)
        self._details["errorDetails"] = {"catchIndex": index}
        told = self._told(finished.output, finished.assigned, catcher.next)
        del told["status"]
        return told


def _state_of(test: StateTest) -> State:
    if test.state_name is None:
        return parse_state(test.definition, name=TESTED_STATE)
    found = state_named(parse(test.definition).states, test.state_name)
    if found is None:
        raise EngineError(
            "ValidationException", f"State '{test.state_name}' not found in the state machine definition."
        )
    return found
