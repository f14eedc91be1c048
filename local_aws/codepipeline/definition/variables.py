"""Variables of a pipeline: `#{namespace.key}` in the configuration of an action.

https://docs.aws.amazon.com/codepipeline/latest/userguide/reference-variables.html
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

EXECUTION, PIPELINE = "codepipeline", "variables"
"""The two namespaces that belong to CodePipeline."""
EXECUTION_ID = "PipelineExecutionId"
MAX_RESOLVED_BYTES = 100 * 1024
"""Of one action's resolved configuration (https://docs.aws.amazon.com/codepipeline/latest/userguide/limits.html)."""
MAX_OUTPUT_BYTES = 122_880
"""The limit of all output variables of one action, names and values together."""

_REFERENCE = re.compile(r"#\{([A-Za-z0-9@_-]+)\.([A-Za-z0-9@_^\[\]*$-]+)\}")


class UnresolvedError(Exception):
    """A configuration refers to a value that no earlier action produced; the message names it."""


@dataclass(frozen=True)
class Reference:
    namespace: str
    key: str

    def __str__(self) -> str:
        return f"#{{{self.namespace}.{self.key}}}"


def references(values: Iterable[str]) -> list[Reference]:
    """All references in configuration values, in order."""
    return [Reference(*found) for value in values for found in _REFERENCE.findall(value)]


def missing_variables(declared: Iterable[tuple[str, str | None]], given: Iterable[str]) -> list[str]:
    """The pipeline's variables that have no default and were given no value."""
    values = set(given)
    return [name for name, default in declared if default is None and name not in values]


def resolve(configuration: Mapping[str, str], namespaces: Mapping[str, Mapping[str, str]]) -> dict[str, str]:
    """The configuration with each reference replaced by its value.

    Raises UnresolvedError for an unknown namespace or key and for a result of more than 100 KB. AWS documents
    neither the message nor the code of the action's failure.
    """

    def value_of(match: re.Match[str]) -> str:
        reference = Reference(match[1], match[2])
        known = namespaces.get(reference.namespace)
        if known is None or reference.key not in known:
            there = ", ".join(sorted(known)) if known else "nothing"
            raise UnresolvedError(f"{reference} is not set: the namespace {reference.namespace} contains {there}.")
        return known[reference.key]

    resolved = {key: _REFERENCE.sub(value_of, value) for key, value in configuration.items()}
    size = sum(len(key.encode()) + len(value.encode()) for key, value in resolved.items())
    if size > MAX_RESOLVED_BYTES:
        raise UnresolvedError(f"the resolved configuration has {size} bytes; {MAX_RESOLVED_BYTES} are allowed.")
    return resolved
