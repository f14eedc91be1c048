"""Which operation a request names, and that its body is all there afterwards."""

from __future__ import annotations

import asyncio
from collections.abc import MutableMapping
from typing import Any

import pytest

from local_aws import operation

FORM = {"content-type": "application/x-www-form-urlencoded; charset=utf-8"}


@pytest.mark.parametrize(
    ("path", "query", "headers", "body", "name"),
    [
        ("/", b"", FORM, b"Version=2010-05-08&Action=CreateUser&UserName=a", "CreateUser"),
        ("/", b"Action=ListUsers", FORM, b"", "ListUsers"),
        ("/", b"Action=ListUsers", {}, b"", "ListUsers"),
        ("/", b"", {"x-amz-target": "Logs_20140328.CreateLogGroup"}, b"{}", "CreateLogGroup"),
        ("/service/GraniteServiceVersion20100801/operation/PutMetricAlarm", b"", {}, b"\xa0", "PutMetricAlarm"),
        ("/bucket/key", b"", {}, b"Action=CreateUser", ""),
        ("/2015-03-31/functions", b"", {"content-type": "application/json"}, b"{}", ""),
        ("/", b"", FORM, b"\xff", ""),
    ],
)
def test_the_operation_is_found_and_the_body_stays(
    path: str, query: bytes, headers: dict[str, str], body: bytes, name: str
) -> None:
    half = len(body) // 2
    sent: list[MutableMapping[str, Any]] = [
        {"type": "http.request", "body": body[:half], "more_body": True},
        {"type": "http.request", "body": body[half:], "more_body": False},
        {"type": "http.disconnect"},
    ]

    async def receive() -> MutableMapping[str, Any]:
        return sent.pop(0)

    async def ask() -> tuple[str, bytes, str]:
        found, again = await operation.named({"path": path, "query_string": query}, headers, receive)
        read = b"".join(message["body"] for message in await operation.read(again))
        return found, read, (await again())["type"]

    assert asyncio.run(ask()) == (name, body, "http.disconnect")
