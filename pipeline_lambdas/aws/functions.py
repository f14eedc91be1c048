"""Invokes another function of the pipeline.

https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from pipeline_lambdas.aws import clients
from pipeline_lambdas.aws.errors import call


def invoke_later(function: str, event: Mapping[str, Any]) -> None:
    """Hand the event to Lambda's queue, from which the function gets it."""
    call(
        clients.client("lambda").invoke,
        FunctionName=function,
        InvocationType="Event",
        Payload=json.dumps(event).encode(),
    )
