"""From the text of a definition to a state machine, or to everything that is wrong with it.

https://docs.aws.amazon.com/step-functions/latest/apireference/API_ValidateStateMachineDefinition.html
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from local_aws.stepfunctions.contracts.records import EXPRESS
from local_aws.stepfunctions.definition import build
from local_aws.stepfunctions.definition.diagnostics import DefinitionError, Diagnostic, Findings, Severity
from local_aws.stepfunctions.definition.model import QueryLanguage, State, StateMachine
from local_aws.stepfunctions.definition.text import read_object
from local_aws.stepfunctions.definition.validation import containers, graph, variables
from local_aws.stepfunctions.definition.validation.containers import Container
from local_aws.stepfunctions.definition.validation.place import Place
from local_aws.stepfunctions.definition.validation.states import language_of
from local_aws.stepfunctions.definition.validation.states import state as check_state

TESTED_STATE: Final = "StateName"
"""What TestState calls a state that stands alone, in the context object; observed on AWS."""


def parse(text: str, machine_type: str = "STANDARD") -> StateMachine:
    """The machine of that definition; raises DefinitionError, which carries all errors."""
    raw = read_object(text)
    _refuse(_diagnosed(raw, machine_type))
    return build.machine(raw)


def diagnose(text: str, machine_type: str = "STANDARD") -> list[Diagnostic]:
    """What ValidateStateMachineDefinition finds, warnings too: empty for a definition without fault.

    The type is STANDARD or EXPRESS, the type of the machine's executions.
    """
    try:
        return _diagnosed(read_object(text), machine_type)
    except DefinitionError as error:
        return list(error.diagnostics)


def parse_state(text: str, query_language: QueryLanguage = QueryLanguage.JSONPATH, name: str = TESTED_STATE) -> State:
    """One state that stands alone, as TestState takes it; its transitions may lead anywhere.

    `query_language` holds where the state does not name one. Raises DefinitionError.
    https://docs.aws.amazon.com/step-functions/latest/apireference/API_TestState.html
    """
    raw = read_object(text)
    findings = Findings()
    around, *within = _containers(findings, {"StartAt": name, "States": {name: raw}}, query_language)
    check_state(around.place_of(name), raw)
    variables.check(around)
    _check(within)
    _refuse(findings.all)
    return build.state(name, raw, query_language)


def variable_references(text: str) -> dict[str, list[str]]:
    """The variables that each state refers to, as DescribeStateMachine lists them; the text is a valid definition.

    https://docs.aws.amazon.com/step-functions/latest/apireference/API_DescribeStateMachine.html
    """
    raw = read_object(text)
    found: dict[str, list[str]] = {}
    for container in _containers(Findings(), raw, language_of(raw, QueryLanguage.JSONPATH)):
        found |= variables.referred(container)
    return found


def _diagnosed(raw: Mapping[str, Any], machine_type: str) -> list[Diagnostic]:
    findings = Findings()
    _check(_containers(findings, raw, language_of(raw, QueryLanguage.JSONPATH), express=machine_type == EXPRESS))
    return findings.all


def _containers(
    findings: Findings, raw: Mapping[str, Any], language: QueryLanguage, *, express: bool = False
) -> list[Container]:
    return list(containers.containers(Container(Place(findings, "", language, express), raw, "machine")))


def _check(found: list[Container]) -> None:
    for container in found:
        containers.check(container)
    for container in found:
        variables.check(container)
    graph.unique_names(found)
    graph.unique_labels(found)
    for container in found:
        graph.check(container)


def _refuse(found: list[Diagnostic]) -> None:
    if any(diagnostic.severity is Severity.ERROR for diagnostic in found):
        raise DefinitionError(found)
