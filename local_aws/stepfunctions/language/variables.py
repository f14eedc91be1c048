"""Workflow variables: what Assign gives, who sees it, and how large it may be.

https://docs.aws.amazon.com/step-functions/latest/dg/workflow-variables.html
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from local_aws.stepfunctions.contracts.errors import DATA_LIMIT, StatesError
from local_aws.stepfunctions.contracts.records import MAX_DATA_BYTES
from local_aws.stepfunctions.language.expressions import Query
from local_aws.stepfunctions.language.limits import within_limit
from local_aws.stepfunctions.language.scope import Scope
from local_aws.stepfunctions.language.templates import fill
from local_aws.stepfunctions.language.values import json_text

MAX_STORED_BYTES: Final = 10 * 1024 * 1024
"""Of all variables of an execution."""


def assign_by_paths(template: Mapping[str, Any], document: Any, scope: Scope, field: str = "Assign") -> dict[str, Any]:
    """The variables that Assign of a JSONPath state sets; all are evaluated with the values from before.

    Raises StatesError.
    """
    return checked(fill(dict(template), document, scope, field))


def assign_by_query(template: Mapping[str, Any], query: Query, field: str = "Assign") -> dict[str, Any]:
    """The variables that Assign of a JSONata state sets; all are evaluated with the values from before.

    Raises StatesError.
    """
    return checked(query.fill(dict(template), field))


def checked(assigned: dict[str, Any]) -> dict[str, Any]:
    """The variables of one Assign: 256 KiB each and together. Raises StatesError States.DataLimitExceeded."""
    total = 0
    for name, value in assigned.items():
        text = json_text(value)
        if not within_limit(text):
            raise StatesError(DATA_LIMIT, f"The variable '{name}' exceeds the maximum of {MAX_DATA_BYTES} bytes.")
        total += len(text.encode("utf-8", "surrogatepass"))
    if total > MAX_DATA_BYTES:
        raise StatesError(DATA_LIMIT, f"The variables of one Assign exceed the maximum of {MAX_DATA_BYTES} bytes.")
    return assigned


def sizes(texts: Mapping[str, str]) -> dict[str, int]:
    """Variable to the bytes that it counts towards the 10 MiB of an execution, from its JSON text."""
    return {name: len(text.encode("utf-8", "surrogatepass")) for name, text in texts.items()}


def check_stored(total: int) -> None:
    """Refuse more than 10 MiB of variables in an execution. Raises StatesError States.DataLimitExceeded."""
    if total > MAX_STORED_BYTES:
        raise StatesError(DATA_LIMIT, f"The execution's variables exceed the maximum of {MAX_STORED_BYTES} bytes.")
