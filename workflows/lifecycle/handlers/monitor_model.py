"""Monitor Model Performance: the area under the ROC curve on the hold-out rows, against the threshold."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from workflows.lifecycle.performance import judge
from workflows.runtime.log import say

if TYPE_CHECKING:
    from pipeline_lambdas.runtime.runner import LambdaContext


def handler(event: Any, _context: LambdaContext) -> dict[str, Any]:
    judged = judge(event)
    say(**judged)
    return judged
