"""How much data a state may take and hand on.

https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html
"""

from __future__ import annotations

from typing import Any

from local_aws.stepfunctions.contracts.errors import DATA_LIMIT, StatesError
from local_aws.stepfunctions.contracts.records import MAX_DATA_BYTES
from local_aws.stepfunctions.language.values import json_text


def within_limit(text: str, limit: int = MAX_DATA_BYTES) -> bool:
    """Whether a text has at most `limit` bytes of UTF-8; most are judged without being encoded."""
    return len(text) * 4 <= limit or (len(text) <= limit and len(text.encode("utf-8", "surrogatepass")) <= limit)


def check_result(value: Any, source: str) -> str:
    """The JSON text of a result or output.

    `source` names the state, or the resource of a task: `lambda`, or the ARN of a function. Raises
    StatesError States.DataLimitExceeded.
    """
    text = json_text(value)
    if not within_limit(text):
        raise too_large(source)
    return text


def check_input(value: Any, state: str) -> str:
    """The JSON text of what a state works on after Parameters or Arguments.

    Raises StatesError States.DataLimitExceeded, whose text is ours: AWS documents the error alone.
    https://docs.aws.amazon.com/step-functions/latest/dg/concepts-error-handling.html
    """
    text = json_text(value)
    if not within_limit(text):
        cause = (
            f"The state/task '{state}' has an input with a size exceeding the maximum number of bytes service limit."
        )
        raise StatesError(DATA_LIMIT, cause)
    return text


def too_large(source: str) -> StatesError:
    """The error of a result that is too large (the text was observed on AWS)."""
    return StatesError(
        DATA_LIMIT,
        f"The state/task '{source}' returned a result with a size exceeding the maximum number of bytes service limit.",
    )
