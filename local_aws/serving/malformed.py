"""Answers a malformed request that broke one of MiniStack's services.

MiniStack does not check the types of what it reads, so a text in the place of a list ends in a failure of its own. AWS
answers SerializationException there, and ValidationException where a constraint of the model is broken
(https://docs.aws.amazon.com/AWSEC2/latest/APIReference/CommonErrors.html). The models are large, so a request is held
against its own only once it has failed.
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
    "AWSStepFunctions": "stepfunctions",
    "GraniteServiceVersion20100801": "cloudwatch",
    "Logs_20140328": "logs",
    "secretsmanager": "secretsmanager",
    "TrentService": "kms",
}
"""Prefix of `X-Amz-Target` to botocore's name."""
_MALFORMED, _FAILED = 400, 500


async def answer(app: Asgi, scope: Scope, receive: Receive, send: Send, target: str) -> None:
    """Let MiniStack answer; a failure over a malformed request becomes the refusal that is due.

    `target` is the request's `X-Amz-Target`, empty if it has none.
    """
    if target.rpartition(".")[0] not in _SERVICES:
        await app(scope, receive, send)
        return
    exchange = _Exchange(target, await operation.read(receive), receive, send)
    # What is no text would be stored, and fail whoever reads it later.
    if b"\\ud" in exchange.body.lower() and await exchange.refuse():
        return
    try:
        await app(scope, exchange.receive, exchange.send)
    except Exception:
        if exchange.started or not await exchange.refuse():
            raise


class _Exchange:
    """A request that is read, and its answer."""

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
        """Answer with what is wrong with the request's form, if anything is."""
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
    """The document of AWS's error for a request in JSON, or None if its form is in order or not known here."""
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
    """Code and message of what the model's own types and constraints do not tell."""
    document = read_json(body)
    parsed = shapes.parse(shape, document) if shape is not None else {}
    if _holds_other_types(document, parsed):
        return "SerializationException", "found a number or a boolean in the place of a string"
    if parsed.get("NextToken") or parsed.get("nextToken"):
        return "ValidationException", "The pagination token is none that this operation has given."
    return None


def _holds_other_types(document: Any, parsed: Any) -> bool:
    """Whether there is a number where the model has a text, which some services of AWS take."""
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
