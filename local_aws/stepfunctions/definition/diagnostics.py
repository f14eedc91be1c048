"""What is wrong with a definition, in AWS's codes and words.

https://docs.aws.amazon.com/step-functions/latest/apireference/API_ValidateStateMachineDefinitionDiagnostic.html
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

INVALID_JSON = "INVALID_JSON_DESCRIPTION"
SCHEMA = "SCHEMA_VALIDATION_FAILED"
MISSING_TARGET = "MISSING_TRANSITION_TARGET"
MISSING_END = "MISSING_END_STATE"
DUPLICATE_STATE = "DUPLICATE_STATE_NAME"
INVALID_STATE_NAME = "INVALID_STATE_NAME"
DUPLICATE_LABEL = "DUPLICATE_LABEL_NAME"
INVALID_LABEL = "INVALID_LABEL_NAME"
TOO_DEEP = "TOO_DEEPLY_NESTED"
NO_DOLLAR, NO_PATH, STATIC_RESULT = "NO_DOLLAR", "NO_PATH", "PASS_RESULT_IS_STATIC"
INVALID_EXPRESSION = "INVALID_JSONATA_EXPRESSION"
UNSUPPORTED_EXPRESSION = "UNSUPPORTED_JSONATA_EXPRESSION"
INVALID_VARIABLE = "INVALID_VARIABLE_NAME"
RESERVED_VARIABLE = "RESERVED_VARIABLE_NAME"
DUPLICATE_VARIABLE = "DUPLICATE_VARIABLE_NAME"
"""The codes; the last five are not in AWS's list but observed on AWS, except that of duplicate variables."""


class Severity(StrEnum):
    """Whether the definition is refused, or only looks wrong."""

    ERROR = "ERROR"
    WARNING = "WARNING"


@dataclass(frozen=True, slots=True)
class Diagnostic:
    """One finding; `location` is such as `/States/Hello/Choices[0]/Next`, or None where there is no place to name."""

    severity: Severity
    code: str
    message: str
    location: str | None


class Findings:
    """The findings of one definition, in the order in which they are found."""

    def __init__(self) -> None:
        self.all: list[Diagnostic] = []

    def error(self, code: str, message: str, location: str | None) -> None:
        """Refuse the definition."""
        self.all.append(Diagnostic(Severity.ERROR, code, message, location))

    def warning(self, code: str, message: str, location: str) -> None:
        """Point at what is probably a mistake."""
        self.all.append(Diagnostic(Severity.WARNING, code, message, location))


class DefinitionError(Exception):
    """A definition that is refused; the text is what CreateStateMachine says with InvalidDefinition.

    https://docs.aws.amazon.com/step-functions/latest/apireference/API_CreateStateMachine.html
    """

    def __init__(self, diagnostics: Iterable[Diagnostic]) -> None:
        self.diagnostics = tuple(diagnostics)
        super().__init__(invalid_definition(self.diagnostics))


def invalid_definition(diagnostics: Iterable[Diagnostic]) -> str:
    """The message of InvalidDefinition: every error, with `null` for a missing location as observed on AWS."""
    errors = (found for found in diagnostics if found.severity is Severity.ERROR)
    told = (f"{found.code}: {found.message} at {found.location or 'null'}" for found in errors)
    return f"Invalid State Machine Definition: '{', '.join(told)}'"
