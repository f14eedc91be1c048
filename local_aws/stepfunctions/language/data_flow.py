"""What goes into a state and what comes out of it, in both query languages.

Order in JSONPath: InputPath, Parameters, the work, ResultSelector, Assign, ResultPath, OutputPath; in JSONata:
Arguments, the work, then Assign and Output.
https://docs.aws.amazon.com/step-functions/latest/dg/concepts-input-output-filtering.html
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Final

from local_aws.stepfunctions.contracts.errors import RUNTIME, StatesError
from local_aws.stepfunctions.definition.model import (
    ABSENT,
    Catcher,
    Choice,
    Fail,
    Map,
    Parallel,
    Pass,
    QueryLanguage,
    Rule,
    State,
    Task,
    Working,
)
from local_aws.stepfunctions.language.choice import holds
from local_aws.stepfunctions.language.expressions import Query, query
from local_aws.stepfunctions.language.jsonpath import put, select
from local_aws.stepfunctions.language.scope import Scope
from local_aws.stepfunctions.language.templates import fill, resolve
from local_aws.stepfunctions.language.values import kind
from local_aws.stepfunctions.language.variables import assign_by_paths, assign_by_query

NO_NEXT_STATE: Final = "Failed to transition out of the state. The state does not point to a next state."
"""The cause where no rule of a Choice matches and it has no default; its error is States.Runtime (observed on AWS)."""


@dataclass(frozen=True, slots=True)
class Finished:
    """What a state hands on, and the variables that it sets."""

    output: Any
    assigned: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Chosen:
    """Where a Choice goes on, what it hands on and the variables that it sets."""

    next: str
    output: Any
    assigned: dict[str, Any] = field(default_factory=dict)


def _queries(state: State) -> bool:
    return state.query_language is QueryLanguage.JSONATA


def selected_input(state: State, raw: Any, scope: Scope) -> Any:
    """The input after InputPath: the document of a JSONPath state's other fields. Raises StatesError."""
    return _path(state.input_path, raw, scope, "InputPath")


def _path(path: Any, document: Any, scope: Scope, field: str) -> Any:
    if path is ABSENT or path == "$":
        return document
    return {} if path is None else select(path, document, scope, field)


def effective_input(state: State, raw: Any, scope: Scope) -> Any:
    """What a state works on: its input after InputPath and Parameters, or its Arguments. Raises StatesError."""
    if _queries(state):
        arguments = state.arguments if isinstance(state, Working) else ABSENT
        return raw if arguments is ABSENT else query(raw, scope).fill(arguments, "Arguments")
    document = selected_input(state, raw, scope)
    parameters = state.parameters if isinstance(state, Pass | Working) else ABSENT
    return document if parameters is ABSENT else fill(parameters, document, scope, "Parameters")


def finish(state: State, raw: Any, result: Any, scope: Scope, *, effective: Any = ABSENT) -> Finished:
    """The output of a state and its variables.

    `result` is that of Task, Parallel and Map, ABSENT for all others. `effective` is the effective input if it is
    known. Raises StatesError.
    """
    if _queries(state):
        return _finish_query(state, raw, result, scope)
    if not isinstance(state, Working):
        result = _own_result(state, raw, scope, effective)
    elif state.result_selector is not ABSENT:
        result = fill(state.result_selector, result, scope, "ResultSelector")
    assigned = {} if state.assign is ABSENT else assign_by_paths(state.assign, result, scope)
    path = state.result_path if isinstance(state, Pass | Working) else ABSENT
    output = place_result(path, raw, result)
    return Finished(_path(state.output_path, output, scope, "OutputPath"), assigned)


def _own_result(state: State, raw: Any, scope: Scope, effective: Any) -> Any:
    if isinstance(state, Pass) and state.result is not ABSENT:
        return state.result
    return effective_input(state, raw, scope) if effective is ABSENT else effective


def place_result(path: Any, raw: Any, result: Any) -> Any:
    """The raw input with a result in it, as ResultPath says. Raises StatesError States.ResultPathMatchFailure."""
    if path is ABSENT or path == "$":
        return result
    return raw if path is None else put(path, raw, result)


