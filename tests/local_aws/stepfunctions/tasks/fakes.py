"""A world without a server: clients that record requests and give prepared answers, with botocore's real models."""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from types import SimpleNamespace
from typing import Any

from botocore.exceptions import ClientError
from botocore.session import Session

from local_aws.base import Credentials, RoleNotAssumableError
from local_aws.stepfunctions.tasks.contract import Done, Integration, Submitted, TaskCall, TaskFailed
from local_aws.stepfunctions.tasks.integrations import Integrations
from local_aws.stepfunctions.tasks.tools import Tools
from local_aws.wire import Caller, Permission

REGION = "us-east-1"
MACHINE = f"arn:aws:states:{REGION}:111122223333:stateMachine:Flow"
EXECUTION = f"arn:aws:states:{REGION}:111122223333:execution:Flow:run-1"
ROLE = "arn:aws:iam::111122223333:role/flow"
METADATA = {
    "RequestId": "req-1",
    "HTTPStatusCode": 200,
    "HTTPHeaders": {"content-type": "application/json", "x-amzn-requestid": "req-1", "connection": "close"},
}

Answer = Mapping[str, Any] | Exception | Callable[..., Any]


@cache
def model(service: str) -> Any:
    return Session().get_service_model(service)


def refused(code: str, message: str = "no", status: int = 400, **more: Any) -> ClientError:
    """What botocore raises for a refusal."""
    metadata = {"RequestId": "req-1", "HTTPStatusCode": status, "HostId": "host-1"}
    return ClientError({"Error": {"Code": code, "Message": message, **more}, "ResponseMetadata": metadata}, "Operation")


def body(text: str | bytes) -> io.BytesIO:
    return io.BytesIO(text.encode() if isinstance(text, str) else text)


@dataclass
class FakeClients:
    """Clients whose answers are prepared by service and operation; the last answer stays."""

    answers: dict[tuple[str, str], list[Answer]] = field(default_factory=dict)
    calls: list[tuple[str, str, dict[str, Any]]] = field(default_factory=list)
    keys: list[str] = field(default_factory=list)

    def answer(self, service: str, operation: str, *answers: Answer) -> None:
        self.answers[service, operation] = list(answers)

    def get(self, service: str, credentials: Credentials) -> Any:
        return _FakeClient(self, service, credentials.access_key_id)

    def requests(self, operation: str) -> list[dict[str, Any]]:
        return [request for _, name, request in self.calls if name == operation]

    def call(self, service: str, operation: str, key: str, request: dict[str, Any]) -> Any:
        self.calls.append((service, operation, request))
        self.keys.append(key)
        prepared = self.answers.get((service, operation))
        assert prepared, f"nothing is prepared for {service} {operation}"
        found = prepared.pop(0) if len(prepared) > 1 else prepared[0]
        if isinstance(found, Exception):
            raise found
        answer = found(**request) if callable(found) else dict(found)
        return {"ResponseMetadata": METADATA, **answer} if isinstance(answer, dict) else answer


class _FakeClient:
    def __init__(self, clients: FakeClients, service: str, key: str) -> None:
        self._clients, self._service, self._key = clients, service, key
        self.meta = SimpleNamespace(service_model=model(service))

    def __getattr__(self, operation: str) -> Callable[..., Any]:
        return lambda **request: self._clients.call(self._service, operation, self._key, request)


@dataclass
class World:
    """Integrations over fakes."""

    clients: FakeClients = field(default_factory=FakeClients)
    assumed: list[tuple[str, ...]] = field(default_factory=list)
    asked: list[Permission] = field(default_factory=list)
    denied: dict[str, str] = field(default_factory=dict)
    connections: dict[str, dict[str, Any]] = field(default_factory=dict)
    unknown: set[str] = field(default_factory=set)
    unassumable: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.tools = Tools(
            self.clients,
            REGION,
            self._assume_role,
            lambda service: service not in self.unknown,
            self._enforce,
            self.connections.get,
        )
        self.integrations = Integrations(self.tools)

    def of(self, arn: str) -> Integration:
        return self.integrations.integration(self.integrations.resource(arn))

    def start(self, arn: str, arguments: Any, **changes: Any) -> Done | Submitted:
        return self.of(arn).start(call(arn, arguments, **changes))

    def output(self, arn: str, arguments: Any, **changes: Any) -> Any:
        done = self.start(arn, arguments, **changes)
        assert isinstance(done, Done)
        return done.output

    def failure(self, arn: str, arguments: Any, **changes: Any) -> tuple[str, str, str]:
        """Error, cause and phase of a start that fails."""
        try:
            found = self.start(arn, arguments, **changes)
        except TaskFailed as failed:
            return failed.error, failed.cause, failed.phase
        raise AssertionError(f"it has not failed: {found}")

    def _assume_role(self, role_arn: str, service: str, session_name: str, source_arn: str, policy: Any = None) -> Any:
        assert policy is None
        if role_arn in self.unassumable:
            raise RoleNotAssumableError(f"The role {role_arn} does not exist.")
        self.assumed.append((role_arn, service, session_name, source_arn))
        return Credentials(f"KEY-{role_arn.rpartition('/')[2]}", "secret", "token", 9e9)

    def _enforce(self, _caller: Caller, permission: Permission) -> str | None:
        self.asked.append(permission)
        return self.denied.get(permission.action)


def call(arn: str, arguments: Any, **changes: Any) -> TaskCall:
    values: dict[str, Any] = {
        "execution_arn": EXECUTION,
        "state_machine_arn": MACHINE,
        "state": "Work",
        "resource": arn,
        "arguments": arguments,
        "role_arn": ROLE,
        "token": "token-1",
        "key": "key-1",
    }
    return TaskCall(**(values | changes))
