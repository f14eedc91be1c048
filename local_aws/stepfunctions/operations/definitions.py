"""The seam to the language: what a definition must be, for the operations that take one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any, Protocol

from local_aws.stepfunctions.definition import diagnostics, parser
from local_aws.stepfunctions.definition.diagnostics import Severity
from local_aws.stepfunctions.definition.model import ABSENT, QueryLanguage, StateMachine, Task
from local_aws.stepfunctions.definition.walk import all_states
from local_aws.stepfunctions.tasks.contract import Resource
from local_aws.wire import AwsError

ERROR = "ERROR"


class Diagnostic(Protocol):
    """A finding, as ValidateStateMachineDefinition tells it; `location` is empty where there is none."""

    @property
    def severity(self) -> str: ...
    @property
    def code(self) -> str: ...
    @property
    def message(self) -> str: ...
    @property
    def location(self) -> str | None: ...


class Definitions(Protocol):
    """Reads and checks definitions."""

    def parse(self, text: str, kind: str) -> StateMachine:
        """The state machine of a definition without errors, for a type."""

    def diagnose(self, text: str, kind: str) -> Sequence[Diagnostic]:
        """All findings about a definition for a type."""

    def refusal(self, found: Sequence[Diagnostic]) -> str:
        """The message of InvalidDefinition for findings with errors."""

    def variable_references(self, text: str) -> Mapping[str, list[str]]:
        """State to the variables that it reads."""


class Integrations(Protocol):
    """What is known of the services that tasks call."""

    def resource(self, arn: str) -> Resource:
        """Read a Resource. Raises ValueError, with what AWS says, for one that AWS does not know."""

    def definition_problems(self, resource: Resource, template: Any) -> list[str]:
        """What AWS refuses of Parameters or Arguments when a state machine is made."""


class AslDefinitions:
    """The Amazon States Language, with the resources and arguments of tasks."""

    def __init__(self, integrations: Integrations) -> None:
        self._integrations = integrations

    def parse(self, text: str, kind: str) -> StateMachine:
        return parser.parse(text, kind)

    def diagnose(self, text: str, kind: str) -> Sequence[Diagnostic]:
        found = parser.diagnose(text, kind)
        if any(one.severity == ERROR for one in found):
            return found
        machine = parser.parse(text, kind)
        return [*found, *(one for place, task in _tasks(machine) for one in self._of_task(place, task))]

    def _of_task(self, place: str, task: Task) -> Iterator[diagnostics.Diagnostic]:
        try:
            resource = self._integrations.resource(task.resource)
        except ValueError as error:
            yield _error(str(error), f"{place}/Resource")
            return
        name = "Arguments" if task.query_language is QueryLanguage.JSONATA else "Parameters"
        given = task.arguments if task.query_language is QueryLanguage.JSONATA else task.parameters
        for problem in self._integrations.definition_problems(resource, {} if given is ABSENT else given):
            yield _error(problem, f"{place}/{name}")

    def refusal(self, found: Sequence[Diagnostic]) -> str:
        told = (diagnostics.Diagnostic(Severity(o.severity), o.code, o.message, o.location) for o in found)
        return diagnostics.invalid_definition(told)

    def variable_references(self, text: str) -> Mapping[str, list[str]]:
        return _references(text)


def _error(message: str, location: str) -> diagnostics.Diagnostic:
    return diagnostics.Diagnostic(Severity.ERROR, diagnostics.SCHEMA, message, location)


@lru_cache(maxsize=64)
def _references(text: str) -> Mapping[str, list[str]]:
    return parser.variable_references(text)


def checked(definitions: Definitions, text: str, kind: str) -> StateMachine:
    """The state machine of a definition. Raises AwsError InvalidDefinition, with all errors."""
    found = definitions.diagnose(text, kind)
    if any(one.severity == ERROR for one in found):
        raise AwsError("InvalidDefinition", definitions.refusal(found))
    return definitions.parse(text, kind)


def resources(machine: StateMachine) -> list[str]:
    """The resources of all Task states, each once."""
    return list(dict.fromkeys(task.resource for _, task in _tasks(machine)))


def _tasks(machine: StateMachine) -> Iterator[tuple[str, Task]]:
    """All Task states, each with its place as diagnostics name it."""
    return ((place, state) for place, state in all_states(machine.states) if isinstance(state, Task))
