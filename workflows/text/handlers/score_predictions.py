"""State `Score predictions`: how good the model is on the test sentences."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from workflows.runtime.log import say
from workflows.runtime.task_input import read_input
from workflows.text.scoring import Request, score_predictions

if TYPE_CHECKING:
    from pipeline_lambdas.runtime.runner import LambdaContext


def handler(event: Any, context: LambdaContext) -> dict[str, Any]:
    scores = score_predictions(read_input(Request, event))
    say(request_id=context.aws_request_id, **scores)
    return scores
