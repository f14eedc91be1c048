"""A small HTTP/1.1 server on a given listening socket: keep-alive, one thread per connection, one write per response.

It answers only requests with its secret, as any program or web page on this machine can reach its port.

The standard library's http.server parses headers with the e-mail package and writes a response in pieces, which takes
several times as long as a small prediction; so the few rules needed are here.
"""

from __future__ import annotations

import hmac
import signal
import socket
import threading
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING, NoReturn

from local_aws.sagemaker.containers.contract import CALLER_HEADER
from local_aws.sagemaker.containers.toolkit import log

if TYPE_CHECKING:
    from collections.abc import Callable
    from io import BufferedReader

    from local_aws.sagemaker.containers.contract import Door

_LINE_BYTES = 65536
_HEADERS = 200
_DRAINED_BYTES = 256 * 1024 * 1024
_GRACE_S = 25
"""SageMaker kills a container 30 s after SIGTERM."""


@dataclass(frozen=True)
class Request:
    """`headers` have lower-case names; `path` is without the query."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes
    keep_alive: bool


@dataclass(frozen=True)
class Answer:
    status: int
    body: str = ""
    content_type: str = "text/html; charset=utf-8"
    data: bytes | None = None
    """The body where it is no text."""

    @property
    def content(self) -> bytes:
        """The body as it is sent."""
        return self.body.encode() if self.data is None else self.data

    def encode(self, *, keep_alive: bool) -> bytes:
        body = self.content
        end = "keep-alive" if keep_alive else "close"
        head = f"HTTP/1.1 {self.status} {HTTPStatus(self.status).phrase}\r\n"
        if self.status != HTTPStatus.NO_CONTENT:
            head += f"Content-Type: {self.content_type}\r\nContent-Length: {len(body)}\r\n"
        return f"{head}Connection: {end}\r\n\r\n".encode() + body


class _RefusedError(Exception):
    """The request cannot be read to its end: respond and close."""

    def __init__(self, answer: Answer) -> None:
        super().__init__(answer.status)
        self.answer = answer


class _StopError(Exception):
    """SIGTERM has arrived."""


class HttpServer:
    """Serves `respond` until SIGTERM; requests in progress are completed."""

    def __init__(self, door: Door, respond: Callable[[Request], Answer], max_body_bytes: int) -> None:
        self._listener, self._secret = door.listener, door.secret.encode()
        self._respond = respond
        self._max_body_bytes = max_body_bytes
        self._busy = 0
        self._idle = threading.Condition()

    def run(self) -> None:
        """Accept connections; returns after SIGTERM. Call it on the main thread of the process."""

        def stop(*_: object) -> NoReturn:
            signal.signal(signal.SIGTERM, signal.SIG_IGN)
            raise _StopError

        signal.signal(signal.SIGTERM, stop)
        try:
            while True:
                connection, _ = self._listener.accept()
                threading.Thread(target=self._converse, args=(connection,), daemon=True).start()
        except _StopError:
            self._listener.close()
        with self._idle:
            self._idle.wait_for(lambda: self._busy == 0, timeout=_GRACE_S)

    def _converse(self, connection: socket.socket) -> None:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        # A client that disconnects is not an error of the server.
        try:
            with connection, connection.makefile("rb") as stream:
                while self._exchange(connection, stream):
                    pass
        except OSError:
            return

    def _exchange(self, connection: socket.socket, stream: BufferedReader) -> bool:
        """Answer one request; return whether the connection stays open."""
        first = stream.readline(_LINE_BYTES)
        if not first.strip():
            return False
        with self._idle:
            self._busy += 1
        try:
            request = self._read(first, connection, stream)
            answer = self._safely(request)
            connection.sendall(answer.encode(keep_alive=request.keep_alive))
            if request.path == "/invocations":
                log.info(f'"{request.method} {request.path} HTTP/1.1" {answer.status} {len(answer.content)}')
        except _RefusedError as refusal:
            log.error(refusal.answer.body)
            connection.sendall(refusal.answer.encode(keep_alive=False))
            _drain(connection)
            return False
        finally:
            with self._idle:
                self._busy -= 1
                self._idle.notify_all()
        return request.keep_alive

    def _safely(self, request: Request) -> Answer:
        try:
            return self._respond(request)
        except Exception as error:  # noqa: BLE001  # the server survives any single request
            log.error(f"{type(error).__name__}: {error}")
            return Answer(500, f"{type(error).__name__}: {error}")

    def _read(self, first: bytes, connection: socket.socket, stream: BufferedReader) -> Request:
        try:
            method, target, version = first.decode("latin-1").split()
        except ValueError:
            raise _RefusedError(Answer(400, "The request line is not HTTP/1.1")) from None
        headers = self._headers(stream)
        if not hmac.compare_digest(headers.get(CALLER_HEADER.lower(), "").encode(), self._secret):
            raise _RefusedError(Answer(403, "Only local AWS may call this container; call InvokeEndpoint"))
        keep_alive = version != "HTTP/1.0" and headers.get("connection", "").lower() != "close"
        if "transfer-encoding" in headers:
            raise _RefusedError(Answer(411, "Send the body with Content-Length; chunks are not accepted"))
        length_text = headers.get("content-length", "0")
        if not length_text.isdecimal():
            raise _RefusedError(Answer(400, f"Content-Length {length_text!r} is not a number"))
        length = int(length_text)
        if length > self._max_body_bytes:
            text = f"The body has {length} bytes, expected {self._max_body_bytes} (MAX_CONTENT_LENGTH)"
            raise _RefusedError(Answer(413, text))
        if headers.get("expect", "").lower() == "100-continue":
            connection.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
        body = stream.read(length) if length else b""
        if len(body) < length:
            raise _RefusedError(Answer(400, f"The body ended after {len(body)} of {length} bytes"))
        return Request(method, target.partition("?")[0], headers, body, keep_alive)

    def _headers(self, stream: BufferedReader) -> dict[str, str]:
        headers: dict[str, str] = {}
        for _ in range(_HEADERS):
            line = stream.readline(_LINE_BYTES)
            if line in (b"\r\n", b"\n", b""):
                return headers
            name, _, value = line.decode("latin-1").partition(":")
            headers[name.strip().lower()] = value.strip()
        raise _RefusedError(Answer(431, f"More than {_HEADERS} headers"))


def _drain(connection: socket.socket) -> None:
    """Read on for a moment: closing with unread data would reset the connection before the answer is read."""
    connection.settimeout(1)
    connection.shutdown(socket.SHUT_WR)
    left = _DRAINED_BYTES
    while left > 0 and (chunk := connection.recv(1 << 20)):
        left -= len(chunk)
