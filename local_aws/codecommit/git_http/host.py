"""git over HTTP: clone, fetch and push under `/v1/repos/NAME`.

https://docs.aws.amazon.com/codecommit/latest/userguide/how-to-connect.html. It is git's smart HTTP
(https://git-scm.com/docs/http-protocol) in front of `git http-backend`. HTTP Basic authentication and IAM come before
it, the events of a push after it.
"""

from __future__ import annotations

import asyncio
import gzip
import logging
import re
import tempfile
import zlib
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, MutableMapping
from contextlib import ExitStack, aclosing
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO
from urllib.parse import parse_qs

from local_aws import base
from local_aws.codecommit.git_http import credentials, pktline
from local_aws.codecommit.git_http.backend import BackendError, BackendRequest, Head
from local_aws.codecommit.service import CodeCommitService
from local_aws.wire import AwsError, Caller

log = logging.getLogger(__name__)

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

_ROUTE = re.compile(r"(/v1/repos/([A-Za-z0-9._-]{1,100}))/(info/refs|git-upload-pack|git-receive-pack)")
_PULL, _PUSH = "git-upload-pack", "git-receive-pack"
_ACTIONS = {_PULL: "GitPull", _PUSH: "GitPush"}


class RefusedError(Exception):
    """The response has this status and message."""

    def __init__(self, status: int, message: str) -> None:
        """Git shows the message after `remote:`."""
        super().__init__(message)
        self.status, self.message = status, message


class DisconnectedError(Exception):
    """The client went away before its request was complete."""


@dataclass(frozen=True)
class GitRequest:
    """A request of git's smart HTTP protocol; `service` is the git service, `path` the signed path of the URL."""

    repository: str
    path: str
    endpoint: str
    service: str
    method: str
    query: str
    headers: dict[str, str]


