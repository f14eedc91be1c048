"""Answers malformed requests that fail inside MiniStack's services.

MiniStack does not check the types of its input, so a string in place of a list makes it fail. AWS answers such requests
with SerializationException, or with ValidationException if a constraint of the model is violated
(https://docs.aws.amazon.com/AWSEC2/latest/APIReference/CommonErrors.html). The models are large, so a request is
checked against its model only after it has failed.
"""

from __future__ import annotations

import asyncio
import functools
import json
import uuid
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from local_aws import operation, shapes
from local_aws.wire import load_model, read_json

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
Asgi = Callable[[Scope, Receive, Send], Awaitable[None]]

_SERVICES = {
    "AmazonSQS": "sqs",
    "AmazonSSM": "ssm",
    "AWSEvents": "events",
    "GraniteServiceVersion20100801": "cloudwatch",
    "Logs_20140328": "logs",
    "secretsmanager": "secretsmanager",
    "TrentService": "kms",
}
"""Prefixes of `X-Amz-Target`, with botocore's names of the services."""
_MALFORMED, _FAILED = 400, 500


async def answer(app: Asgi, scope: Scope, receive: Receive, send: Send, target: str) -> None:
    """Let MiniStack answer; replace a failure on a malformed request by AWS's error.

    `target` is the request's `X-Amz-Target`, empty if it has none.
    """
    if target.rpartition(".")[0] not in _SERVICES:
        await app(scope, receive, send)
        return
    exchange = _Exchange(target, await operation.read(receive), receive, send)
    # A body that is not text would be stored, and fail later readers.
    if b"\\ud" in exchange.body.lower() and await exchange.refuse():
        return
    try:
        await app(scope, exchange.receive, exchange.send)
    except Exception:
        if exchange.started or not await exchange.refuse():
            raise


class _Exchange:
    """A request whose body is read, and its response."""

    def __init__(self, target: str, messages: list[MutableMapping[str, Any]], receive: Receive, send: Send) -> None:
        self._target, self._messages, self._receive, self._send = target, messages, receive, send
        self.body = b"".join(message.get("body", b"") for message in messages)
        self._refused = self.started = False

    async def receive(self) -> MutableMapping[str, Any]:
        return self._messages.pop(0) if self._messages else await self._receive()

    async def send(self, message: MutableMapping[str, Any]) -> None:
        if message["type"] == "http.response.start" and message["status"] >= _FAILED and await self.refuse():
            self._refused = True
        if not self._refused:
            self.started = True
            await self._send(message)

    async def refuse(self) -> bool:
        """Answer with AWS's error if the request is malformed."""
        document = await asyncio.to_thread(refusal, self._target, self.body)
        if document is None:
            return False
        headers = [
            (b"content-type", b"application/x-amz-json-1.1"),
            (b"content-length", str(len(document)).encode()),
            (b"x-amzn-requestid", str(uuid.uuid4()).encode()),
        ]
        await self._send({"type": "http.response.start", "status": _MALFORMED, "headers": headers})
        await self._send({"type": "http.response.body", "body": document})
        return True


def refusal(target: str, body: bytes) -> bytes | None:
    """The document of AWS's error for a JSON request, or None if it is well-formed or its model is not known."""
    prefix, _, operation = target.rpartition(".")
    model = _model(_SERVICES[prefix], operation) if prefix in _SERVICES else None
    if model is None:
        return None
    try:
        problem = _problem(model.operation_model(operation).input_shape, body)
    except shapes.SerializationError as error:
        return _document("SerializationException", str(error))
    except shapes.ShapeError as error:
        return _document("ValidationException", str(error))
    return _document(*problem) if problem else None


def _problem(shape: Any, body: bytes) -> tuple[str, str] | None:
    """Code and message of errors that the model's types and constraints do not cover."""
    document = read_json(body)
    parsed = shapes.parse(shape, document) if shape is not None else {}
    if _holds_other_types(document, parsed):
        return "SerializationException", "found a number or a boolean in place of a string"
    if parsed.get("NextToken") or parsed.get("nextToken"):
        return "ValidationException", "The pagination token is not one that this operation returned."
    return None


def _holds_other_types(document: Any, parsed: Any) -> bool:
    """Whether there is a number in place of a string, which some AWS services accept."""
    if isinstance(parsed, dict) and isinstance(document, dict):
        return any(_holds_other_types(document.get(name), value) for name, value in parsed.items())
    if isinstance(parsed, list) and isinstance(document, list):
        return any(_holds_other_types(*pair) for pair in zip(document, parsed, strict=False))
    return isinstance(parsed, str) and isinstance(document, bool | int | float)


@functools.cache
def _model(service: str, operation: str) -> Any:
    try:
        return load_model(service, frozenset({operation}))
    except KeyError:
        return None


def _document(code: str, message: str) -> bytes:
    return json.dumps({"__type": code, "message": message}).encode()
