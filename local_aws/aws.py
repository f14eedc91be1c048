"""Clients by which the services of local AWS call each other.

They call as AWS's services do: with the credentials of a role, over the wire, so that IAM decides. Clients are
kept per service and credentials, as making one costs more than a call.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from typing import Any

from local_aws.base import Credentials
from local_aws.settings import Settings

_KEPT = 64


class Clients:
    """botocore clients against one local AWS."""

    def __init__(self, settings: Settings) -> None:
        """Nothing is imported or connected before the first client is asked for."""
        self._settings = settings
        self._session: Any = None
        self._clients: OrderedDict[tuple[str, str], Any] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, service: str, credentials: Credentials) -> Any:
        """A client for a service that acts with a role's credentials."""
        key = (service, credentials.access_key_id)
        with self._lock:
            if key not in self._clients:
                client = self._clients[key] = self._make(service, credentials)
                client.meta.events.register("before-send", _close_after_the_answer)
                while len(self._clients) > _KEPT:
                    self._clients.popitem(last=False)
            self._clients.move_to_end(key)
            return self._clients[key]

    def _make(self, service: str, credentials: Credentials) -> Any:
        from botocore.config import Config  # noqa: PLC0415 - 20 MB that an idle local AWS does not need
        from botocore.session import Session  # noqa: PLC0415

        if self._session is None:
            self._session = Session()
        return self._session.create_client(
            service,
            region_name=self._settings.region,
            endpoint_url=self._settings.url,
            aws_access_key_id=credentials.access_key_id,
            aws_secret_access_key=credentials.secret_access_key,
            aws_session_token=credentials.session_token,
            config=Config(
                retries={"total_max_attempts": 1},
                connect_timeout=5,
                read_timeout=120,
                max_pool_connections=16,
                s3={"addressing_style": "path"},
            ),
        )


def _close_after_the_answer(request: Any, **_: Any) -> None:
    """Keep no connection for the next call: both of its ends are handles of this one process, for each role in use."""
    request.headers["Connection"] = "close"