class GitHost:
    """An ASGI application for the paths under `/v1/repos/`."""

    def __init__(self, service: CodeCommitService) -> None:
        """Serve this service's repositories."""
        self._service = service

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one HTTP request."""
        try:
            request = _parse(scope)
            caller = await asyncio.to_thread(self._authorize, request)
            if request.method == "GET":
                await self._stream(request, caller, None, send)
            else:
                body = await _receive_body(receive, self._service.folder)
                await self._answer_post(request, caller, body, send)
        except RefusedError as error:
            await _send_text(send, error.status, error.message)
        except DisconnectedError:
            log.debug("a git client disconnected before its request was complete")
        except BackendError as error:
            log.warning("git: %s", error)
            await _send_text(send, 500, "git failed; see the log of local AWS")

    async def _answer_post(self, request: GitRequest, caller: Caller, body: BinaryIO, send: Send) -> None:
        if request.service == _PULL:
            with body:
                await self._stream(request, caller, body, send)
            return
        head, answer = await asyncio.shield(asyncio.to_thread(self._push, request, caller, body))
        await _send_all(send, head, answer)

    def _authorize(self, request: GitRequest) -> Caller:
        now, region = self._service.now(), self._service.region
        try:
            caller = credentials.caller(request.headers, request.path, region, now)
        except credentials.NoCredentialsError:
            raise RefusedError(401, "credentials are required") from None
        except credentials.BadCredentialsError as error:
            raise RefusedError(403, f"access denied: {error}") from None
        denied = self._denials(request, caller, [None])
        if denied:
            raise RefusedError(403, denied[""])
        try:
            self._service.repositories.require(request.repository)
        except AwsError:
            raise RefusedError(404, f"repository {request.repository} not found") from None
        return caller

    def _denials(self, request: GitRequest, caller: Caller, references: Iterable[str | None]) -> dict[str, str]:
        """Why IAM denies the request, by reference; one denied reference denies the whole push."""
        names = list(references)
        permissions = self._service.access.permission(_ACTIONS[request.service], request.repository, names)
        asked = {
            name or "": base.enforce(caller, permission) for name, permission in zip(names, permissions, strict=True)
        }
        if not any(asked.values()):
            return {}
        return {name: denial or "another reference of this push is denied" for name, denial in asked.items()}

    async def _stream(self, request: GitRequest, caller: Caller, body: BinaryIO | None, send: Send) -> None:
        async with aclosing(self._service.processes.stream(self._backend(request, caller), body)) as parts:
            async for part in parts:
                if isinstance(part, Head):
                    await send({"type": "http.response.start", "status": part.status, "headers": part.headers})
                else:
                    await send({"type": "http.response.body", "body": part, "more_body": True})
        await send({"type": "http.response.body", "body": b""})

    def _push(self, request: GitRequest, caller: Caller, body: BinaryIO) -> tuple[Head, bytes]:
        """Run in a worker thread, which completes even if the client disconnects, so that the events are sent."""
        with body:
            return self._push_commands(request, caller, body)

    def _push_commands(self, request: GitRequest, caller: Caller, body: BinaryIO) -> tuple[Head, bytes]:
        commands = _commands(request, body)
        refused = pktline.refusals(commands.references) or self._denials(request, caller, commands.references)
        if refused:
            headers = [(b"content-type", b"application/x-git-receive-pack-result"), (b"cache-control", b"no-cache")]
            return Head(200, headers), pktline.report(refused, commands.capabilities)
        try:
            writing = self._service.announcer.writing(request.repository, caller.arn, commands.references)
            with writing as repository:
                return self._service.processes.run(self._backend(request, caller), body, repository.lock)
        except AwsError as error:
            raise RefusedError(404, error.message) from None

    def _backend(self, request: GitRequest, caller: Caller) -> BackendRequest:
        repositories = self._service.repositories
        folder = repositories.folder(repositories.require(request.repository))
        query = f"service={request.service}" if request.method == "GET" else ""
        home = self._service.folder.parent
        return BackendRequest(folder, home, request.endpoint, request.method, query, caller.arn, request.headers)


def _parse(scope: Scope) -> GitRequest:
    match = _ROUTE.fullmatch(scope["path"])
    if match is None:
        raise RefusedError(404, "not found")
    path, repository, endpoint = match.groups()
    method, query = scope["method"], scope.get("query_string", b"").decode("latin-1")
    service = parse_qs(query).get("service", [""])[0] if endpoint == "info/refs" else endpoint
    if service not in _ACTIONS:
        raise RefusedError(403, "only git's smart HTTP protocol is supported; use git 1.7.9 or later")
    if method != ("GET" if endpoint == "info/refs" else "POST"):
        raise RefusedError(405, f"{method} is not allowed here")
    headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]}
    return GitRequest(repository, path, endpoint, service, method, query, headers)


async def _receive_body(receive: Receive, folder: Path) -> BinaryIO:
    """Store the body in an unnamed temporary file, as a push may be larger than the memory."""
    with ExitStack() as on_failure:
        body = on_failure.enter_context(tempfile.TemporaryFile(dir=folder, buffering=0))
        async for received in _chunks(receive):
            chunk = memoryview(received)
            while chunk:
                chunk = chunk[body.write(chunk) :]
        body.seek(0)
        on_failure.pop_all()
    return body


async def _chunks(receive: Receive) -> AsyncIterator[bytes]:
    more = True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise DisconnectedError
        yield message.get("body", b"")
        more = message.get("more_body", False)


def _commands(request: GitRequest, body: BinaryIO) -> pktline.Commands:
    try:
        if request.headers.get("content-encoding") in ("gzip", "x-gzip"):
            with gzip.GzipFile(fileobj=body) as plain:
                return pktline.read_commands(plain)  # type: ignore[arg-type]
        return pktline.read_commands(body)
    except (pktline.ProtocolError, OSError, EOFError, zlib.error) as error:
        raise RefusedError(400, str(error)) from None
    finally:
        body.seek(0)


async def _send_text(send: Send, status: int, message: str) -> None:
    headers = [(b"content-type", b"text/plain; charset=utf-8")]
    if status == 401:
        headers.append((b"www-authenticate", b'Basic realm="CodeCommit"'))
    await _send_all(send, Head(status, headers), f"{message}\n".encode())


async def _send_all(send: Send, head: Head, body: bytes) -> None:
    headers = [*head.headers, (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": head.status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
