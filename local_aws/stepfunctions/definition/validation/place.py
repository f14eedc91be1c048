"""Where a check stands: the place in the definition, and what holds there."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from local_aws.stepfunctions.definition import diagnostics as codes
from local_aws.stepfunctions.definition.diagnostics import Findings
from local_aws.stepfunctions.definition.model import QueryLanguage

ALWAYS: Final = frozenset({"input", "context"})
"""Fields of `$states` that every expression may read; the others are there in some places only."""


@dataclass(frozen=True, slots=True)
class Place:
    """A location such as `/States/Hello/Choices[0]`, empty for the machine; names in it are not escaped, as on AWS.

    `express` says that the states run in an execution of type EXPRESS; `readable` holds the fields of `$states` that
    an expression may read here.
    """

    findings: Findings
    location: str = ""
    language: QueryLanguage = QueryLanguage.JSONPATH
    express: bool = False
    readable: frozenset[str] = ALWAYS

    def at(self, name: str) -> Place:
        """The field of that name."""
        return self._located(f"{self.location}/{name}")

    def item(self, index: int) -> Place:
        """The element of an array."""
        return self._located(f"{self.location}[{index}]")

    def reading(self, *names: str) -> Place:
        """The same place for expressions that may also read these fields of `$states`."""
        return Place(self.findings, self.location, self.language, self.express, ALWAYS | set(names))

    def speaking(self, language: QueryLanguage) -> Place:
        """The same place in that query language."""
        return Place(self.findings, self.location, language, self.express, self.readable)

    def running(self, *, express: bool) -> Place:
        """The same place in an execution of that type."""
        return Place(self.findings, self.location, self.language, express, self.readable)

    def _located(self, location: str) -> Place:
        return Place(self.findings, location, self.language, self.express, self.readable)

    @property
    def jsonata(self) -> bool:
        return self.language is QueryLanguage.JSONATA

    def error(self, code: str, message: str) -> None:
        """Refuse the definition for what stands here."""
        self.findings.error(code, message, self.location or "/")

    def schema(self, message: str) -> None:
        """Refuse the definition, as what stands here is not of the language."""
        self.error(codes.SCHEMA, message)

    def warning(self, code: str, message: str) -> None:
        """Point at what is probably a mistake here."""
        self.findings.warning(code, message, self.location or "/")
