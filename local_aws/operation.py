"""The name of the operation that a request asks for, in each of AWS's protocols that tells it.

https://smithy.io/2.0/aws/protocols/index.html
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from typing import Any
from urllib.parse import parse_qs

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]

_FORM = "application/x-www-form-urlencoded"
_IN_THE_PATH = re.compile(r"/service/[^/]+/operation/(\w+)$")


async def named(scope: Message, headers: Mapping[str, str], receive: Receive) -> tuple[str, Receive]:
    """The operation, empty where method and path stand for it (S3, Lambda), and where the body comes from now."""
    target = headers.get("x-amz-target", "").rpartition(".")[2]
    if target or not headers.get("content-type", "").startswith(_FORM):
        found = _IN_THE_PATH.search(scope["path"])
        return target or (found.group(1) if found else _action(scope.get("query_string", b""))), receive
    messages = await read(receive)
    form = b"".join(message.get("body", b"") for message in messages)
    return _action(form) or _action(scope.get("query_string", b"")), again(messages, receive)


async def read(receive: Receive) -> list[Message]:
    """The messages of a request to the end of its body."""
    messages = [await receive()]
    while messages[-1].get("more_body"):
        messages.append(await receive())
    return messages


def again(messages: list[Message], receive: Receive) -> Receive:
    """Give out messages that were read, and then what comes."""

    async def receive_again() -> Message:
        return messages.pop(0) if messages else await receive()

    return receive_again


def _action(form: bytes) -> str:
    return parse_qs(form.decode(errors="replace")).get("Action", [""])[0]
