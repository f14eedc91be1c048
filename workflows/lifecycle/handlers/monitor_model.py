"""Monitor Model Performance: the area under the ROC curve on the hold-out rows, against the threshold."""

from __future__ import annotations

from typing import Any

from workflows.lifecycle.performance import judge
from workflows.runtime.log import say


def handler(event: Any, context: Any) -> dict[str, Any]:  # noqa: ARG001 - as Lambda calls it
    judged = judge(event)
    say(**judged)
    return judged