def _finish_query(state: State, raw: Any, result: Any, scope: Scope) -> Finished:
    known = result if isinstance(state, Task | Parallel | Map) else ABSENT
    asked = query(raw, scope, result=known)
    return Finished(*_given(asked, state, raw if known is ABSENT else known, ""))


def _given(asked: Query, giver: State | Rule | Catcher, otherwise: Any, place: str) -> tuple[Any, dict[str, Any]]:
    """Output, or what is handed on without it, and the variables of Assign."""
    assigned = {} if giver.assign is ABSENT else assign_by_query(giver.assign, asked, f"{place}Assign")
    output = otherwise if giver.output is ABSENT else asked.fill(giver.output, f"{place}Output")
    return output, assigned


def caught(state: Working, catcher: Catcher, raw: Any, error_output: Any, scope: Scope) -> Finished:
    """What a Catcher hands on: the error output at its ResultPath, or its Output. Raises StatesError."""
    if _queries(state):
        place = f"Catch[{next(at for at, each in enumerate(state.catch) if each is catcher)}]/"
        asked = query(raw, scope, error_output=error_output)
        return Finished(*_given(asked, catcher, error_output, place))
    assigned = {} if catcher.assign is ABSENT else assign_by_paths(catcher.assign, error_output, scope)
    return Finished(place_result(catcher.result_path, raw, error_output), assigned)


def choose(state: Choice, raw: Any, scope: Scope) -> Chosen:
    """Where a Choice goes on. Raises StatesError."""
    return _choose_query(state, raw, scope) if _queries(state) else _choose_path(state, raw, scope)


def _choose_path(state: Choice, raw: Any, scope: Scope) -> Chosen:
    document = selected_input(state, raw, scope)
    matching = (rule for rule in state.choices if holds(rule.comparison or {}, document, scope))
    rule = next(matching, None)
    giver = rule or state
    assigned = {} if giver.assign is ABSENT else assign_by_paths(giver.assign, document, scope)
    output = _path(state.output_path, document, scope, "OutputPath")
    return Chosen(_next(state, rule), output, assigned)


def _choose_query(state: Choice, raw: Any, scope: Scope) -> Chosen:
    asked = query(raw, scope)
    for at, rule in enumerate(state.choices):
        if asked.expect(rule.condition, f"Choices[{at}]/Condition", "boolean") is True:
            return Chosen(rule.next, *_given(asked, rule, raw, f"Choices[{at}]/"))
    return Chosen(_next(state, None), *_given(asked, state, raw, ""))


def _next(state: Choice, rule: Rule | None) -> str:
    if rule is not None:
        return rule.next
    if state.default is None:
        raise StatesError(RUNTIME, NO_NEXT_STATE)
    return state.default


def failure(state: Fail, raw: Any, scope: Scope) -> tuple[str | None, str | None]:
    """Error and cause of a Fail state; None where it has none. Raises StatesError."""
    return (
        _words(state, "Error", state.error, state.error_path, raw, scope),
        _words(state, "Cause", state.cause, state.cause_path, raw, scope),
    )


def _words(state: Fail, name: str, value: Any, path: Any, raw: Any, scope: Scope) -> str | None:
    if path is not ABSENT:
        found = resolve(f"{name}Path", path, raw, scope, f"{name}Path")
        return _string(found, f"The {name}Path parameter '{path}'")
    if value is ABSENT:
        return None
    return str(query(raw, scope).expect(value, name, "string")) if _queries(state) else str(value)


def _string(value: Any, what: str) -> str:
    if not isinstance(value, str):
        raise StatesError(RUNTIME, f"{what} must reference a string, but references a value of type {kind(value)}.")
    return value


def credentials_role(state: Task, raw: Any, scope: Scope) -> str | None:
    """The role that a Task assumes, of its Credentials; None without them. Raises StatesError.

    https://docs.aws.amazon.com/step-functions/latest/dg/concepts-access-cross-acct-resources.html
    """
    if state.credentials is ABSENT:
        return None
    if _queries(state):
        filled = query(raw, scope).fill(state.credentials, "Credentials")
    else:
        filled = fill(state.credentials, selected_input(state, raw, scope), scope, "Credentials")
    return _string(filled.get("RoleArn") if isinstance(filled, dict) else filled, "The RoleArn of Credentials")
