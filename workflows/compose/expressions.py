"""JSONata in the fields of states.

Workflows are written in JSONata and not in JSONPath: AWS recommends it for new state machines, and it computes what
JSONPath leaves to a function, such as the best of several experiments or a sentence about a failure.
https://docs.aws.amazon.com/step-functions/latest/dg/transforming-data.html
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


@dataclass(frozen=True)
class Expression:
    """JSONata without its delimiters. In an f-string it stands as its text, so that expressions can be put together."""

    text: str

    def __getitem__(self, key: str | int) -> Expression:
        """Return the expression of a field, or of an element of an array."""
        if isinstance(key, int):
            return Expression(f"{self.text}[{key}]")
        return Expression(f"{self.text}.{key}" if _NAME.fullmatch(key) else f"{self.text}.`{key}`")

    def __str__(self) -> str:
        return self.text


STATE_INPUT = Expression("$states.input")
RESULT = Expression("$states.result")
"""What a Task, a Parallel or a Map gave; in its `output` and `assign`."""
ERROR = Expression("$states.errorOutput")
"""`Error` and `Cause`; in the `output` and `assign` of a Catch."""
CONTEXT = Expression("$states.context")
"""https://docs.aws.amazon.com/step-functions/latest/dg/input-output-contextobject.html."""


def variable(name: str) -> Expression:
    """Return the value that an earlier state assigned to a name.

    https://docs.aws.amazon.com/step-functions/latest/dg/workflow-variables.html
    """
    return Expression(f"${name}")


def literal(value: Any) -> str:
    """Write a JSON value in JSONata; texts in single quotes where they can be, which JSON need not escape."""
    if isinstance(value, str) and not re.search(r"['\\\x00-\x1f]", value):
        return f"'{value}'"
    return json.dumps(value, ensure_ascii=False)


def join(*parts: str | Expression) -> Expression:
    """Return the text that the parts give one after the other."""
    return Expression(" & ".join(part.text if isinstance(part, Expression) else literal(part) for part in parts))


def to_asl(value: Any) -> Any:
    """Return a value as a definition holds it, with every expression within in its delimiters."""
    if isinstance(value, Expression):
        return f"{{% {value.text} %}}"
    if isinstance(value, Mapping):
        return {key: to_asl(one) for key, one in value.items()}
    if isinstance(value, (list, tuple)):
        return [to_asl(one) for one in value]
    return value
