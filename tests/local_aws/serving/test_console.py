"""The door to the console: what an installed package brings, and an answer where there is none."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from local_aws.serving import console
from local_aws.settings import Settings
from local_aws.state.changes import Changes


def asked(door: console.Console, times: int = 1) -> list[dict[str, Any]]:
    sent: list[dict[str, Any]] = []

    async def send(message: Any) -> None:
        sent.append(message)

    async def receive() -> dict[str, Any]:
        return {"type": "http.request"}

    async def ask() -> None:
        scope = {"type": "http", "path": "/_console/"}
        await asyncio.gather(*(door(scope, receive, send) for _ in range(times)))

    asyncio.run(ask())
    return sent


def entries(monkeypatch: pytest.MonkeyPatch, found: Sequence[Any]) -> None:
    monkeypatch.setattr(console, "entry_points", lambda group: found if group == "local_aws.console" else ())


def test_without_a_package_that_brings_one_there_is_none(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    entries(monkeypatch, ())
    start, body = asked(console.Console(Settings(tmp_path, 4566, "us-east-1"), Changes()))
    assert (start["status"], body["body"]) == (404, b"No console is installed.\n")


def test_it_is_loaded_once_with_where_local_aws_is(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    given: list[tuple[object, ...]] = []
    changes = Changes()

    def application(*arguments: object) -> Any:
        given.append(arguments)

        async def answer(scope: Any, _: Any, send: Any) -> None:
            await send({"path": scope["path"]})

        return answer

    entries(monkeypatch, (SimpleNamespace(load=lambda: application),))
    sent = asked(console.Console(Settings(tmp_path, 4567, "eu-west-1"), changes), times=3)
    assert sent == [{"path": "/_console/"}] * 3
    assert given == [(4567, "eu-west-1", tmp_path, changes)]
