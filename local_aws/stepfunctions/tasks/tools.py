"""What all integrations need: clients that act as a role, and the models of services."""

from __future__ import annotations

import hashlib
import string
import threading
import time
import uuid
from collections.abc import Callable, Mapping
from typing import Any, Protocol

from local_aws.base import Credentials, RoleNotAssumableError
from local_aws.settings import ACCOUNT
from local_aws.stepfunctions.contracts.errors import PERMISSIONS
from local_aws.stepfunctions.tasks.contract import TaskCall, TaskFailed
from local_aws.wire import Caller, Permission

PRINCIPAL = "states.amazonaws.com"
_MOST_SESSIONS = 256
_FRESH_S = 300.0
_KEYS = uuid.UUID("0b8f5d8e-6f7a-4a58-9f3e-3f7f0c7d5a11")
_NOBODY = Credentials("", "", "", 0.0)


class AssumeRole(Protocol):
    """`base.assume_role`."""

    def __call__(
        self, role_arn: str, service: str, session_name: str, source_arn: str, policy: Mapping[str, Any] | None = None
    ) -> Credentials: ...


class ClientSource(Protocol):
    """`aws.Clients`."""

    def get(self, service: str, credentials: Credentials) -> Any: ...


class Tools:
    """The surroundings of integrations.

    `knows_service` says whether local AWS has a service, by the name in signatures; `enforce` asks IAM (None if
    allowed, else AWS's sentence); `find_connection` gives an EventBridge connection with its secrets, or None.
    """

    def __init__(
        self,
        clients: ClientSource,
        region: str,
        assume_role: AssumeRole,
        knows_service: Callable[[str], bool],
        enforce: Callable[[Caller, Permission], str | None],
        find_connection: Callable[[str], Mapping[str, Any] | None],
    ) -> None:
        """Keep the surroundings."""
        self.region, self.knows_service = region, knows_service
        self.enforce, self.find_connection = enforce, find_connection
        self._clients, self._assume_role = clients, assume_role
        self._sessions: dict[tuple[str, str], Credentials] = {}
        self._lock = threading.Lock()

    def client(self, service: str, call: TaskCall) -> Any:
        """A client that acts as the call's role. Raises TaskFailed if that cannot be assumed."""
        return self._clients.get(service, self.credentials(call))

    def client_as(self, service: str, role_arn: str, state_machine_arn: str) -> Any:
        """A client that acts as a state machine's role. Raises RoleNotAssumableError."""
        return self._clients.get(service, self._machine_session(role_arn, state_machine_arn))

    def model(self, service: str) -> Any:
        """The model of a service: the one that its client holds, so that it is held once."""
        return self._clients.get(service, _NOBODY).meta.service_model

    def credentials(self, call: TaskCall) -> Credentials:
        """Credentials of the call's role. Raises TaskFailed."""
        try:
            if not call.machine_role_arn or call.machine_role_arn == call.role_arn:
                return self._machine_session(call.role_arn, call.state_machine_arn)
            return self._assumed(call)
        except RoleNotAssumableError as error:
            raise TaskFailed(PERMISSIONS, str(error), phase="start") from error

    def caller(self, call: TaskCall) -> Caller:
        """The call's role as a caller for IAM. Raises TaskFailed."""
        return self._caller(call.role_arn, call.state_machine_arn, self.credentials(call))

    def caller_as(self, role_arn: str, state_machine_arn: str) -> Caller:
        """A state machine's role as a caller for IAM. Raises RoleNotAssumableError."""
        return self._caller(role_arn, state_machine_arn, self._machine_session(role_arn, state_machine_arn))

    def _caller(self, role_arn: str, state_machine_arn: str, credentials: Credentials) -> Caller:
        session = f"assumed-role/{role_arn.rpartition('/')[2]}/{session_name(state_machine_arn)}"
        return Caller(ACCOUNT, self.region, f"arn:aws:sts::{ACCOUNT}:{session}", credentials.access_key_id)

    def _machine_session(self, role_arn: str, state_machine_arn: str) -> Credentials:
        return self._assume_role(role_arn, PRINCIPAL, session_name(state_machine_arn), state_machine_arn)

    def _assumed(self, call: TaskCall) -> Credentials:
        """Credentials of the state's role, assumed by the machine's.

        https://docs.aws.amazon.com/step-functions/latest/dg/concepts-access-cross-acct-resources.html
        """
        key = (call.machine_role_arn, call.role_arn)
        with self._lock:
            held = self._sessions.get(key)
        if held and held.expires_at - time.time() > _FRESH_S:
            return held
        found = self._assume_as_machine(call)
        with self._lock:
            if len(self._sessions) >= _MOST_SESSIONS:
                self._sessions.clear()
            self._sessions[key] = found
        return found

    def _assume_as_machine(self, call: TaskCall) -> Credentials:
        from botocore.exceptions import ClientError  # noqa: PLC0415 - loaded with the first client

        machine = self._machine_session(call.machine_role_arn, call.state_machine_arn)
        name = session_name(call.state_machine_arn)
        try:
            answer = self._clients.get("sts", machine).assume_role(RoleArn=call.role_arn, RoleSessionName=name)
        except ClientError as error:
            raise TaskFailed(PERMISSIONS, error.response["Error"].get("Message", ""), phase="start") from error
        given = answer["Credentials"]
        return Credentials(
            given["AccessKeyId"], given["SecretAccessKey"], given["SessionToken"], given["Expiration"].timestamp()
        )


def session_name(state_machine_arn: str) -> str:
    """One session for a state machine and its executions: 32 letters, as AWS has them (observed on AWS)."""
    machine = ":".join(state_machine_arn.split(":", 7)[:7]).partition("/")[0]
    digest = hashlib.sha256(machine.encode()).digest()
    return "".join(string.ascii_letters[byte % len(string.ascii_letters)] for byte in digest)


def derived_id(key: str) -> str:
    """A UUID that is the same for the same call, for names and idempotency tokens."""
    return str(uuid.uuid5(_KEYS, key))
