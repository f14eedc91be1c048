"""What the server answers itself, as ASGI messages: https://asgi.readthedocs.io/en/latest/specs/www.html."""

from __future__ import annotations

import asyncio
import itertools
import json
from collections.abc import Awaitable, Callable, Iterator, MutableMapping
from typing import Any

Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
CALLS_AT_ONCE = 500


async def send_json(send: Send, status: int, document: Any) -> None:
    """Send a JSON document."""
    await send_body(send, json.dumps(document).encode(), "application/json", status)


async def send_calls(send: Send, calls: Iterator[dict[str, Any]]) -> None:
    """Send `{"calls": [...]}` in pieces, as a long history is many."""

    def piece() -> str:
        return ", ".join(json.dumps(call) for call in itertools.islice(calls, CALLS_AT_ONCE))

    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"application/json")]})
    text = '{"calls": [' + await asyncio.to_thread(piece)
    while text:
        await send({"type": "http.response.body", "body": text.encode(), "more_body": True})
        more = await asyncio.to_thread(piece)
        text = f", {more}" if more else ""
    await send({"type": "http.response.body", "body": b"]}"})


async def send_body(send: Send, body: bytes, content_type: str, status: int) -> None:
    """Send a body as it is."""
    headers = [(b"content-type", content_type.encode()), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
