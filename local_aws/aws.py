"""Clients by which the services of local AWS call each other.

They call as AWS's services do: with the credentials of a role, over the wire, so that IAM decides. There is one client
of each service for all credentials: making one costs more than a call, and each keeps a third of a MiB. Whose
credentials sign a call is told to it by a variable of the context that the call is made in.
"""

from __future__ import annotations

import functools
import threading
from collections.abc import Callable
from contextvars import ContextVar
from typing import Any

from local_aws.base import Credentials
from local_aws.settings import Settings

_READ_S = {"lambda": 15 * 60 + 10}
"""Services that may take longer than two minutes to answer: a function runs up to 15 minutes.

https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
"""

_caller: ContextVar[Credentials] = ContextVar("caller")


class Clients:
    """botocore clients against one local AWS."""

    def __init__(self, settings: Settings) -> None:
        """Nothing is imported or connected before the first client is asked for."""
        self._settings = settings
        self._session: Any = None
        self._clients: dict[str, Any] = {}
        self._lock = threading.Lock()

    def get(self, service: str, credentials: Credentials) -> Any:
        """A client for a service that acts with a role's credentials; it has operations, and no paginators."""
        with self._lock:
            if service not in self._clients:
                client = self._clients[service] = self._make(service)
                client.meta.events.register("before-send", _close_after_response)
            return _Client(self._clients[service], credentials)

    def _make(self, service: str) -> Any:
        from botocore.config import Config  # noqa: PLC0415 - 20 MB that an idle local AWS does not need

        if self._session is None:
            self._session = _session()
        return self._session.create_client(
            service,
            region_name=self._settings.region,
            endpoint_url=self._settings.url,
            config=Config(
                retries={"total_max_attempts": 1},
                connect_timeout=5,
                read_timeout=_READ_S.get(service, 120),
                max_pool_connections=16,
                s3={"addressing_style": "path"},
                inject_host_prefix=False,  # StartSyncExecution would go to the host `sync-127.0.0.1`
            ),
        )


class _Client:
    """The operations of a client, signed with one caller's credentials."""

    def __init__(self, client: Any, credentials: Credentials) -> None:
        self._client, self._credentials = client, credentials

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._client, name)
        return self._as_caller(found) if callable(found) else found

    def _as_caller(self, operation: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(operation)
        def call(**request: Any) -> Any:
            token = _caller.set(self._credentials)
            try:
                return operation(**request)
            finally:
                _caller.reset(token)

        return call


def _session() -> Any:
    """A session whose credentials are those of the caller at the time of each call."""
    from botocore.credentials import Credentials as Known  # noqa: PLC0415
    from botocore.credentials import ReadOnlyCredentials  # noqa: PLC0415 - as above
    from botocore.session import Session  # noqa: PLC0415

    class CallerCredentials(Known):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__("of the caller", "of the caller")

        def get_frozen_credentials(self) -> Any:
            who = _caller.get()
            return ReadOnlyCredentials(who.access_key_id, who.secret_access_key, who.session_token or None)

        def load_credentials(self) -> Any:
            """As a provider of credentials: itself."""
            return self

    session = Session()
    session.register_component("credential_provider", CallerCredentials())
    return session


def _close_after_response(request: Any, **_: Any) -> None:
    """Keep no connection for the next call: both of its ends are handles of this one process."""
    request.headers["Connection"] = "close"
