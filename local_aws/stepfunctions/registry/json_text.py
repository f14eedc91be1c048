"""JSON that a caller gives as text, and what AWS says of text that is none."""

from __future__ import annotations

import json
from typing import Any, NoReturn

from local_aws.stepfunctions.definition.text import VALUES, worded


def read(text: str) -> Any:
    """The value. Raises ValueError with AWS's sentence."""
    if not text.strip():
        raise ValueError("empty")
    try:
        return json.loads(text, parse_constant=_refuse)
    except json.JSONDecodeError as error:
        raise ValueError(worded(text, error)[0]) from None
    except RecursionError:
        raise ValueError("Document nesting depth exceeds the maximum allowed") from None


def _refuse(word: str) -> NoReturn:
    raise ValueError(f"Unrecognized token '{word}': was expecting {VALUES}")
