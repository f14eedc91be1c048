"""Keep-alive connections to one container."""

from __future__ import annotations

import http.client
from collections.abc import Mapping
from dataclasses import dataclass
from threading import Lock

from local_aws.sagemaker.containers.contract import CALLER_HEADER
from local_aws.settings import HOST


@dataclass(frozen=True)
class Answer:
    """A container's answer; header names are in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class HttpPool:
    """Connections to one port; any number of threads."""

    def __init__(self, port: int, secret: str = "") -> None:
        """`secret` is sent with each request; the container answers no others."""
        self._port, self._secret = port, secret
        self._idle: list[http.client.HTTPConnection] = []
        self._lock = Lock()
        self._closed = False

    def request(
        self, method: str, path: str, headers: Mapping[str, str], body: bytes | None, timeout_s: float
    ) -> Answer:
        """Send a request and read the response. Raises OSError, including TimeoutError, and http.client.HTTPException.

        A connection that the container closed while it was idle is replaced once.
        """
        with self._lock:
            connection = self._idle.pop() if self._idle else None
        if connection is not None:
            try:
                return self._exchange(connection, method, path, headers, body, timeout_s)
            except (http.client.RemoteDisconnected, BrokenPipeError, ConnectionResetError):
                pass  # closed by the container before it read this request
        fresh = http.client.HTTPConnection(HOST, self._port, timeout=timeout_s)
        return self._exchange(fresh, method, path, headers, body, timeout_s)

    def close(self) -> None:
        """Close the idle connections at once, and each one in use when its request ends."""
        with self._lock:
            idle, self._idle, self._closed = self._idle, [], True
        for connection in idle:
            connection.close()

    def _exchange(
        self,
        connection: http.client.HTTPConnection,
        method: str,
        path: str,
        headers: Mapping[str, str],
        body: bytes | None,
        timeout_s: float,
    ) -> Answer:
        try:
            if connection.sock is not None:
                connection.sock.settimeout(timeout_s)
            response = self._send(connection, method, path, headers, body)
            answer = Answer(
                response.status,
                {name.lower(): value for name, value in response.getheaders()},
                response.read(),
            )
        except BaseException:
            connection.close()
            raise
        if connection.sock is None or not self._keep(connection):
            connection.close()
        return answer

    def _send(
        self,
        connection: http.client.HTTPConnection,
        method: str,
        path: str,
        headers: Mapping[str, str],
        body: bytes | None,
    ) -> http.client.HTTPResponse:
        try:
            connection.request(method, path, body=body, headers={**headers, CALLER_HEADER: self._secret})
        except (BrokenPipeError, ConnectionResetError):
            if not body:
                raise
            return connection.getresponse()  # a body that is refused early, such as with 413, still gets a response
        return connection.getresponse()

    def _keep(self, connection: http.client.HTTPConnection) -> bool:
        with self._lock:
            if not self._closed:
                self._idle.append(connection)
            return not self._closed
