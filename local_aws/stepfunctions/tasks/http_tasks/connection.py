"""What an EventBridge connection adds to a request: its authorization, and its own parameters.

https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-target-connection.html
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import urlencode

from local_aws.stepfunctions.tasks.http_tasks.request import HttpRequest

Send = Callable[[HttpRequest], tuple[int, bytes]]
"""Sends a request and gives the status and body of its answer."""

_FORM = "application/x-www-form-urlencoded"
_AUTHORIZED = "AUTHORIZED"


class ConnectionUnusableError(Exception):
    """The connection cannot be used; the message says why. `name` is what follows `Events.ConnectionResource.`."""

    def __init__(self, name: str, message: str) -> None:
        """Keep the name."""
        super().__init__(message)
        self.name = name


def authorize(request: HttpRequest, connection: Mapping[str, Any], send: Send) -> None:
    """Add to a request what a connection holds; which wins over the definition.

    Raises ConnectionUnusableError.
    """
    if connection.get("ConnectionState", _AUTHORIZED) != _AUTHORIZED:
        raise ConnectionUnusableError(
            "InvalidConnectionState",
            f"The connection {request.connection_arn} is {connection['ConnectionState']}; expected {_AUTHORIZED}",
        )
    parameters = connection.get("AuthParameters") or {}
    _add_parameters(request, parameters.get("InvocationHttpParameters") or {})
    request.headers |= _authorization(connection.get("AuthorizationType", ""), parameters, send)


def _add_parameters(request: HttpRequest, more: Mapping[str, Any]) -> None:
    request.headers |= {name.lower(): str(value) for name, value in _values(more, "HeaderParameters").items()}
    request.query |= _values(more, "QueryStringParameters")
    body = _values(more, "BodyParameters")
    if body and (request.body is None or isinstance(request.body, dict)):
        request.body = {**(request.body or {}), **body}


def _values(parameters: Mapping[str, Any], kind: str) -> dict[str, Any]:
    return {one["Key"]: one.get("Value", "") for one in parameters.get(kind) or []}


def _authorization(kind: str, parameters: Mapping[str, Any], send: Send) -> dict[str, str]:
    if kind == "BASIC":
        basic = parameters.get("BasicAuthParameters") or {}
        pair = f"{basic.get('Username', '')}:{basic.get('Password', '')}"
        return {"authorization": "Basic " + base64.b64encode(pair.encode()).decode()}
    if kind == "API_KEY":
        key = parameters.get("ApiKeyAuthParameters") or {}
        return {str(key.get("ApiKeyName", "")).lower(): str(key.get("ApiKeyValue", ""))}
    if kind == "OAUTH_CLIENT_CREDENTIALS":
        return {"authorization": _token(parameters.get("OAuthParameters") or {}, send)}
    raise ConnectionUnusableError("InvalidConnectionState", f"The connection's authorization type is '{kind}'")


def _token(oauth: Mapping[str, Any], send: Send) -> str:
    """A token of the client-credentials grant, asked for anew for each task."""
    client = oauth.get("ClientParameters") or {}
    more = oauth.get("OAuthHttpParameters") or {}
    form = {
        "grant_type": "client_credentials",
        "client_id": client.get("ClientID", ""),
        "client_secret": client.get("ClientSecret", ""),
        **_values(more, "BodyParameters"),
    }
    request = HttpRequest(
        oauth.get("HttpMethod") or "POST",
        oauth.get("AuthorizationEndpoint", ""),
        "",
        {"content-type": _FORM, **{k.lower(): str(v) for k, v in _values(more, "HeaderParameters").items()}},
        _values(more, "QueryStringParameters"),
    )
    if request.method == "GET":
        request.query |= form
    else:
        request.body = urlencode(form)
    status, body = send(request)
    return _read_token(status, body)


def _read_token(status: int, body: bytes) -> str:
    try:
        document = json.loads(body)
        return f"{document.get('token_type') or 'Bearer'} {document['access_token']}"
    except (ValueError, KeyError, AttributeError):
        raise ConnectionUnusableError(
            "InvalidConnectionState", f"The authorization endpoint answered {status} without an access token"
        ) from None
