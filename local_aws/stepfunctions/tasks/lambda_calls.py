"""Lambda functions: by `lambda:invoke`, and by the plain ARN of a function.

https://docs.aws.amazon.com/step-functions/latest/dg/connect-lambda.html
"""

from __future__ import annotations

import json
from typing import Any

from local_aws.stepfunctions.tasks.contract import Done, Submitted, TaskCall, TaskFailed
from local_aws.stepfunctions.tasks.requesting import Requester
from local_aws.stepfunctions.tasks.sdk.requests import compact
from local_aws.stepfunctions.tasks.service_calls import ServiceCall

UNKNOWN = "Lambda.Unknown"
_NO_TYPE = "The cause could not be determined because Lambda did not return an error type. Returned payload: "


class LambdaInvoke(ServiceCall):
    """`lambda:invoke`: the output holds the payload as JSON beside what Invoke tells."""

    def request(self, call: TaskCall) -> dict[str, Any]:
        """Invoke the function. Raises TaskFailed, with the function's own error as well."""
        answer = self.requester.send(call)
        text = _payload(answer)
        if "FunctionError" in answer:
            raise function_failure(text, self.requester.target.phase, compacted=True)
        return self.requester.output(answer) | {"Payload": _document(text)}


class LambdaFunction:
    """The ARN of a function as Resource: input and output are the payloads alone."""

    def __init__(self, requester: Requester) -> None:
        """Keep the way to Lambda."""
        self.requester = requester

    def start(self, call: TaskCall) -> Done | Submitted:
        """Invoke the function with the effective input."""
        request = {"FunctionName": call.resource, "Payload": compact(call.arguments).encode()}
        answer = self.requester.send(call, request)
        text = _payload(answer)
        if "FunctionError" in answer:
            raise function_failure(text, "run", compacted=False)
        return Done(_document(text))

    def poll(self, _call: TaskCall, _job: Any) -> Done | None:
        """Nothing is submitted."""
        return None

    def stop(self, _call: TaskCall, _job: Any) -> None:
        """An invocation cannot be taken back."""


def function_failure(payload: str, phase: str, *, compacted: bool) -> TaskFailed:
    """What a function raised, by the name of its class; the cause is what it returned.

    https://docs.aws.amazon.com/step-functions/latest/dg/concepts-error-handling.html. `lambda:invoke` writes the JSON
    anew, without blanks (observed on AWS).
    """
    document = _document(payload)
    kind = document.get("errorType") if isinstance(document, dict) else None
    if not isinstance(kind, str) or not kind:
        return TaskFailed(UNKNOWN, _NO_TYPE + payload, phase=phase)
    return TaskFailed(kind, compact(document) if compacted else payload, phase=phase)


def _payload(answer: dict[str, Any]) -> str:
    """Take the payload, which can be read once, out of an answer."""
    stream = answer.pop("Payload", None)
    data: bytes = stream.read() if stream is not None else b""
    return data.decode("utf-8", "replace")


def _document(text: str) -> Any:
    """The payload as JSON; empty for an asynchronous invocation, and as it is where a function returned other text."""
    try:
        return json.loads(text)
    except ValueError:
        return text
