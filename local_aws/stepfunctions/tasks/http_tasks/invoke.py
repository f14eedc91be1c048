"""HTTP Tasks, to this machine alone.

https://docs.aws.amazon.com/step-functions/latest/dg/call-https-apis.html
"""

from __future__ import annotations

import http.client
import json
import time
from collections.abc import Mapping
from typing import Any

from local_aws.settings import ACCOUNT
from local_aws.stepfunctions.contracts.errors import DATA_LIMIT, RUNTIME
from local_aws.stepfunctions.tasks.contract import Done, Submitted, TaskCall, TaskFailed
from local_aws.stepfunctions.tasks.http_tasks.connection import ConnectionUnusableError, authorize
from local_aws.stepfunctions.tasks.http_tasks.request import HttpRequest, RequestError, parse, require_loopback
from local_aws.stepfunctions.tasks.sdk.answers import MOST_BYTES
from local_aws.stepfunctions.tasks.tools import Tools
from local_aws.wire import Permission

LIMIT_S = 60.0
"""The longest that a request may take, whatever TimeoutSeconds says."""
_CHUNK = 65_536
_STATUS, _SOCKET = "States.Http.StatusCode", "States.Http.Socket"
_CONNECTION = "Events.ConnectionResource"


class HttpInvoke:
    """`http:invoke`."""

    def __init__(self, tools: Tools, limit_s: float = LIMIT_S) -> None:
        """Keep the surroundings."""
        self.tools, self._limit_s = tools, limit_s

    def problem(self, arguments: Any) -> str | None:
        """Why the task would not start with these arguments; None if it would."""
        try:
            parse(arguments, self.tools.region)
        except RequestError as error:
            return str(error)
        return None

    def start(self, call: TaskCall) -> Done | Submitted:
        """Send the request. Raises TaskFailed for any status but 2xx."""
        try:
            request = parse(call.arguments, self.tools.region)
            self._require_permissions(call, request)
            authorize(request, self._connection(request), self._status_and_body)
            return Done(_output(*self._send(request)))
        except RequestError as error:
            raise TaskFailed(RUNTIME, str(error)) from error
        except ConnectionUnusableError as error:
            raise TaskFailed(f"{_CONNECTION}.{error.name}", str(error)) from error

    def poll(self, _call: TaskCall, _job: Any) -> Done | None:
        """Nothing is submitted."""
        return None

    def stop(self, _call: TaskCall, _job: Any) -> None:
        """A request cannot be taken back."""

    def _connection(self, request: HttpRequest) -> Mapping[str, Any]:
        found = self.tools.find_connection(request.connection_arn)
        if found is None:
            raise ConnectionUnusableError("NotFound", f"The connection {request.connection_arn} does not exist")
        return found

    def _require_permissions(self, call: TaskCall, request: HttpRequest) -> None:
        """Ask IAM for the endpoint, the connection and its secret.

        https://docs.aws.amazon.com/step-functions/latest/dg/call-https-apis.html#connect-http-task-permissions
        """
        context = {"states:HTTPEndpoint": request.url, "states:HTTPMethod": request.method}
        invoke = Permission("states:InvokeHTTPEndpoint", call.state_machine_arn, context)
        caller = self.tools.caller(call)
        denied = self.tools.enforce(caller, invoke)
        if denied:
            raise TaskFailed("States.Http.AccessDenied", denied)
        for permission in self._connection_permissions(request.connection_arn):
            denied = self.tools.enforce(caller, permission)
            if denied:
                raise ConnectionUnusableError("AccessDenied", denied)

    def _connection_permissions(self, arn: str) -> list[Permission]:
        name = arn.partition(":connection/")[2]
        secret = f"arn:aws:secretsmanager:{self.tools.region}:{ACCOUNT}:secret:events!connection/{name}"
        return [
            Permission("events:RetrieveConnectionCredentials", arn),
            Permission("secretsmanager:GetSecretValue", secret),
            Permission("secretsmanager:DescribeSecret", secret),
        ]

    def _status_and_body(self, request: HttpRequest) -> tuple[int, bytes]:
        answer, body = self._send(request)
        return answer.status, body

    def _send(self, request: HttpRequest) -> tuple[http.client.HTTPResponse, bytes]:
        secure, host, port = require_loopback(request.url)
        kind = http.client.HTTPSConnection if secure else http.client.HTTPConnection
        deadline = time.monotonic() + self._limit_s
        connection = kind(host, port, timeout=self._limit_s)
        try:
            content = request.content()
            connection.request(request.method, request.target(), content, request.headers)
            with connection.getresponse() as answer:
                return answer, _read(answer, deadline)
        except (OSError, http.client.HTTPException) as error:
            raise TaskFailed(_SOCKET, f"{request.method} {request.url}: {error or type(error).__name__}") from error
        finally:
            connection.close()


def _read(answer: http.client.HTTPResponse, deadline: float) -> bytes:
    """The body, up to one byte beyond the limit of a state's output. Raises TimeoutError at the deadline."""
    body = b""
    while len(body) < MOST_BYTES and (chunk := answer.read1(min(_CHUNK, MOST_BYTES - len(body)))):
        body += chunk
        if time.monotonic() > deadline:
            raise TimeoutError("the answer took longer than 60 seconds")
    return body


def _output(answer: http.client.HTTPResponse, body: bytes) -> dict[str, Any]:
    """Headers as lists by lower-case name, and the body: JSON, or text. Raises TaskFailed."""
    text = body.decode("utf-8", "replace")
    if not 200 <= answer.status < 300:
        raise TaskFailed(f"{_STATUS}.{answer.status}", text or answer.reason)
    if len(body) >= MOST_BYTES:
        raise TaskFailed(DATA_LIMIT, "The response of the HTTP Task is larger than 256 KiB")
    headers: dict[str, list[str]] = {}
    for name, value in answer.getheaders():
        headers.setdefault(name.lower(), []).append(value)
    return {
        "Headers": headers,
        "ResponseBody": _body(text, answer.getheader("content-type", "")),
        "StatusCode": answer.status,
        "StatusText": answer.reason,
    }


def _body(text: str, content_type: str) -> Any:
    if not content_type.partition(";")[0].strip().lower().endswith("json"):
        return text
    try:
        return json.loads(text)
    except ValueError:
        return text
