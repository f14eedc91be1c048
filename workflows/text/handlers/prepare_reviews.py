"""Function prepare-reviews: turns uploaded zips of reviews into sentences for BlazingText.

Invoked by hand with an event of S3, and by EventBridge for each upload.
"""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pipeline_lambdas.runtime.boundary import read_environment
from workflows.runtime.log import say
from workflows.text.preparing import Place, prepare_uploads
from workflows.text.uploads import read_event

if TYPE_CHECKING:
    from pipeline_lambdas.runtime.runner import LambdaContext


@dataclass(frozen=True, slots=True)
class Environment:
    prefix: str


def handler(event: Any, context: LambdaContext) -> dict[str, Any]:
    place = Place(read_environment(Environment, os.environ).prefix)
    prepared = prepare_uploads(read_event(event), place)
    say(request_id=context.aws_request_id, sentences=[one["sentences"] for one in prepared])
    return {"statusCode": 200, "body": json.dumps({"prepared": prepared})}
